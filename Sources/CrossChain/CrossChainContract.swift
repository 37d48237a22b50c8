public import ChainCore

/// Which network a chain belongs to; written at genesis.
public struct NetworkRecord: CanonicalRecord, Codable, Hashable {
  /// The relay.
  public var relay: ChainID
  /// The relay's suite, which packets are hashed with.
  public var suite: CryptoSuite

  /// Puts the parts together.
  public init(relay: ChainID, suite: CryptoSuite) {
    self.relay = relay
    self.suite = suite
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.relay, \.suite)

  var hash: NetworkHash { NetworkHash(suite: suite) }
}

/// The system contract `xc` of every chain but the relay: believes the relay, sends, receives and settles packets.
///
/// Its configuration at genesis is the canonical bytes of the relay's `ChainRegistration`.
public struct CrossChainContract: SystemContract, PacketSender {
  /// `xc`.
  public static let name = CrossChainState.contract
  /// How many packets of a lane may be unsettled; a sender that is faster gets `limitExceeded`.
  public static let window: UInt64 = 1_000
  /// The timeout of packets that name none, in milliseconds after now: one hour.
  public static let defaultTimeoutMs: UInt64 = 3_600_000

  static let network = Table<SingleKey, NetworkRecord>("network")

  /// The contract.
  public init() {}

  /// Opens the client of the relay that genesis names.
  public func initialise(_ configuration: [UInt8], _ context: ContractContext) throws {
    let registration: ChainRegistration
    do throws(CanonicalError) {
      registration = try ChainRegistration(canonicalBytes: configuration)
    } catch {
      throw ContractError.badArgument("configuration of xc is not the relay's registration: \(error)")
    }
    try ChainRegistry.open(registration, context)
    try context.put(Self.network, SingleKey(), NetworkRecord(relay: registration.chain, suite: registration.suite))
    let trusted = registration.trusted.header
    try context.put(CrossChainState.view, SingleKey(), RelayView(height: trusted.height, time: trusted.time))
  }

  /// Moving the relay's client, receiving and settling for relayers; questions for all.
  public var entries: Entries {
    Entry("updateClient", by: .role(.relayer)) { (call: UpdateClient, context) -> ClientChange in
      let change = try ChainRegistry.update(call, context)
      try Self.moveView(change, context)
      return change
    }
    Entry("backfill", by: .role(.relayer)) { (call: BackfillClient, context) -> ClientChange in
      try ChainRegistry.backfill(call, context)
    }
    Entry("reportMisbehaviour", by: .member) { (call: ReportMisbehaviour, context) -> ClientChange in
      try ChainRegistry.report(call, context)
    }
    Entry("receive", by: .role(.relayer)) { (call: ReceivePackets, context) -> [PacketStatus] in try Self.receive(call, context) }
    Entry("settle", by: .role(.relayer)) { (call: SettlePackets, context) -> [PacketStatus] in try Self.settle(call, context) }
    Entry("freezeClient", by: .roles([.supervisor, .administrator])) { (call: FreezeClient, context) in
      try ChainRegistry.freeze(call, context)
    }
    Entry("reviveClient", by: .governance) { (call: ReviveClient, context) in
      try ChainRegistry.revive(call, context)
      try Self.moveView(.advanced, context)
    }
    Entry("skip", by: .role(.relayer)) { (call: SkipPackets, context) -> [PacketStatus] in try Self.skip(call, context) }
    Entry("prune", by: .role(.relayer)) { (call: PruneArrivals, context) -> [PacketStatus] in try Self.prune(call, context) }
    Entry("setPort", by: .role(.administrator)) { (call: SetPort, context) in
      try call.policy.validate()
      try context.put(CrossChainState.ports, call.port, call.policy)
      try context.emit("xc.portSet", call.port)
    }
    Query("network") { (_: NoResult, context) -> NetworkRecord in try context.require(Self.network, SingleKey()) }
    Query("view") { (_: NoResult, context) -> RelayView in try context.require(CrossChainState.view, SingleKey()) }
    Query("client") { (chain: ChainID, context) -> ClientRecord? in try context.get(CrossChainState.clients, chain) }
    Query("checkpoint") { (key: CheckpointKey, context) -> TrustedCheckpoint? in try context.get(CrossChainState.checkpoints, key) }
    Query("evidence") { (chain: ChainID, context) -> Misbehaviour? in try context.get(CrossChainState.evidence, chain) }
    Query("pending") { (question: PendingQuestion, context) -> [PacketHeader] in try Self.pending(question, context) }
    Query("packet") { (key: PacketKey, context) -> Packet? in try context.get(CrossChainState.outbox, key) }
    Query("deliveries") { (keys: [PacketKey], context) -> [Delivery] in try Self.deliveries(keys, context) }
    Query("lanes") { (question: LanesQuestion, context) -> [LaneMark] in try Self.lanes(question, context) }
    Query("arrivals") { (lanes: [LaneID], context) -> [LaneIn] in
      var found: [LaneIn] = []
      for lane in lanes { found.append(try context.get(CrossChainState.laneIn, lane) ?? LaneIn()) }
      return found
    }
    Query("port") { (port: ContractName, context) -> PortPolicy in try context.get(CrossChainState.ports, port) ?? PortPolicy() }
    Query("verifyRelay") { (proven: ProvenDecision, context) -> RelayView in
      let network = try context.require(Self.network, SingleKey())
      let trusted = try ChainRegistry.trusted(network.relay, proven.height, context)
      #if DEBUG
        if RelayMutation.decisionWithoutProof.isPlanted { return RelayView(height: trusted.height, time: trusted.time) }
      #endif
      do throws(ProofError) {
        try proven.record.verify(stateRoot: trusted.stateRoot, suite: trusted.suite)
      } catch {
        throw ContractError.badArgument("relay proof: \(error)")
      }
      return RelayView(height: trusted.height, time: trusted.time)
    }
    Query("verifyRemote") { (question: RemoteQuestion, context) -> VerifiedRecord in try question.answer(context) }
  }

  /// Commits to a packet: writes its id under (lane, number) for the relay to prove, and keeps the packet for relayers to carry.
  public func send(
    _ packet: OutgoingPacket, from port: ContractName, by caller: Caller, _ context: ContractContext
  ) throws(ContractError) -> SentPacket {
    // A packet's sender is an organisation of this chain. One that called from elsewhere would borrow a name here.
    guard caller.origin == .local else { throw .notSupported("sending from a call that came by packet or from the runtime") }
    guard packet.port == port else { throw .notSupported("packets to another contract than \(port)") }
    let network = try context.require(Self.network, SingleKey())
    guard packet.destination != context.chain, packet.destination != network.relay else {
      throw .badArgument("destination: \(packet.destination) has no port")
    }
    guard packet.payload.count <= Packet.payloadLimit else { throw .limitExceeded("\(Packet.payloadLimit) bytes of payload") }
    try Self.requireCare(packet.classification, sealedTo: packet.sealedTo, network, context)
    let view = try context.require(CrossChainState.view, SingleKey())
    // The view may be old on a chain that no relayer served yet; all clocks are close to each other.
    let from = max(view.time, context.time)
    let timeout = packet.timeout ?? PacketTimeout(relayTimeMs: from.advanced(byMilliseconds: Self.defaultTimeoutMs).rawValue)
    guard timeout.isUsed else { throw .badArgument("timeout: neither height nor time") }
    guard !timeout.isPast(view) else { throw .expired }
    let lane = LaneID(source: context.chain, sourcePort: port, destination: packet.destination, destinationPort: packet.port)
    var out = try context.get(CrossChainState.laneOut, lane) ?? LaneOut()
    guard out.next - out.settledBelow < Self.window else {
      throw .limitExceeded("lane full: \(Self.window) packets to \(packet.destination) are not settled; wait for settlements")
    }
    let header = PacketHeader(
      lane: lane, sequence: out.next, sender: PacketParty(account: caller.account, organisation: caller.organisation),
      call: packet.call, classification: packet.classification, requestID: packet.requestID, timeout: timeout,
      payloadDigest: network.hash.payload(packet.payload), payloadSize: UInt32(packet.payload.count), sealedTo: packet.sealedTo,
      isOrdered: packet.isOrdered)
    let id = network.hash.packetID(header)
    out.next += 1
    try context.put(CrossChainState.laneOut, lane, out)
    try context.put(CrossChainState.pending, header.key, id)
    try context.put(CrossChainState.outbox, header.key, Packet(header: header, payload: packet.payload))
    try context.emit("xc.sent", header)
    return SentPacket(id: id, sequence: header.sequence)
  }

  /// The relay's clock follows its client and never goes back.
  static func moveView(_ change: ClientChange, _ context: ContractContext) throws(ContractError) {
    #if DEBUG
      if RelayMutation.stoppedClock.isPlanted { return }
    #endif
    guard change == .advanced else { return }
    let network = try context.require(Self.network, SingleKey())
    let latest = try context.require(CrossChainState.clients, network.relay).latest
    try context.put(CrossChainState.view, SingleKey(), RelayView(height: latest.height, time: latest.time))
  }

  private static func pending(_ question: PendingQuestion, _ context: QueryContext) throws(ContractError) -> [PacketHeader] {
    let from = question.after.map { PacketKey(lane: $0.lane, sequence: $0.sequence == .max ? .max : $0.sequence + 1) }
    let limit = Int(min(question.limit, 200))
    return try context.range(CrossChainState.outbox, from: from, limit: limit).map(\.value.header)
  }

  private static func lanes(_ question: LanesQuestion, _ context: QueryContext) throws(ContractError) -> [LaneMark] {
    let limit = Int(min(question.limit, 200))
    let found = try context.range(CrossChainState.laneOut, from: question.after, limit: limit + 1)
    return found.filter { $0.key != question.after }.prefix(limit).map { LaneMark(lane: $0.key, state: $0.value) }
  }

  private static func deliveries(_ keys: [PacketKey], _ context: QueryContext) throws(ContractError) -> [Delivery] {
    var found: [Delivery] = []
    for key in keys {
      found.append(
        Delivery(
          receipt: try context.get(CrossChainState.receipts, CrossChainState.receiptPlace(key)),
          acknowledgement: try context.get(CrossChainState.acks, key)))
    }
    return found
  }
}
