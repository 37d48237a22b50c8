internal import ChainCore

/// A Simplex replica's votes, certificates and blocks as a table of a store, by epoch and view.
struct SimplexStore {
  static let records = StoreTable("simplex")
  static let meta = StoreTable("simplex-meta")
  /// Says from which epoch on the key votes with this store.
  static let firstEpochKey = Array("first-epoch".utf8)

  let store: any KeyValueStore

  private static let block: UInt8 = 0

  static func key(_ epoch: Epoch, _ view: View, _ slot: UInt8) -> [UInt8] {
    epoch.rawValue.keyBytes + view.rawValue.keyBytes + [slot]
  }

  private static func slot(vote kind: VoteKind) -> UInt8 { 1 + kind.rawValue }
  private static func slot(certificate kind: VoteKind) -> UInt8 { 4 + kind.rawValue }

  /// The first epoch that this store was begun for, or `nil` if it was never begun.
  func firstEpoch() throws -> Epoch? {
    try store.read { reader in try reader.get(Self.meta, Self.firstEpochKey).map { try Epoch(canonicalBytes: $0) } }
  }

  func begin(_ epoch: Epoch) throws {
    try store.write { try $0.put(Self.meta, Self.firstEpochKey, epoch.canonicalBytes) }
  }

  /// All records of an epoch.
  func records(of epoch: Epoch) throws -> [SimplexRecord] {
    try store.read { reader in
      var found: [SimplexRecord] = []
      for (key, value) in try reader.range(Self.records, from: Self.key(epoch, 0, 0), to: Self.key(epoch.next, 0, 0)) {
        guard let slot = key.last else { continue }
        if slot == Self.block {
          found.append(.block(try Block(canonicalBytes: value)))
        } else if slot < 4 {
          let vote = try SignedVote(canonicalBytes: value)
          found.append(.vote(vote.statement, vote.signature))
        } else {
          found.append(.certificate(try QuorumCertificate(canonicalBytes: value)))
        }
      }
      return found
    }
  }

  /// A batch as a write: what the floor makes useless goes, but for the finalization of the floor itself.
  static func write(_ batch: SimplexBatch, sequence: UInt64, epoch: Epoch, floorBefore: View) -> EngineWrite {
    var operations: [EngineWrite.Operation] = []
    var block: Block?
    for record in batch.records {
      switch record {
      case .block(let found): block = found
      case .vote(let statement, let signature):
        if let found = block {
          operations.append(.put(records, key: key(epoch, statement.view, Self.block), value: found.canonicalBytes))
          block = nil
        }
        let value = SignedVote(statement: statement, signature: signature).canonicalBytes
        operations.append(.put(records, key: key(epoch, statement.view, slot(vote: statement.kind)), value: value))
      case .certificate(let certificate):
        let statement = certificate.statement
        operations.append(
          .put(records, key: key(epoch, statement.view, slot(certificate: statement.kind)), value: certificate.canonicalBytes))
      }
    }
    if batch.floor > floorBefore {
      let kept = slot(certificate: .finalize)
      operations.append(.removeRange(records, from: key(epoch, floorBefore, 0), to: key(epoch, batch.floor, kept)))
    }
    return EngineWrite(sequence: sequence, operations: operations)
  }

  /// Forgets the epochs before `epoch`.
  static func forget(before epoch: Epoch, sequence: UInt64) -> EngineWrite {
    EngineWrite(sequence: sequence, operations: [.removeRange(records, from: key(0, 0, 0), to: key(epoch, 0, 0))])
  }
}

/// A vote in the store.
struct SignedVote: CanonicalRecord {
  var statement: VoteStatement
  var signature: Signature

  static let layout = Layout(Self.init, \.statement, \.signature)
}
