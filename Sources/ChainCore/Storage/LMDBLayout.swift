/// The files of an LMDB store in its directory: `data.mdb` and `lock.mdb` (LMDB's), `LOCK`, `reserve`.
struct LMDBLayout: Sendable {
  private let directory: String
  private var data: String { "\(directory)/data.mdb" }
  private var reserve: String { "\(directory)/reserve" }

  init(_ directory: String) { self.directory = directory }

  /// Throws unless the directory holds a store's files and nothing else, or nothing and `create` is set.
  ///
  /// - Throws: `StoreError.foreign`, `.missing`, `.permissions`, `.io`.
  func check(create: Bool) throws(StoreError) {
    let names = try Directory.names(in: directory)
    let ours: Set = ["data.mdb", "lock.mdb", DirectoryLock.fileName, "reserve"]
    // A new file system has a directory of its own.
    guard names.allSatisfy({ ours.contains($0) || $0 == "lost+found" }) else { throw .foreign(path: directory) }
    guard names.contains("data.mdb") else {
      if create { return }
      throw .missing(path: data)
    }
    let mode = try Directory.mode(of: data)
    guard mode & 0o022 == 0 else { throw .permissions(path: data, mode: mode) }
  }

  /// The meta pages, checked; `nil` if there is no data yet.
  func meta() throws(StoreError) -> LMDBMeta? {
    let file: OpenFile
    do throws(StoreError) {
      file = try OpenFile(data, .existing)
    } catch .missing {
      return nil
    }
    return try LMDBMeta(of: file)
  }

  /// Whether the data file cannot grow: LMDB reports a write that stopped half-way on a full disk as an input/output error.
  func isFull() -> Bool {
    do throws(StoreError) {
      let file = try OpenFile(data, .existing)
      let size = try file.size()
      defer { try? file.setSize(size) }
      try file.allocate(1 << 20, after: size)
      return false
    } catch {
      return error == .diskFull
    }
  }

  /// Whether the reserve is there.
  var hasReserve: Bool { (try? Directory.mode(of: reserve)) != nil }

  /// Takes `bytes` of the disk, unless it did before or has no room for them and as much again.
  func makeReserve(bytes: Int) throws(StoreError) {
    guard bytes > 0, !hasReserve else { return }
    guard try Directory.freeBytes(directory) / 2 >= UInt64(bytes) else { return }
    do throws(StoreError) {
      let file = try OpenFile(reserve, .createNew)
      try file.allocate(bytes)
      try file.sync()
    } catch {
      // A node without reserve runs; one without room for it must not be hindered by half of it.
      try Directory.remove(reserve)
      if error != .diskFull { throw error }
    }
  }

  /// Gives the reserve back to the disk; returns whether there was one.
  func dropReserve() throws(StoreError) -> Bool {
    let hadOne = try Directory.remove(reserve)
    if hadOne { try Directory.sync(directory) }
    return hadOne
  }
}
