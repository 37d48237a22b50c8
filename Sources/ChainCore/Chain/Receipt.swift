/// Something a contract tells the outside, of a call that succeeded.
public struct Event: CanonicalRecord, Hashable, Codable {
  /// The contract that emitted it.
  public var contract: ContractName
  /// What happened, such as `licence.issue`.
  public var name: String
  /// The canonical bytes of the event's value.
  public var payload: [UInt8]

  /// Puts the fields together.
  public init(contract: ContractName, name: String, payload: [UInt8]) {
    self.contract = contract
    self.name = name
    self.payload = payload
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.contract, \.name, \.payload)

  /// Appends the fields in the order of `layout`, without its key paths.
  public func encode(into writer: inout CanonicalWriter) {
    contract.encode(into: &writer)
    writer.writeString(name)
    writer.writeBytes(payload)
  }
}

/// Whether a call took effect.
public enum ReceiptStatus: UInt8, CanonicalEnum, Hashable, Codable {
  /// Its writes and events stand.
  case succeeded = 0
  /// It left nothing but this receipt.
  case failed = 1
}

/// What a call used, by the meter of `CallLimits`.
public struct MeterReading: CanonicalRecord, Hashable, Codable {
  /// Values read.
  public var reads: UInt32
  /// Values written or removed.
  public var writes: UInt32
  /// Bytes read and written.
  public var bytes: UInt64
  /// Steps: accesses, and what loops charged.
  public var steps: UInt64

  /// Puts the fields together.
  public init(reads: UInt32 = 0, writes: UInt32 = 0, bytes: UInt64 = 0, steps: UInt64 = 0) {
    self.reads = reads
    self.writes = writes
    self.bytes = bytes
    self.steps = steps
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.reads, \.writes, \.bytes, \.steps)

  /// Appends the fields in the order of `layout`, without its key paths.
  public func encode(into writer: inout CanonicalWriter) {
    reads.encode(into: &writer)
    writes.encode(into: &writer)
    bytes.encode(into: &writer)
    steps.encode(into: &writer)
  }
}

/// What became of one transaction. Receipts stand in a tree of their own under each checkpoint.
public struct Receipt: CanonicalRecord, Hashable, Codable {
  /// The greatest length of a message in bytes.
  public static let messageLimit = 256
  /// The greatest length of an output in bytes.
  public static let outputLimit = 64 * 1024

  /// The transaction.
  public var transaction: TransactionID
  /// Whether it took effect.
  public var status: ReceiptStatus
  /// `ok`, or the code of the error, such as `notAuthorised`.
  public var code: String
  /// The error's sentence, at most 256 bytes; empty on success.
  public var message: String
  /// What the call emitted; none if it failed.
  public var events: [Event]
  /// The canonical bytes of the entry's result, at most 64 KiB.
  public var output: [UInt8]
  /// What the call used.
  public var meter: MeterReading

  /// Puts the fields together.
  public init(
    transaction: TransactionID, status: ReceiptStatus, code: String, message: String, events: [Event], output: [UInt8], meter: MeterReading
  ) {
    self.transaction = transaction
    self.status = status
    self.code = code
    self.message = message
    self.events = events
    self.output = output
    self.meter = meter
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.transaction, \.status, \.code, \.message, \.events, \.output, \.meter)

  /// Appends the fields in the order of `layout`, without its key paths.
  public func encode(into writer: inout CanonicalWriter) {
    transaction.encode(into: &writer)
    status.encode(into: &writer)
    writer.writeString(code)
    writer.writeString(message)
    writer.writeCount(events.count)
    for event in events { event.encode(into: &writer) }
    writer.writeBytes(output)
    meter.encode(into: &writer)
  }

  /// The receipt of a call that failed; the message is cut at 256 bytes between characters.
  public static func failed(_ transaction: TransactionID, _ error: ContractError, meter: MeterReading) -> Receipt {
    var message = ""
    for character in error.message {
      guard message.utf8.count + character.utf8.count <= messageLimit else { break }
      message.append(character)
    }
    return Receipt(
      transaction: transaction, status: .failed, code: error.code, message: message, events: [], output: [], meter: meter)
  }

  /// The root over `receipts` in block order (RFC 9162 §2.1.1); leaf data = the receipt's canonical bytes.
  public static func root(of receipts: [Receipt], suite: CryptoSuite) -> Digest {
    MerkleLog.root(of: receipts.map { MerkleLog.leafHash($0.canonicalBytes, suite: suite) }, suite: suite)
  }
}
