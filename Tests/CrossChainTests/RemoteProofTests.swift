import ChainCore
import ChainTesting
@testable import CrossChain
import Foundation
import Testing

@Suite struct RemoteProofs {
  private static let note = StateKey(contract: Courier.name, table: "notes", key: "licence")

  /// A network in which the source holds a note and the relay knows it.
  private func network(_ suites: [CryptoSuite] = [.guomi, .guomi, .guomi], validators: Int = 3) async throws -> TestNetwork {
    var network = try TestNetwork(relay: suites[0], source: suites[1], destination: suites[2], validators: validators)
    try network.call(TestNetwork.sourceID, "courier", "fileAnyone", Note(text: "licence"))
    try refresh(&network)
    return network
  }

  private func refresh(_ network: inout TestNetwork) throws {
    try network.updateClient(of: TestNetwork.sourceID, on: TestNetwork.relayID)
    try network.updateClient(of: TestNetwork.relayID, on: TestNetwork.destinationID)
  }

  private func proof(
    _ network: TestNetwork, of key: StateKey = Self.note, at height: BlockHeight? = nil, relayHeight: BlockHeight? = nil,
    pinned: BlockHeight? = nil
  ) throws -> RemoteProof {
    try RemoteProof(
      of: key, on: network.source.ledger, at: height, through: network.relay.ledger, relayHeight: relayHeight, pinned: pinned)
  }

  @Test(arguments: PacketRoundTrip.suites) func presenceAndAbsenceOffline(suites: [CryptoSuite]) async throws {
    let network = try await network(suites)
    let anchor = try TrustAnchor(of: network.relay.ledger)
    let present = try proof(network).verify(anchor: anchor)
    let source = network.source.ledger
    #expect(present.chain == TestNetwork.sourceID && present.genesis == source.genesisID && present.suite == suites[1])
    #expect(present.height == source.head.height && present.time == source.head.header.time)
    let note = try #require(try present.record(of: Courier.name, Courier.notes, "licence"))
    #expect(note.times == 1)
    #expect(throws: ContractError.badArgument("proof: it is about another record")) {
      try present.record(of: Courier.name, Courier.notes, "other")
    }
    let absent = try proof(network, of: StateKey(contract: Courier.name, table: "notes", key: "none")).verify(anchor: anchor)
    #expect(absent.value == nil)
    #expect(try absent.record(of: Courier.name, Courier.notes, "none") == nil)
    // The proof is a value like any other: bytes and JSON hold the same.
    let made = try proof(network)
    #expect(try RemoteProof(canonicalBytes: made.canonicalBytes) == made)
    #expect(try JSONDecoder().decode(RemoteProof.self, from: try JSONEncoder().encode(made)) == made)
  }

  @Test(arguments: CryptoSuite.allCases) func everyByteIsHashedOrRefused(suite: CryptoSuite) async throws {
    let network = try await network([suite, suite, suite], validators: 1)
    let old = network.source.ledger.head.height.previous
    let anchor = try TrustAnchor(of: network.relay.ledger, pinned: 1)
    let made = try proof(network, at: old, pinned: 1)
    #expect(made.past != nil && made.pin != nil)
    _ = try made.verify(anchor: anchor)
    let bytes = made.canonicalBytes
    var counts: [String: Int] = [:]
    for index in bytes.indices {
      for bit in [UInt8(1), 0x40] {
        var changed = bytes
        changed[index] ^= bit
        guard let other = try? RemoteProof(canonicalBytes: changed) else {
          counts["does not decode", default: 0] += 1
          continue
        }
        do throws(RemoteProofError) {
          _ = try other.verify(anchor: anchor)
          Issue.record("byte \(index) of \(bytes.count) may be changed")
        } catch {
          counts[String("\(error)".prefix { $0 != ":" }), default: 0] += 1
        }
      }
    }
    for (check, count) in counts.sorted(by: { $0.key < $1.key }) { print("\(suite) \(check): \(count)") }
    #expect(counts.count >= 6)
  }

  @Test func theAnchorDecides() async throws {
    let network = try await network()
    let made = try proof(network)
    let good = try TrustAnchor(of: network.relay.ledger)
    var other = good
    other.chain = "hubei"
    #expect(throws: RemoteProofError.otherRelay("henan")) { try made.verify(anchor: other) }
    other = good
    other.genesis = GenesisID(SuiteDigest.of("twin"))
    #expect(throws: RemoteProofError.self) { try made.verify(anchor: other) }
    other = good
    other.validators = try SyntheticChain.set(
      of: try SyntheticChain.keys(3, suite: .guomi, seed: "strangers"), generation: 1, rule: .moreThanHalf)
    #expect(throws: RemoteProofError.relay(.certificate(made.steps[0].block.height, .badSignature(index: 0)))) {
      try made.verify(anchor: other)
    }
    other = good
    other.validators = try SyntheticChain.set(of: network.relay.solo.validatorKeys, generation: 2, rule: .moreThanHalf)
    #expect(throws: RemoteProofError.relay(.certificate(made.steps[0].block.height, .unknownSet(generation: 1, expected: 2)))) {
      try made.verify(anchor: other)
    }
    let pinned = try TrustAnchor(of: network.relay.ledger, pinned: 2)
    #expect(throws: RemoteProofError.pinMissing(2)) { try made.verify(anchor: pinned) }
    _ = try proof(network, pinned: 2).verify(anchor: pinned)
    #expect(throws: RemoteProofError.unneededPin) { try proof(network, pinned: 2).verify(anchor: good) }
    var wrongPin = pinned
    wrongPin.pinned?.blockID = BlockID(.zero)
    #expect(throws: RemoteProofError.pinMissing(2)) { try proof(network, pinned: 2).verify(anchor: wrongPin) }
    let own = try TrustAnchor(of: network.relay.ledger, pinned: made.steps[0].block.height)
    _ = try made.verify(anchor: own)
  }

  @Test func anOldRecordShowsItsOwnAge() async throws {
    var network = try await network()
    let issued = network.source.ledger.head.height
    let before = issued.previous
    network.clock = network.clock.advanced(byMilliseconds: 3_600_000)
    try network.block(TestNetwork.sourceID)
    try refresh(&network)
    let anchor = try TrustAnchor(of: network.relay.ledger)
    let old = try proof(network, at: issued).verify(anchor: anchor)
    #expect(old.height == issued && old.value != nil)
    #expect(old.time == (try network.source.ledger.header(at: issued).time))
    #expect(try proof(network, at: before).verify(anchor: anchor).value == nil)
    let fresh = try proof(network).verify(anchor: anchor)
    #expect(fresh.time == network.source.ledger.head.header.time)
    // A header with another time is not that of the proven block.
    var forged = try proof(network, at: issued)
    forged.past?.header.time = fresh.time
    #expect(throws: RemoteProofError.historyHeader) { try forged.verify(anchor: anchor) }
  }

  @Test func contractsVerifyAgainstTheirOwnClient() async throws {
    var network = try await network([.international, .guomi, .guomi])
    let d = TestNetwork.destinationID
    func trusted() throws -> BlockHeight {
      try #require(try network.destination.ledger.query("xc", "client", TestNetwork.relayID, as: ClientRecord?.self)).latest.height
    }
    func check(_ proof: RemoteProof, text: String = "licence", maxAgeMs: UInt64? = nil) throws -> Receipt {
      try network.call(d, "checker", "check", Checker.Check(text: text, proof: proof, maxAgeMs: maxAgeMs))
    }
    let good = try proof(network, relayHeight: try trusted())
    let receipt = try check(good)
    #expect(receipt.code == "ok" && receipt.output == [1])
    #expect(try check(good, text: "other").message.contains("another record"))
    let absent = try proof(
      network, of: StateKey(contract: Courier.name, table: "notes", key: "none"), relayHeight: try trusted())
    #expect(try check(absent, text: "none").output == [0])

    var forged = good
    forged.record.value?[0] ^= 1
    #expect(try check(forged).message.contains("subject's record"))
    forged = good
    forged.checkpoint.value?[60] ^= 1
    #expect(try check(forged).message.contains("relay's record"))
    forged = good
    forged.relay = "hubei"
    #expect(try check(forged).message.contains("hubei"))
    forged = good
    forged.steps[0].block.certificate.checkpoint.blockID = BlockID(.zero)
    #expect(try check(forged).message.contains("another relay block"))
    forged = good
    forged.steps = []
    #expect(try check(forged).code == "badArgument")
    // A relay height that the client does not trust yet.
    try network.block(TestNetwork.relayID)
    let ahead = try proof(network)
    #expect(try check(ahead).code == "stale")
    try network.updateClient(of: TestNetwork.relayID, on: d)
    #expect(try check(ahead).output == [1])

    // Ten minutes, to the millisecond.
    let time = network.source.ledger.head.header.time
    network.clock = time.advanced(byMilliseconds: 600_000 - 100)
    #expect(try check(good).output == [1])
    #expect(network.destination.ledger.head.header.time == time.advanced(byMilliseconds: 600_000))
    #expect(try check(good).code == "stale")
    #expect(try check(good, maxAgeMs: 900_000).output == [1])
    // The source is down; as soon as it is back, its newest state counts.
    try network.block(TestNetwork.sourceID)
    try refresh(&network)
    #expect(try check(try proof(network, relayHeight: try trusted())).output == [1])
    let chosen = try RemoteProof(
      of: Self.note, on: network.source.ledger, through: network.relay.ledger, for: network.destination.ledger)
    #expect(chosen == (try proof(network, relayHeight: try trusted())))
  }

  @Test func noRelayModuleNoRemoteProofs() async throws {
    let network = try await network()
    var alone = try SoloChain([Checker()], chain: "henan/410500", organisations: ["o": []])
    let member = try alone.member("o")
    let receipt = try alone.call("checker", "check", Checker.Check(text: "licence", proof: try proof(network), maxAgeMs: nil), by: member)
    #expect(receipt.code == "notSupported")
  }

  @Test func builderSaysWhatIsMissing() async throws {
    var network = try await network()
    try network.block(TestNetwork.sourceID)
    let head = network.source.ledger.head.height
    #expect(throws: RemoteProofBuildError.notKnown(head, known: head.previous)) { try proof(network, at: head) }
    network.lag = 1
    try network.block(TestNetwork.relayID)
    let relay = network.relay.ledger.head.height
    #expect(throws: RemoteProofBuildError.notCertified(relay)) { try proof(network, relayHeight: relay) }
    let stranger = try SoloChain([Courier()], chain: "henan/410500", organisations: ["o": []])
    #expect(throws: RemoteProofBuildError.unregistered("henan/410500")) {
      try RemoteProof(of: Self.note, on: stranger.ledger, through: network.relay.ledger)
    }
  }
}

enum SuiteDigest {
  static func of(_ text: String) -> Digest { CryptoSuite.guomi.hash(Array(text.utf8)) }
}
