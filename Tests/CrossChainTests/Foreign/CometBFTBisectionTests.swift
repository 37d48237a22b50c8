import ChainCore
import Testing

@testable import CrossChain

/// A relayer's search finds updates that move a client to its target, asks for few blocks, and believes nobody.
@Suite struct CometBFTBisections {
  private let chain = CometBFTChain()
  private let now = CometBFTChain.now(80)
  private let all: [CometBFTChain.Member]

  init() throws { all = try CometBFTChain.members(0..<80) }

  /// One of eight validators leaves at each height, and another comes.
  private func members(_ height: Int64) -> [CometBFTChain.Member] { Array(all[Int(height)..<Int(height + 8)]) }

  private func provided(_ height: Int64) throws -> CometBFTProvided {
    CometBFTProvided(
      block: try chain.block(height, by: members(height), next: members(height + 1)), next: CometBFTChain.set(members(height + 1)))
  }

  private func client() throws -> CometBFTClient {
    try CometBFTClient(chain.registration(by: members(1), next: members(2), heights: 64))
  }

  private func search(
    _ client: CometBFTClient, to target: UInt64, witnesses: Int = 0,
    _ answer: (UInt64, CometBFTBisection.Source) throws -> CometBFTBisection.Event
  ) throws -> (effect: CometBFTBisection.Effect, fetches: Int) {
    var search = CometBFTBisection(client: client, from: client.latest, to: target, witnesses: witnesses, now: now)
    var effect = search.start()
    var fetches = 0
    while case .fetch(let height, let source) = effect {
      fetches += 1
      try #require(fetches < 300)
      effect = search.step(try answer(height, source))
    }
    return (effect, fetches)
  }

  @Test(arguments: [2, 3, 5, 8, 20, 60] as [UInt64]) func updatesMoveAClient(target: UInt64) throws {
    var client = try client()
    let (effect, fetches) = try search(client, to: target, witnesses: 2) { height, _ in .received(try provided(Int64(height))) }
    guard case .verified(let updates) = effect else {
      Issue.record("\(effect)")
      return
    }
    for update in updates { #expect(try client.update(update.encoded, now: now) == .advanced) }
    #expect(client.latestHeight == target)
    // With five of eight left after three heights a skip of six is too far, one of five is not.
    #expect(updates.count <= Int(target) && updates.count >= Int(target - 1) / 6)
    #expect(fetches <= 2 * updates.count + 10)
    print("bisection to \(target): \(updates.count) updates, \(fetches) blocks asked for")
  }

  @Test func whatSourcesDoWrong() throws {
    let client = try client()
    func expect(
      _ failure: CometBFTBisection.Failure, to target: UInt64 = 20, witnesses: Int = 0,
      _ answer: (UInt64, CometBFTBisection.Source) throws -> CometBFTBisection.Event, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let (effect, _) = try search(client, to: target, witnesses: witnesses, answer)
      #expect(effect == .failed(failure), sourceLocation: sourceLocation)
    }
    try expect(.notAbove(trusted: 1), to: 1) { _, _ in .unavailable }
    try expect(.unavailable(height: 1)) { _, _ in .unavailable }
    try expect(.unavailable(height: 10)) { height, _ in height == 10 ? .unavailable : .received(try provided(Int64(height))) }
    try expect(.otherHeight(2)) { _, _ in .received(try provided(2)) }
    try expect(.otherTrusted) { height, _ in
      .received(
        CometBFTProvided(block: try chain.block(Int64(height), by: members(5), next: members(6)), next: CometBFTChain.set(members(6))))
    }
    try expect(.otherNextValidators) { height, _ in
      var found = try provided(Int64(height))
      if height == 10 { found.next.validators.removeLast() }
      return .received(found)
    }
    try expect(.header(height: 1, .noQuorum(signed: 0, total: 80))) { height, _ in
      var found = try provided(Int64(height))
      found.block.commit.signatures = []
      return .received(found)
    }
    try expect(.noWitness, to: 4, witnesses: 2) { height, source in
      source == .primary ? .received(try provided(Int64(height))) : .unavailable
    }
    let (agreed, _) = try search(client, to: 4, witnesses: 2) { height, source in
      source == .witness(0) ? .unavailable : .received(try provided(Int64(height)))
    }
    if case .failed = agreed { Issue.record("one witness of two is enough") }
  }

  /// A fork that the chain's validators signed from `height` on.
  private func forked(_ height: Int64, from: Int64) throws -> CometBFTProvided {
    guard height >= from else { return try provided(height) }
    let block = try chain.block(height, by: members(height), next: members(height + 1), appHash: [1])
    return CometBFTProvided(block: block, next: CometBFTChain.set(members(height + 1)))
  }

  /// A block that the trusted validators signed, be it over many steps, is evidence: the client freezes by it.
  @Test(arguments: [4, 20] as [UInt64], [2, 4, 15] as [Int64]) func forksAreShown(target: UInt64, from: Int64) throws {
    guard Int64(target) >= from else { return }
    var client = try client()
    let (effect, _) = try search(client, to: target, witnesses: 2) { height, source in
      .received(try source == .witness(1) ? forked(Int64(height), from: from) : provided(Int64(height)))
    }
    guard case .failed(.conflict(let witness, let ours, let theirs)) = effect else {
      Issue.record("\(effect)")
      return
    }
    #expect(witness == 1)
    for update in ours { #expect(try client.update(update.encoded, now: now) == .advanced) }
    #expect(client.latestHeight == target)
    for update in theirs where client.status == .active { _ = try client.update(update.encoded, now: now) }
    #expect(client.status != .active)
    if ours.count == 1, theirs.count == 1 {
      let fresh = try self.client()
      #expect(try fresh.misbehaviour(ours[0].encoded, theirs[0].encoded, now: now))
    }
  }

  @Test func liarsAreNoEvidence() throws {
    let client = try client()
    let strangers = try CometBFTChain.members(100..<108)
    let other = CometBFTProvided(block: try chain.block(4, by: strangers), next: CometBFTChain.set(strangers))
    // Another block, by strangers, and whatever else the witness says when it is asked for the way there.
    for answer in [.unavailable, .received(other), .received(try provided(1))] as [CometBFTBisection.Event] {
      var asked = 0
      let (end, _) = try search(client, to: 4, witnesses: 1) { height, source in
        if source == .primary { return .received(try provided(Int64(height))) }
        asked += 1
        return asked == 1 ? .received(other) : asked == 2 ? answer : .received(other)
      }
      #expect(end == .failed(.contradicted(witness: 0)))
      #expect(asked > 1)
    }
  }

  @Test func oldTrustIsRefusedAtOnce() throws {
    let client = try client()
    var search = CometBFTBisection(client: client, from: client.latest, to: 9, witnesses: 0, now: CometBFTChain.now(150))
    #expect(search.start() == .fetch(height: 1, from: .primary))
    #expect(search.step(.received(try provided(1))) == .failed(.expired))
  }
}
