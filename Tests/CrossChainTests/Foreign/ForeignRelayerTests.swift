import ChainCore
import ChainTesting
import Testing

@testable import CrossChain

/// A relayer moves the relay's client of a foreign chain with nothing but light blocks from nodes that it does not trust.
@Suite struct ForeignRelayers {
  /// A node of a chain whose validators change by one of eight at each height; it may be another fork from a height on, or not answer.
  struct Node: CometBFTSource {
    let chain = CometBFTChain()
    let all: [CometBFTChain.Member]
    var newest: UInt64
    var forkedFrom: UInt64?
    var signers: Int?
    var isSilent = false

    func members(_ height: UInt64) -> [CometBFTChain.Member] { Array(all[Int(height)..<Int(height + 8)]) }

    func latestHeight() async throws(EndpointError) -> UInt64 {
      guard !isSilent else { throw .unreachable("no answer") }
      return newest
    }

    func lightBlock(at height: UInt64) async throws(EndpointError) -> CometBFTProvided {
      guard !isSilent, height <= newest else { throw .notKept(BlockHeight(height)) }
      let header = chain.header(
        Int64(height), by: members(height), next: members(height + 1), appHash: forkedFrom.map { height >= $0 } == true ? [1] : [])
      do {
        let block = try chain.block(header, by: members(height), signers: signers.map { Array(0..<$0) })
        return CometBFTProvided(block: block, next: CometBFTChain.set(members(height + 1)))
      } catch {
        throw .unreachable("\(error)")
      }
    }
  }

  private let all: [CometBFTChain.Member]
  private var relay: TestChain
  private let relayer: Account
  private let now = CometBFTChain.now(70)

  init() throws {
    all = try CometBFTChain.members(0..<90)
    var solo = try SoloChain(
      [RelayContract()], chain: "henan", suite: .international, organisations: ["relay-office": [.relayer]],
      time: BlockTime(CometBFTChain.now(60).rawValue))
    relayer = try solo.member("relay-office")
    let first = Node(all: all, newest: 1)
    let registration = first.chain.registration(by: first.members(1), next: first.members(2), heights: 64)
    let receipt = try solo.call("xc", "registerForeign", registration, by: solo.administrator)
    #expect(receipt.status == .succeeded, "\(receipt.message)")
    relay = TestChain(solo: solo)
  }

  private func node(_ newest: UInt64) -> Node { Node(all: all, newest: newest) }

  private func status() throws -> ForeignStatus? { try relay.ledger.query("xc", "foreignClient", ChainID("cosmos")) }

  /// One tick, and the block that takes what it handed in.
  private mutating func tick(_ primary: Node, _ witnesses: [Node], everyMs: UInt64 = 1) async throws -> RelayerReport {
    let follower = ForeignRelayer(
      relay: relay.endpoint, key: relayer.key, chain: "cosmos", primary: primary, witnesses: witnesses, everyMs: everyMs)
    let report = await follower.tick(now: now)
    let receipts = try relay.makeBlock(relay.mailbox.take(), time: now, lag: 0)
    #expect(receipts.count == report.submitted.count)
    return report
  }

  @Test mutating func itFollowsOverManyHandovers() async throws {
    let report = try await tick(node(40), [node(40), node(45)])
    #expect(report.failures.isEmpty && report.submitted.count > 3, "too far for one step")
    #expect(report.submitted.allSatisfy { $0.entry == "updateForeign" })
    #expect(try status()?.height == 40)
    #expect(try await tick(node(40), [node(40)]) == RelayerReport(), "nothing new")
    #expect(try await tick(node(50), [node(50)], everyMs: 10_000_000) == RelayerReport(), "nothing is due")
    #expect(try await tick(node(50), [node(50)]).failures.isEmpty)
    #expect(try status()?.height == 50)
  }

  @Test mutating func whoLiesIsNotBelieved() async throws {
    var few = node(30)
    few.signers = 4
    var silent = node(30)
    silent.isSilent = true
    for (primary, witnesses) in [(few, [node(30)]), (silent, [node(30)]), (node(30), [silent]), (node(30), [few])] {
      let report = try await tick(primary, witnesses)
      if witnesses[0].signers == nil { #expect(report.failures.count == 1 && report.submitted.isEmpty, "\(report)") }
    }
    let height = try #require(try status()).height
    var other = node(60)
    other.forkedFrom = 55
    other.signers = 4
    let report = try await tick(node(60), [other])
    #expect(report.failures.count == 1 && report.submitted.isEmpty, "a contradiction that nobody signed moves nothing: \(report)")
    #expect(try status()?.height == height && status()?.status == .active)
  }

  @Test mutating func aForkFreezesTheClient() async throws {
    var fork = node(20)
    fork.forkedFrom = 15
    let report = try await tick(node(20), [node(20), fork])
    #expect(report.failures.count == 1 && report.failures[0].reason.contains("forked"))
    guard case .frozen? = try status()?.status else {
      Issue.record("\(String(describing: try status()))")
      return
    }
    let after = try await tick(node(30), [node(30)])
    #expect(after.submitted.isEmpty && after.failures.count == 1, "until a vote revives it")
    let stranger = ForeignRelayer(relay: relay.endpoint, key: relayer.key, chain: "atom", primary: node(5), witnesses: [])
    #expect(await stranger.tick(now: now).failures.count == 1)
  }
}
