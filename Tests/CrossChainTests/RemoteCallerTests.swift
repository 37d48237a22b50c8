import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

@Suite struct RemoteCallers {
  @Test func rolesAreThoseThatTheDestinationGives() async throws {
    var network = try TestNetwork(remoteRoles: [])
    _ = try network.send("x")
    _ = try await network.run()
    #expect(try network.note("x") == nil)
    #expect(try network.end(1) == "failed notAuthorised")

    // A role of the same organisation's name on another chain counts for nothing here.
    network = try TestNetwork(remoteRoles: [RemoteRoles(chain: "henan/410300", organisation: "city-hall", roles: ["department"])])
    _ = try network.send("x")
    _ = try network.send("x", call: "fileAnyone")
    _ = try await network.run()
    #expect(try network.end(1) == "failed notAuthorised")
    #expect(try network.end(2) == "succeeded")
    #expect(try network.note("x")?.roles == [])
  }

  @Test func s15AFailingHandlerLeavesNothingAndIsAnswered() async throws {
    var network = try TestNetwork()
    for call in ["fileThenFail", "spin", "nosuch"] { _ = try network.send("x", call: try #require(EntryName(call))) }
    _ = try network.send("good")
    let before = network.destination.ledger.head.height
    _ = try await network.run()
    #expect(try network.note("x") == nil)
    #expect(try network.end(1) == "failed quota")
    #expect(try network.end(2) == "failed limitExceeded")
    #expect(try network.end(3) == "failed notSupported")
    // The one that used everything up did not take it from its neighbour.
    #expect(try network.end(4) == "succeeded")
    let events = try network.destination.ledger.events(from: before.next).map(\.event.name)
    #expect(!events.contains("courier.leak"))
    #expect(events.filter { $0 == "courier.file" }.count == 1)
    #expect(events.filter { $0 == "xc.received" }.count == 4)
  }

  @Test func s16ThePlatformIsNoPort() async throws {
    var network = try TestNetwork(
      route: RoutePolicy(),
      remoteRoles: [RemoteRoles(chain: TestNetwork.sourceID, organisation: "city-hall", roles: [.administrator, .relayer])])
    let call = SendNote(to: TestNetwork.destinationID, call: "file", text: "x", timeout: nil)
    #expect(try network.call(TestNetwork.sourceID, "courier", "misdirect", call).code == "notSupported")
    // Even a source that lies: a committed packet to a platform contract is answered with a failure, and so is one from another
    // contract than it calls.
    let identity = try network.lie(from: "identity", to: "identity", call: "register", RegisterMember(certificates: []))
    #expect(identity == .notSupported("identity belongs to the platform and is no port"))
    #expect(
      try network.lie(from: "licence", to: "courier", call: "fileAnyone", Note(text: "x"))
        == .notAuthorised("calls come from the same contract only"))
    #expect(try network.lie(from: "courier", to: "courier", call: "fileAnyone", Note(text: "x")) == nil)
  }

  @Test func s14OnlyLocalCallsSend() async throws {
    var network = try TestNetwork()
    let back = RouteScope(source: TestNetwork.destinationID, port: "courier")
    _ = try network.administer("setRoute", SetRoute(scope: back, policy: RoutePolicy()))
    _ = try network.send("x", call: "forward")
    _ = try await network.run()
    #expect(try network.end(1) == "failed notSupported")
  }

  @Test func aFailedCallLeavesNoPacket() async throws {
    var network = try TestNetwork()
    let call = SendNote(to: TestNetwork.destinationID, call: "file", text: "x", timeout: nil)
    #expect(try network.call(TestNetwork.sourceID, "courier", "sendAndFail", call).code == "quota")
    let pending: [PacketHeader] = try network.source.ledger.query("xc", "pending", PendingQuestion())
    #expect(pending.isEmpty)
    #expect(try network.send("y").sequence == 1)
  }

  @Test func aThrowingCallbackKeepsThePacketUntilItSucceeds() async throws {
    var network = try TestNetwork()
    try network.call(TestNetwork.sourceID, "courier", "beStubborn", true)
    _ = try network.send("x")
    _ = try await network.run(rounds: 8)
    #expect(try network.note("x")?.times == 1)
    #expect(try network.end(1) == nil)
    var pending: [PacketHeader] = try network.source.ledger.query("xc", "pending", PendingQuestion())
    #expect(pending.count == 1)
    try network.call(TestNetwork.sourceID, "courier", "beStubborn", false)
    try network.block(TestNetwork.relayID)
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded")
    pending = try network.source.ledger.query("xc", "pending", PendingQuestion())
    #expect(pending.isEmpty)
  }

  @Test func destinationsWithoutAPortAreRefusedAtOnce() throws {
    var network = try TestNetwork()
    for chain in [TestNetwork.relayID, TestNetwork.sourceID] {
      let call = SendNote(to: chain, call: "file", text: "x", timeout: nil)
      #expect(try network.call(TestNetwork.sourceID, "courier", "send", call).code == "badArgument")
    }
    let long = SendNote(
      to: TestNetwork.destinationID, call: "file", text: String(repeating: "x", count: Packet.payloadLimit), timeout: nil)
    #expect(try network.call(TestNetwork.sourceID, "courier", "send", long).code == "limitExceeded")
  }

  @Test func aFullLaneTellsTheSender() throws {
    var network = try TestNetwork()
    let account = try #require(network.accounts[TestNetwork.sourceID])
    var source = network.source
    var transactions: [SignedTransaction] = []
    for number in 0...CrossChainContract.window {
      transactions.append(
        try source.solo.sign(
          "courier", "send", SendNote(to: TestNetwork.destinationID, call: "file", text: "\(number)", timeout: nil), by: account))
    }
    network[TestNetwork.sourceID] = source
    let receipts = try network.block(TestNetwork.sourceID, transactions)
    #expect(receipts.dropLast().allSatisfy { $0.status == .succeeded })
    #expect(receipts.last?.code == "limitExceeded")
    #expect(receipts.last?.message.contains("lane full") == true)
  }
}

/// A state tree with one record: what a lying chain would commit to.
struct ForgedState {
  let root: Digest
  let proof: StateProof

  init(suite: CryptoSuite, key: StateKey, value: some CanonicalCodable) throws {
    proof = StateProof(end: .present, siblings: [])
    let update = try StateTree(suite: suite).apply(
      [(key.bytes, value.canonicalBytes)], base: nil, newVersion: 0, reader: MemoryStateNodes())
    root = update.root
  }
}

extension TestNetwork {
  /// Delivers a packet that nobody sent, by a relay that the destination trusts and that lies. Gives the error that answered it.
  mutating func lie(
    from: ContractName, to: ContractName, call entry: EntryName, _ arguments: some CanonicalCodable
  ) throws -> ContractError? {
    let lane = LaneID(source: Self.sourceID, sourcePort: from, destination: Self.destinationID, destinationPort: to)
    let payload = arguments.canonicalBytes
    let hash = NetworkHash(suite: relay.ledger.suite)
    let header = PacketHeader(
      lane: lane, sequence: 1, sender: PacketParty(account: AccountID(.zero), organisation: "city-hall"), call: entry,
      timeout: PacketTimeout(relayHeight: 10_000), payloadDigest: hash.payload(payload), payloadSize: UInt32(payload.count))
    let forged = try ForgedState(suite: hash.suite, key: CrossChainState.relayedKey(header.key), value: hash.packetID(header))
    let receive = ReceivePackets(
      height: try forgeRelay(forged.root), packets: [ProvenPacket(packet: Packet(header: header, payload: payload), proof: forged.proof)])
    guard try deliver(Self.destinationID, "receive", receive) == [.done] else { return .unexpected }
    let delivery: [Delivery] = try destination.ledger.query("xc", "deliveries", [header.key])
    let known: [ContractError] = [
      .notSupported("identity belongs to the platform and is no port"), .notAuthorised("calls come from the same contract only"),
    ]
    switch delivery[0].acknowledgement?.result {
    case .success: return nil
    case .failure(let code, let message): return known.first { $0.code == code && hash.message($0.message) == message } ?? .unexpected
    case .answer, nil: return .unexpected
    }
  }

  /// Lets the destination trust a relay block with `stateRoot`, 100 heights on, signed by the relay's validators.
  mutating func forgeRelay(_ stateRoot: Digest) throws -> BlockHeight {
    let ledger = relay.ledger
    let client: ClientRecord? = try destination.ledger.query("xc", "client", Self.relayID)
    guard let client else { preconditionFailure("no client") }
    let chain = SyntheticChain(
      chain: Self.relayID, genesis: ledger.genesisID, suite: ledger.suite, keys: relay.solo.validatorKeys, set: ledger.genesis.validators)
    let height = client.latest.height.advanced(by: 100)
    let history = try chain.history(extending: client.latest.leaf, to: height)
    let block = try chain.block(height, time: clock, stateRoot: stateRoot, historyRoot: history.root)
    let update = ClientUpdate(steps: [UpdateStep(block: block)], history: history.proof)
    let receipt = try call(
      Self.destinationID, "xc", "updateClient", UpdateClient(chain: Self.relayID, update: update), by: relayers[Self.destinationID])
    precondition(receipt.status == .succeeded, receipt.message)
    return height
  }
}
