/// What a snapshot consists of: the certified checkpoint, the history up to it, and where each chunk begins.
///
/// Everything but the division into chunks is checked against the certificate; a false division shows in the chunks. Every node that has
/// the height makes the same manifest but for the choice of signatures in the certificate.
public struct SnapshotManifest: CanonicalRecord, Hashable {
  /// The version of this format.
  public static let currentVersion: UInt16 = 1
  /// The greatest number of bytes of a manifest.
  public static let byteLimit = 4 << 20
  /// How many bytes a chunk has at most, unless one record alone is larger.
  public static let chunkBytes = 1 << 20

  /// The format version, 1.
  public var version: UInt16
  /// The chain's genesis.
  public var genesis: GenesisID
  /// The certified checkpoint: everything in the snapshot is under it.
  public var certificate: CheckpointCertificate
  /// How the genesis' validators passed on to those who signed it.
  public var handovers: [Handover]
  /// The edge of the history tree over the heights before the replay window.
  public var frontier: AppendOnlyTree
  /// The history of the replay window, up to the height before the checkpoint's.
  public var window: [HistoryLeaf]
  /// The first height of each window chunk. These chunks have the numbers from 0 on.
  public var windowChunks: [BlockHeight]
  /// The hash of the first key of each state chunk. These chunks follow the window chunks.
  public var stateChunks: [Digest]

  /// Puts the parts together; nothing is checked.
  public init(
    genesis: GenesisID, certificate: CheckpointCertificate, handovers: [Handover] = [], frontier: AppendOnlyTree, window: [HistoryLeaf],
    windowChunks: [BlockHeight], stateChunks: [Digest]
  ) {
    self.init(
      version: Self.currentVersion, genesis: genesis, certificate: certificate, handovers: handovers, frontier: frontier,
      window: window, windowChunks: windowChunks, stateChunks: stateChunks)
  }

  private init(
    version: UInt16, genesis: GenesisID, certificate: CheckpointCertificate, handovers: [Handover], frontier: AppendOnlyTree,
    window: [HistoryLeaf], windowChunks: [BlockHeight], stateChunks: [Digest]
  ) {
    self.version = version
    self.genesis = genesis
    self.certificate = certificate
    self.handovers = handovers
    self.frontier = frontier
    self.window = window
    self.windowChunks = windowChunks
    self.stateChunks = stateChunks
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(version:genesis:certificate:handovers:frontier:window:windowChunks:stateChunks:),
    \.version, \.genesis, \.certificate, \.handovers, \.frontier, \.window, \.windowChunks, \.stateChunks)

  /// The checkpoint.
  public var checkpoint: Checkpoint { certificate.checkpoint }
  /// The height of the snapshot.
  public var height: BlockHeight { certificate.checkpoint.height }
  /// How many chunks there are.
  public var chunkCount: Int { windowChunks.count + stateChunks.count }

  /// What tells snapshots apart: the hash over everything but the certificates' choice of signatures.
  public func id(suite: CryptoSuite) -> Digest {
    var unsigned = self
    unsigned.certificate.bitmap = []
    unsigned.certificate.signatures = []
    for index in unsigned.handovers.indices {
      unsigned.handovers[index].certificate.bitmap = []
      unsigned.handovers[index].certificate.signatures = []
    }
    return suite.digest("SnapshotManifest", genesis, unsigned)
  }

  /// The first height of the replay window of a chain at `height`: the blocks whose transactions might be sent again.
  public static func windowStart(at height: BlockHeight, parameters: ChainParameters) -> BlockHeight {
    let next = height.rawValue + 1
    return BlockHeight(next > parameters.transactionWindow ? next - parameters.transactionWindow : 0)
  }

  /// The greatest number of bytes of a chunk of this chain: one record may be as large as a call may write.
  public static func chunkLimit(_ parameters: ChainParameters) -> Int {
    chunkBytes + Int(min(max(parameters.callLimits.bytes, ParameterBounds.bytes.upperBound), UInt64(StoreTable.valueBytesMax)))
  }

  /// Verifies everything that can be told without chunks.
  ///
  /// - Throws: `SnapshotError.otherGenesis`, `.manifest` naming the check.
  public func verify(genesis document: Genesis) throws(SnapshotError) {
    let id = document.id
    guard genesis == id else { throw .otherGenesis(expected: id, found: genesis) }
    do throws(ManifestFault) {
      try check(document, id: id)
    } catch {
      throw .manifest(error)
    }
  }

  private func check(_ document: Genesis, id: GenesisID) throws(ManifestFault) {
    guard version == Self.currentVersion else { throw .version(version) }
    guard checkpoint.chain == document.chain, checkpoint.height > 0, checkpoint.height.rawValue < .max else { throw .checkpoint }
    let start = Self.windowStart(at: height, parameters: document.parameters)
    guard frontier.size == start.rawValue, UInt64(window.count) == height.rawValue - start.rawValue,
      zip(window, start.rawValue...).allSatisfy({ $0.height.rawValue == $1 })
    else { throw .window }
    guard windowChunks.first == start, windowChunks.last.map({ $0 <= height }) ?? false,
      zip(windowChunks, windowChunks.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw .windowChunks }
    guard stateChunks.isEmpty == (checkpoint.stateRoot == StateTree.emptyRoot),
      zip(stateChunks, stateChunks.dropFirst()).allSatisfy({ $0 < $1 })
    else { throw .stateChunks }
    let suite = document.suite
    guard history(suite: suite).root(suite: suite) == checkpoint.historyRoot else { throw .historyRoot }
    let signers = try signers(document, id: id)
    // After an epoch's last height others sign: the state says who, and the state is certified.
    guard document.isLastOfEpoch(height) || checkpoint.validatorSetHash == signers.hash(genesis: id, suite: suite) else {
      throw .validatorSet
    }
    do throws(CheckpointCertificateError) {
      try certificate.verify(in: signers, genesis: id, suite: suite)
    } catch {
      throw .uncertified(error)
    }
  }

  /// Follows the handovers to the set that signed the checkpoint.
  private func signers(_ document: Genesis, id: GenesisID) throws(ManifestFault) -> ValidatorSet {
    var set = document.validators
    var last: BlockHeight = 0
    for (index, handover) in handovers.enumerated() {
      guard handover.since > last, handover.since <= height else { throw .handover(index: index, .otherSet) }
      last = handover.since
      do throws(HandoverError) {
        try handover.verify(from: set, genesis: id, suite: document.suite)
      } catch {
        throw .handover(index: index, error)
      }
      set = handover.next
    }
    return set
  }

  /// The edge of the history tree over all heights before the checkpoint's.
  func history(suite: CryptoSuite) -> AppendOnlyTree {
    var tree = frontier
    for leaf in window { tree.append(MerkleLog.leafHash(leaf.canonicalBytes, suite: suite), suite: suite) }
    return tree
  }

  /// The nodes of the history tree that later proofs need: the frontier's, then all above the window.
  func historyNodes(suite: CryptoSuite) -> [LogNode] {
    var nodes: [LogNode] = []
    var end: UInt64 = 0
    for (bit, peak) in zip((0..<64).reversed().filter { frontier.size >> UInt64($0) & 1 == 1 }, frontier.peaks) {
      nodes.append(LogNode(level: UInt8(bit), index: end >> UInt64(bit), digest: peak))
      end += 1 << UInt64(bit)
    }
    var tree = frontier
    for leaf in window { tree.append(MerkleLog.leafHash(leaf.canonicalBytes, suite: suite), suite: suite, into: &nodes) }
    return nodes
  }

  /// The id of the block at a height of the window.
  func blockID(at height: BlockHeight) -> BlockID? {
    if height == self.height { return checkpoint.blockID }
    guard height.rawValue >= frontier.size, height.rawValue - frontier.size < UInt64(window.count) else { return nil }
    return window[Int(height.rawValue - frontier.size)].blockID
  }
}
