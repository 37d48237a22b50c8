import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

@Suite struct FrozenAndUnknownClients {
  /// Two certificates of the source's next height.
  private func equivocate(_ network: TestNetwork) throws -> (CheckpointCertificate, CheckpointCertificate) {
    let chain = network.source
    var checkpoint = try chain.ledger.checkpoint(at: chain.ledger.head.height)
    let first = try chain.solo.certify(checkpoint)
    checkpoint.stateRoot = chain.ledger.suite.hash([1])
    return (first, try chain.solo.certify(checkpoint))
  }

  @Test func evidenceStopsTheChainsPacketsOnly() async throws {
    var network = try TestNetwork()
    let (r, s, d) = (TestNetwork.relayID, TestNetwork.sourceID, TestNetwork.destinationID)
    _ = try network.send("before")
    _ = try await network.run()
    _ = try network.send("after")
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    let (first, second) = try equivocate(network)
    let client = try #require(try network.relay.ledger.query("xc", "client", s, as: ClientRecord?.self))
    let report = ReportMisbehaviour(
      chain: s, first: first, second: second, signers: client.set, named: client.latest.height)
    // Anybody may report: evidence speaks for itself.
    let receipt = try network.call(r, "xc", "reportMisbehaviour", report)
    #expect(try ClientChange(canonicalBytes: receipt.output) == .frozen)
    #expect(receipt.events.map(\.name) == ["xc.clientFrozen"])
    let evidence: Misbehaviour? = try network.relay.ledger.query("xc", "evidence", s)
    let frozen = try #require(try network.relay.ledger.query("xc", "client", s, as: ClientRecord?.self))
    #expect(frozen.status == .frozen(evidence: try #require(evidence).id(suite: .guomi)))
    #expect(try network.deliver(r, "relay", relay)[0].isRefused(with: "frozen"))
    var bare = relay
    bare.update = nil
    #expect(try network.deliver(r, "relay", bare)[0].isRefused(with: "frozen"))
    #expect(try network.call(r, "xc", "reportMisbehaviour", report).code == "notAllowed")
    // The destination's client works on.
    try network.block(d)
    try network.updateClient(of: d, on: r)
    #expect(try network.outcome(1) != nil && network.outcome(2) == nil)
  }

  @Test func aForkInABatchsUpdateFreezesAndTheEvidenceStays() async throws {
    var network = try TestNetwork()
    let (r, s) = (TestNetwork.relayID, TestNetwork.sourceID)
    _ = try network.send("x")
    var relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    var update = try #require(relay.update)
    let source = network.source
    let fork = SyntheticChain(
      chain: s, genesis: source.ledger.genesisID, suite: .guomi, keys: source.solo.validatorKeys, set: source.ledger.genesis.validators)
    var leaf = update.history.leaf
    leaf.stateRoot = fork.digest("fork")
    let history = try fork.history(extending: leaf, to: relay.height)
    update.steps[0].block = try fork.block(relay.height, time: network.clock, historyRoot: history.root)
    update.history = history.proof
    relay.update = update
    #expect(try network.deliver(r, "relay", relay)[0].isRefused(with: "frozen"))
    let client = try #require(try network.relay.ledger.query("xc", "client", s, as: ClientRecord?.self))
    #expect(client.status != .active)
    let evidence: Misbehaviour? = try network.relay.ledger.query("xc", "evidence", s)
    #expect(evidence == .update(update, base: 0))
  }

  @Test func unregisteredChainsProveNothing() async throws {
    var network = try TestNetwork(registered: [TestNetwork.destinationID])
    _ = try network.send("x")
    let height = network.source.ledger.head.height
    let packet = try #require(try network.source.ledger.query("xc", "packet", network.key(1), as: Packet?.self))
    let proof = try network.source.ledger.proveRecord(CrossChainState.pendingKey(network.key(1)), at: height)
    let relay = RelayPackets(
      source: TestNetwork.sourceID, height: height, packets: [ProvenHeader(header: packet.header, proof: proof.proof)])
    #expect(try network.deliver(TestNetwork.relayID, "relay", relay)[0].isRefused(with: "unregistered"))
    let report = await network.relayer().tick(now: network.clock)
    #expect(report.failures.count == 1 && report.failures[0].reason.contains("not registered"))
  }

  @Test func registrationIsOnceAndForEver() throws {
    var network = try TestNetwork()
    let again = try ChainRegistration(of: network.source.ledger, organisation: "city-hall")
    #expect(try network.administer("registerChain", again).code == "alreadyExists")
    // The same name with another genesis is another chain, and the name is taken.
    let twin = try SoloChain([], chain: TestNetwork.sourceID, seed: 99)
    let other = try ChainRegistration(of: twin.ledger, organisation: "city-hall")
    #expect(try network.administer("registerChain", other).code == "alreadyExists")
    var new = try ChainRegistration(of: try SoloChain([], chain: "henan/410300", seed: 98).ledger, organisation: "o")
    new.trusted.checkpoint.stateRoot = .zero
    #expect(try network.administer("registerChain", new).message.contains("stateRoot is zero"))
    let itself = try ChainRegistration(of: network.relay.ledger, organisation: "o")
    #expect(try network.administer("registerChain", itself).message.contains("no client of itself"))
    let third = try ChainRegistration(of: try SoloChain([], chain: "henan/410300", seed: 98).ledger, organisation: "o")
    let citizen = network.accounts[TestNetwork.relayID]
    #expect(try network.call(TestNetwork.relayID, "xc", "registerChain", third, by: citizen).code == "notAuthorised")
    #expect(try Digest(canonicalBytes: try network.administer("registerChain", third).output) == third.fingerprint)
    network.clock = network.clock.advanced(byMilliseconds: 20 * 86_400_000)
    let late = try ChainRegistration(of: try SoloChain([], chain: "henan/410400", seed: 97).ledger, organisation: "o")
    #expect(try network.administer("registerChain", late).code == "expired")
  }

  @Test func aChainWithoutItsRelaysRegistrationDoesNotStart() throws {
    let relay = try SoloChain([RelayContract()], chain: "henan")
    let good = try ChainRegistration(of: relay.ledger, organisation: "o")
    var wrong = good
    wrong.trusted.checkpoint.stateRoot = .zero
    for configuration in [[], wrong.canonicalBytes, good.canonicalBytes + [0]] {
      #expect(throws: LedgerError.self) { try SoloChain([CrossChainContract()], configurations: ["xc": configuration]) }
    }
    let started = try SoloChain([CrossChainContract()], configurations: ["xc": good.canonicalBytes])
    let network: NetworkRecord = try started.ledger.query("xc", "network", NoResult())
    #expect(network == NetworkRecord(relay: "henan", suite: .guomi))
    // The relay's own form takes none: it learns chains by transactions.
    #expect(throws: LedgerError.self) { try SoloChain([RelayContract()], chain: "henan", configurations: ["xc": good.canonicalBytes]) }
  }

  @Test func s10AnExpiredClientProvesNothing() async throws {
    var network = try TestNetwork(trustingPeriodMs: 60_000)
    _ = try network.send("x", timeout: PacketTimeout(relayTimeMs: network.clock.rawValue + 80_000_000))
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    network.clock = network.clock.advanced(byMilliseconds: 120_000)
    #expect(try network.deliver(TestNetwork.relayID, "relay", relay)[0].isRefused(with: "expired"))
  }

  @Test func aTrustedHeightOutOfThePeriodProvesNothing() async throws {
    var network = try TestNetwork(trustingPeriodMs: 60_000)
    let (r, s) = (TestNetwork.relayID, TestNetwork.sourceID)
    _ = try network.send("x", timeout: PacketTimeout(relayTimeMs: network.clock.rawValue + 80_000_000))
    var relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    try network.updateClient(of: s, on: r)
    relay.update = nil
    network.clock = network.clock.advanced(byMilliseconds: 50_000)
    try network.block(s)
    try network.updateClient(of: s, on: r)
    network.clock = network.clock.advanced(byMilliseconds: 20_000)
    #expect(try network.deliver(r, "relay", relay)[0].isRefused(with: "expired"))
    // At a height within the period it goes.
    relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    #expect(try network.deliver(r, "relay", relay) == [.done])
  }

  @Test func oneNumberUsedTwiceFreezesTheLaneAndLeavesATrace() async throws {
    var network = try TestNetwork()
    let (r, s) = (TestNetwork.relayID, TestNetwork.sourceID)
    _ = try network.send("x")
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    #expect(try network.deliver(r, "relay", relay) == [.done])
    var header = relay.packets[0].header
    header.call = "fileAnyone"
    // Without proof the claim freezes nothing.
    var claim = relay
    claim.update = nil
    claim.packets[0].header = header
    #expect(try network.deliver(r, "relay", claim)[0].isRefused(with: "proof"))
    // A source that rewrote its state and certified it.
    let source = network.source
    let liar = SyntheticChain(
      chain: s, genesis: source.ledger.genesisID, suite: .guomi, keys: source.solo.validatorKeys, set: source.ledger.genesis.validators)
    let client = try #require(try network.relay.ledger.query("xc", "client", s, as: ClientRecord?.self))
    let forged = try ForgedState(
      suite: .guomi, key: CrossChainState.pendingKey(header.key), value: NetworkHash(suite: .guomi).packetID(header))
    let history = try liar.history(extending: client.latest.leaf, to: 200)
    let block = try liar.block(200, time: network.clock, stateRoot: forged.root, historyRoot: history.root)
    claim.height = 200
    claim.update = ClientUpdate(steps: [UpdateStep(block: block)], history: history.proof)
    claim.packets[0].proof = forged.proof
    #expect(try network.deliver(r, "relay", claim)[0].isRefused(with: "sequence reused"))
    let scope = RouteScope(source: s, port: "courier", destination: TestNetwork.destinationID)
    let policy = try #require(try network.relay.ledger.query("xc", "route", scope, as: RoutePolicy?.self))
    #expect(policy.isFrozen)
    let log: LogHead = try network.relay.ledger.query("xc", "log", NoResult())
    #expect(log.size == 2)
    let hops = try network.relay.ledger.events(from: 1).filter { $0.event.name == "xc.hop" }.map {
      try HopRecord(canonicalBytes: $0.event.payload)
    }
    #expect(hops.map(\.stage) == [.relayed, .sequenceReused])
    let leaves = hops.map { MerkleLog.leafHash($0.canonicalBytes, suite: .guomi) }
    #expect(MerkleLog.root(of: leaves, suite: .guomi) == log.root)
  }

  @Test func idleClientsAreKeptFresh() async throws {
    var network = try TestNetwork()
    _ = try await network.run()
    #expect(network.submissions.isEmpty)
    network.clock = network.clock.advanced(byMilliseconds: 241_000)
    for id in network.ids { try network.block(id) }
    _ = try await network.run()
    #expect(network.submissions.map(\.entry).allSatisfy { $0 == "updateClient" })
    #expect(
      network.submissions.map(\.chain).sorted()
        == [
          TestNetwork.relayID, TestNetwork.relayID, TestNetwork.sourceID, TestNetwork.destinationID,
        ].sorted())
    for id in [TestNetwork.sourceID, TestNetwork.destinationID] {
      let client = try #require(try network.relay.ledger.query("xc", "client", id, as: ClientRecord?.self))
      #expect(network.clock.milliseconds(since: client.latest.time) < 10_000)
    }
  }

  @Test func checkpointsAreForgottenBeyondTheLimit() throws {
    var network = try TestNetwork(registered: [])
    var registration = try ChainRegistration(of: network.source.ledger, organisation: "o")
    registration.checkpoints = 3
    _ = try network.administer("registerChain", registration)
    for _ in 0..<6 {
      try network.block(TestNetwork.sourceID)
      try network.updateClient(of: TestNetwork.sourceID, on: TestNetwork.relayID)
    }
    let client = try #require(try network.relay.ledger.query("xc", "client", TestNetwork.sourceID, as: ClientRecord?.self))
    #expect(client.kept == 3)
    var kept: [BlockHeight] = []
    for height in 0...client.latest.height.rawValue {
      let key = CheckpointKey(chain: TestNetwork.sourceID, height: BlockHeight(height))
      if try network.relay.ledger.query("xc", "checkpoint", key, as: TrustedCheckpoint?.self) != nil { kept.append(key.height) }
    }
    #expect(kept == [client.latest.height.previous.previous, client.latest.height.previous, client.latest.height])
  }
}
