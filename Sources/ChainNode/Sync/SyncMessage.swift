public import ChainCore
internal import Consensus

/// What nodes ask and tell each other so that who is behind catches up. Nothing in it is believed: whoever asks verifies the answers.
public enum SyncMessage: CanonicalCodable, Sendable, Hashable {
  /// The greatest number of blocks in an answer.
  public static let blockLimit = 64
  /// How many bytes of blocks an answer has at most, unless one block alone is larger.
  public static let blockBytes = 4 << 20
  /// The greatest number of bytes of a manifest or chunk in an answer.
  public static let partLimit = 8 << 20
  /// The greatest number of handovers in an answer.
  public static let handoverLimit = 16

  /// Which heights do you have? I know the validators up to this generation.
  case askStatus(generation: UInt64)
  /// The handovers after that generation, oldest first, and the certificate of the greatest certified height that those prove.
  case status(CheckpointCertificate?, [Handover])
  /// What does the newest snapshot consist of?
  case askManifest
  /// The canonical bytes of a `SnapshotManifest`; `nil`: there is no snapshot here.
  case manifest([UInt8]?)
  /// A chunk, by its number, of the snapshot of this height and id.
  case askChunk(height: BlockHeight, snapshot: Digest, number: UInt32)
  /// The canonical bytes of a `SnapshotChunk`; `nil`: that snapshot is not here.
  case chunk(snapshot: Digest, number: UInt32, [UInt8]?)
  /// Blocks from this height on.
  case askBlocks(from: BlockHeight)
  /// Blocks from this height on and the certificate of the last; none: they are not here.
  case blocks(from: BlockHeight, [Block], CheckpointCertificate?)

  /// Whether it asks, so that who gets it answers.
  public var isQuestion: Bool {
    switch self {
    case .askStatus, .askManifest, .askChunk, .askBlocks: true
    case .status, .manifest, .chunk, .blocks: false
    }
  }

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .askStatus(let generation):
      writer.writeVariant(0)
      writer.writeInteger(generation)
    case .status(let certificate, let handovers):
      writer.writeVariant(1)
      certificate.encode(into: &writer)
      handovers.encode(into: &writer)
    case .askManifest: writer.writeVariant(2)
    case .manifest(let bytes):
      writer.writeVariant(3)
      bytes.encode(into: &writer)
    case .askChunk(let height, let snapshot, let number):
      writer.writeVariant(4)
      height.encode(into: &writer)
      snapshot.encode(into: &writer)
      number.encode(into: &writer)
    case .chunk(let snapshot, let number, let bytes):
      writer.writeVariant(5)
      snapshot.encode(into: &writer)
      number.encode(into: &writer)
      bytes.encode(into: &writer)
    case .askBlocks(let height):
      writer.writeVariant(6)
      height.encode(into: &writer)
    case .blocks(let height, let blocks, let certificate):
      writer.writeVariant(7)
      height.encode(into: &writer)
      blocks.encode(into: &writer)
      certificate.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields, within the limits.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "SyncMessage") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .askStatus(generation: try reader.readInteger())
      case 1: .status(try CheckpointCertificate?(from: &reader), try Self.handovers(from: &reader))
      case 2: .askManifest
      case 3: .manifest(try Self.part(from: &reader))
      case 4:
        .askChunk(height: try BlockHeight(from: &reader), snapshot: try Digest(from: &reader), number: try UInt32(from: &reader))
      case 5: .chunk(snapshot: try Digest(from: &reader), number: try UInt32(from: &reader), try Self.part(from: &reader))
      case 6: .askBlocks(from: try BlockHeight(from: &reader))
      case 7:
        .blocks(from: try BlockHeight(from: &reader), try Self.blocks(from: &reader), try CheckpointCertificate?(from: &reader))
      default: nil
      }
    }
  }

  private static func part(from reader: inout CanonicalReader) throws(CanonicalError) -> [UInt8]? {
    guard try Bool(from: &reader) else { return nil }
    return try reader.readBytes(limit: partLimit)
  }

  private static func handovers(from reader: inout CanonicalReader) throws(CanonicalError) -> [Handover] {
    let count = try reader.readCount(limit: handoverLimit)
    var handovers: [Handover] = []
    for _ in 0..<count { handovers.append(try Handover(from: &reader)) }
    return handovers
  }

  private static func blocks(from reader: inout CanonicalReader) throws(CanonicalError) -> [Block] {
    let count = try reader.readCount(limit: blockLimit)
    var blocks: [Block] = []
    for _ in 0..<count { blocks.append(try Block(from: &reader)) }
    return blocks
  }
}
