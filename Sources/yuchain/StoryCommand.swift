internal import ArgumentParser
internal import ChainCore
internal import Foundation
internal import Pilots
internal import Stories

enum StoryEngine: String, ExpressibleByArgument, CaseIterable {
  case raft
  case bft

  var kind: EngineKind { self == .raft ? .raft : .simplex }
}

enum LanguageName: String, ExpressibleByArgument, CaseIterable {
  case zh
  case en

  var language: StoryLanguage { self == .zh ? .zh : .en }
}

struct StoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "story",
    abstract: "Tells stories of the applications: real chains with their consensus in this process, and what has to come of each call.",
    discussion: """
      A story founds its chains, calls, is refused where it should be, and fails with exit code 1 as soon as anything else comes.
      Time passes by a clock that is put forward, so a month takes a second.

      Examples:
        yuchain story --list
        yuchain story licence
        yuchain story --all --engine raft --suite international
        yuchain story licence --lang zh --out /tmp/story
      """)
  @Argument(help: "The stories' names.") var names: [String] = []
  @Flag(help: "Tells all stories.") var all = false
  @Flag(help: "Lists the stories.") var list = false
  @Flag(help: "One JSON object a line: each narration, and each story's result.") var json = false
  @Option(help: "raft (three validators, one may crash) or bft (four, one may lie).") var engine: StoryEngine = .bft
  @Option(help: "guomi (SM2, SM3) or international (Ed25519, SHA-256).") var suite: SuiteName = .guomi
  @Option(help: "The language: zh or en.") var lang: LanguageName = .en
  @Option(help: "A folder for the chains' data, in memory otherwise; made anew for each story.") var out: String?
  @Option(help: "The folder of the data that stories are told with.") var input = "Examples/Stories"

  /// The applications' stories, and those of the pilots.
  private static let known = Stories.all + Pilots.all

  func validate() throws {
    guard list || all != !names.isEmpty else { throw ValidationError("name stories, or say --all, or --list") }
    for name in names where !Self.known.contains(where: { $0.name == name }) {
      throw ValidationError("there is no story \(name): see yuchain story --list")
    }
  }

  func run() async throws {
    if list {
      for story in Self.known { Console.say("\(story.name)\t\(story.title[lang.language])") }
      return
    }
    let began = ContinuousClock.now
    var failed: [String] = []
    let chosen = all ? Self.known : Self.known.filter { names.contains($0.name) }
    for story in chosen {
      if !(try await play(story)) { failed.append(story.name) }
    }
    if !json {
      Console.say("\n\(chosen.count - failed.count) of \(chosen.count) stories ended as told, in \(DemoStory.seconds(since: began))")
    }
    guard failed.isEmpty else { throw ExitCode(1) }
  }

  private func play(_ story: Story) async throws -> Bool {
    let began = ContinuousClock.now
    let setting = StorySetting(suite: suite.suite, engine: engine.kind, folder: try folder(of: story), input: input)
    if !json { Console.say("\n== \(story.name): \(story.title[lang.language]) ==") }
    let (lang, json) = (lang.language, json)
    do {
      let outcome = try await story.play(setting) { narration in
        Console.say(json ? (try? Self.line(narration)) ?? "" : narration.line(lang))
      }
      let pages = try setting.folder.map { try StoryPages.write(outcome, to: $0) } ?? []
      await outcome.stop()
      if !json { for page in pages { Console.say("  wrote \(page)") } }
      if json {
        Console.say(try Self.line(StoryResult(story: story.name, facts: outcome.facts)))
      } else {
        Console.say("  \(outcome.facts.count) results as expected, \(DemoStory.seconds(since: began))")
      }
      return true
    } catch let failure as StoryFailure {
      if json { Console.say(try Self.line(StoryResult(story: story.name, failure: failure.reason))) }
      Console.complain("Error: \(failure)")
      return false
    }
  }

  private func folder(of story: Story) throws -> String? {
    guard let out else { return nil }
    let folder = "\(out)/\(story.name)"
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw Misuse("\(folder) exists already: choose another folder with --out")
    }
    return folder
  }

  private static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

/// How a story ended, as a line of JSON.
private struct StoryResult: Encodable {
  var story: String
  var facts: [String: String]?
  var failure: String?
}
