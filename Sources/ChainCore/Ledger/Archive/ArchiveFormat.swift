// An archive is a directory of files, each of which holds blocks of consecutive heights and proves them by itself.
//
// A file is a mark, then frames: a head, the blocks in order, a seal. The seal's certificate is of the last block; its history root covers
// all blocks before. From the head's frontier and the blocks the verifier computes that root, so nothing in a file can be changed, left
// out or added. Handovers lead from the validators of the genesis document, which the head holds, to those who signed.

/// How an archive file begins.
public struct ArchiveHead: CanonicalRecord, Hashable {
  /// The version of this format.
  public static let currentVersion: UInt16 = 1

  /// The format version, 1.
  public var version: UInt16
  /// The chain's genesis document: its hash is what a verifier has to trust.
  public var genesis: Genesis
  /// The height of the first block in the file; above 0.
  public var first: BlockHeight
  /// The edge of the history tree over the heights before `first`.
  public var frontier: AppendOnlyTree

  /// A head of the current version.
  public init(genesis: Genesis, first: BlockHeight, frontier: AppendOnlyTree) {
    self.init(version: Self.currentVersion, genesis: genesis, first: first, frontier: frontier)
  }

  private init(version: UInt16, genesis: Genesis, first: BlockHeight, frontier: AppendOnlyTree) {
    self.version = version
    self.genesis = genesis
    self.first = first
    self.frontier = frontier
  }

  /// The fields in order.
  public static let layout = Layout(Self.init(version:genesis:first:frontier:), \.version, \.genesis, \.first, \.frontier)
}

/// A block with everything that its history leaf commits to.
public struct ArchivedBlock: CanonicalRecord, Hashable {
  /// The block.
  public var block: Block
  /// Its receipts, in order.
  public var receipts: [Receipt]
  /// The root of the state after it.
  public var stateRoot: Digest

  /// Puts the parts together; nothing is checked.
  public init(block: Block, receipts: [Receipt], stateRoot: Digest) {
    self.block = block
    self.receipts = receipts
    self.stateRoot = stateRoot
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.block, \.receipts, \.stateRoot)
}

/// How an archive file ends.
public struct ArchiveSeal: CanonicalRecord, Hashable {
  /// How the validators of genesis passed on to those who signed `certificate`.
  public var handovers: [Handover]
  /// The certificate of the last block in the file.
  public var certificate: CheckpointCertificate

  /// Puts the parts together; nothing is checked.
  public init(handovers: [Handover], certificate: CheckpointCertificate) {
    self.handovers = handovers
    self.certificate = certificate
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.handovers, \.certificate)
}

/// A frame of an archive file.
public enum ArchiveItem: CanonicalCodable, Sendable, Hashable {
  /// The first frame.
  case head(ArchiveHead)
  /// A block.
  case block(ArchivedBlock)
  /// The last frame.
  case seal(ArchiveSeal)

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .head(let head):
      writer.writeVariant(0)
      head.encode(into: &writer)
    case .block(let block):
      writer.writeVariant(1)
      block.encode(into: &writer)
    case .seal(let seal):
      writer.writeVariant(2)
      seal.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "ArchiveItem") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .head(try ArchiveHead(from: &reader))
      case 1: .block(try ArchivedBlock(from: &reader))
      case 2: .seal(try ArchiveSeal(from: &reader))
      default: nil
      }
    }
  }
}

/// The names and bounds of archive files.
enum ArchiveFile {
  /// What each file begins with.
  static let mark = Array("YUCHAIN ARCHIVE\n".utf8)
  /// The greatest length of a frame: transactions and receipts of a block are one value of a store each.
  static let frameLimit = 2 * StoreTable.valueBytesMax + 4_096
  /// How much a file holds unless its maker says otherwise.
  static let defaultBytes = 64 << 20
  private static let digits = 12

  /// The name of the file with these heights.
  static func name(_ heights: ClosedRange<BlockHeight>) -> String {
    "blocks-\(padded(heights.lowerBound))-\(padded(heights.upperBound)).archive"
  }

  /// The heights that a name tells, or `nil` if it is no archive file's.
  static func heights(_ name: String) -> ClosedRange<BlockHeight>? {
    let parts = name.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 3, let first = UInt64(parts[1]), let last = UInt64(parts[2].prefix { $0 != "." }), first <= last else {
      return nil
    }
    let heights = BlockHeight(first)...BlockHeight(last)
    return self.name(heights) == name ? heights : nil
  }

  private static func padded(_ height: BlockHeight) -> String {
    let text = String(height.rawValue)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
