import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// Two provinces' relays under a national one, with a city each.
struct DockedNetwork {
  static let nation: ChainID = "nation"
  static let henan: ChainID = "henan"
  static let hubei: ChainID = "hubei"
  static let zhengzhou: ChainID = "henan/410100"
  static let wuhan: ChainID = "hubei/420100"
  static let relays: [ChainID] = [nation, henan, hubei]

  var chains: [ChainID: TestChain] = [:]
  var accounts: [ChainID: Account] = [:]
  var relayers: [ChainID: Account] = [:]
  var clock = TestNetwork.start

  init(routes: [ChainID: RoutePolicy?] = [:]) throws {
    let organisations: [OrganisationID: [Role]] = ["relay-office": [.relayer], "city-hall": []]
    for (index, id) in Self.relays.enumerated() {
      chains[id] = TestChain(
        solo: try SoloChain(
          [RelayContract()], chain: id, organisations: organisations, validators: 1, seed: UInt64(index + 10), time: clock))
    }
    for (index, (id, relay)) in [(Self.zhengzhou, Self.henan), (Self.wuhan, Self.hubei)].enumerated() {
      let registration = try ChainRegistration(of: self[relay].ledger, organisation: "relay-office")
      chains[id] = TestChain(
        solo: try SoloChain(
          [CrossChainContract(), Courier()], chain: id, organisations: organisations,
          configurations: [CrossChainContract.name: registration.canonicalBytes], validators: 1, seed: UInt64(index + 20), time: clock))
    }
    for id in ids {
      accounts[id] = try self[id].solo.member("city-hall")
      relayers[id] = try self[id].solo.member("relay-office")
    }
    clock = clock.advanced(byMilliseconds: 10_000)
    for (relay, chain, kind) in [
      (Self.henan, Self.zhengzhou, nil), (Self.hubei, Self.wuhan, nil), (Self.henan, Self.nation, DockKind.above),
      (Self.hubei, Self.nation, .above), (Self.nation, Self.henan, .below), (Self.nation, Self.hubei, .below),
    ] as [(ChainID, ChainID, DockKind?)] {
      let registration = try ChainRegistration(of: self[chain].ledger, organisation: "city-hall")
      var receipts = [try administer(relay, "registerChain", registration)]
      if let kind { receipts.append(try administer(relay, "dock", DockRelay(chain: chain, kind: kind))) }
      precondition(receipts.allSatisfy { $0.status == .succeeded })
    }
    for relay in Self.relays {
      guard let policy = routes[relay] ?? RoutePolicy() else { continue }
      _ = try administer(relay, "setRoute", SetRoute(scope: RouteScope(port: "courier"), policy: policy))
    }
  }

  var ids: [ChainID] { Self.relays + [Self.zhengzhou, Self.wuhan] }

  subscript(id: ChainID) -> TestChain {
    get {
      guard let chain = chains[id] else { preconditionFailure("no chain \(id)") }
      return chain
    }
    set { chains[id] = newValue }
  }

  @discardableResult
  mutating func block(_ id: ChainID, _ transactions: [SignedTransaction] = []) throws -> [Receipt] {
    clock = clock.advanced(byMilliseconds: 100)
    return try self[id].makeBlock(transactions, time: clock, lag: 0)
  }

  mutating func call(
    _ id: ChainID, _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable, by account: Account
  ) throws -> Receipt {
    let signed = try self[id].solo.sign(contract, entry, arguments, by: account)
    return try block(id, [signed])[0]
  }

  mutating func administer(_ id: ChainID, _ entry: EntryName, _ arguments: some CanonicalCodable) throws -> Receipt {
    try call(id, "xc", entry, arguments, by: self[id].solo.administrator)
  }

  mutating func send(
    _ text: String, from: ChainID = zhengzhou, to: ChainID = wuhan, call entry: EntryName = "fileAnyone", timeout: PacketTimeout? = nil
  ) throws -> Receipt {
    guard let account = accounts[from] else { preconditionFailure("no account") }
    return try call(from, "courier", "send", SendNote(to: to, call: entry, text: text, timeout: timeout), by: account)
  }

  /// Lets all relayers but those of `stopped` relays look, and every chain make a block of what came.
  mutating func run(rounds: Int = 30, stopped: Set<ChainID> = [], pruneLag: UInt64 = 64) async throws {
    let keys = relayers.mapValues(\.key)
    let options = RelayerOptions(pruneLag: pruneLag)
    for _ in 0..<rounds {
      var submitted = 0
      for (relay, city) in [(Self.henan, Self.zhengzhou), (Self.hubei, Self.wuhan)] where !stopped.contains(relay) {
        let other = city == Self.wuhan ? Self.zhengzhou : Self.wuhan
        let relayer = Relayer(
          relay: self[relay].endpoint, chains: [self[city].endpoint], keys: keys, options: options, origins: [self[other].endpoint])
        submitted += await relayer.tick(now: clock).submitted.count
        let dock = DockRelayer(above: self[Self.nation].endpoint, below: self[relay].endpoint, keys: keys, options: options)
        submitted += await dock.tick(now: clock).submitted.count
      }
      for id in ids { try block(id, self[id].mailbox.take()) }
      if submitted == 0 { return }
    }
  }

  func end(_ sequence: UInt64, on id: ChainID = zhengzhou) throws -> String? { try self[id].ledger.query("courier", "end", sequence) }
  func note(_ text: String, on id: ChainID = wuhan) throws -> FiledNote? { try self[id].ledger.query("courier", "note", text) }
  func key(_ sequence: UInt64) -> PacketKey {
    PacketKey(
      lane: LaneID(source: Self.zhengzhou, sourcePort: "courier", destination: Self.wuhan, destinationPort: "courier"), sequence: sequence)
  }
  func outcome(_ sequence: UInt64, on relay: ChainID) throws -> Outcome? {
    let found: [RelayedPacket] = try self[relay].ledger.query("xc", "packets", [key(sequence)])
    return found[0].outcome
  }
}

/// Scenario 31: packets over three relays, both ways; each end verifies its own relay only.
@Suite struct DockingScenarios {
  private let nation = DockedNetwork.nation
  private let henan = DockedNetwork.henan
  private let hubei = DockedNetwork.hubei

  @Test func s31TwoRelaysUnderAThird() async throws {
    var network = try DockedNetwork()
    for number in 0..<4 { #expect(try network.send("n\(number)").status == .succeeded) }
    #expect(try network.send("refused there", call: "fileThenFail").status == .succeeded)
    #expect(try network.send("back", from: DockedNetwork.wuhan, to: DockedNetwork.zhengzhou).status == .succeeded)
    try await network.run()
    for number in 0..<4 {
      #expect(try network.note("n\(number)")?.times == 1 && network.end(UInt64(number + 1)) == "succeeded")
    }
    #expect(try network.note("n0")?.from == "henan/410100 courier")
    #expect(try network.end(5) == "failed quota")
    #expect(try network.note("back", on: DockedNetwork.zhengzhou)?.times == 1)
    #expect(try network.end(1, on: DockedNetwork.wuhan) == "succeeded")
    // Every relay on the way has the same packet with the same end.
    let outcomes = try DockedNetwork.relays.map { try network.outcome(1, on: $0) }
    #expect(outcomes[0] != nil && Set(outcomes).count == 1)
    // Nobody has a client of a chain that is not its neighbour.
    for (chain, stranger) in [
      (DockedNetwork.zhengzhou, nation), (DockedNetwork.zhengzhou, hubei), (henan, hubei), (nation, DockedNetwork.wuhan),
    ] {
      #expect(try network[chain].ledger.query("xc", "client", stranger, as: ClientRecord?.self) == nil)
    }
    // And all forget it.
    try await network.run(rounds: 40, pruneLag: 1)
    for id in network.ids {
      for table: TableName in ["pending", "outbox", "receipt", "ack", "relayed", "outcome", "transit"] {
        #expect(try network[id].ledger.recordCount(of: "xc", table) == 0, "\(table) on \(id)")
      }
    }
  }

  @Test func timeoutsAndRefusalsComeBack() async throws {
    var network = try DockedNetwork(routes: [DockedNetwork.nation: RoutePolicy(calls: ["fileAnyone"])])
    // Refused by the relay in the middle, and by the first one for its timeout by height.
    _ = try network.send("hidden", call: "file")
    _ = try network.send("by height", timeout: PacketTimeout(relayHeight: 50))
    _ = try network.send("nowhere", to: "hunan/430100")
    try await network.run()
    // Number 1 of two lanes: one refused on the way, one without a way.
    #expect(try network.end(1)?.contains("rejected call") == true && network.end(2) == "rejected way")
    #expect(try network.end(1)?.contains("rejected unknownDestination") == true)
    #expect(try network.outcome(1, on: nation) == .rejected(.call) && network.outcome(1, on: hubei) == nil)
    // Never on the next relay: the relay before records the timeout by absence there.
    let until = network.clock.advanced(byMilliseconds: 20_000)
    _ = try network.send("late", timeout: PacketTimeout(relayTimeMs: until.rawValue))
    try await network.run(rounds: 8, stopped: [hubei])
    #expect(try network.outcome(3, on: nation) == nil && network.end(3) == nil)
    network.clock = until.advanced(byMilliseconds: 1_000)
    for id in network.ids { try network.block(id) }
    try await network.run()
    #expect(try network.end(3) == "timedOut" && network.note("late") == nil)
    #expect(try network.outcome(3, on: nation) == .timedOut)
  }

  @Test func nobodyBringsPacketsOfOthers() async throws {
    var network = try DockedNetwork()
    _ = try network.send("x")
    let header = try #require(
      try network[DockedNetwork.zhengzhou].ledger.query("xc", "pending", PendingQuestion(), as: [PacketHeader].self).first)
    let relayer = try #require(network.relayers[nation])
    func relay(_ header: PacketHeader, from neighbour: ChainID, on relay: ChainID) throws -> [PacketStatus] {
      let account = try #require(network.relayers[relay])
      let item = ProvenHeader(header: header, proof: StateProof(end: .present, siblings: []))
      let receipt = try network.call(relay, "xc", "relay", RelayPackets(source: neighbour, height: 0, packets: [item]), by: account)
      return try [PacketStatus](canonicalBytes: receipt.output)
    }
    // A relay below speaks for its own names only, the one above not for ours, and a city for itself.
    #expect(try relay(header, from: hubei, on: nation)[0].isRefused(with: "does not begin below hubei"))
    #expect(try relay(header, from: nation, on: henan)[0].isRefused(with: "begins below here"))
    #expect(try relay(header, from: DockedNetwork.wuhan, on: hubei)[0].isRefused(with: "begins on"))
    #expect(try relay(header, from: henan, on: nation)[0].isRefused(with: "proof"))
    // Outcomes come from the next relay of the way only.
    try await network.run(rounds: 3, stopped: [hubei])
    let copy = CopyOutcomes(
      relay: henan, height: 0,
      packets: [ProvenOutcome(key: header.key, evidence: .recorded(.timedOut, StateProof(end: .present, siblings: [])))])
    let receipt = try network.call(nation, "xc", "copy", copy, by: relayer)
    #expect(try [PacketStatus](canonicalBytes: receipt.output)[0].isRefused(with: "does not go over henan"))
    // Docks are few and named rightly.
    #expect(try network.administer(henan, "dock", DockRelay(chain: "nowhere", kind: .above)).code == "notFound")
    #expect(try network.administer(henan, "dock", DockRelay(chain: DockedNetwork.zhengzhou, kind: .above)).status == .failed)
  }

  /// A record two relays away, for whoever trusts the nation's relay only.
  @Test func aDistantRecordIsProvenOverTwoRelays() async throws {
    var network = try DockedNetwork()
    _ = try network.send("far away")
    try await network.run()
    // The newest heights are known one level up after another round.
    _ = try network.send("again")
    try await network.run()
    let anchor = try TrustAnchor(of: network[nation].ledger)
    let key = StateKey(contract: "courier", table: "notes", key: "far away")
    let proof = try DistantProof(
      of: key, on: network[DockedNetwork.wuhan].ledger, through: [network[nation].ledger, network[hubei].ledger])
    let found = try proof.verify(anchor: anchor)
    #expect(found.chain == DockedNetwork.wuhan && found.value != nil && proof.levels.count == 1)
    let absent = StateKey(contract: "courier", table: "notes", key: "nothing")
    let none = try DistantProof(
      of: absent, on: network[DockedNetwork.wuhan].ledger, through: [network[nation].ledger, network[hubei].ledger])
    #expect(try none.verify(anchor: anchor).value == nil)
    var changed = proof
    changed.levels = none.levels + none.levels
    #expect(throws: RemoteProofError.self) { try changed.verify(anchor: anchor) }
    changed.levels = []
    #expect(throws: RemoteProofError.self) { try changed.verify(anchor: anchor) }
    let bytes = proof.canonicalBytes
    for index in bytes.indices {
      var flipped = bytes
      flipped[index] ^= 1
      guard let other = try? DistantProof(canonicalBytes: flipped) else { continue }
      let result = try? other.verify(anchor: anchor)
      #expect(result == nil, "byte \(index)")
    }
    #expect(throws: RemoteProofError.self) { try proof.verify(anchor: try TrustAnchor(of: network[henan].ledger)) }
  }
}
