import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// Scenario 33: what regulators see of the relay is what happened, all of it, and nothing else.
@Suite struct SupervisionScenarios {
  private let r = TestNetwork.relayID
  private let s = TestNetwork.sourceID
  private let d = TestNetwork.destinationID

  private func hops(_ network: TestNetwork) throws -> [HopRecord] {
    try network.relay.ledger.events(from: 1, limit: .max).filter { $0.event.name == "xc.hop" }.map {
      try HopRecord(canonicalBytes: $0.event.payload)
    }
  }

  private func traffic(_ network: inout TestNetwork, _ count: Int) async throws {
    for number in 0..<count { _ = try network.send("n\(number) \(network.clock)", call: number % 3 == 2 ? "hidden" : "fileAnyone") }
    _ = try await network.run()
    // A certificate above the last record.
    try network.block(r)
  }

  @Test(arguments: CryptoSuite.allCases) func s33RegulatorsLogEqualsAReplay(suite: CryptoSuite) async throws {
    var network = try TestNetwork(relay: suite, route: RoutePolicy(calls: ["fileAnyone"]))
    let archive = HopArchive(store: MemoryStore())
    var view = RegulatorView(anchor: try TrustAnchor(of: network.relay.ledger))
    #expect(try view.accept(try archive.answer(view.missing, seen: 0, through: network.relay.ledger), to: view.missing).isEmpty)
    var seen: [HopRecord] = []
    for _ in 0..<3 {
      try await traffic(&network, 7)
      // Page by page, and the log only grows.
      let all = UInt64(try hops(network).count)
      while !view.isWhole || view.seen < all {
        var question = view.missing
        question.count = 4
        let answer = try archive.answer(question, seen: view.seen, through: network.relay.ledger)
        let again = try HopAnswer(canonicalBytes: answer.canonicalBytes)
        seen += try view.accept(again, to: question)
      }
    }
    #expect(try seen == hops(network))
    let log: LogHead = try network.relay.ledger.query("xc", "log", NoResult())
    #expect(view.head == log && view.isWhole && seen.count == 3 * 12)
    // An archive made anew from the ledger is the same.
    let fresh = HopArchive(store: MemoryStore())
    #expect(try fresh.answer(HopQuestion(), seen: 0, through: network.relay.ledger).hops.map(\.record) == seen)
  }

  @Test func questionsByChainOrganisationTimeClassAndStage() async throws {
    var network = try TestNetwork(route: RoutePolicy(calls: ["fileAnyone"]))
    try await traffic(&network, 6)
    let middle = network.clock
    try await traffic(&network, 6)
    let all = try hops(network)
    let archive = HopArchive(store: MemoryStore())
    let cases: [(HopQuestion, (HopRecord) -> Bool)] = [
      (HopQuestion(chain: d), { _ in true }), (HopQuestion(chain: "henan/419900"), { _ in false }),
      (HopQuestion(organisation: "city-hall"), { _ in true }), (HopQuestion(organisation: "watch"), { _ in false }),
      (HopQuestion(until: middle), { $0.time <= middle }), (HopQuestion(from: middle), { $0.time >= middle }),
      (HopQuestion(classification: .ordinary), { _ in true }), (HopQuestion(classification: .sensitive), { _ in false }),
      (HopQuestion(stage: .rejected), { $0.stage == .rejected }), (HopQuestion(stage: .acknowledged), { $0.stage == .acknowledged }),
      (HopQuestion(chain: s, from: middle, stage: .relayed), { $0.stage == .relayed && $0.time >= middle }),
      (HopQuestion(first: 5), { $0.number >= 5 }),
    ]
    for (question, isWanted) in cases {
      var view = RegulatorView(anchor: try TrustAnchor(of: network.relay.ledger))
      let answer = try archive.answer(question, seen: 0, through: network.relay.ledger)
      #expect(try view.accept(answer, to: question) == all.filter(isWanted), "\(question)")
    }
    #expect(all.contains { $0.stage == .rejected } && all.contains { $0.stage == .acknowledged })
  }

  @Test func nothingCanBeInventedChangedLeftOutOrRewritten() async throws {
    var network = try TestNetwork()
    try await traffic(&network, 5)
    let ledger = network.relay.ledger
    let archive = HopArchive(store: MemoryStore())
    let question = HopQuestion()
    let good = try archive.answer(question, seen: 0, through: ledger)
    let fresh = RegulatorView(anchor: try TrustAnchor(of: ledger))
    func refused(_ change: (inout HopAnswer) -> Void, question: HopQuestion = HopQuestion(), view: RegulatorView? = nil)
      -> SupervisionError?
    {
      var answer = good
      change(&answer)
      var view = view ?? fresh
      do throws(SupervisionError) {
        _ = try view.accept(answer, to: question)
        return nil
      } catch {
        return error
      }
    }
    #expect(refused { _ in } == nil)
    let edits: [(inout HopRecord) -> Void] = [
      { $0.packetID = .zero }, { $0.key.sequence += 1 }, { $0.stage = .rejected }, { $0.time = 1 }, { $0.relayHeight = 99 },
      { $0.provenHeight = 99 }, { $0.policyVersion = 9 }, { $0.organisation = "watch" }, { $0.classification = .sensitive },
      { $0.payloadDigest = .zero }, { $0.payloadSize += 1 }, { $0.relayer = AccountID(.zero) }, { $0.reason = .call },
    ]
    for edit in edits {
      guard case .record(number: 2, .rootMismatch)? = refused({ edit(&$0.hops[2].record) }) else {
        Issue.record("a changed record was taken")
        continue
      }
    }
    #expect(refused { $0.hops.remove(at: 3) } == .missing(number: 3))
    #expect(refused { $0.hops.removeLast() } == .missing(number: 9))
    #expect(refused { $0.hops.swapAt(0, 1) } == .missing(number: 0))
    #expect(refused { $0.hops.append($0.hops[0]) } == .unasked(number: 0))
    #expect(refused({ _ in }, question: HopQuestion(stage: .rejected)) == .unasked(number: 0))
    #expect(refused { $0.log.value = AppendOnlyTree().canonicalBytes } == .log(.rootMismatch))
    #expect(refused { $0.steps = [] } != nil)
    // Another log of the same size, and one that is shorter.
    var view = fresh
    _ = try view.accept(good, to: question)
    #expect(refused({ _ in }, view: view) == .rewritten(.sizeOrder(old: 10, new: 10)))
    try await traffic(&network, 1)
    var later = try archive.answer(view.missing, seen: view.seen, through: ledger)
    let honest = later
    later.consistency = honest.consistency.map { ConsistencyProof(oldSize: $0.oldSize, newSize: $0.newSize, path: []) }
    #expect(throws: SupervisionError.self) { try view.accept(later, to: view.missing) }
    later = honest
    later.consistency = nil
    #expect(throws: SupervisionError.rewritten(.sizeOrder(old: 10, new: 12))) { try view.accept(later, to: view.missing) }
    #expect(try view.accept(honest, to: view.missing).map(\.number) == [10, 11])
    // Old answers are told from new ones.
    #expect(refused({ _ in }, view: view) == .older(size: 10, seen: 12))
    #expect(throws: SupervisionError.older(size: 12, seen: 90)) { try archive.answer(question, seen: 90, through: ledger) }
    // An archive of another log does not go on.
    var forked = try TestNetwork()
    try await traffic(&forked, 6)
    let mixed = HopArchive(store: MemoryStore())
    try mixed.follow(forked.relay.ledger)
    for _ in 0..<20 { try network.block(r) }
    try await traffic(&network, 2)
    #expect(throws: SupervisionError.self) { try mixed.follow(ledger) }
  }
}
