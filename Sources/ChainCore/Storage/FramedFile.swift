/// A file of frames that is written once, under a name that it gets when it is whole: a mark of 16 bytes, then frames of a length in four
/// bytes, little-endian, and as many bytes.
struct FramedFileWriter: ~Copyable {
  /// How many bytes are gathered before they are written.
  private static let bufferBytes = 1 << 20

  private let file: OpenFile
  private let path: String
  private var buffer: [UInt8]
  private var written = 0

  /// Begins the file that will be `path`; what an interrupted writer left of it is dropped.
  init(_ path: String, mark: [UInt8]) throws(StoreError) {
    precondition(mark.count == FramedFileReader.markBytes, "a mark has 16 bytes")
    self.path = path
    try Directory.remove(Self.unfinished(path))
    file = try OpenFile(Self.unfinished(path), .createNew)
    buffer = mark
  }

  /// The name of a file that is not whole yet.
  static func unfinished(_ path: String) -> String { path + ".unfinished" }

  /// How many bytes there are.
  var count: Int { written + buffer.count }

  /// Appends a frame.
  mutating func append(_ frame: [UInt8]) throws(StoreError) {
    guard let length = UInt32(exactly: frame.count) else { throw .valueTooLarge(bytes: frame.count) }
    for shift in stride(from: 0, to: 32, by: 8) { buffer.append(UInt8(truncatingIfNeeded: length >> UInt32(shift))) }
    buffer.append(contentsOf: frame)
    if buffer.count >= Self.bufferBytes { try flush() }
  }

  /// Forgets what stands from `count` bytes on.
  mutating func cut(to count: Int) throws(StoreError) {
    try flush()
    try file.setSize(count)
    written = count
  }

  /// Makes it durable, still without its name, so that it can be read and checked.
  mutating func sync() throws(StoreError) -> String {
    try flush()
    try file.sync()
    return Self.unfinished(path)
  }

  /// Gives it its name, durably; by default the one that it was begun with.
  consuming func publish(as name: String? = nil) throws(StoreError) {
    let name = name ?? path
    try Directory.rename(Self.unfinished(path), to: name)
    try Directory.sync(Directory.parent(of: name))
  }

  private mutating func flush() throws(StoreError) {
    try file.write(buffer, at: written)
    written += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }
}

/// Why a framed file cannot be read on.
enum FrameFault: Error, Hashable, Sendable {
  /// It does not begin with the expected mark.
  case mark
  /// It ends inside a frame.
  case truncated(offset: Int)
  /// A frame is longer than frames may be.
  case tooLong(offset: Int, bytes: Int, limit: Int)
  /// The system.
  case store(StoreError)
}

/// Reads a framed file from its start. No length is believed beyond what the file holds.
struct FramedFileReader: ~Copyable {
  /// The length of the mark.
  static let markBytes = 16

  private let file: OpenFile
  private let size: Int
  /// Where the next frame begins.
  private(set) var offset = Self.markBytes

  /// Opens `path`.
  init(_ path: String, mark: [UInt8]) throws(FrameFault) {
    let opened = try Self.wrap { () throws(StoreError) in try OpenFile(path, .reading) }
    let (bytes, start) = try Self.wrap { () throws(StoreError) in (try opened.size(), try opened.read(Self.markBytes, at: 0)) }
    guard start == mark else { throw .mark }
    size = bytes
    file = opened
  }

  /// The next frame, or `nil` at the end of the file.
  mutating func next(limit: Int) throws(FrameFault) -> [UInt8]? {
    guard offset < size else { return nil }
    guard size - offset >= 4 else { throw .truncated(offset: offset) }
    let header = try read(4, at: offset)
    let length = header.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= limit else { throw .tooLong(offset: offset, bytes: length, limit: limit) }
    guard length <= size - offset - 4 else { throw .truncated(offset: offset) }
    let frame = try read(length, at: offset + 4)
    offset += 4 + length
    return frame
  }

  private func read(_ count: Int, at offset: Int) throws(FrameFault) -> [UInt8] {
    let bytes = try Self.wrap { () throws(StoreError) in try file.read(count, at: offset) }
    guard bytes.count == count else { throw .truncated(offset: offset) }
    return bytes
  }

  private static func wrap<Value: ~Copyable>(_ body: () throws(StoreError) -> Value) throws(FrameFault) -> Value {
    do throws(StoreError) {
      return try body()
    } catch {
      throw .store(error)
    }
  }
}

/// Small files that are there whole or not at all.
enum DurableFile {
  /// Writes `bytes` to `path` under another name, makes them durable, then gives the file its name.
  static func write(_ bytes: [UInt8], to path: String) throws(StoreError) {
    let unfinished = FramedFileWriter.unfinished(path)
    try Directory.remove(unfinished)
    do {
      let file = try OpenFile(unfinished, .createNew)
      try file.write(bytes, at: 0)
      try file.sync()
    }
    try Directory.rename(unfinished, to: path)
    try Directory.sync(Directory.parent(of: path))
  }

  /// Reads `path`, or `nil` if it has more than `limit` bytes.
  static func read(_ path: String, limit: Int) throws(StoreError) -> [UInt8]? {
    let file = try OpenFile(path, .reading)
    let size = try file.size()
    guard size <= limit else { return nil }
    return try file.read(size, at: 0)
  }
}
