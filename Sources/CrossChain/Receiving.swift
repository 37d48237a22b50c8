public import ChainCore

extension CrossChainContract {
  /// Receives packets that the relay committed to, and calls their contracts.
  static func receive(_ batch: ReceivePackets, _ context: ContractContext) throws(ContractError) -> [PacketStatus] {
    let network = try context.require(Self.network, SingleKey())
    let proven = try PacketLifecycle.proven(network.relay, batch, network.hash, context) { (change) throws(ContractError) in
      try moveView(change, context)
    }
    return try PacketLifecycle.run(batch.packets, context) { (packet, layer) throws(ContractError) -> PacketStatus in
      try receive(packet, network, proven, layer)
    }
  }

  private static func receive(
    _ item: ProvenPacket, _ network: NetworkRecord, _ proven: ProvenState?, _ context: ContractContext
  ) throws(ContractError) -> PacketStatus {
    let header = item.packet.header
    let key = header.key
    guard header.lane.destination == context.chain else { throw .badArgument("lane: it leads to \(header.lane.destination)") }
    let id = network.hash.packetID(header)
    var lane = try context.get(CrossChainState.laneIn, header.lane) ?? LaneIn()
    if isForgotten(key, lane) { return .alreadyDone }
    if let receipt = try receipt(key, context) {
      guard receipt == .received(id) || receipt == .expired(id) || receipt == .skipped else {
        throw .badArgument("sequence reused: another packet was received under \(key.sequence)")
      }
      return .alreadyDone
    }
    guard let proven else { throw .notAllowed(state: "frozen", call: "receive") }
    try proven.require(CrossChainState.relayedKey(key), id, item.proof)
    let hasTime = hasTime(header, at: try context.require(CrossChainState.view, SingleKey()))
    if header.isOrdered {
      guard try isNext(key, &lane, context) else { throw .stale(found: lane.nextExpected) }
      // A late packet of an ordered lane leaves a trace, so that the lane goes on behind it.
      guard hasTime else { return try expire(key, id, lane, context) }
    }
    guard hasTime else { throw .expired }
    guard isPayload(item.packet.payload, of: header, network.hash) else {
      throw .badArgument("payload: it is not the one that the header commits to")
    }
    try context.put(CrossChainState.receipts, CrossChainState.receiptPlace(key), .received(id))
    if header.isOrdered { try advance(&lane, past: key, context) }
    let result = try call(item.packet, network, context)
    guard let result else {
      try context.put(CrossChainState.open, key, id)
      try context.emit("xc.received", ReceivedPacket(key: key, packetID: id, acknowledgement: nil))
      return .done
    }
    let acknowledgement = Acknowledgement(packetID: id, result: result)
    try context.put(CrossChainState.acks, key, acknowledgement)
    try context.emit("xc.received", ReceivedPacket(key: key, packetID: id, acknowledgement: acknowledgement))
    return .done
  }

  /// What is below the mark was settled long ago: its receipt is gone, and it must not come again.
  private static func isForgotten(_ key: PacketKey, _ lane: LaneIn) -> Bool {
    #if DEBUG
      if RelayMutation.forgottenIsNew.isPlanted { return false }
    #endif
    return key.sequence < lane.prunedBelow
  }

  private static func receipt(_ key: PacketKey, _ context: ContractContext) throws(ContractError) -> PacketReceipt? {
    #if DEBUG
      if RelayMutation.doubleReceive.isPlanted { return nil }
    #endif
    return try context.get(CrossChainState.receipts, CrossChainState.receiptPlace(key))
  }

  private static func hasTime(_ header: PacketHeader, at view: RelayView) -> Bool {
    #if DEBUG
      if RelayMutation.lateReceive.isPlanted { return true }
    #endif
    return !header.timeout.isPast(view)
  }

  private static func isPayload(_ payload: [UInt8], of header: PacketHeader, _ hash: NetworkHash) -> Bool {
    #if DEBUG
      if RelayMutation.noPayloadCheck.isPlanted { return true }
    #endif
    return payload.count == Int(header.payloadSize) && hash.payload(payload) == header.payloadDigest
  }

  /// Calls the contract as the remote sender. Whatever it throws is an answer, and leaves nothing else.
  /// - Returns: `nil` if the contract answers later.
  private static func call(_ packet: Packet, _ network: NetworkRecord, _ context: ContractContext) throws(ContractError) -> AckResult? {
    let header = packet.header
    let lane = header.lane
    let roles = try context.remoteRoles(of: header.sender.organisation, on: lane.source)
    let caller = Caller(
      account: header.sender.account, organisation: header.sender.organisation, roles: roles,
      origin: .remote(chain: lane.source, port: lane.sourcePort))
    let policy = try context.get(CrossChainState.ports, lane.destinationPort) ?? PortPolicy()
    do throws(ContractError) {
      guard lane.sourcePort == lane.destinationPort else { throw .notAuthorised("calls come from the same contract only") }
      try policy.check(header)
      try requireCare(header.classification, sealedTo: header.sealedTo, network, context)
      let ticket = PacketTicket(source: lane.source, port: lane.sourcePort, sequence: header.sequence)
      let reply = try context.metered { () throws(ContractError) -> PacketReply in
        try context.deliver(
          ticket, to: lane.destinationPort, header.call, packet.payload, as: caller, mayAsk: policy.queries.contains(header.call))
      }
      switch reply {
      case .result(let output): return .success(network.hash.result(output))
      case .answer(let bytes):
        guard bytes.count <= AckResult.answerLimit else { throw .limitExceeded("\(AckResult.answerLimit) bytes of an answer by packet") }
        return .answer(bytes)
      case .later: return nil
      }
    } catch {
      #if DEBUG
        if RelayMutation.failureAsSuccess.isPlanted { return .success(network.hash.result([])) }
      #endif
      return .failure(code: error.code, network.hash.message(error.message))
    }
  }

  /// What content above class ordinary needs: a relay whose validators may lie, and for sensitive content a seal.
  static func requireCare(
    _ classification: PacketClass, sealedTo: [UInt8]?, _ network: NetworkRecord, _ context: QueryContext
  ) throws(ContractError) {
    if let sealedTo, !(1...Packet.sealLimit).contains(sealedTo.count) {
      throw .badArgument("sealedTo: 1 to \(Packet.sealLimit) bytes of a serial number")
    }
    guard classification > .ordinary else { return }
    guard classification < .sensitive || sealedTo != nil else { throw .badArgument("sealedTo: sensitive content is sealed") }
    guard try context.require(CrossChainState.clients, network.relay).resistsLiars else {
      throw .notAllowed(state: "not fit for content above class ordinary", call: "carrying by relay \(network.relay)")
    }
  }

  /// Records a contract's answer to a packet that it left open.
  public func answer(
    _ ticket: PacketTicket, with answer: LateAnswer, from port: ContractName, _ context: ContractContext
  ) throws(ContractError) {
    let lane = LaneID(source: ticket.source, sourcePort: ticket.port, destination: context.chain, destinationPort: port)
    let key = PacketKey(lane: lane, sequence: ticket.sequence)
    let network = try context.require(Self.network, SingleKey())
    guard let id = try context.get(CrossChainState.open, key) else { throw .notFound }
    let result: AckResult
    switch answer {
    case .succeeded(let output): result = .success(network.hash.result(output))
    case .failed(let code, let message):
      guard (1...64).contains(code.utf8.count) else { throw .badArgument("code: 1 to 64 bytes") }
      result = .failure(code: code, network.hash.message(message))
    }
    #if DEBUG
      if !RelayMutation.answeredTwice.isPlanted { try context.remove(CrossChainState.open, key) }
    #else
      try context.remove(CrossChainState.open, key)
    #endif
    let acknowledgement = Acknowledgement(packetID: id, result: result)
    try context.put(CrossChainState.acks, key, acknowledgement)
    try context.emit("xc.answered", ReceivedPacket(key: key, packetID: id, acknowledgement: acknowledgement))
  }
}

/// The events `xc.received` and `xc.answered`.
public struct ReceivedPacket: CanonicalRecord, Codable, Hashable {
  /// The packet's place.
  public var key: PacketKey
  /// The packet.
  public var packetID: Digest
  /// The answer; `nil` if the contract answers later.
  public var acknowledgement: Acknowledgement?

  /// Puts the parts together.
  public init(key: PacketKey, packetID: Digest, acknowledgement: Acknowledgement?) {
    self.key = key
    self.packetID = packetID
    self.acknowledgement = acknowledgement
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.packetID, \.acknowledgement)
}
