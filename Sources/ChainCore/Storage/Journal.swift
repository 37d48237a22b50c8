import Synchronization

/// Where a record is in a journal. Later records have greater positions.
public struct JournalPosition: Hashable, Comparable, Sendable {
  /// The number of the file; from 1, one more for each new file.
  public let segment: UInt64
  /// The offset of the record in it, in bytes.
  let offset: Int

  /// Whether `left` was appended first.
  public static func < (left: JournalPosition, right: JournalPosition) -> Bool {
    (left.segment, left.offset) < (right.segment, right.offset)
  }
}

/// A record of a journal.
public struct JournalRecord: Hashable, Sendable {
  /// Where it is.
  public let position: JournalPosition
  /// What was appended.
  public let bytes: [UInt8]
}

/// An append-only file of checksummed records, for what a consensus engine must not forget: votes, log entries, what it signed.
///
/// One `append` is one batch: after a crash all of its records are there, in order, or none of them and nothing appended after it.
/// It is durable when `sync` has returned, and only then may anything be sent that depends on it. A host of `RaftNode` appends one
/// batch per persist effect, syncs, and reports the last one as persisted; a truncation of the log is itself a record, so that
/// replaying all records in order gives hard state and log.
///
/// A damaged batch that a later one knows to be durable is `corruptJournal`. Damage that nothing follows cannot be told from a write
/// cut short and is cut: rot of the very last batch is not noticed here.
///
/// The records are in segments. `replace` rewrites all of them; `drop` gives old segments back without rewriting.
/// After a failed sync nobody knows what is on disk: the journal refuses everything with the same error until it is opened again.
public final class Journal: Sendable {
  /// How a journal is opened.
  public struct Options: Sendable {
    /// Make the directory and the journal if they do not exist; the parent directory must.
    public var create = true
    /// A segment that has this many bytes is followed by a new one; at least 1.
    public var segmentBytes = 16 << 20

    /// The default options.
    public init() {}
  }

  /// The greatest size of one batch, its headers of 32 bytes and up to 23 bytes a record included.
  public static let batchBytesMax = 256 << 20

  private struct State: ~Copyable {
    var recovered: [JournalRecord]
    /// From the oldest to the one that is written.
    var segments: ClosedRange<UInt64>
    /// The newest segment.
    var file: OpenFile
    /// Where the next batch goes.
    var end: Int
    /// Up to here the newest segment is on disk for sure.
    var durable: Int
    var stopped: StoreError?
    /// `nil` when closed.
    var lock: DirectoryLock?
  }

  private let directory: String
  private let options: Options
  private let state: Mutex<State>
  /// How many bytes of an unfinished batch opening has cut away; such a batch was never reported durable, unless its disk decayed.
  public let tornBytes: Int

  /// Opens the journal in `directory` and reads all of it.
  ///
  /// - Throws: `StoreError.locked`, `.missing`, `.foreign`, `.version`, `.corruptJournal`, `.damaged`, `.networkFileSystem`,
  ///   `.permissions`, `.diskFull`, `.io`.
  /// - Complexity: O(bytes), all in memory until `takeRecords`.
  public init(directory: String, options: Options = Options()) throws(StoreError) {
    precondition(options.segmentBytes > 0, "size of journal segments")
    SystemProcess.ignoreFileSizeSignal()
    try Directory.prepare(directory, create: options.create)
    let numbers = try JournalSegment.numbers(in: directory)
    if numbers.isEmpty, !options.create { throw .missing(path: JournalSegment.path(directory, 1)) }
    let lock = try DirectoryLock(directory)
    let recovery = try JournalRecovery(directory, create: options.create)
    self.directory = directory
    self.options = options
    let newest = try OpenFile(JournalSegment.path(directory, recovery.segments.upperBound), .existing)
    tornBytes = recovery.tornBytes
    state = Mutex(
      State(
        recovered: recovery.records, segments: recovery.segments, file: newest, end: recovery.end, durable: recovery.end, stopped: nil,
        lock: lock))
  }

  /// The records found at opening, in order; empty when called again.
  public func takeRecords() -> [JournalRecord] {
    state.withLock { state in
      defer { state.recovered = [] }
      return state.recovered
    }
  }

  /// Appends `records` as one batch, not yet durable; returns where they are.
  ///
  /// - Throws: `StoreError.valueTooLarge` beyond `batchBytesMax`, `.diskFull` (nothing is appended; try again with more room),
  ///   `.io` (the journal stops), `.closed`.
  public func append(_ records: [[UInt8]]) throws(StoreError) -> [JournalPosition] {
    if records.isEmpty { return [] }
    try Self.check(records)
    return try change { state throws(StoreError) in
      if state.end >= options.segmentBytes, state.end > JournalFormat.segmentHeaderBytes {
        _ = try Self.begin(&state, directory, first: state.segments.lowerBound, records: [])
      }
      let start = state.end
      let batch = JournalFormat.batch(records, segment: state.segments.upperBound, offset: start, durable: state.durable)
      do throws(StoreError) {
        try state.file.write(batch.bytes, at: start)
      } catch {
        // Part of a batch must not stay where the next one goes.
        try state.file.setSize(start)
        throw error
      }
      state.end += batch.bytes.count
      return batch.places.map { JournalPosition(segment: state.segments.upperBound, offset: start + $0) }
    }
  }

  /// Makes all that was appended durable.
  ///
  /// - Throws: `StoreError.io`: the journal stops. `.closed`.
  public func sync() throws(StoreError) {
    try change { state throws(StoreError) in try Self.sync(&state) }
  }

  /// The record at `position`.
  ///
  /// - Throws: `StoreError.missing` if it was dropped or replaced, `.corruptJournal`, `.io`, `.closed`.
  public func read(_ position: JournalPosition) throws(StoreError) -> [UInt8] {
    try state.withLock { state throws(StoreError) in
      guard state.lock != nil else { throw .closed }
      let path = JournalSegment.path(directory, position.segment)
      guard state.segments.contains(position.segment) else { throw .missing(path: path) }
      if position.segment == state.segments.upperBound { return try Self.record(in: state.file, position) }
      return try Self.record(in: try OpenFile(path, .existing), position)
    }
  }

  /// Puts `records` in place of all records, durably and all at once; returns where they are.
  ///
  /// - Throws: as `append`; after `.diskFull` the old records are still there.
  public func replace(all records: [[UInt8]]) throws(StoreError) -> [JournalPosition] {
    try Self.check(records)
    return try change { state throws(StoreError) in
      let positions = try Self.begin(&state, directory, first: state.segments.upperBound + 1, records: records)
      return positions
    }
  }

  /// Gives back the segments older than that of `position`, durably. What is still needed from them must have been appended again
  /// at `position` or later. Records before `position` in its own segment stay: replaying meets them first.
  ///
  /// - Throws: `StoreError.diskFull` (nothing is dropped), `.io` (the journal stops), `.closed`.
  public func drop(before position: JournalPosition) throws(StoreError) {
    try change { state throws(StoreError) in
      let first = min(position.segment, state.segments.upperBound)
      guard first > state.segments.lowerBound else { return }
      _ = try Self.begin(&state, directory, first: first, records: [])
    }
  }

  /// Closes the journal, without a sync, and gives the directory free.
  public func close() { state.withLock { $0.lock = nil } }

  /// How much the journal holds and whether it works.
  public var usage: JournalUsage {
    state.withLock { state in
      JournalUsage(
        segments: Int(state.segments.upperBound - state.segments.lowerBound) + 1, newestSegmentBytes: state.end,
        unsyncedBytes: state.end - state.durable, stopped: state.stopped)
    }
  }
}

extension Journal {
  /// Runs `body` unless the journal is closed or stopped; stops it after an error that leaves the files unknown.
  private func change<R: Sendable>(_ body: (inout State) throws(StoreError) -> R) throws(StoreError) -> R {
    try state.withLock { state throws(StoreError) in
      guard state.lock != nil else { throw .closed }
      if let stopped = state.stopped { throw stopped }
      do throws(StoreError) {
        return try body(&state)
      } catch {
        if error != .diskFull { state.stopped = error }
        throw error
      }
    }
  }

  private static func check(_ records: [[UInt8]]) throws(StoreError) {
    let bytes = JournalFormat.batchBytes(records)
    guard bytes <= batchBytesMax else { throw .valueTooLarge(bytes: bytes) }
  }

  private static func sync(_ state: inout State) throws(StoreError) {
    guard state.durable < state.end else { return }
    try state.file.sync()
    state.durable = state.end
  }

  /// Goes on in a new segment, and removes those before `first`.
  private static func begin(
    _ state: inout State, _ directory: String, first: UInt64, records: [[UInt8]]
  ) throws(StoreError) -> [JournalPosition] {
    // A segment that is not the last is durable as a whole.
    try sync(&state)
    let number = state.segments.upperBound + 1
    let positions = try JournalSegment.make(directory, number: number, first: first, previousBytes: state.end, records: records)
    let old = state.segments.lowerBound
    state.file = try OpenFile(JournalSegment.path(directory, number), .existing)
    state.segments = first...number
    state.end = try state.file.size()
    state.durable = state.end
    // The new segment says that they are not needed: what is left after a crash here is removed at the next opening.
    for number in old..<first { try Directory.remove(JournalSegment.path(directory, number)) }
    return positions
  }

  private static func record(in file: borrowing OpenFile, _ position: JournalPosition) throws(StoreError) -> [UInt8] {
    let header = try file.read(JournalFormat.recordHeaderBytes, at: position.offset)
    let rest = try file.size() - position.offset - JournalFormat.recordHeaderBytes
    guard let length = JournalFormat.claimedLength(header), JournalFormat.padded(length) <= rest else {
      throw .corruptJournal(segment: file.path, offset: position.offset)
    }
    let bytes = try file.read(JournalFormat.recordHeaderBytes + JournalFormat.padded(length), at: position.offset)
    guard JournalFormat.recordLength(bytes[...], segment: position.segment, offset: position.offset) == length else {
      throw .corruptJournal(segment: file.path, offset: position.offset)
    }
    return Array(bytes[JournalFormat.recordHeaderBytes..<(JournalFormat.recordHeaderBytes + length)])
  }
}

/// How much a journal holds and whether it works; sizes in bytes.
public struct JournalUsage: Hashable, Sendable {
  /// The number of files.
  public let segments: Int
  /// The length of the newest file.
  public let newestSegmentBytes: Int
  /// What a crash could take.
  public let unsyncedBytes: Int
  /// Why everything is refused, or `nil`.
  public let stopped: StoreError?
}
