// A backup is a directory: `manifest`, and files of records. It holds what the ledger's store holds in one moment: no keys, no votes,
// nothing of an unfinished import.

/// Copies a ledger while its chain runs, and puts copies back.
public enum LedgerBackup {
  /// What files of records begin with.
  static let mark = Array("YUCHAIN RECORDS\n".utf8)
  /// The greatest length of a frame: one record.
  static let frameLimit = StoreTable.valueBytesMax + StoreTable.keyBytesMax + 64
  /// How often copying begins again because the store had to grow.
  private static let attempts = 5

  static func path(_ directory: String, _ number: Int) -> String {
    let digits = String(number)
    return "\(directory)/records-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
  }

  static func manifestPath(_ directory: String) -> String { "\(directory)/manifest" }

  /// Copies a ledger's store from one read transaction, while the chain may go on, and reads the copy back.
  ///
  /// - Parameters:
  ///   - directory: Is made; must be empty. An interrupted backup has no manifest and is worth nothing.
  ///   - fileBytes: A file ends at the first record once it has so many bytes.
  /// - Throws: `BackupError`.
  /// - Complexity: O(store), in the memory of one file. While it copies, a store on disk does not use old pages again, so it grows.
  @discardableResult
  public static func make(of ledger: Ledger, in directory: String, fileBytes: Int = 64 << 20) throws(BackupError) -> BackupManifest {
    precondition(fileBytes > 0, "a file holds something")
    try wrap {
      try Directory.ensure(directory)
      guard try Directory.names(in: directory).isEmpty else { throw BackupError.notEmpty(path: directory) }
    }
    var manifest: BackupManifest?
    var attempt = 1
    while manifest == nil {
      do throws(BackupError) {
        manifest = try wrap { try ledger.store.readAtLength { try copy($0, of: ledger, in: directory, fileBytes: fileBytes) } }
      } catch {
        guard case .store(.readExpired) = error else { throw error }
        guard attempt < attempts else { throw .interrupted }
        attempt += 1
      }
    }
    guard let manifest else { throw .interrupted }
    // As whoever restores it will see it.
    let again = try BackupManifest(fileBytes: manifest.fileBytes, trusting: ledger.genesisID)
    try check(again, in: directory)
    try wrap { try DurableFile.write(manifest.fileBytes, to: manifestPath(directory)) }
    return manifest
  }

  /// Reads a backup's manifest and compares each file with it.
  ///
  /// - Throws: `BackupError` naming what is wrong.
  public static func verify(_ directory: String, trusting id: GenesisID) throws(BackupError) -> BackupManifest {
    let manifest = try manifest(in: directory, trusting: id)
    try check(manifest, in: directory)
    return manifest
  }

  static func manifest(in directory: String, trusting id: GenesisID) throws(BackupError) -> BackupManifest {
    let bytes = try wrap { try DurableFile.read(manifestPath(directory), limit: BackupManifest.byteLimit) }
    guard let bytes else { throw .manifest("it is too large") }
    return try BackupManifest(fileBytes: bytes, trusting: id)
  }

  /// Writes all records of one view; what an earlier attempt left is replaced.
  private static func copy(
    _ reader: any KeyValueReader, of ledger: Ledger, in directory: String, fileBytes: Int
  ) throws -> BackupManifest {
    guard let bytes = try reader.get(LedgerTables.meta, LedgerTables.headKey) else { throw LedgerError.empty }
    let head = try HeadRecord(canonicalBytes: bytes)
    guard let checkpoint = try reader.get(LedgerTables.checkpoints, LedgerTables.key(head.height)) else {
      throw LedgerError.damaged("checkpoint \(head.height) is missing")
    }
    let certificate = try reader.last(LedgerTables.certificates).map { try CheckpointCertificate(canonicalBytes: $0.value) }
    let since = certificate?.checkpoint.height ?? 0
    let handovers = try ledger.handovers(after: ledger.genesis.validators.generation).filter { $0.since <= since }
    var files: [BackupManifest.File] = []
    var part = RecordsFile(fileBytes)
    for table in LedgerTables.kept {
      var failure: (any Error)?
      try reader.scan(table, from: [], to: nil, reverse: false) { key, value in
        if table == LedgerTables.meta, key == LedgerTables.restoredKey { return true }
        part.append(table, key, value)
        guard part.isFull else { return true }
        do {
          files.append(try part.write(to: path(directory, files.count), suite: ledger.suite))
          return true
        } catch {
          failure = error
          return false
        }
      }
      if let failure { throw failure }
    }
    if part.records > 0 { files.append(try part.write(to: path(directory, files.count), suite: ledger.suite)) }
    return BackupManifest(
      genesis: ledger.genesis, head: try Checkpoint(canonicalBytes: checkpoint), certificate: certificate, handovers: handovers,
      files: files)
  }

  /// Compares the files with the manifest.
  private static func check(_ manifest: BackupManifest, in directory: String) throws(BackupError) {
    for index in manifest.files.indices { _ = try records(index, of: manifest, in: directory) }
  }

  /// The records of one file, which is what the manifest says.
  static func records(_ index: Int, of manifest: BackupManifest, in directory: String) throws(BackupError) -> [BackupRecord] {
    let expected = manifest.files[index]
    let path = path(directory, index)
    let limit = Int(clamping: expected.bytes)
    let found: [UInt8]?
    do throws(StoreError) {
      found = try DurableFile.read(path, limit: limit)
    } catch {
      throw .file(index: index, error.description)
    }
    guard let bytes = found, bytes.count == limit else { throw .file(index: index, "its length is not \(limit) bytes") }
    guard manifest.genesis.suite.hash(bytes) == expected.digest else { throw .file(index: index, "its digest is wrong") }
    guard bytes.starts(with: mark) else { throw .file(index: index, "it holds no records") }
    var records: [BackupRecord] = []
    var offset = mark.count
    while offset < bytes.count {
      guard bytes.count - offset >= 4 else { throw .file(index: index, "it ends inside a record") }
      let length = bytes[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= frameLimit, length <= bytes.count - offset - 4 else { throw .file(index: index, "byte \(offset): length \(length)") }
      do throws(CanonicalError) {
        records.append(try BackupRecord(canonicalBytes: Array(bytes[(offset + 4)..<(offset + 4 + length)])))
      } catch {
        throw .file(index: index, "byte \(offset): \(error)")
      }
      offset += 4 + length
    }
    guard UInt64(records.count) == expected.records else { throw .file(index: index, "\(records.count) records") }
    return records
  }

  static func wrap<Value>(_ body: () throws -> Value) throws(BackupError) -> Value {
    do {
      return try body()
    } catch let error as BackupError {
      throw error
    } catch let error as LedgerError {
      if case .store(let error) = error { throw .store(error) }
      throw .ledger(error)
    } catch let error as StoreError {
      throw .store(error)
    } catch {
      throw .ledger(.damaged("\(error)"))
    }
  }
}

/// A record of a store as a backup holds it.
struct BackupRecord: CanonicalRecord {
  /// The place of its table in `LedgerTables.kept`.
  var table: UInt8
  var key: [UInt8]
  var value: [UInt8]

  static let layout = Layout(Self.init, \.table, \.key, \.value)
}

/// A file of records that is being filled.
private struct RecordsFile {
  private let limit: Int
  private var bytes = LedgerBackup.mark
  private(set) var records: UInt64 = 0

  init(_ limit: Int) { self.limit = limit }

  var isFull: Bool { bytes.count >= limit }

  mutating func append(_ table: StoreTable, _ key: [UInt8], _ value: [UInt8]) {
    guard let place = LedgerTables.kept.firstIndex(of: table) else { return }
    let record = BackupRecord(table: UInt8(place), key: key, value: value).canonicalBytes
    for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: record.count >> shift)) }
    bytes.append(contentsOf: record)
    records += 1
  }

  mutating func write(to path: String, suite: CryptoSuite) throws(StoreError) -> BackupManifest.File {
    try DurableFile.write(bytes, to: path)
    let file = BackupManifest.File(bytes: UInt64(bytes.count), records: records, digest: suite.hash(bytes))
    bytes = LedgerBackup.mark
    records = 0
    return file
  }
}
