/// Why a store or journal refused, failed or stopped. Whatever was committed before is unchanged.
@nonexhaustive
public enum StoreError: Error, Hashable, Sendable {
  /// The map reached its configured limit. Raise the limit or prune; nothing was lost, reads go on.
  case storageFull(usedMiB: Int)
  /// The file system is full. Release the reserve and prune, or add space; nothing was lost, reads go on.
  case diskFull
  /// A record does not carry its checksum: the disk or the file is damaged. The store stops writing; restore this node.
  case corrupt(table: StoreTable, key: [UInt8])
  /// A journal batch that was durable has a wrong checksum or length. The journal does not open; restore this node.
  case corruptJournal(segment: String, offset: Int)
  /// A file is shorter than it says. Restore this node.
  case truncated(path: String, bytes: Int, expected: Int)
  /// A file is not what its name says, or the database library found its structure damaged. Restore this node.
  case damaged(path: String, reason: String)
  /// The read took longer than its limit. Begin a new one and resume after the last key seen.
  case readExpired
  /// Another open store holds the directory, in the process of this id (which may be our own). Close that one first.
  case locked(by: Int32)
  /// Another version wrote the files. Use that release, or migrate.
  case version(found: UInt32, supported: UInt32)
  /// Nothing is at `path`, and the options said to open only what exists.
  case missing(path: String)
  /// The directory holds something that is not a store. Choose another; nothing was changed.
  case foreign(path: String)
  /// The directory is on a network file system, where locks and memory maps are not reliable. Choose a local disk.
  case networkFileSystem(path: String)
  /// Others than the owner may write to `path`. Run `chmod go-w` on it.
  case permissions(path: String, mode: UInt32)
  /// A key is empty or longer than `StoreTable.keyBytesMax`.
  case badKey(bytes: Int)
  /// A value is longer than `StoreTable.valueBytesMax`, or a batch than `Journal.batchBytesMax`.
  case valueTooLarge(bytes: Int)
  /// One transaction changed more than the database can hold at once. Split it.
  case transactionTooLarge
  /// A write inside another transaction of the same store, or inside a scan. Finish that one first.
  case nestedWrite
  /// More reads are open than the store allows. Try again later.
  case tooManyReads
  /// The system refused an operation; the text names it. The store stops writing: after a failed sync nobody knows what is on disk.
  case io(String)
  /// The store was closed, or the transaction of this reader has ended.
  case closed
}

extension StoreError: CustomStringConvertible {
  /// The sentence for a person: what is wrong and what to do.
  public var description: String {
    switch self {
    case .storageFull(let usedMiB): "the store is full at \(usedMiB) MiB; raise the map limit or prune (nothing was lost)"
    case .diskFull: "the disk is full; release the reserve and prune, or add space (nothing was lost)"
    case .corrupt(let table, let key): "record \(key.hex) of table \(table.name) is damaged; writing stopped, restore this node"
    case .corruptJournal(let segment, let offset): "journal \(segment) is damaged at byte \(offset); restore this node"
    case .truncated(let path, let bytes, let expected): "\(path) has \(bytes) bytes where \(expected) are needed; restore this node"
    case .damaged(let path, let reason): "\(path) is damaged (\(reason)); restore this node"
    case .readExpired: "the read took too long; begin a new one after the last key seen"
    case .locked(let process): "the store is in use by process \(process)"
    case .version(let found, let supported): "the store has format \(found), this release reads \(supported)"
    case .missing(let path): "there is no store at \(path)"
    case .foreign(let path): "\(path) holds something that is not a store; choose another directory"
    case .networkFileSystem(let path): "\(path) is on a network file system; choose a local disk"
    case .permissions(let path, let mode): "\(path) has mode \(String(mode, radix: 8)); run chmod go-w on it"
    case .badKey(let bytes): "a key of \(bytes) bytes; 1 to \(StoreTable.keyBytesMax) are allowed"
    case .valueTooLarge(let bytes): "a value or batch of \(bytes) bytes is too large"
    case .transactionTooLarge: "the transaction changes too much at once; split it"
    case .nestedWrite: "a write inside another transaction or scan of the same store"
    case .tooManyReads: "too many reads are open; try again later"
    case .io(let what): "\(what); writing stopped"
    case .closed: "the store or transaction is closed"
    }
  }
}
