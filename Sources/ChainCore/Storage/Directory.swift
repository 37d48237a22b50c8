import CLMDB

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Operations on directories and names in them.
enum Directory {
  /// Makes the directory `path` with mode 0700 unless it exists; its parent must exist.
  ///
  /// - Throws: `StoreError.missing` without a parent, `.foreign` if a file is there, `.permissions`, `.networkFileSystem`, `.io`.
  static func prepare(_ path: String, create: Bool) throws(StoreError) {
    if create, unsafe mkdir(path, 0o700) == 0 {
      try sync(parent(of: path))
    } else if create, errno != EEXIST {
      throw errno == ENOENT ? .missing(path: parent(of: path)) : SystemFailure.current("create \(path)")
    }
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw errno == ENOENT ? .missing(path: path) : SystemFailure.current("examine \(path)")
    }
    let mode = UInt32(status.st_mode)
    guard mode & UInt32(S_IFMT) == UInt32(S_IFDIR) else { throw .foreign(path: path) }
    guard mode & 0o022 == 0 else { throw .permissions(path: path, mode: mode & 0o7777) }
    var system = statfs()
    guard unsafe statfs(path, &system) == 0 else { throw SystemFailure.current("examine \(path)") }
    #if canImport(Darwin)
      let isNetwork = system.f_flags & UInt32(MNT_LOCAL) == 0
    #else
      let isNetwork = isNetworkFileSystem(magic: UInt32(truncatingIfNeeded: system.f_type))
    #endif
    if isNetwork { throw .networkFileSystem(path: path) }
  }

  /// Whether the file system of this type is shared by network: NFS, SMB (three numbers), AFS (two), Ceph, Lustre, 9P.
  static func isNetworkFileSystem(magic: UInt32) -> Bool {
    let shared: [UInt32] = [
      0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x5346_414f, 0x6b41_4653, 0x00c3_6400, 0x0bd0_0bd0, 0x0102_1997,
    ]
    return shared.contains(magic)
  }

  /// Makes the directory `path` with mode 0700 unless it exists, on any file system: for files that are written once.
  ///
  /// - Throws: `StoreError.missing` without a parent, `.foreign` if a file is there, `.io`.
  static func ensure(_ path: String) throws(StoreError) {
    if unsafe mkdir(path, 0o700) == 0 { return try sync(parent(of: path)) }
    guard errno == EEXIST else { throw errno == ENOENT ? .missing(path: parent(of: path)) : SystemFailure.current("create \(path)") }
    guard try isDirectory(path) else { throw .foreign(path: path) }
  }

  /// Whether `path` is a directory; `false` if nothing is there.
  static func isDirectory(_ path: String) throws(StoreError) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      guard errno == ENOENT else { throw SystemFailure.current("examine \(path)") }
      return false
    }
    return UInt32(status.st_mode) & UInt32(S_IFMT) == UInt32(S_IFDIR)
  }

  /// Removes the empty directory `path`.
  static func removeEmpty(_ path: String) throws(StoreError) {
    guard unsafe rmdir(path) == 0 else { throw SystemFailure.current("remove \(path)") }
  }

  /// The permission bits of the file `path`.
  ///
  /// - Throws: `StoreError.missing`, `.io`.
  static func mode(of path: String) throws(StoreError) -> UInt32 {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw errno == ENOENT ? .missing(path: path) : SystemFailure.current("examine \(path)")
    }
    return UInt32(status.st_mode) & 0o7777
  }

  /// The names in `path`, sorted, without `.` and `..`.
  static func names(in path: String) throws(StoreError) -> [String] {
    guard let listing = unsafe opendir(path) else { throw SystemFailure.current("list \(path)") }
    defer { unsafe _ = closedir(listing) }
    var names: [String] = []
    errno = 0
    while let entry = unsafe readdir(listing) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    guard errno == 0 else { throw SystemFailure.current("list \(path)") }
    return names.sorted()
  }

  /// Makes the names in `path` durable.
  static func sync(_ path: String) throws(StoreError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemFailure.current("open \(path)") }
    defer { _ = close(descriptor) }
    guard fsync(descriptor) == 0 else { throw SystemFailure.current("sync \(path)", fullIsFatal: true) }
  }

  /// Gives the file `from` the name `to`, replacing what has it.
  static func rename(_ from: String, to: String) throws(StoreError) {
    #if canImport(Glibc)
      let result = unsafe Glibc.rename(from, to)
    #else
      let result = unsafe Darwin.rename(from, to)
    #endif
    guard result == 0 else { throw SystemFailure.current("rename \(from)") }
  }

  /// Removes the file `path`; returns whether there was one.
  @discardableResult static func remove(_ path: String) throws(StoreError) -> Bool {
    if unsafe unlink(path) == 0 { return true }
    guard errno == ENOENT else { throw SystemFailure.current("remove \(path)") }
    return false
  }

  /// How many bytes an ordinary user may still write below `path`.
  static func freeBytes(_ path: String) throws(StoreError) -> UInt64 {
    var status = statvfs()
    guard unsafe statvfs(path, &status) == 0 else { throw SystemFailure.current("examine \(path)") }
    return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
  }

  /// The directory that `path` lies in.
  static func parent(of path: String) -> String {
    var end = path.utf8.endIndex
    while end > path.utf8.startIndex, path.utf8[path.utf8.index(before: end)] == UInt8(ascii: "/") { end = path.utf8.index(before: end) }
    guard let slash = path.utf8[..<end].lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
  }
}
