import Apps
import ChainCore
import ChainTesting
@testable import CrossChain

/// A call of the directory on another chain.
struct AskDirectory: CanonicalRecord, Codable, Hashable {
  var to: ChainID
  var call: EntryName
  var arguments: [UInt8]
  static let layout = Layout(Self.init, \.to, \.call, \.arguments)
}

/// Asks the owner's desk to say when a request is decided.
struct AwaitDecision: CanonicalRecord, Codable, Hashable {
  var to: ChainID
  var request: Digest
  static let layout = Layout(Self.init, \.to, \.request)
}

/// What an owner approved; the acknowledgement holds its digest.
struct Approval: CanonicalRecord, Codable, Hashable {
  var request: Digest
  var fields: [UInt16]
  var until: BlockTime
  static let layout = Layout(Self.init, \.request, \.fields, \.until)
}

/// Sealed data on their way.
struct SealedData: CanonicalRecord, Codable, Hashable {
  var request: Digest
  var number: UInt64
  /// Whom they are sealed to.
  var department: OrganisationID
  var serial: [UInt8]
  /// The envelope's key, encrypted to the certificate of `serial`.
  var wrap: [UInt8]
  var envelope: SealedEnvelope
  static let layout = Layout(Self.init, \.request, \.number, \.department, \.serial, \.wrap, \.envelope)

  /// What the envelope is for: request and use, where from and to, the item's version, whose certificate.
  static func purpose(_ request: Digest, _ number: UInt64, from: ChainID, to: ChainID, version: UInt64, serial: [UInt8]) -> [UInt8] {
    request.canonicalBytes + number.canonicalBytes + from.canonicalBytes + to.canonicalBytes + version.canonicalBytes
      + serial.canonicalBytes
  }
}

struct SendData: CanonicalRecord, Codable, Hashable {
  var to: ChainID
  var delivery: SealedData
  /// As an owner's contract would that does not look.
  var isBlind: Bool
  static let layout = Layout(Self.init, \.to, \.delivery, \.isBlind)
}

struct ConfirmData: CanonicalRecord, Codable, Hashable {
  var request: Digest
  var number: UInt64
  /// The digest of what was opened; `nil` if it could not be.
  var content: Digest?
  static let layout = Layout(Self.init, \.request, \.number, \.content)
}

/// `DataDirectory` with the packets around it: departments ask for data of other chains, and what they get arrives here. A contract's packets
/// go to the same contract on another chain, so it is one contract.
struct SharingDesk: Contract {
  static let name = DataDirectory.name
  static let ends = Table<Digest, String>("ends")
  /// Who waits for a decision on a request.
  static let awaiting = Table<Digest, PacketTicket>("awaiting")
  static let arrived = Table<UseKey, SealedData>("arrived")
  static let tickets = Table<UseKey, PacketTicket>("tickets")

  var entries: Entries {
    DataDirectory().entries
    Entry("ask", by: .role("department")) { (call: AskDirectory, context) -> SentPacket in
      try context.send(OutgoingPacket(to: call.to, port: Self.name, call: call.call, payload: call.arguments))
    }
    Entry("awaitDecision", by: .role("department")) { (call: AwaitDecision, context) -> SentPacket in
      try context.send(OutgoingPacket(to: call.to, port: Self.name, call: "decision", payload: call.request.canonicalBytes))
    }
    Entry("decision", by: .role("department")) { (request: Digest, context) in
      let found = try Self.request(request, context)
      try context.require(found.owner == context.caller.organisation, .notAuthorised("the request is \(found.owner)'s"))
      try context.put(Self.awaiting, request, try context.answerLater())
    }
    Entry("announce", by: .member) { (request: Digest, context) in
      let found = try Self.request(request, context)
      let ticket = try context.require(Self.awaiting, request)
      switch found.state {
      case "active":
        let approval = Approval(request: request, fields: found.content.fields, until: found.content.until)
        try context.answer(ticket, with: .succeeded(approval.canonicalBytes))
      case "rejected": try context.answer(ticket, with: .failed(code: "rejected", message: "the owner declined"))
      default: throw ContractError.notAllowed(state: found.state.rawValue, call: "announce")
      }
      try context.remove(Self.awaiting, request)
    }
    Entry("deliver", by: .role("department")) { (call: SendData, context) -> SentPacket in
      let delivery = call.delivery
      if !call.isBlind {
        let found = try Self.request(delivery.request, context)
        try context.require(found.owner == delivery.department, .badArgument("department: another asked"))
        try context.require(found.content.certificate == delivery.serial, .badArgument("serial: the request names another"))
        let item = try context.require(DataDirectory.items.records, found.content.item)
        try context.require(item.content.owner == context.caller.organisation, .notAuthorised("another department owns the item"))
      }
      return try context.send(
        OutgoingPacket(
          to: call.to, port: Self.name, call: "receive", payload: delivery.canonicalBytes, requestID: delivery.request,
          classification: .sensitive, sealedTo: delivery.serial))
    }
    Entry("receive", by: .member) { (delivery: SealedData, context) in
      guard case .remote = context.caller.origin else { throw ContractError.notAuthorised("data come by packet") }
      let members: [Member] = try context.query("identity", "membersOf", delivery.department)
      guard
        members.contains(where: { $0.serial == delivery.serial && $0.status == .active && context.time <= $0.validUntil })
      else { throw ContractError.badArgument("serial: no valid certificate of \(delivery.department)") }
      let key = UseKey(request: delivery.request, number: delivery.number)
      try context.put(Self.arrived, key, delivery)
      try context.put(Self.tickets, key, try context.answerLater())
    }
    Entry("confirm", by: .role("department")) { (call: ConfirmData, context) in
      let key = UseKey(request: call.request, number: call.number)
      let delivery = try context.require(Self.arrived, key)
      let members: [Member] = try context.query("identity", "membersOf", context.caller.organisation)
      guard members.contains(where: { $0.serial == delivery.serial && $0.account == context.caller.account }) else {
        throw ContractError.notAuthorised("the data are sealed to another certificate")
      }
      let ticket = try context.require(Self.tickets, key)
      try context.remove(Self.tickets, key)
      try context.answer(
        ticket,
        with: call.content.map { .succeeded($0.canonicalBytes) } ?? .failed(code: "unopened", message: "the envelope could not be opened"))
    }
    Query("end") { (packet: Digest, context) -> String? in try context.get(Self.ends, packet) }
    Query("arrived") { (key: UseKey, context) -> SealedData? in try context.get(Self.arrived, key) }
  }

  private static func request(_ id: Digest, _ context: QueryContext) throws -> Registered<DataRequest> {
    try context.require(DataDirectory.requests.records, id)
  }

  func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {
    let end =
      switch packet.outcome {
      case .succeeded(let digest): "succeeded \(digest)"
      case .failed(let code, _): "failed \(code)"
      default: "\(packet.outcome)"
      }
    try context.put(Self.ends, packet.packet.id, end)
  }
}
