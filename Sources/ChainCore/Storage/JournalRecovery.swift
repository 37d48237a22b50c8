/// What opening a journal directory found; the files are checked, the torn tail is cut.
struct JournalRecovery: Sendable {
  private(set) var records: [JournalRecord] = []
  /// From the oldest needed to the one that is written.
  private(set) var segments: ClosedRange<UInt64>
  /// Where the next batch goes in the newest segment.
  private(set) var end = 0
  /// How much of an unfinished batch was cut.
  private(set) var tornBytes = 0

  /// Reads and checks the journal in `directory`, or begins a new one.
  ///
  /// - Throws: `StoreError.missing`, `.foreign`, `.version`, `.corruptJournal`, `.truncated`, `.damaged`, `.diskFull`, `.io`.
  init(_ directory: String, create: Bool) throws(StoreError) {
    try Directory.remove(JournalSegment.unfinished(directory))
    var numbers = try JournalSegment.numbers(in: directory)
    if numbers.isEmpty {
      guard create else { throw .missing(path: JournalSegment.path(directory, 1)) }
      _ = try JournalSegment.make(directory, number: 1, first: 1, previousBytes: 0, records: [])
      numbers = [1]
    }
    // The newest segment knows which others there are.
    let newest = numbers[numbers.count - 1]
    let file = try OpenFile(JournalSegment.path(directory, newest), .existing)
    let header = try JournalSegment.header(of: file, number: newest)
    let first = header.first
    guard (1...newest).contains(first) else { throw .corruptJournal(segment: file.path, offset: 24) }
    segments = first...newest
    // Not a loop from `first`: a damaged number must not take for ever.
    let present = numbers.filter { $0 >= first }
    guard UInt64(present.count) == newest - first + 1 else {
      throw .damaged(path: directory, reason: "a segment of \(first) to \(newest) is missing")
    }
    var before: (path: String, bytes: Int)?
    for number in present.dropLast() {
      let older = try OpenFile(JournalSegment.path(directory, number), .existing)
      try Self.checkLength(of: before, try JournalSegment.header(of: older, number: number))
      let bytes = try older.read(try older.size(), at: 0)
      let good = read(bytes, number)
      // It was durable as a whole before the next one was made.
      guard good == bytes.count else { throw .corruptJournal(segment: older.path, offset: good) }
      before = (older.path, good)
    }
    try Self.checkLength(of: before, header)
    let bytes = try file.read(try file.size(), at: 0)
    end = read(bytes, newest)
    if end < bytes.count {
      if Self.isDurable(end, in: bytes, newest) { throw .corruptJournal(segment: file.path, offset: end) }
      tornBytes = bytes.count - end
      try file.setSize(end)
      try file.sync()
    }
    for number in numbers where number < first { try Directory.remove(JournalSegment.path(directory, number)) }
  }

  /// Throws unless the segment before has the length that `header`, of the one after it, says.
  private static func checkLength(of before: (path: String, bytes: Int)?, _ header: JournalFormat.SegmentHeader) throws(StoreError) {
    guard let before, UInt64(before.bytes) != header.previousBytes else { return }
    throw .truncated(path: before.path, bytes: before.bytes, expected: Int(clamping: header.previousBytes))
  }

  /// Adds the records of a segment's good batches; returns where the first bad one begins, or the end.
  private mutating func read(_ bytes: [UInt8], _ segment: UInt64) -> Int {
    var index = JournalFormat.segmentHeaderBytes
    while index < bytes.count {
      guard let header = JournalFormat.batchHeader(bytes, at: index, segment: segment, offset: 0) else { break }
      let start = index + JournalFormat.batchHeaderBytes
      let end = start + Int(header.recordBytes)
      guard end <= bytes.count else { break }
      guard let places = JournalFormat.records(bytes[start..<end], count: header.count, segment: segment, offset: start) else { break }
      for place in places {
        let content = start + place.offset + JournalFormat.recordHeaderBytes
        records.append(
          JournalRecord(
            position: JournalPosition(segment: segment, offset: start + place.offset),
            bytes: Array(bytes[content..<(content + place.bytes)])))
      }
      index = end
    }
    return index
  }

  /// Whether a later batch says that what is at `offset` had been made durable before it was written.
  private static func isDurable(_ offset: Int, in bytes: [UInt8], _ segment: UInt64) -> Bool {
    for index in stride(from: offset + 8, through: bytes.count - JournalFormat.batchHeaderBytes, by: 8) {
      if let header = JournalFormat.batchHeader(bytes, at: index, segment: segment, offset: 0), header.durable > UInt64(offset) {
        return true
      }
    }
    return false
  }
}

/// The files of a journal: one `NUMBER.journal` per segment, the number in 16 hexadecimal digits; `unfinished` while one is made.
enum JournalSegment {
  static func path(_ directory: String, _ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return "\(directory)/\(String(repeating: "0", count: 16 - digits.count))\(digits).journal"
  }

  static func unfinished(_ directory: String) -> String { "\(directory)/unfinished" }

  /// The numbers of the segments in `directory`, in order.
  ///
  /// - Throws: `StoreError.foreign` if there is anything else, `.io`.
  static func numbers(in directory: String) throws(StoreError) -> [UInt64] {
    var numbers: [UInt64] = []
    for name in try Directory.names(in: directory) where ![DirectoryLock.fileName, "unfinished", "lost+found"].contains(name) {
      guard let number = UInt64(name.prefix(16), radix: 16), (1..<1 << 62).contains(number),
        path(directory, number) == "\(directory)/\(name)"
      else {
        throw .foreign(path: directory)
      }
      numbers.append(number)
    }
    return numbers.sorted()
  }

  /// The header of a segment, which got its name only when it was whole and durable.
  ///
  /// - Throws: `StoreError.foreign`, `.version`, `.corruptJournal`, `.permissions`, `.io`.
  static func header(of file: borrowing OpenFile, number: UInt64) throws(StoreError) -> JournalFormat.SegmentHeader {
    let mode = try Directory.mode(of: file.path)
    guard mode & 0o022 == 0 else { throw .permissions(path: file.path, mode: mode) }
    switch JournalFormat.segment(try file.read(JournalFormat.segmentHeaderBytes, at: 0)) {
    case .foreign: throw .foreign(path: file.path)
    case .damaged: throw .corruptJournal(segment: file.path, offset: 0)
    case .good(let header):
      guard header.version == FormatVersion.journal.number else {
        throw .version(found: header.version, supported: FormatVersion.journal.number)
      }
      guard header.number == number else { throw .corruptJournal(segment: file.path, offset: 16) }
      return header
    }
  }

  /// Makes a segment, durable with its records and its name, all or none; returns where the records are.
  static func make(
    _ directory: String, number: UInt64, first: UInt64, previousBytes: Int, records: [[UInt8]]
  ) throws(StoreError) -> [JournalPosition] {
    let temporary = unfinished(directory)
    let name = path(directory, number)
    let start = JournalFormat.segmentHeaderBytes
    var bytes = JournalFormat.SegmentHeader(
      version: FormatVersion.journal.number, number: number, first: first, previousBytes: UInt64(previousBytes)
    ).bytes
    var positions: [JournalPosition] = []
    if !records.isEmpty {
      let batch = JournalFormat.batch(records, segment: number, offset: start, durable: start)
      bytes += batch.bytes
      positions = batch.places.map { JournalPosition(segment: number, offset: start + $0) }
    }
    do throws(StoreError) {
      try Directory.remove(temporary)
      let file = try OpenFile(temporary, .createNew)
      try file.write(bytes, at: 0)
      try file.sync()
    } catch {
      _ = try? Directory.remove(temporary)
      throw error
    }
    try Directory.rename(temporary, to: name)
    try Directory.sync(directory)
    return positions
  }
}
