internal import ChainCore

/// The log as the node sees it: terms of all entries, and the entries that the disk may not hold yet.
///
/// Everything before `tailFirst` is durable and read through the host's reader. Terms are kept as runs, so that looking one up
/// never touches the disk and a log of a million entries costs as many words as it saw leaders.
struct RaftLog: Sendable {
  private struct Run: Sendable {
    var first: LogIndex
    var term: Term
  }

  /// An empty tail keeps room for so many entries.
  private static let keptCapacity = 1_024

  private let reader: any RaftLogReader
  private var runs: [Run] = []
  private(set) var last: LogIndex = 0
  /// What stands before the first entry.
  private(set) var base: LogBase
  // Entries tailFirst ... last.
  private var tail: [LogEntry] = []
  private var tailFirst: LogIndex = 1
  private var tailBytes = 0
  /// The first entry that no persist batch holds yet.
  private(set) var unwritten: LogIndex?
  /// The greatest index that any batch has written; what lies above `unwritten` must be truncated there.
  private var writtenThrough: LogIndex = 0

  /// Reads the whole stored log once: its terms must not fall, its indexes must not skip.
  ///
  /// Calls `visit` with every configuration entry.
  init(
    reader: any RaftLogReader, after base: LogBase, through lastIndex: LogIndex, visit: (LogEntry) throws(RaftFault) -> Void
  ) throws(RaftFault) {
    self.reader = reader
    self.base = base
    last = base.index
    guard lastIndex >= base.index, lastIndex <= .limit else { throw .storageCorrupt("last index \(lastIndex)") }
    while last < lastIndex {
      for entry in try read(from: last.next, through: lastIndex, maxBytes: 1 << 20) {
        guard entry.term >= lastTerm, entry.term > 0, entry.term <= .limit else {
          throw .storageCorrupt("term \(entry.term) after \(lastTerm) at entry \(entry.index)")
        }
        noteTerm(entry)
        last = entry.index
        if entry.kind == .configuration { try visit(entry) }
      }
    }
    tailFirst = last.next
    writtenThrough = last
  }

  var lastTerm: Term { runs.last?.term ?? base.term }

  private mutating func noteTerm(_ entry: LogEntry) {
    if entry.term != lastTerm || runs.isEmpty { runs.append(Run(first: entry.index, term: entry.term)) }
  }

  /// The term of entry `index`; 0 at 0; `nil` beyond the log, and before its base.
  func term(at index: LogIndex) -> Term? {
    guard index >= base.index, index <= last else { return nil }
    return index == base.index ? base.term : run(at: index)?.term
  }

  // The last run that begins at or before `index`. Recent indexes are asked for most, so search from the end.
  private func run(at index: LogIndex) -> Run? { runs.last { $0.first <= index } }

  /// The greatest index <= `bound` and <= last whose term is <= `term`, with its term; 0 if there is none.
  func lastIndex(atMost bound: LogIndex, termAtMost term: Term) -> (index: LogIndex, term: Term) {
    var end = min(bound, last)
    for run in runs.reversed() where run.first <= end {
      if run.term <= term { return (end, run.term) }
      end = run.first.previous
    }
    return base.index <= bound && base.term <= term ? (base.index, base.term) : (0, 0)
  }

  /// Entries from `first` through `through`: at least one, else at most `maxBytes` and `maxCount`.
  func entries(from first: LogIndex, through: LogIndex, maxBytes: Int, maxCount: Int = .max) throws(RaftFault) -> [LogEntry] {
    guard first > base.index, first <= through, through <= last else { return [] }
    guard first < tailFirst else {
      let start = position(first)
      return Array(tail[start..<(start + Self.fitting(tail[start...position(through)], maxBytes, maxCount))])
    }
    let found = try read(from: first, through: min(through, tailFirst.previous), maxBytes: maxBytes)
    return Array(found.prefix(Self.fitting(found[...], maxBytes, maxCount)))
  }

  /// How many of these entries fit: one at least, if any may.
  private static func fitting(_ entries: ArraySlice<LogEntry>, _ maxBytes: Int, _ maxCount: Int) -> Int {
    var (count, bytes) = (0, 0)
    for place in entries.indices {
      bytes += entries[place].byteCount
      guard count < maxCount, bytes <= maxBytes || count == 0 else { break }
      count += 1
    }
    return count
  }

  private func position(_ index: LogIndex) -> Int { Int(index.rawValue - tailFirst.rawValue) }

  private func read(from first: LogIndex, through: LogIndex, maxBytes: Int) throws(RaftFault) -> [LogEntry] {
    let entries: [LogEntry]
    do {
      entries = try reader.entries(first..<through.next, maxBytes: maxBytes)
    } catch {
      throw .storageUnreadable(first)
    }
    guard !entries.isEmpty else { throw .storageUnreadable(first) }
    var expected = first
    for entry in entries {
      guard entry.index == expected, entry.index <= through, entry.term == term(at: entry.index) ?? entry.term else {
        throw .storageUnreadable(expected)
      }
      expected = expected.next
    }
    return entries
  }

  /// Appends an entry that follows the last one.
  mutating func append(_ entry: LogEntry) {
    noteTerm(entry)
    last = entry.index
    tail.append(entry)
    tailBytes += entry.byteCount
    if unwritten == nil { unwritten = entry.index }
  }

  /// Removes everything from `index` on.
  mutating func truncate(from index: LogIndex) {
    guard index <= last else { return }
    while let run = runs.last, run.first >= index { runs.removeLast() }
    last = index.previous
    if index <= tailFirst {
      tail.removeAll()
      tailFirst = index
    } else {
      tail.removeSubrange(position(index)...)
    }
    tailBytes = tail.reduce(0) { $0 + $1.byteCount }
    unwritten = min(unwritten ?? index, index)
  }

  /// Forgets everything up to an entry that is durable.
  mutating func compact(to base: LogBase) {
    // The run that holds the base goes on after it.
    if let place = runs.lastIndex(where: { $0.first <= base.index.next }) {
      runs.removeFirst(place)
      runs[0].first = base.index.next
      if base.index == last { runs.removeAll() }
    }
    self.base = base
    if tailFirst <= base.index { dropTail(through: min(base.index, last)) }
  }

  /// Begins anew after a snapshot; the disk has done so, too.
  mutating func reset(to base: LogBase) {
    self.base = base
    runs = []
    last = base.index
    tail = []
    tailBytes = 0
    tailFirst = last.next
    unwritten = nil
    writtenThrough = last
  }

  private mutating func dropTail(through end: LogIndex) {
    guard end >= tailFirst, !tail.isEmpty else { return }
    let count = position(end) + 1
    for entry in tail.prefix(count) { tailBytes -= entry.byteCount }
    if count == tail.count {
      tail.removeAll(keepingCapacity: tail.capacity <= Self.keptCapacity)
    } else {
      tail.removeFirst(count)
    }
    tailFirst = end.next
  }

  /// What the next batch must write, and from where the disk must forget; counted as written from now on.
  mutating func takeUnwritten() -> (truncateFrom: LogIndex?, entries: [LogEntry])? {
    guard let first = unwritten else { return nil }
    let entries = first <= last ? Array(tail[position(first)...]) : []
    let truncateFrom = first <= writtenThrough ? first : nil
    writtenThrough = last
    unwritten = nil
    return (truncateFrom, entries)
  }

  /// Lets go of entries that are durable and not soon needed again.
  mutating func release(durable: LogIndex, needed: LogIndex, cacheBytes: Int) {
    let end = tailBytes > cacheBytes ? durable : min(durable, needed)
    dropTail(through: end)
  }
}
