public import ChainCore

/// Why a record cannot be shown as an ICS-23 proof.
@nonexhaustive
public enum ICS23ExportError: Error, Hashable, Sendable {
  /// ICS-23 has no SM3. Use this project's own proofs with chains of this suite.
  case notSupported(CryptoSuite)
  /// The record proof is one of absence, or of another leaf; ask the ledger for the surroundings of the key.
  case notPresent
  /// ICS-23 knows no empty keys and no empty values; the record, or one beside the absent key, has one.
  case emptyRecord(key: [UInt8])
  /// The tree is empty, so that nothing stands beside the absent key.
  case emptyTree
  /// The published spec allows 64 steps; only keys that were searched for to collide lie deeper.
  case tooDeep(steps: Int)
  /// The ledger could not read.
  case ledger(LedgerError)
}

extension ICS23ExportError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .notSupported(let suite): "ICS-23 has no hash function of suite \(suite)"
    case .notPresent: "the record is not proven present"
    case .emptyRecord(let key): "key or value of record \(key.hex) is empty, which ICS-23 does not know"
    case .emptyTree: "the state is empty: nothing stands beside the absent key"
    case .tooDeep(let steps): "the record lies \(steps) steps deep; the published spec allows 64"
    case .ledger(let error): "\(error)"
    }
  }
}

/// This project's state proofs in the form that any ICS-23 verifier checks with the spec `ICS23.ProofSpec.jmt`.
///
/// The root is the checkpoint's `stateRoot`; that somebody certified it is not part of the format.
public enum ICS23Export {
  /// The proof that a record is present.
  /// - Throws: `ICS23ExportError`. Whether the record is really under a root is not checked: its verifier does.
  public static func existence(_ record: RecordProof, suite: CryptoSuite) throws(ICS23ExportError) -> ICS23.CommitmentProof {
    .existence(try leaf(record, suite: suite))
  }

  /// The proof that `key` is absent, from the records beside its place.
  /// - Throws: `ICS23ExportError`; `.emptyTree` without neighbours.
  public static func absence(
    of key: [UInt8], below: RecordProof?, above: RecordProof?, suite: CryptoSuite
  ) throws(ICS23ExportError) -> ICS23.CommitmentProof {
    guard suite == .international else { throw .notSupported(suite) }
    guard !key.isEmpty else { throw .emptyRecord(key: key) }
    guard below != nil || above != nil else { throw .emptyTree }
    var proof = ICS23.NonExistenceProof(key: key, left: nil, right: nil)
    if let below { proof.left = try leaf(below, suite: suite) }
    if let above { proof.right = try leaf(above, suite: suite) }
    return .nonExistence(proof)
  }

  private static func leaf(_ record: RecordProof, suite: CryptoSuite) throws(ICS23ExportError) -> ICS23.ExistenceProof {
    guard suite == .international else { throw .notSupported(suite) }
    guard let value = record.value, record.proof.end == .present else { throw .notPresent }
    guard !record.key.isEmpty, !value.isEmpty else { throw .emptyRecord(key: record.key) }
    let spec = ICS23.ProofSpec.jmt
    let siblings = record.proof.siblings
    guard siblings.count <= spec.maxDepth else { throw .tooDeep(steps: siblings.count) }
    let place = suite.hash(record.key)
    let node = Array("JMT::IntrnalNode".utf8)
    let path = siblings.enumerated().map { index, sibling in
      place.bit(siblings.count - 1 - index)
        ? ICS23.InnerOp(prefix: node + sibling.bytes) : ICS23.InnerOp(prefix: node, suffix: sibling.bytes)
    }
    return ICS23.ExistenceProof(key: record.key, value: value, leaf: spec.leaf, path: path)
  }
}

extension StateProof {
  /// This proof of presence as the bytes of an ICS-23 `CommitmentProof` for `ICS23.ProofSpec.jmt`.
  ///
  /// Absence needs the records beside the key: `Ledger.proveICS23`.
  /// - Throws: `ICS23ExportError`.
  public func ics23(key: [UInt8], value: [UInt8], suite: CryptoSuite) throws(ICS23ExportError) -> [UInt8] {
    try ICS23Export.existence(RecordProof(key: key, value: value, proof: self), suite: suite).encoded
  }
}

extension Ledger {
  /// Proves what `key` has in the state of `height`, its value or nothing, as the bytes of an ICS-23 `CommitmentProof`.
  ///
  /// - Returns: The record's bytes, `nil` if it is absent, and the proof, for the spec `ICS23.ProofSpec.jmt` and the height's `stateRoot`.
  /// - Throws: `ICS23ExportError`; `.notSupported` on an SM3 chain.
  public func proveICS23(
    _ key: StateKey, at height: BlockHeight
  ) throws(ICS23ExportError) -> (value: [UInt8]?, proof: [UInt8]) {
    guard suite == .international else { throw .notSupported(suite) }
    let surroundings: RecordSurroundings
    do throws(LedgerError) {
      surroundings = try proveSurroundings(of: key, at: height)
    } catch {
      throw .ledger(error)
    }
    switch surroundings {
    case .present(let record): return (record.value, try ICS23Export.existence(record, suite: suite).encoded)
    case .absent(let below, let above):
      return (nil, try ICS23Export.absence(of: key.bytes, below: below, above: above, suite: suite).encoded)
    }
  }
}
