import ChainCore
import ChainNode
import Foundation
import Pilots
import Stories
import TestSupport
import Testing

/// Each story comes to its end on chains with their consensus. One after the other: chains that wait cost time too.
///
/// Here all are played on Raft with the international suite, and those that live on few chains on Simplex BFT with `guomi` as well; the release
/// run of `.ci/run` plays all on both engines with both suites.
@Suite(.serialized) struct StoryTests {
  static let input = Vectors.root.appending(path: "Examples/Stories").path
  static let both = ["evidence", "agritrace", "recall"] + Pilots.all.map(\.name)
  static let matrix: [(Story, StorySetting)] = (Stories.all + Pilots.all).flatMap { story in
    let raft = (story, StorySetting(suite: .international, engine: .raft, input: input))
    let bft = (story, StorySetting(suite: .guomi, engine: .simplex, input: input))
    return both.contains(story.name) ? [raft, bft] : [raft]
  }

  @Test(arguments: matrix) func storyEndsAsTold(story: Story, setting: StorySetting) async throws {
    let outcome = try await story.play(setting)
    try Privacy.check(outcome)
    await outcome.stop()
    #expect(!outcome.facts.isEmpty)
    #expect(outcome.narrations.contains { $0.kind == .refused } || story.name == "pilot-hebi")
    #expect(outcome.narrations.allSatisfy { !$0.sentence.zh.isEmpty && !$0.sentence.en.isEmpty })
    // The telling itself gives no secret away.
    for secret in outcome.secrets {
      let told = outcome.narrations.contains { "\($0.sentence) \($0.ids)".contains(secret.text) }
      #expect(!told, "\(secret.label)")
    }
  }

  @Test func namesAreOfOneStoryEach() {
    let names = (Stories.all + Pilots.all).map(\.name)
    #expect(Set(names).count == names.count && names.count == 17)
  }

  /// A chain that does something else than a story says ends it: nothing is told as if it had happened.
  @Test func aStoryFailsWhereTheChainDoesOtherwise() async throws {
    let party: OrganisationID = "office"
    func play(_ body: @escaping @Sendable (StoryStage) async throws -> Void) async -> String {
      let story = Story("s", Sentence(zh: "故事", en: "story")) { stage in
        try await stage.found([StoryChain("henan/410100", [StoryParty(party, "department")], contracts: [])])
        try await body(stage)
      }
      do throws(StoryFailure) {
        await (try await story.play(StorySetting(suite: .international, engine: .raft))).stop()
        return "ended"
      } catch {
        return error.reason
      }
    }
    #expect(await play { try $0.expect("two", 1 + 1, 2) } == "ended")
    #expect(await play { try $0.expect("two", 1 + 1, 3) } == "two should be 3 and is 2")
    #expect(
      await play {
        try $0.expect("a", 1, 1); try $0.expect("a", 1, 1)
      } == "two results are called a")
    let absent = await play { try await $0.call(party, on: "henan/410100", "licence", "issue", NoResult()) }
    #expect(absent.contains("licence.issue of office"), "\(absent)")
    // A call that goes through where a refusal is expected, and a refusal of another kind.
    let register = GovernedCall("identity", "register", NoResult())
    let other = await play {
      try await $0.refuse("r", "quota", zh: "", en: "", party, on: "henan/410100", "identity", "register", register)
    }
    #expect(other.contains("r should be quota and is"), "\(other)")
    #expect(await play { _ = try $0.chain("henan/410200") } == "there is no chain henan/410200")
  }

  /// The same story on a Raft and a BFT chain, on disk and in memory: the same results; the folders hold what the chains stored.
  @Test func resultsDoNotDependOnHowItIsPlayed() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "yuchain-story-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let first = try await Pilots.dossier.play(StorySetting(suite: .guomi, engine: .raft, folder: folder))
    let store = try #require(first.folder(of: Place.kaifeng, validator: 0))
    await first.stop()
    let second = try await Pilots.dossier.play(StorySetting(suite: .international, engine: .simplex))
    await second.stop()
    #expect(first.facts == second.facts && first.facts.count == 5)
    #expect(FileManager.default.fileExists(atPath: "\(store)/ledger"))
    #expect(first.chains.count == 1 && first.chains[0].nodes.count == 3 && second.chains[0].nodes.count == 4)
    #expect(!first.secrets.isEmpty)
  }
}

/// A clock that is put forward.
@Suite struct TrialClocks {
  @Test func runsFromItsStartAndLeapsForwardOnly() {
    let clock = TrialClock(from: 1_000_000)
    let first = clock.now
    #expect(first >= 1_000_000 && first < 1_060_000)
    clock.advance(byMilliseconds: 500_000)
    #expect(clock.now >= 1_500_000)
    clock.advance(to: 1_000_000)
    #expect(clock.now >= 1_500_000 && clock.clock.now >= 1_500_000)
    clock.advance(to: 9_000_000)
    #expect(clock.now >= 9_000_000 && clock.now < 9_060_000)
  }
}
