import ChainCore
import CrossChain

/// Asks for a note to be filed on another chain.
struct SendNote: CanonicalRecord, Codable, Hashable {
  var to: ChainID
  var call: EntryName
  var text: String
  var timeout: PacketTimeout?
  static let layout = Layout(Self.init, \.to, \.call, \.text, \.timeout)
}

/// Asks for a note to be filed with care.
struct SendCarefully: CanonicalRecord, Codable, Hashable {
  var note: SendNote
  var classification: PacketClass
  var sealedTo: [UInt8]?
  var isOrdered: Bool
  static let layout = Layout(Self.init, \.note, \.classification, \.sealedTo, \.isOrdered)
}

/// What arrives.
struct Note: CanonicalRecord, Codable, Hashable {
  var text: String
  static let layout = Layout(Self.init, \.text)
}

/// A note as it was filed: by whom, and how often.
struct FiledNote: CanonicalRecord, Codable, Hashable {
  var organisation: OrganisationID
  var account: AccountID
  var roles: [Role]
  var from: String
  var times: UInt64
  static let layout = Layout(Self.init, \.organisation, \.account, \.roles, \.from, \.times)
}

/// A contract that sends calls to itself on other chains, and fails in every way a handler can.
struct Courier: Contract {
  static let name: ContractName = "courier"
  static let notes = Table<String, FiledNote>("notes")
  static let ends = Table<UInt64, String>("ends")
  static let waiting = Table<String, PacketTicket>("waiting")
  static let stubborn = Table<SingleKey, Bool>("stubborn")

  var entries: Entries {
    Entry("send", by: .member) { (call: SendNote, context) -> SentPacket in
      try context.send(
        OutgoingPacket(
          to: call.to, port: Self.name, call: call.call, payload: Note(text: call.text).canonicalBytes, timeout: call.timeout))
    }
    Entry("sendCarefully", by: .member) { (call: SendCarefully, context) -> SentPacket in
      try context.send(
        OutgoingPacket(
          to: call.note.to, port: Self.name, call: call.note.call, payload: Note(text: call.note.text).canonicalBytes,
          timeout: call.note.timeout, classification: call.classification, sealedTo: call.sealedTo, isOrdered: call.isOrdered))
    }
    Entry("fileLater", by: .member) { (note: Note, context) in
      try context.put(Self.waiting, note.text, try context.answerLater())
    }
    Entry("fileLaterThenFail", by: .member) { (note: Note, context) in
      _ = try context.answerLater()
      throw ContractError.quota
    }
    Entry("approve", by: .member) { (note: Note, context) in
      try context.answer(try context.require(Self.waiting, note.text), with: .succeeded([1]))
    }
    Entry("decline", by: .member) { (note: Note, context) in
      try context.answer(try context.require(Self.waiting, note.text), with: .failed(code: "declined", message: "no"))
    }
    Entry("sendAndFail", by: .member) { (call: SendNote, context) in
      _ = try context.send(
        OutgoingPacket(to: call.to, port: Self.name, call: call.call, payload: [], timeout: call.timeout))
      throw ContractError.quota
    }
    Entry("misdirect", by: .member) { (call: SendNote, context) -> SentPacket in
      try context.send(OutgoingPacket(to: call.to, port: "identity", call: "register", payload: []))
    }
    Entry("file", by: .role("department")) { (note: Note, context) -> UInt64 in try Self.file(note, context) }
    Entry("fileAnyone", by: .member) { (note: Note, context) -> UInt64 in try Self.file(note, context) }
    Entry("fileThenFail", by: .member) { (note: Note, context) -> UInt64 in
      _ = try Self.file(note, context)
      try context.emit("courier.leak", note)
      throw ContractError.quota
    }
    Entry("spin", by: .member) { (note: Note, context) in
      while true { try context.put(Self.stubborn, SingleKey(), true) }
    }
    Entry("forward", by: .member) { (note: Note, context) -> SentPacket in
      try context.send(OutgoingPacket(to: "henan/410100", port: Self.name, call: "fileAnyone", payload: note.canonicalBytes))
    }
    Entry("beStubborn", by: .member) { (value: Bool, context) in try context.put(Self.stubborn, SingleKey(), value) }
    Query("note") { (text: String, context) -> FiledNote? in try context.get(Self.notes, text) }
    Query("noteFor", by: .role("department")) { (note: Note, context) -> FiledNote? in try context.get(Self.notes, note.text) }
    Query("end") { (sequence: UInt64, context) -> String? in try context.get(Self.ends, sequence) }
  }

  static func file(_ note: Note, _ context: ContractContext) throws -> UInt64 {
    var from = "here"
    if case .remote(let chain, let port) = context.caller.origin { from = "\(chain) \(port)" }
    let times = (try context.get(notes, note.text)?.times ?? 0) + 1
    try context.put(
      notes, note.text,
      FiledNote(
        organisation: context.caller.organisation, account: context.caller.account, roles: context.caller.roles, from: from,
        times: times))
    try context.emit("courier.file", note)
    return times
  }

  func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {
    guard try context.get(Self.stubborn, SingleKey()) != true else { throw ContractError.locked(by: "stubborn") }
    let end =
      switch packet.outcome {
      case .succeeded: "succeeded"
      case .answered(let bytes): "answered \(bytes.count)"
      case .failed(let code, _): "failed \(code)"
      case .timedOut: "timedOut"
      case .rejected(let reason): "rejected \(reason)"
      case .adjudicated: "adjudicated"
      }
    let before = try context.get(Self.ends, packet.packet.sequence)
    try context.put(Self.ends, packet.packet.sequence, (before.map { $0 + "," } ?? "") + end)
  }
}

/// A contract that checks a record of another chain.
struct Checker: Contract {
  static let name: ContractName = "checker"
  static let seen = Table<String, FiledNote>("seen")

  struct Check: CanonicalRecord, Codable, Hashable {
    var text: String
    var proof: RemoteProof
    var maxAgeMs: UInt64?
    static let layout = Layout(Self.init, \.text, \.proof, \.maxAgeMs)
  }

  var entries: Entries {
    Entry("check", by: .member) { (call: Check, context) -> Bool in
      let verified =
        try call.maxAgeMs.map { (age) throws(ContractError) in try context.verifyRemote(call.proof, maxAgeMs: age) }
        ?? context.verifyRemote(call.proof)
      guard let note = try verified.record(of: Courier.name, Courier.notes, call.text) else { return false }
      try context.put(Self.seen, call.text, note)
      return true
    }
  }
}
