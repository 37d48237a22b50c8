public import ChainCore
public import Consensus

/// What nodes of one chain tell each other.
public enum NodeMessage: CanonicalCodable, Sendable, Hashable {
  /// A message of the consensus engine, which decodes it.
  case engine([UInt8])
  /// The canonical bytes of transactions that clients gave to the sender.
  case transactions([[UInt8]])
  /// A signature or certificate of a checkpoint.
  case checkpoint(CheckpointMessage)
  /// A question or answer of a node that catches up.
  case sync(SyncMessage)
  /// What the sender's wall clock shows.
  case clock(BlockTime)

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .engine(let bytes):
      writer.writeVariant(0)
      writer.writeBytes(bytes)
    case .transactions(let all):
      writer.writeVariant(1)
      all.encode(into: &writer)
    case .checkpoint(let message):
      writer.writeVariant(2)
      message.encode(into: &writer)
    case .sync(let message):
      writer.writeVariant(3)
      message.encode(into: &writer)
    case .clock(let time):
      writer.writeVariant(4)
      time.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "NodeMessage") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .engine(try [UInt8](from: &reader))
      case 1: .transactions(try [[UInt8]](from: &reader))
      case 2: .checkpoint(try CheckpointMessage(from: &reader))
      case 3: .sync(try SyncMessage(from: &reader))
      case 4: .clock(try BlockTime(from: &reader))
      default: nil
      }
    }
  }
}

/// The message that was sent last: its bytes are made once for all peers that it goes to in turn.
struct EncodedMessage {
  private var last: (message: NodeMessage, bytes: [UInt8])?

  mutating func bytes(of message: NodeMessage) -> [UInt8] {
    if let last, last.message == message { return last.bytes }
    let bytes = message.canonicalBytes
    last = (message, bytes)
    return bytes
  }
}
