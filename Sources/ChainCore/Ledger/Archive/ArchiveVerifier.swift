/// What a verifier of archives trusts.
public struct ArchiveTrust: Sendable, Hashable {
  /// The chain, by its genesis.
  public var genesis: GenesisID
  /// Validators of a later generation that are trusted instead of those of genesis. Handovers up to them are not looked at.
  public var validators: ValidatorSet?

  /// Trusts the validators of the genesis document, or later ones.
  public init(genesis: GenesisID, validators: ValidatorSet? = nil) {
    self.genesis = genesis
    self.validators = validators
  }
}

/// Checks archive files without a node, one after the other.
///
/// ```swift
/// var verifier = ArchiveVerifier(trust: ArchiveTrust(genesis: id))
/// let report = try verifier.verify(directory: "archive")
/// ```
/// What it proves: each block, its transactions with signatures' digests, its receipts and its state root are those that a quorum of the
/// chain's validators certified, and the files have all heights between first and last. It executes nothing and checks no signature of a
/// transaction: the quorum did. It needs memory for one block.
public struct ArchiveVerifier: Sendable {
  /// What was verified so far.
  public struct Report: Sendable, Hashable {
    /// The chain's name, once a file was read.
    public var chain: ChainID
    /// The first verified height.
    public var first: BlockHeight
    /// The last verified height.
    public var last: BlockHeight
    /// How many files.
    public var files = 0
    /// How many transactions.
    public var transactions = 0
    /// How many changes of the validators led to the last signers.
    public var handovers = 0
    /// The validators who signed the last file: an anchor for later ones.
    public var signers: ValidatorSet
  }

  private let trust: ArchiveTrust
  /// Where the next file has to go on.
  private var next: (height: BlockHeight, history: AppendOnlyTree, parent: BlockID)?
  /// Handovers that were verified.
  private var known: [Handover] = []
  /// What was verified so far; `nil` before the first file.
  public private(set) var report: Report?

  /// A verifier that has seen nothing.
  public init(trust: ArchiveTrust) { self.trust = trust }

  /// Verifies all archive files in a directory, in the order of heights.
  ///
  /// - Parameter each: Is given each block before the file's certificate is checked: believe it only when `verify` has returned.
  /// - Throws: `ArchiveError` naming the check; `.empty` if there is no file.
  public mutating func verify(directory: String, each: (ArchivedBlock) -> Void = { _ in }) throws(ArchiveError) -> Report {
    for heights in try Self.files(in: directory) { try verify(file: "\(directory)/\(ArchiveFile.name(heights))", each: each) }
    guard let report else { throw .empty }
    return report
  }

  /// The heights of the archive files in a directory, ascending.
  /// - Throws: `ArchiveError.store`, `.foreign` for anything else that is there.
  static func files(in directory: String) throws(ArchiveError) -> [ClosedRange<BlockHeight>] {
    let names: [String]
    do throws(StoreError) {
      names = try Directory.names(in: directory)
    } catch {
      throw .store(error)
    }
    var found: [ClosedRange<BlockHeight>] = []
    for name in names where !name.hasSuffix(FramedFileWriter.unfinished("")) {
      guard let heights = ArchiveFile.heights(name) else { throw .foreign(name: name) }
      found.append(heights)
    }
    return found.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
  }

  /// Verifies one file, which goes on where the one before ended, if any was verified. Nothing changes if it fails.
  ///
  /// - Throws: `ArchiveError` naming the check.
  public mutating func verify(file path: String, each: (ArchivedBlock) -> Void = { _ in }) throws(ArchiveError) {
    var reader = try ArchiveReader(path)
    guard case .head(let head) = try reader.required() else { throw .misplaced(offset: FramedFileReader.markBytes) }
    guard head.version == ArchiveHead.currentVersion else { throw .version(head.version) }
    let found = head.genesis.id
    guard found == trust.genesis else { throw .otherGenesis(expected: trust.genesis, found: found) }
    if let next {
      guard head.first == next.height else { throw .gap(expected: next.height, got: head.first) }
      guard head.frontier == next.history else { throw .history(head.first.previous) }
    }
    guard head.first > 0, head.frontier.size == head.first.rawValue else { throw .history(head.first.previous) }
    var walk = Walk(head, genesisID: found, parent: next?.parent)
    while true {
      let offset = reader.offset
      switch try reader.required() {
      case .head: throw .misplaced(offset: offset)
      case .block(let archived):
        try walk.take(archived)
        each(archived)
      case .seal(let seal):
        guard try reader.isAtEnd() else { throw .misplaced(offset: reader.offset) }
        return try finish(walk, seal)
      }
    }
  }

  private mutating func finish(_ walk: Walk, _ seal: ArchiveSeal) throws(ArchiveError) {
    let (genesis, id, suite) = (walk.head.genesis, trust.genesis, walk.head.genesis.suite)
    let checkpoint = seal.certificate.checkpoint
    guard let last = walk.last, checkpoint.chain == genesis.chain, HistoryLeaf(checkpoint) == last else {
      throw .seal(walk.last?.height ?? walk.head.first)
    }
    guard checkpoint.historyRoot == walk.history.root(suite: suite) else { throw .history(last.height) }
    let trusted = trust.validators ?? genesis.validators
    var (set, since, verified) = (trusted, BlockHeight(0), [Handover]())
    for (index, handover) in seal.handovers.enumerated() {
      // Those before the trusted set lead to it; who trusts it need not know how it came to be.
      if handover.next.generation <= trusted.generation { continue }
      guard handover.since > since, handover.since <= last.height else { throw .handover(index: index, .otherSet) }
      if !known.indices.contains(verified.count) || known[verified.count] != handover {
        do throws(HandoverError) {
          try handover.verify(from: set, genesis: id, suite: suite)
        } catch {
          throw .handover(index: index, error)
        }
      }
      (set, since) = (handover.next, handover.since)
      verified.append(handover)
    }
    do throws(CheckpointCertificateError) {
      try seal.certificate.verify(in: set, genesis: id, suite: suite)
    } catch {
      throw .certificate(error)
    }
    known = verified
    var history = walk.history
    history.append(MerkleLog.leafHash(last.canonicalBytes, suite: suite), suite: suite)
    next = (last.height.next, history, last.blockID)
    var report = self.report ?? Report(chain: genesis.chain, first: walk.head.first, last: last.height, signers: set)
    report.last = last.height
    report.files += 1
    report.transactions += walk.transactions
    report.handovers = verified.count
    report.signers = set
    self.report = report
  }
}

/// The blocks of one file.
private struct Walk {
  let head: ArchiveHead
  let genesisID: GenesisID
  /// The leaf of the last block, which is not in `history` yet.
  var last: HistoryLeaf?
  var history: AppendOnlyTree
  var parent: BlockID?
  var transactions = 0

  init(_ head: ArchiveHead, genesisID: GenesisID, parent: BlockID?) {
    self.head = head
    self.genesisID = genesisID
    self.parent = parent
    history = head.frontier
  }

  mutating func take(_ archived: ArchivedBlock) throws(ArchiveError) {
    let suite = head.genesis.suite
    let header = archived.block.header
    let height = last?.height.next ?? head.first
    guard header.chain == head.genesis.chain, header.height == height else { throw .block(height, .header) }
    if let parent, header.parent != parent { throw .block(height, .parent) }
    guard archived.receipts.count == archived.block.transactions.count else { throw .block(height, .receipts) }
    var leaves: [Digest] = []
    for (signed, receipt) in zip(archived.block.transactions, archived.receipts) {
      let id = signed.id(genesis: genesisID, suite: suite)
      guard receipt.transaction == id else { throw .block(height, .receipts) }
      leaves.append(
        MerkleLog.leafHash(
          SignedTransaction.leafData(id: id, key: signed.key, signature: signed.signature, suite: suite), suite: suite))
    }
    guard MerkleLog.root(of: leaves, suite: suite) == header.transactionsRoot else { throw .block(height, .transactions) }
    if let last { history.append(MerkleLog.leafHash(last.canonicalBytes, suite: suite), suite: suite) }
    let blockID = header.id(genesis: genesisID, suite: suite)
    last = HistoryLeaf(
      height: height, blockID: blockID, stateRoot: archived.stateRoot, receiptsRoot: Receipt.root(of: archived.receipts, suite: suite))
    parent = blockID
    transactions += leaves.count
  }
}
