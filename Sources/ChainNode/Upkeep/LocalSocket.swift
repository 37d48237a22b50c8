internal import ChainCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A stream socket of this machine, closed at its end. Nobody but the user that runs the node may connect: its file has mode 0600 from the
/// moment at which it exists.
final class LocalSocket: Sendable {
  /// The greatest length of a path: what every system takes.
  static let pathLimit = 100

  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { _ = close(descriptor) }

  /// Listens at `path`. What a node left there that is no more is replaced.
  static func listening(at path: String) throws(AdminError) -> LocalSocket {
    let socket = try make(path)
    if let kind = kind(of: path) {
      guard kind == S_IFSOCK else { throw .foreign(path) }
      guard (try? connected(to: path)) == nil else { throw .inUse(path) }
      _ = unsafe unlink(path)
    }
    // Before it has a name, so that there is no moment in which others could connect.
    guard fchmod(socket.descriptor, 0o600) == 0 else { throw failure("protect \(path)") }
    guard unsafe withAddress(path, { unsafe bind(socket.descriptor, $0, $1) }) == 0 else { throw failure("bind \(path)") }
    guard unsafe chmod(path, 0o600) == 0, listen(socket.descriptor, 8) == 0 else { throw failure("listen at \(path)") }
    return socket
  }

  /// Connects to whoever listens at `path`.
  static func connected(to path: String) throws(AdminError) -> LocalSocket {
    guard kind(of: path) == S_IFSOCK else { throw .notListening(path) }
    let socket = try make(path)
    guard unsafe withAddress(path, { unsafe connect(socket.descriptor, $0, $1) }) == 0 else {
      if errno == ECONNREFUSED || errno == ENOENT { throw .notListening(path) }
      throw failure("connect to \(path)")
    }
    return socket
  }

  /// Whether there is a socket at `path`.
  static func exists(at path: String) -> Bool { kind(of: path) == S_IFSOCK }

  /// The next connection; `nil` once the socket was shut down.
  func accepted() -> LocalSocket? {
    while true {
      let found = accept(descriptor, nil, nil)
      if found >= 0 {
        _ = fcntl(found, F_SETFD, FD_CLOEXEC)
        return LocalSocket(found)
      }
      // Whoever went away before, or too many open files for now, must not end the listening.
      guard errno == EINTR || errno == ECONNABORTED || errno == EMFILE || errno == ENFILE else { return nil }
      if errno != EINTR { usleep(100_000) }
    }
  }

  /// Takes away the name of a socket that listened.
  static func remove(_ path: String) { if kind(of: path) == S_IFSOCK { _ = unsafe unlink(path) } }

  /// Ends waiting on this socket, on both sides.
  func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Ends what this side sends; it may still receive.
  func shutDownWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

  /// Bounds how long one read or write waits, in seconds; 0 = for ever.
  func setTimeout(reading: Int, writing: Int) {
    var limit = timeval(tv_sec: reading, tv_usec: 0)
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    limit.tv_sec = writing
    unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Sends all of `bytes`.
  func send(_ bytes: [UInt8]) throws(AdminError) {
    var done = 0
    while done < bytes.count {
      let start = done
      let sent = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Self.write(descriptor, buffer.baseAddress?.advanced(by: start), buffer.count - start)
      }
      if sent < 0, errno == EINTR { continue }
      guard sent > 0 else { throw Self.failure("write to the admin socket") }
      done += sent
    }
  }

  /// The next `count` bytes.
  /// - Parameter deadline: When to give up; whoever sends a byte now and then gets no further than that.
  func receive(_ count: Int, until deadline: ContinuousClock.Instant?) throws(AdminError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      if let deadline, ContinuousClock.now > deadline { throw .protocolBroken("too slow") }
      let start = done
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe recv(descriptor, buffer.baseAddress?.advanced(by: start), buffer.count - start, 0)
      }
      if got < 0, errno == EINTR { continue }
      if got < 0, errno == EAGAIN || errno == EWOULDBLOCK { throw .protocolBroken("too slow") }
      guard got > 0 else { throw .protocolBroken("the other side went away") }
      done += got
    }
    return bytes
  }

  private static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    #if canImport(Darwin)
      unsafe Darwin.send(descriptor, bytes, count, 0)
    #else
      // A peer that went away is an error, not a signal.
      unsafe Glibc.send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
    #endif
  }

  private static func make(_ path: String) throws(AdminError) -> LocalSocket {
    guard !path.isEmpty, path.utf8.count <= pathLimit, !path.utf8.contains(0) else { throw .path(path) }
    #if canImport(Darwin)
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #else
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    #endif
    guard descriptor >= 0 else { throw failure("make a socket") }
    return LocalSocket(descriptor)
  }

  /// What is at a path; `nil` if nothing is.
  private static func kind(of path: String) -> mode_t? {
    var found = stat()
    guard unsafe lstat(path, &found) == 0 else { return nil }
    return found.st_mode & S_IFMT
  }

  private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  private static func failure(_ what: String) -> AdminError {
    .system("cannot \(what): \(unsafe String(cString: strerror(errno)))")
  }
}

// Frames: the length in four bytes, most significant first, then so many bytes.
extension LocalSocket {
  /// The greatest length of a frame that a node takes, and that it sends.
  static let requestLimit = 4_096
  static let answerLimit = 64 * 1024

  func sendFrame(_ value: some CanonicalCodable) throws(AdminError) {
    let bytes = value.canonicalBytes
    try send([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: bytes.count >> $0) } + bytes)
  }

  func receiveFrame<Value: CanonicalCodable>(
    _: Value.Type, limit: Int, until deadline: ContinuousClock.Instant? = nil
  ) throws(AdminError) -> Value {
    let length = try receive(4, until: deadline).reduce(0) { $0 << 8 | Int($1) }
    guard (1...limit).contains(length) else { throw .protocolBroken("a frame of \(length) bytes; 1 to \(limit) are taken") }
    let bytes = try receive(length, until: deadline)
    do throws(CanonicalError) {
      return try Value(canonicalBytes: bytes)
    } catch {
      throw .protocolBroken("\(error)")
    }
  }
}
