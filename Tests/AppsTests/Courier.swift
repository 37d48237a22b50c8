import ChainCore
import ChainTesting

/// Stands where `xc` stands, as far as contracts see it: keeps what they send, hands it over, and tells them how it ended.
struct Courier: SystemContract, PacketSender {
  static let name: ContractName = "xc"
  private static let sent = Table<UInt64, CarriedPacket>("sent")

  var entries: Entries {
    Entry("deliver", by: .member) { (packet: CarriedPacket, context) in
      let caller = Caller(
        account: packet.account, organisation: packet.organisation, roles: packet.roles,
        origin: .remote(chain: packet.source, port: packet.port))
      let ticket = PacketTicket(source: packet.source, port: packet.port, sequence: packet.sequence)
      _ = try context.deliver(ticket, to: packet.port, packet.call, packet.payload, as: caller, mayAsk: false)
    }
    Entry("settle", by: .member) { (end: CarriedEnd, context) in
      let packet = try context.require(Self.sent, end.sequence)
      let outcome: PacketOutcome = end.isTaken ? .succeeded(.zero) : end.isLate ? .timedOut : .failed(code: "refused", .zero)
      try context.settle(
        SettledPacket(
          packet: SentPacket(id: .zero, sequence: end.sequence), destination: packet.destination, port: packet.port, call: packet.call,
          outcome: outcome), port: packet.port)
      try context.remove(Self.sent, end.sequence)
    }
    Query("sent") { (_: NoResult, context) -> [CarriedPacket] in try context.range(Self.sent, limit: 1_000).map(\.value) }
  }

  func send(
    _ packet: OutgoingPacket, from port: ContractName, by caller: Caller, _ context: ContractContext
  ) throws(ContractError) -> SentPacket {
    guard caller.origin == .local else { throw .notSupported("sending from a call that came by packet") }
    let number = (try context.range(Self.sent, reverse: true, limit: 1).first?.key ?? context.height.rawValue * 100) + 1
    try context.put(
      Self.sent, number,
      CarriedPacket(
        source: context.chain, destination: packet.destination, port: port, call: packet.call, payload: packet.payload, sequence: number,
        account: caller.account, organisation: caller.organisation, roles: []))
    return SentPacket(id: .zero, sequence: number)
  }
}

struct CarriedPacket: CanonicalRecord, Codable {
  var source, destination: ChainID
  var port: ContractName
  var call: EntryName
  var payload: [UInt8]
  var sequence: UInt64
  var account: AccountID
  var organisation: OrganisationID
  var roles: [Role]
  static let layout = Layout(
    Self.init, \.source, \.destination, \.port, \.call, \.payload, \.sequence, \.account, \.organisation, \.roles)
}

struct CarriedEnd: CanonicalRecord, Codable {
  var sequence: UInt64
  var isTaken: Bool
  var isLate: Bool
  static let layout = Layout(Self.init, \.sequence, \.isTaken, \.isLate)
}

/// Sandboxes of several chains with a courier between them.
struct CourierWorld {
  var chains: [ChainID: ContractSandbox]
  /// Roles that a chain gives to an organisation of another.
  var remoteRoles: [ChainID: [OrganisationID: [Role]]] = [:]

  subscript(chain: ChainID) -> ContractSandbox {
    get {
      guard let sandbox = chains[chain] else { preconditionFailure("there is no chain \(chain)") }
      return sandbox
    }
    set { chains[chain] = newValue }
  }

  func waiting(on chain: ChainID) throws -> [CarriedPacket] {
    try self[chain].query("xc", "sent", NoResult(), as: [CarriedPacket].self)
  }

  /// Hands a packet over; the error that the destination's contract answers with, if any.
  mutating func hand(_ packet: CarriedPacket) throws -> ContractError? {
    var packet = packet
    packet.roles = remoteRoles[packet.destination]?[packet.organisation] ?? []
    let carrier = self[packet.destination].caller("carrier", roles: [])
    do throws(ContractError) {
      try self[packet.destination].call("xc", "deliver", packet, as: carrier)
      return nil
    } catch {
      guard error != .unexpected else { throw error }
      return error
    }
  }

  mutating func settle(_ packet: CarriedPacket, isTaken: Bool, isLate: Bool = false) throws {
    let carrier = self[packet.source].caller("carrier", roles: [])
    try self[packet.source].call("xc", "settle", CarriedEnd(sequence: packet.sequence, isTaken: isTaken, isLate: isLate), as: carrier)
  }

  /// Hands over and settles all that waits on `chain`.
  @discardableResult
  mutating func carry(from chain: ChainID) throws -> [ContractError] {
    var errors: [ContractError] = []
    for packet in try waiting(on: chain) {
      let error = try hand(packet)
      try settle(packet, isTaken: error == nil)
      if let error { errors.append(error) }
    }
    return errors
  }
}
