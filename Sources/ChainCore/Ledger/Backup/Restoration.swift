internal import Synchronization

/// What a store that was restored from a backup says of itself, for ever.
///
/// Its old node may have signed blocks and votes that the backup knows nothing of. So whoever runs the store must have another key, one
/// that was made for it: two signatures for one slot cannot come from one key then.
public struct Restoration: CanonicalRecord, Hashable {
  /// The head of the backup.
  public var height: BlockHeight
  /// The block there.
  public var blockID: BlockID
  /// The only key that may run the store. It had no seat on the chain when the store was restored.
  public var key: PublicKey
  /// Whether a node with that key began to vote, so that its votes are in a store of their own and must not be lost.
  public var isBound: Bool

  /// Puts the fields together.
  public init(height: BlockHeight, blockID: BlockID, key: PublicKey, isBound: Bool = false) {
    self.height = height
    self.blockID = blockID
    self.key = key
    self.isBound = isBound
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.blockID, \.key, \.isBound)
}

extension LedgerBackup {
  /// How many records one transaction of a restore writes.
  private static let recordsPerWrite = 2_000

  /// Puts a backup into a new store on disk, and checks it whole.
  ///
  /// The store gets its name when everything holds; until then it lies beside it as `….unfinished`, and a later restore begins anew.
  /// - Parameters:
  ///   - directory: Must not exist, or be empty; its parent exists.
  ///   - id: The chain that is expected.
  ///   - key: The public key of the node that will run the store. It must be new: made for this restore, never used on this chain.
  ///   - contracts: What to execute the blocks with, once the genesis is known.
  /// - Throws: `BackupError`; nothing is at `directory` then.
  public static func restore(
    _ backup: String, to directory: String, trusting id: GenesisID, key: PublicKey, options: LMDBStore.Options = .init(),
    contracts: (Genesis) throws -> ContractRegistry
  ) throws(BackupError) -> (manifest: BackupManifest, examination: LedgerExamination) {
    let unfinished = FramedFileWriter.unfinished(directory)
    return try wrap {
      if try Directory.isDirectory(directory), try !Directory.names(in: directory).isEmpty { throw BackupError.notEmpty(path: directory) }
      let manifest = try verify(backup, trusting: id)
      try removeStore(unfinished)
      let store = try LMDBStore(directory: unfinished, options: options)
      let examination: LedgerExamination
      do {
        defer { store.close() }
        let ledger = try restore(manifest, from: backup, into: store, key: key, contracts: try contracts(manifest.genesis))
        examination = ledger.examine()
        if let fault = examination.fault {
          throw BackupError.content(fault.height.map { "height \($0): \(fault.reason)" } ?? "\(fault.reason)")
        }
      } catch {
        try removeStore(unfinished)
        throw error
      }
      try Directory.rename(unfinished, to: directory)
      try Directory.sync(Directory.parent(of: directory))
      return (manifest, examination)
    }
  }

  /// Puts a backup, whose manifest was checked, into an empty store and opens it. The ledger is compared with the manifest, not examined.
  ///
  /// - Throws: `BackupError.notEmpty`, `.file`, `.content`, `.oldKey`, `.ledger`, `.store`. The store is of no use then.
  package static func restore(
    _ manifest: BackupManifest, from backup: String, into store: any KeyValueStore, key: PublicKey, contracts: ContractRegistry
  ) throws(BackupError) -> Ledger {
    let isEmpty = try wrap { try store.read { reader in try LedgerTables.kept.allSatisfy { try reader.first($0) == nil } } }
    guard isEmpty else { throw .notEmpty(path: "the store") }
    for index in manifest.files.indices {
      let records = try records(index, of: manifest, in: backup)
      for record in records {
        guard LedgerTables.kept.indices.contains(Int(record.table)) else { throw .file(index: index, "a record of no table") }
      }
      var start = 0
      while start < records.count {
        let end = min(start + recordsPerWrite, records.count)
        try wrap {
          try store.write { writer in
            for record in records[start..<end] { try writer.put(LedgerTables.kept[Int(record.table)], record.key, record.value) }
          }
        }
        start = end
      }
    }
    let restoration = Restoration(height: manifest.head.height, blockID: manifest.head.blockID, key: key)
    try wrap {
      try store.write { writer in
        guard let bytes = try writer.get(LedgerTables.meta, LedgerTables.headKey) else { throw BackupError.content("it has no head") }
        // The engine's log is another one now, and knows nothing of the old one's positions.
        var head = try HeadRecord(canonicalBytes: bytes)
        head.position = 0
        try writer.put(LedgerTables.meta, LedgerTables.headKey, head.canonicalBytes)
        try writer.put(LedgerTables.meta, LedgerTables.restoredKey, restoration.canonicalBytes)
      }
    }
    let ledger = try wrap { try Ledger(store: store, genesis: manifest.genesis, contracts: contracts) }
    guard ledger.head.checkpoint == manifest.head else { throw .content("its head is not that of the manifest") }
    if let certificate = manifest.certificate {
      let own = try wrap { try ledger.checkpoint(at: certificate.checkpoint.height) }
      guard own == certificate.checkpoint else { throw .content("height \(own.height) is not what a quorum certified") }
    }
    let everyone = ledger.memory.withLock { $0.sets.flatMap(\.set.members) } + ledger.head.seats.everyone
    guard !everyone.contains(where: { $0.key == key }), key.suite == ledger.suite else { throw .oldKey(key) }
    return ledger
  }

  /// Removes what a restore left that did not end.
  private static func removeStore(_ path: String) throws(StoreError) {
    guard try Directory.isDirectory(path) else { return }
    for name in ["data.mdb", "lock.mdb", DirectoryLock.fileName, "reserve"] { try Directory.remove("\(path)/\(name)") }
    try Directory.removeEmpty(path)
  }
}

extension Ledger {
  /// What the store says of its restoration; `nil` if it was not restored from a backup.
  public func restoration() throws(LedgerError) -> Restoration? {
    try reading { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.get(LedgerTables.meta, LedgerTables.restoredKey) }.map { bytes throws(LedgerError) in
        try LedgerError.decode(bytes, "restoration")
      }
    }
  }

  /// Notes that the node with the new key has a store for its votes from now on.
  package func bindRestoration() throws(LedgerError) {
    guard var restoration = try restoration(), !restoration.isBound else { return }
    restoration.isBound = true
    let bytes = restoration.canonicalBytes
    try exclusively { () throws(LedgerError) in
      try LedgerError.wrap { try store.write { try $0.put(LedgerTables.meta, LedgerTables.restoredKey, bytes) } }
    }
  }
}
