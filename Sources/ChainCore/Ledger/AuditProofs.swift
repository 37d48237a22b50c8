// Proving the audit log to somebody who trusts only a state root. Verifiers need no storage.

/// A record of the audit log under a state root.
public struct AuditProof: CanonicalRecord, Hashable, Codable {
  /// The record.
  public var record: AuditRecord
  /// The path to the log's root: number of the record and size of the log.
  public var path: InclusionProof
  /// The log's right edge in the state.
  public var head: RecordProof

  /// Puts the parts together; nothing is checked.
  public init(record: AuditRecord, path: InclusionProof, head: RecordProof) {
    self.record = record
    self.path = path
    self.head = head
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.record, \.path, \.head)

  /// Verifies that the record is in the log of the state under `stateRoot`.
  /// - Throws: `ProofError` naming the failed check.
  public func verify(stateRoot: Digest, suite: CryptoSuite) throws(ProofError) {
    let log = try AuditLogHead.tree(head, stateRoot: stateRoot, suite: suite)
    guard path.size == log.size else { throw .indexOutOfRange(index: path.index, size: log.size) }
    try path.verify(leaf: MerkleLog.leafHash(record.canonicalBytes, suite: suite), root: log.root(suite: suite), suite: suite)
  }
}

/// The audit log of a state continues one that the verifier knows: nothing of it was changed or taken away.
public struct AuditGrowth: CanonicalRecord, Hashable, Codable {
  /// The nodes that show it.
  public var path: ConsistencyProof
  /// The log's right edge in the later state.
  public var head: RecordProof

  /// Puts the parts together; nothing is checked.
  public init(path: ConsistencyProof, head: RecordProof) {
    self.path = path
    self.head = head
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.path, \.head)

  /// Verifies that the log under `stateRoot` continues `known`.
  /// - Returns: The later log's head.
  /// - Throws: `ProofError` naming the failed check.
  public func verify(from known: AuditHead, stateRoot: Digest, suite: CryptoSuite) throws(ProofError) -> AuditHead {
    let log = try AuditLogHead.tree(head, stateRoot: stateRoot, suite: suite)
    guard path.oldSize == known.size, path.newSize == log.size else { throw .sizeOrder(old: path.oldSize, new: path.newSize) }
    let root = log.root(suite: suite)
    try path.verify(oldRoot: known.root, newRoot: root, suite: suite)
    return AuditHead(size: log.size, root: root)
  }
}

/// Where the log's right edge stands in the state.
private enum AuditLogHead {
  static let key = StateKey(contract: AuditContract.name, table: AuditContract.log.name, key: SingleKey())

  static func tree(_ proof: RecordProof, stateRoot: Digest, suite: CryptoSuite) throws(ProofError) -> AppendOnlyTree {
    guard proof.key == key.bytes else { throw .otherKey }
    try proof.verify(stateRoot: stateRoot, suite: suite)
    guard let value = proof.value else { return AppendOnlyTree() }
    guard let tree = try? AppendOnlyTree(canonicalBytes: value) else { throw .otherKey }
    return tree
  }
}

/// The nodes of the audit log's tree in a state.
private struct AuditNodes: LogNodeReader {
  let state: LedgerState

  func node(level: UInt8, index: UInt64) throws -> Digest? {
    let key = StateKey(contract: AuditContract.name, table: AuditContract.nodes.name, key: Pair(level, index))
    return try state.value(.state, key.bytes).map { try Digest(canonicalBytes: $0) }
  }
}

extension Ledger {
  /// Proves record `index` of the audit log as of `height`; `nil` = the newest.
  ///
  /// - Throws: `LedgerError.noSuchAuditRecord` if the log of that height is shorter.
  public func proveAudit(_ index: UInt64, at height: BlockHeight? = nil) throws(LedgerError) -> AuditProof {
    let height = height ?? head.height
    let edge = try proveRecord(AuditLogHead.key, at: height)
    return try atHeight(height) { state, _ throws(LedgerError) in
      let size = try auditSize(edge)
      let key = StateKey(contract: AuditContract.name, table: AuditContract.records.name, key: index)
      guard index < size, let bytes = try LedgerError.wrap({ try state.value(.state, key.bytes) }) else {
        throw .noSuchAuditRecord(index, size: size)
      }
      let record: AuditRecord = try LedgerError.decode(bytes, "audit record \(index)")
      return try LedgerError.wrap {
        AuditProof(
          record: record, path: try AuditNodes(state: state).inclusionProof(index: index, size: size, suite: suite), head: edge)
      }
    }
  }

  /// Proves that the audit log as of `height` (`nil` = the newest) continues its first `size` records; `size` is not 0.
  ///
  /// - Throws: `LedgerError.noSuchAuditRecord` if the log of that height is shorter.
  public func proveAuditGrowth(from size: UInt64, at height: BlockHeight? = nil) throws(LedgerError) -> AuditGrowth {
    let height = height ?? head.height
    let edge = try proveRecord(AuditLogHead.key, at: height)
    return try atHeight(height) { state, _ throws(LedgerError) in
      let newSize = try auditSize(edge)
      guard size > 0, size <= newSize else { throw .noSuchAuditRecord(size, size: newSize) }
      return try LedgerError.wrap {
        AuditGrowth(
          path: try AuditNodes(state: state).consistencyProof(oldSize: size, newSize: newSize, suite: suite), head: edge)
      }
    }
  }

  private func auditSize(_ edge: RecordProof) throws(LedgerError) -> UInt64 {
    guard let value = edge.value else { return 0 }
    let tree: AppendOnlyTree = try LedgerError.decode(value, "audit log")
    return tree.size
  }
}
