/// A block of the replay window, without its transactions: enough to refuse each of them a second time.
public struct WindowBlock: CanonicalRecord, Hashable {
  /// The leaf of a transaction in the block's tree.
  public struct Leaf: CanonicalRecord, Hashable {
    /// The transaction's id.
    public var id: TransactionID
    /// H(key, signature).
    public var witness: Digest

    /// Puts the parts together.
    public init(id: TransactionID, witness: Digest) {
      self.id = id
      self.witness = witness
    }

    /// The fields in order.
    public static let layout = Layout(Self.init, \.id, \.witness)
  }

  /// The header.
  public var header: BlockHeader
  /// The transactions' leaves, in order.
  public var leaves: [Leaf]

  /// Puts the parts together; nothing is checked.
  public init(header: BlockHeader, leaves: [Leaf]) {
    self.header = header
    self.leaves = leaves
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.header, \.leaves)

  /// The root over the leaves.
  func transactionsRoot(suite: CryptoSuite) -> Digest {
    MerkleLog.root(of: leaves.map { MerkleLog.leafHash($0.id.digest.bytes + $0.witness.bytes, suite: suite) }, suite: suite)
  }
}

/// A record of the state.
public struct SnapshotRecord: CanonicalRecord, Hashable {
  /// The state key.
  public var key: [UInt8]
  /// The value.
  public var value: [UInt8]

  /// Puts the parts together.
  public init(key: [UInt8], value: [UInt8]) {
    self.key = key
    self.value = value
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.key, \.value)
}

/// Records in the order of the state tree, with the proof that they are all in their range.
public struct StateChunk: CanonicalRecord, Hashable {
  /// The proof.
  public var proof: StateRangeProof
  /// The records in the order of H(key).
  public var records: [SnapshotRecord]

  /// Puts the parts together; nothing is checked.
  public init(proof: StateRangeProof, records: [SnapshotRecord]) {
    self.proof = proof
    self.records = records
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.proof, \.records)
}

/// A part of a snapshot that verifies alone.
public enum SnapshotChunk: CanonicalCodable, Sendable, Hashable {
  /// Blocks of the replay window, by height.
  case window([WindowBlock])
  /// A range of the state.
  case state(StateChunk)

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .window(let blocks):
      writer.writeVariant(0)
      blocks.encode(into: &writer)
    case .state(let chunk):
      writer.writeVariant(1)
      chunk.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "SnapshotChunk") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .window(try [WindowBlock](from: &reader))
      case 1: .state(try StateChunk(from: &reader))
      default: nil
      }
    }
  }

  /// Verifies that this is chunk `number` of a manifest that was verified.
  ///
  /// - Throws: `SnapshotError.noSuchChunk`, `.chunk` naming the check.
  public func verify(as number: Int, of manifest: SnapshotManifest, genesis: Genesis) throws(SnapshotError) {
    guard (0..<manifest.chunkCount).contains(number) else { throw .noSuchChunk(number, count: manifest.chunkCount) }
    do throws(ChunkFault) {
      switch self {
      case .window(let blocks):
        guard number < manifest.windowChunks.count else { throw .kind }
        try Self.check(blocks, number, manifest, genesis.suite)
      case .state(let chunk):
        guard number >= manifest.windowChunks.count else { throw .kind }
        try Self.check(chunk, number - manifest.windowChunks.count, manifest, genesis.suite)
      }
    } catch {
      throw .chunk(number, error)
    }
  }

  private static func check(
    _ blocks: [WindowBlock], _ number: Int, _ manifest: SnapshotManifest, _ suite: CryptoSuite
  ) throws(ChunkFault) {
    let starts = manifest.windowChunks
    let start = starts[number]
    let end = number + 1 < starts.count ? starts[number + 1] : manifest.height.next
    var height = start
    for block in blocks {
      guard height < end else { throw .end }
      guard block.header.height == height else { throw height == start ? .start : .header(height) }
      guard block.header.id(genesis: manifest.genesis, suite: suite) == manifest.blockID(at: height) else { throw .header(height) }
      guard block.transactionsRoot(suite: suite) == block.header.transactionsRoot else { throw .transactions(height) }
      height = height.next
    }
    guard height == end else { throw .end }
  }

  private static func check(
    _ chunk: StateChunk, _ number: Int, _ manifest: SnapshotManifest, _ suite: CryptoSuite
  ) throws(ChunkFault) {
    let starts = manifest.stateChunks
    let leaves = chunk.records.map { StateLeafDigest(key: $0.key, value: $0.value, suite: suite) }
    // Only the first chunk begins the tree and only the last one ends it: so the chunks hold every leaf between them.
    guard leaves.first?.keyHash == starts[number], (chunk.proof.left == nil) == (number == 0) else { throw .start }
    guard chunk.proof.next?.keyHash == (number + 1 < starts.count ? starts[number + 1] : nil) else { throw .end }
    do throws(ProofError) {
      try chunk.proof.verify(leaves, root: manifest.checkpoint.stateRoot, suite: suite)
    } catch {
      throw .records(error)
    }
  }
}
