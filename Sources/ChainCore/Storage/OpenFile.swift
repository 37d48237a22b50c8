#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One open file, closed at its end. Offsets and lengths are bytes.
struct OpenFile: ~Copyable, Sendable {
  /// What to do when there is no file.
  enum Opening: Sendable {
    case existing
    case createIfMissing
    case createNew
    /// For reading only; there must be one.
    case reading
  }

  private let descriptor: Int32
  let path: String

  /// Opens `path` for reading and writing, unless `opening` says otherwise; a new file has mode 0600.
  ///
  /// - Throws: `StoreError.missing`, `.diskFull`, `.io`.
  init(_ path: String, _ opening: Opening) throws(StoreError) {
    let flags: Int32 =
      switch opening {
      case .existing: O_RDWR | O_CLOEXEC
      case .createIfMissing: O_RDWR | O_CLOEXEC | O_CREAT
      case .createNew: O_RDWR | O_CLOEXEC | O_CREAT | O_EXCL
      case .reading: O_RDONLY | O_CLOEXEC
      }
    let opened = unsafe open(path, flags, 0o600)
    guard opened >= 0 else {
      if errno == ENOENT { throw .missing(path: path) }
      throw SystemFailure.current("open \(path)")
    }
    descriptor = opened
    self.path = path
  }

  deinit { _ = close(descriptor) }

  /// The length of the file.
  func size() throws(StoreError) -> Int {
    let end = lseek(descriptor, 0, SEEK_END)
    guard end >= 0 else { throw SystemFailure.current("measure \(path)") }
    return Int(end)
  }

  /// Writes all of `bytes` at `offset`.
  func write(_ bytes: [UInt8], at offset: Int) throws(StoreError) {
    var done = 0
    while done < bytes.count {
      let start = done
      let written = unsafe bytes.withUnsafeBytes { buffer in
        unsafe pwrite(descriptor, buffer.baseAddress?.advanced(by: start), buffer.count - start, off_t(offset + start))
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw SystemFailure.current("write \(path)")
      }
      guard written > 0 else { throw .diskFull }
      done += written
    }
  }

  /// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
  func read(_ count: Int, at offset: Int) throws(StoreError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let start = done
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(descriptor, buffer.baseAddress?.advanced(by: start), buffer.count - start, off_t(offset + start))
      }
      if got < 0 {
        if errno == EINTR { continue }
        throw SystemFailure.current("read \(path)")
      }
      if got == 0 { break }
      done += got
    }
    bytes.removeSubrange(done...)
    return bytes
  }

  /// Makes what was written durable. After a failure nobody knows what is on disk: the caller stops.
  func sync() throws(StoreError) {
    #if canImport(Darwin)
      // Plain fsync leaves the data in the drive's cache there.
      let result = fcntl(descriptor, F_FULLFSYNC)
    #else
      let result = fdatasync(descriptor)
    #endif
    guard result == 0 else { throw SystemFailure.current("sync \(path)", fullIsFatal: true) }
  }

  /// Cuts or extends the file to `size` bytes; what is added reads as zero.
  func setSize(_ size: Int) throws(StoreError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw SystemFailure.current("resize \(path)") }
  }

  /// Takes `size` bytes of the disk after `start` for this file, really, not as a hole.
  func allocate(_ size: Int, after start: Int = 0) throws(StoreError) {
    #if canImport(Darwin)
      let chunk = [UInt8](repeating: 0, count: 1 << 20)
      var offset = 0
      while offset < size {
        try write(chunk.count <= size - offset ? chunk : Array(chunk[..<(size - offset)]), at: start + offset)
        offset += chunk.count
      }
    #else
      let code = posix_fallocate(descriptor, off_t(start), off_t(size))
      guard code == 0 else { throw SystemFailure.error(code, "allocate \(path)") }
    #endif
  }

  /// Takes the exclusive lock, or returns `false` if another open file has it.
  func lock() throws(StoreError) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw SystemFailure.current("lock \(path)") }
    return false
  }

  /// Gives the lock back.
  func unlock() { _ = flock(descriptor, LOCK_UN) }
}

/// The system's error numbers as `StoreError`.
enum SystemFailure {
  /// The error of the call that just failed.
  static func current(_ operation: String, fullIsFatal: Bool = false) -> StoreError {
    error(errno, operation, fullIsFatal: fullIsFatal)
  }

  /// The error numbered `code`.
  ///
  /// - Parameter fullIsFatal: A full disk is not recoverable here, as in a sync, where written pages may be gone.
  static func error(_ code: Int32, _ operation: String, fullIsFatal: Bool = false) -> StoreError {
    if isFull(code), !fullIsFatal { return .diskFull }
    return .io("\(operation): \(unsafe String(cString: strerror(code)))")
  }

  /// Whether `code` says that there is no room: on the disk, in the quota or under the file size limit.
  static func isFull(_ code: Int32) -> Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
}
