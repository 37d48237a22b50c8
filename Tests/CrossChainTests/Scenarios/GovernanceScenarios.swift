import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// Scenarios 1, 11 and 26: who lets chains in, who stops them, and who lets them go on.
@Suite struct GovernanceScenarios {
  private let r = TestNetwork.relayID
  private let s = TestNetwork.sourceID
  private let d = TestNetwork.destinationID

  @Test func s01RegisterLockUnknownKind() throws {
    var network = try TestNetwork()
    let third = try ChainRegistration(of: try SoloChain([], chain: "henan/410300", seed: 98).ledger, organisation: "o")
    // No kind but those that are verified: the byte does not even decode.
    var bytes = third.canonicalBytes
    let place = third.chain.canonicalBytes.count + third.genesis.canonicalBytes.count + third.suite.canonicalBytes.count
    bytes[place] = 9
    #expect(throws: CanonicalError.self) { try ChainRegistration(canonicalBytes: bytes) }
    // The recommended rules lock a registration for a day; before, it cannot be executed.
    let rule = try #require(RelayContract.recommendedRules.first { $0.scope.entry == "admitChain" })
    #expect(try network.govern(r, "governance", "setRule", rule).status == .succeeded)
    let approved = try network.approve(r, [GovernedCall("xc", "admitChain", third)])
    let id = try UInt64(canonicalBytes: approved.output)
    let administrator = network.relay.solo.administrator
    let early = try network.call(r, "governance", "execute", id, by: administrator)
    #expect(early.status == .failed)
    #expect(try network.relay.ledger.query("xc", "chain", third.chain, as: ChainRegistration?.self) == nil)
    network.clock = network.clock.advanced(byMilliseconds: 86_500_000)
    let late = try network.call(r, "governance", "execute", id, by: administrator)
    #expect(late.status == .succeeded, "\(late.message)")
    #expect(try network.relay.ledger.query("xc", "chain", third.chain, as: ChainRegistration?.self)?.fingerprint == third.fingerprint)
    // The first vote ended the founding: administrators alone register, open and thaw no more.
    let fourth = try ChainRegistration(of: try SoloChain([], chain: "henan/410400", seed: 97).ledger, organisation: "o")
    #expect(try network.administer("registerChain", fourth).message.contains("governed by votes"))
    #expect(try network.administer("setRoute", SetRoute(scope: RouteScope(), policy: RoutePolicy())).code == "notAllowed")
    #expect(try network.administer("thaw", RouteScope()).code == "notAllowed")
    #expect(try network.relay.ledger.query("xc", "isFounding", NoResult(), as: Bool.self) == false)
    // An id belongs to one genesis for ever.
    #expect(try network.govern(r, "xc", "admitChain", third).code == "alreadyExists")
  }

  @Test func administratorsEndTheFoundingThemselves() throws {
    var network = try TestNetwork()
    #expect(try network.relay.ledger.query("xc", "isFounding", NoResult(), as: Bool.self))
    let citizen = network.accounts[r]
    #expect(try network.call(r, "xc", "endFounding", NoResult(), by: citizen).code == "notAuthorised")
    #expect(try network.administer("endFounding", NoResult()).status == .succeeded)
    #expect(try network.administer("setRoute", SetRoute(scope: RouteScope(), policy: RoutePolicy())).code == "notAllowed")
    #expect(try network.govern(r, "xc", "permitRoute", SetRoute(scope: RouteScope(), policy: RoutePolicy())).status == .succeeded)
    for entry: EntryName in ["admitChain", "permitRoute", "reopen", "reviveClient", "retireChain", "adjudicate"] {
      #expect(try network.administer(entry, NoResult()).code == "notAuthorised")
    }
  }

  /// How far a packet is when it is stopped.
  enum Stage: Int, CaseIterable, Sendable { case pending, relayed, received, recorded }
  /// What is stopped.
  enum Stop: CaseIterable, Sendable { case route, chain, source, destination }

  @Test(arguments: Stage.allCases, Stop.allCases) func s26FreezeAtEveryStage(stage: Stage, stop: Stop) async throws {
    var network = try TestNetwork()
    let supervisor = try network.member(r, "watch")
    _ = try network.send("x")
    let legs: [(ChainID, EntryName)] = [(r, "relay"), (d, "receive"), (r, "acknowledge")]
    for (chain, entry) in legs.prefix(stage.rawValue) {
      let call = try #require(await network.plan().first { $0.entry == entry })
      let receipt = try network.call(chain, "xc", entry, Raw(call.arguments), by: network.relayers[chain])
      #expect(receipt.status == .succeeded)
    }
    let scope = RouteScope(source: s, port: "courier")
    let frozen =
      switch stop {
      case .route: try network.call(r, "xc", "freeze", scope, by: supervisor)
      case .chain: try network.call(r, "xc", "freezeChain", d, by: supervisor)
      case .source: try network.call(r, "xc", "freezeClient", FreezeClient(chain: s, reason: "drill"), by: supervisor)
      case .destination: try network.call(r, "xc", "freezeClient", FreezeClient(chain: d, reason: "drill"), by: supervisor)
      }
    #expect(frozen.status == .succeeded)
    _ = try await network.run(rounds: 6)
    // A stopped route lets through what was relayed; a client that is stopped proves nothing any more.
    let goesOn =
      switch stop {
      case .route, .chain: stage != .pending
      case .source: stage != .pending
      case .destination: stage == .recorded
      }
    #expect(try (network.end(1) == "succeeded") == goesOn)
    let wasReceived = try network.note("x") != nil
    #expect(wasReceived == (goesOn || stage == .received || stop == .destination))
    // Only a vote lets it go on.
    #expect(try network.call(r, "xc", "thaw", scope, by: supervisor).code == "notAuthorised")
    switch stop {
    case .route: #expect(try network.govern(r, "xc", "reopen", scope).status == .succeeded)
    case .chain:
      for scope in [RouteScope(source: d), RouteScope(destination: d)] {
        #expect(try network.govern(r, "xc", "reopen", scope).status == .succeeded)
      }
    case .source, .destination:
      let chain = stop == .source ? s : d
      try network.block(chain)
      let revival = try network.revival(of: chain, on: r)
      #expect(try network.govern(r, "xc", "reviveClient", revival).status == .succeeded)
    }
    for id in network.ids { try network.block(id) }
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded" && network.note("x")?.times == 1)
  }

  @Test func s11Thaw() async throws {
    var network = try TestNetwork()
    let supervisor = try network.member(r, "watch")
    _ = try network.send("x")
    let old = try network.client(of: s, on: r)
    #expect(try network.call(r, "xc", "freezeClient", FreezeClient(chain: s, reason: "two histories"), by: supervisor).status == .succeeded)
    #expect(try network.call(r, "xc", "freezeClient", FreezeClient(chain: s, reason: "again"), by: supervisor).code == "notAllowed")
    let long = FreezeClient(chain: d, reason: String(repeating: "x", count: 257))
    #expect(try network.call(r, "xc", "freezeClient", long, by: supervisor).code == "badArgument")
    let good = try network.revival(of: s, on: r)
    let refusals: [(String, (inout ReviveClient) -> Void)] = [
      ("evidence", { $0.evidence = nil }), ("evidence", { $0.evidence = .zero }),
      ("stale", { $0.trusted = old.registration.trusted }),
      ("headerMismatch", { $0.trusted.header.time = $0.trusted.header.time.advanced(byMilliseconds: 1) }),
      ("stateRoot", { $0.trusted.checkpoint.stateRoot = .zero }),
      ("wrongSet", { $0.trusted.checkpoint.validatorSetHash = .zero }),
    ]
    for (text, change) in refusals {
      var bad = good
      change(&bad)
      let receipt = try network.govern(r, "xc", "reviveClient", bad)
      #expect(receipt.status == .failed, "\(text)")
    }
    #expect(try network.govern(r, "xc", "reviveClient", good).status == .succeeded)
    let revived = try network.client(of: s, on: r)
    #expect(revived.status == .active && revived.latest.height == good.trusted.header.height)
    #expect(try network.govern(r, "xc", "reviveClient", good).status == .failed)
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded")
  }

  /// An expired client of the relay is revived on a member chain, too.
  @Test func anExpiredClientIsRevived() async throws {
    var network = try TestNetwork(trustingPeriodMs: 60_000)
    network.clock = network.clock.advanced(byMilliseconds: 120_000)
    for id in network.ids { try network.block(id) }
    _ = try network.send("x")
    _ = try await network.run(rounds: 3)
    #expect(try network.end(1) == nil)
    for id in [s, d] {
      #expect(try network.govern(r, "xc", "reviveClient", network.revival(of: id, on: r)).status == .succeeded)
      #expect(try network.govern(id, "xc", "reviveClient", network.revival(of: r, on: id)).status == .succeeded)
    }
    let view: RelayView = try network.destination.ledger.query("xc", "view", NoResult())
    #expect(try view.height == network.client(of: r, on: d).latest.height)
    for id in network.ids { try network.block(id) }
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded")
  }

  /// A chain that is gone for good: packets to it end by a decision, and the id is taken for ever.
  @Test func s26RetiredAndAdjudicated() async throws {
    var network = try TestNetwork()
    _ = try network.send("under way")
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    #expect(try network.deliver(r, "relay", relay) == [.done])
    let decision = network.relay.ledger.suite.hash(Array("the city merged".utf8))
    let verdict = AdjudicatePackets(packets: [network.key(1)], decision: decision)
    #expect(try network.govern(r, "xc", "adjudicate", verdict).code == "notAllowed")
    #expect(try network.govern(r, "xc", "retireChain", RetireChain(chain: d, decision: decision)).status == .succeeded)
    #expect(try network.govern(r, "xc", "retireChain", RetireChain(chain: d, decision: decision)).code == "notAllowed")
    #expect(try network.govern(r, "xc", "reviveClient", network.revival(of: d, on: r)).code == "notAllowed")
    let again = try ChainRegistration(of: network.destination.ledger, organisation: "o")
    #expect(try network.govern(r, "xc", "admitChain", again).code == "alreadyExists")
    #expect(try network.govern(r, "xc", "adjudicate", AdjudicatePackets(packets: [network.key(9)], decision: decision)).code == "notFound")
    #expect(try network.govern(r, "xc", "adjudicate", verdict).status == .succeeded)
    #expect(try network.govern(r, "xc", "adjudicate", verdict).code == "alreadyExists")
    _ = try network.send("too late")
    for id in [r, s] { try network.block(id) }
    _ = try await network.run(network.relayer(of: [s]))
    #expect(try network.end(1) == "adjudicated" && network.end(2) == "rejected retired")
    #expect(try network.outcome(1) == .adjudicated(decision))
  }
}

extension TestNetwork {
  /// Carries a vote of all organisations through on chain `id`.
  mutating func govern(
    _ id: ChainID, _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable
  ) throws -> Receipt {
    try governed(id) { try $0.govern(contract, entry, arguments) }
  }

  /// Proposes calls and votes for them, without executing.
  mutating func approve(_ id: ChainID, _ calls: [GovernedCall]) throws -> Receipt { try governed(id) { try $0.approve(calls) } }

  private mutating func governed(_ id: ChainID, _ body: (inout SoloChain) throws -> Receipt) throws -> Receipt {
    var chain = self[id]
    clock = max(clock, chain.ledger.head.header.time).advanced(byMilliseconds: 100)
    chain.solo.time = clock
    let receipt = try body(&chain.solo)
    clock = max(clock, chain.ledger.head.header.time)
    self[id] = chain
    return receipt
  }

  /// What revives the client of `subject` on chain `id`: the subject's head, as people compared it.
  func revival(of subject: ChainID, on id: ChainID) throws -> ReviveClient {
    let ledger = self[subject].ledger
    let head = ledger.head
    var evidence: Digest?
    if case .frozen(let found) = try client(of: subject, on: id).status { evidence = found }
    return ReviveClient(
      chain: subject,
      trusted: TrustedStart(header: head.header, checkpoint: try ledger.checkpoint(at: head.height), set: head.validators),
      evidence: evidence)
  }
}
