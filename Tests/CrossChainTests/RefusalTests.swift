import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

@Suite struct PacketRefusals {
  /// Every byte of a proof changed in turn: refused, each with the check that failed.
  private func flips(_ proof: StateProof) -> (decoded: [StateProof], refused: Int) {
    let bytes = proof.canonicalBytes
    var decoded: [StateProof] = []
    var refused = 0
    for index in bytes.indices {
      for bit in [UInt8(1), 0x80] {
        var changed = bytes
        changed[index] ^= bit
        if let other = try? StateProof(canonicalBytes: changed) { decoded.append(other) } else { refused += 1 }
      }
    }
    return (decoded, refused)
  }

  private func allRefused(_ statuses: [PacketStatus]) -> Bool {
    statuses.allSatisfy { $0.isRefused(with: "proof") }
  }

  @Test func s06EachProofByteOfEachLegIsHashedOrRefused() async throws {
    var network = try TestNetwork()
    let (r, s, d) = (TestNetwork.relayID, TestNetwork.sourceID, TestNetwork.destinationID)
    _ = try network.send("one")
    _ = try network.send("two")
    var tried = 0

    func chunks<Item>(_ items: [Item]) -> [[Item]] {
      stride(from: 0, to: items.count, by: 100).map { Array(items[$0..<min($0 + 100, items.count)]) }
    }

    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    for part in chunks(flips(try #require(relay.packets[0].proof)).decoded) {
      var bad = relay
      bad.packets = part.map { ProvenHeader(header: relay.packets[0].header, proof: $0) }
      #expect(allRefused(try network.deliver(r, "relay", bad)))
      tried += part.count
    }
    #expect(try network.deliver(r, "relay", relay) == [.done, .done])

    let receive = try #require(try await network.planned("receive", as: ReceivePackets.self))
    for part in chunks(flips(try #require(receive.packets[0].proof)).decoded) {
      var bad = receive
      bad.packets = part.map { ProvenPacket(packet: receive.packets[0].packet, proof: $0) }
      #expect(allRefused(try network.deliver(d, "receive", bad)))
      tried += part.count
    }
    #expect(try network.note("one") == nil)
    #expect(try network.deliver(d, "receive", receive) == [.done, .done])

    let acknowledge = try #require(try await network.planned("acknowledge", as: AcknowledgePackets.self))
    for part in chunks(flips(try #require(acknowledge.packets[0].proof)).decoded) {
      var bad = acknowledge
      bad.packets = part.map {
        ProvenAcknowledgement(key: acknowledge.packets[0].key, acknowledgement: acknowledge.packets[0].acknowledgement, proof: $0)
      }
      #expect(allRefused(try network.deliver(r, "acknowledge", bad)))
      tried += part.count
    }
    #expect(try network.deliver(r, "acknowledge", acknowledge) == [.done, .done])

    let settle = try #require(try await network.planned("settle", as: SettlePackets.self))
    guard case .recorded(let outcome, let proof) = settle.packets[0].evidence else {
      Issue.record("expected a recorded outcome")
      return
    }
    for part in chunks(flips(try #require(proof)).decoded) {
      var bad = settle
      bad.packets = part.map { ProvenOutcome(key: settle.packets[0].key, evidence: .recorded(outcome, $0)) }
      #expect(allRefused(try network.deliver(s, "settle", bad)))
      tried += part.count
    }
    #expect(try network.end(1) == nil)
    #expect(try network.deliver(s, "settle", settle) == [.done, .done])
    #expect(tried > 500)
    print("changed proofs refused: \(tried)")
  }

  @Test func s12HeaderPayloadLaneAndNumberAreBound() async throws {
    var network = try TestNetwork()
    let (r, d) = (TestNetwork.relayID, TestNetwork.destinationID)
    _ = try network.send("one")
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    let good = relay.packets[0].header
    var changed: [PacketHeader] = []
    func change(_ edit: (inout PacketHeader) -> Void) {
      var header = good
      edit(&header)
      changed.append(header)
    }
    change { $0.lane.destination = "henan/410300" }
    change { $0.lane.destinationPort = "licence" }
    change { $0.lane.sourcePort = "licence" }
    change { $0.sequence = 2 }
    change { $0.sender.organisation = "platform" }
    change { $0.sender.account = AccountID(.zero) }
    change { $0.call = "fileAnyone" }
    change { $0.classification = .important }
    change { $0.requestID = .zero }
    change { $0.timeout.relayTimeMs += 1 }
    change { $0.payloadDigest = .zero }
    change { $0.payloadSize += 1 }
    change { $0.sealedTo = [1] }
    var bad = relay
    bad.packets = changed.map { ProvenHeader(header: $0, proof: relay.packets[0].proof) }
    #expect(try network.deliver(r, "relay", bad).allSatisfy { $0.isRefused(with: "proof: the proof leads to another root") })
    bad.packets = [ProvenHeader(header: good, proof: relay.packets[0].proof)]
    bad.packets[0].header.lane.source = "henan/410200"
    #expect(try network.deliver(r, "relay", bad)[0].isRefused(with: "lane"))
    #expect(try network.deliver(r, "relay", relay) == [.done])

    // Anybody may deliver a wrong payload first: it leaves no receipt, and the right one still arrives.
    let receive = try #require(try await network.planned("receive", as: ReceivePackets.self))
    var wrong = receive
    wrong.packets[0].packet.payload[1] ^= 1
    #expect(try network.deliver(d, "receive", wrong)[0].isRefused(with: "payload"))
    wrong = receive
    wrong.packets[0].packet.payload.append(0)
    #expect(try network.deliver(d, "receive", wrong)[0].isRefused(with: "payload"))
    wrong = receive
    wrong.packets[0].packet.header.lane.destination = TestNetwork.sourceID
    #expect(try network.deliver(d, "receive", wrong)[0].isRefused(with: "lane"))
    // The destination's proof does not serve on another chain.
    #expect(try network.deliver(TestNetwork.sourceID, "receive", receive)[0].isRefused(with: "lane"))
    #expect(try network.deliver(d, "receive", receive) == [.done])

    let acknowledge = try #require(try await network.planned("acknowledge", as: AcknowledgePackets.self))
    var other = acknowledge
    other.packets[0].acknowledgement.result = .success(.zero)
    #expect(try network.deliver(r, "acknowledge", other)[0].isRefused(with: "proof"))
    other.packets[0].acknowledgement.packetID = .zero
    #expect(try network.deliver(r, "acknowledge", other)[0].isRefused(with: "another packet"))
    other = acknowledge
    other.destination = TestNetwork.sourceID
    other.update = nil
    #expect(try network.deliver(r, "acknowledge", other)[0].isRefused(with: "stale"))
    other = acknowledge
    other.packets[0].key.sequence = 9
    #expect(try network.deliver(r, "acknowledge", other)[0].isRefused(with: "no such record"))
    #expect(try network.deliver(r, "acknowledge", acknowledge) == [.done])

    let settle = try #require(try await network.planned("settle", as: SettlePackets.self))
    guard case .recorded(_, let proof) = settle.packets[0].evidence else { return }
    for outcome in [Outcome.timedOut, .rejected(.call)] {
      var forged = settle
      forged.packets[0].evidence = .recorded(outcome, proof)
      #expect(try network.deliver(TestNetwork.sourceID, "settle", forged)[0].isRefused(with: "proof"))
    }
    var unknown = settle
    unknown.packets[0].key.sequence = 7
    #expect(try network.deliver(TestNetwork.sourceID, "settle", unknown)[0].isRefused(with: "no such record"))
  }

  @Test func batchesAndEntriesAreBounded() async throws {
    var network = try TestNetwork()
    _ = try network.send("one")
    var relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    let one = relay.packets[0]
    relay.packets = []
    #expect(try network.deliver(TestNetwork.relayID, "relay", relay)[0].isRefused(with: "1 to 100"))
    relay.packets = Array(repeating: one, count: 101)
    #expect(try network.deliver(TestNetwork.relayID, "relay", relay)[0].isRefused(with: "1 to 100"))
    // Only relayers submit, only administrators register and route, only supervisors freeze.
    let citizen = network.accounts[TestNetwork.relayID]
    for (entry, bytes) in [
      ("relay", relay.canonicalBytes), ("setRoute", SetRoute(scope: RouteScope(), policy: RoutePolicy()).canonicalBytes),
      ("freeze", RouteScope().canonicalBytes), ("thaw", RouteScope().canonicalBytes),
    ] {
      let name = try #require(EntryName(entry))
      #expect(try network.call(TestNetwork.relayID, "xc", name, Raw(bytes), by: citizen).code == "notAuthorised")
    }
  }

  @Test func routesDenyByDefaultAndSayWhy() async throws {
    let far = PacketTimeout(relayTimeMs: TestNetwork.start.rawValue + 30 * 86_400_000)
    let cases: [(RoutePolicy?, [ChainID], ChainID, EntryName, PacketTimeout?, String)] = [
      (nil, [TestNetwork.sourceID, TestNetwork.destinationID], TestNetwork.destinationID, "file", nil, "rejected noRoute"),
      (RoutePolicy(), [TestNetwork.sourceID], TestNetwork.destinationID, "file", nil, "rejected unknownDestination"),
      (
        RoutePolicy(calls: ["other"]), [TestNetwork.sourceID, TestNetwork.destinationID], TestNetwork.destinationID, "file", nil,
        "rejected call"
      ),
      (
        RoutePolicy(maxPayload: 1), [TestNetwork.sourceID, TestNetwork.destinationID], TestNetwork.destinationID, "file", nil,
        "rejected payloadSize"
      ),
      (RoutePolicy(), [TestNetwork.sourceID, TestNetwork.destinationID], TestNetwork.destinationID, "file", far, "rejected timeout"),
      (
        RoutePolicy(validUntil: TestNetwork.start), [TestNetwork.sourceID, TestNetwork.destinationID], TestNetwork.destinationID,
        "file", nil, "rejected notValidNow"
      ),
    ]
    for (policy, registered, to, call, timeout, end) in cases {
      var network = try TestNetwork(registered: registered, route: policy)
      _ = try network.send("x", call: call, to: to, timeout: timeout)
      _ = try await network.run(network.relayer(of: registered))
      #expect(try network.end(1) == end)
      #expect(try network.note("x") == nil)
    }
  }

  @Test func aFrozenRouteHoldsPacketsUntilThawed() async throws {
    var network = try TestNetwork()
    let supervisor = try network.member(TestNetwork.relayID, "watch")
    // The narrow route stays open; the wide freeze wins.
    _ = try network.administer(
      "setRoute", SetRoute(scope: RouteScope(source: TestNetwork.sourceID, port: "courier"), policy: RoutePolicy()))
    let scope = RouteScope(source: TestNetwork.sourceID)
    #expect(try network.call(TestNetwork.relayID, "xc", "freeze", scope, by: supervisor).status == .succeeded)
    #expect(try network.call(TestNetwork.relayID, "xc", "thaw", scope, by: supervisor).code == "notAuthorised")
    _ = try network.send("held")
    _ = try await network.run(rounds: 4)
    #expect(try network.outcome(1) == nil && network.note("held") == nil)
    _ = try network.administer("thaw", scope)
    // An idle chain goes on making blocks, so the relayer's next attempt is another transaction.
    try network.block(TestNetwork.sourceID)
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded")
    // A narrow freeze holds as well, though wider routes are open.
    let lane = RouteScope(source: TestNetwork.sourceID, port: "courier", destination: TestNetwork.destinationID)
    #expect(try network.call(TestNetwork.relayID, "xc", "freeze", lane, by: supervisor).status == .succeeded)
    _ = try network.send("held too")
    _ = try await network.run(rounds: 4)
    #expect(try network.outcome(2) == nil && network.note("held too") == nil)
  }

  @Test func routesThatCannotBeKeptAreRefused() throws {
    var network = try TestNetwork()
    for policy in [
      RoutePolicy(maxPayload: .max), RoutePolicy(rate: RouteRate(packets: 0, windowMs: 1)),
      RoutePolicy(rate: RouteRate(packets: 1, windowMs: 0)),
      RoutePolicy(calls: Array(repeating: "file", count: 65)),
    ] {
      #expect(try network.administer("setRoute", SetRoute(scope: RouteScope(), policy: policy)).code == "badArgument")
    }
  }
}

/// Bytes that are the canonical form of something else already.
struct Raw: CanonicalCodable {
  let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  func encode(into writer: inout CanonicalWriter) { writer.writeFixed(bytes) }
  init(from reader: inout CanonicalReader) throws(CanonicalError) { bytes = Array(try reader.readFixed(reader.remaining)) }
}
