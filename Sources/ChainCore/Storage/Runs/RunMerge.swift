/// Which runs are merged, and when: as many neighbours of about one size as `fanOut` become one.
///
/// So a record is written anew once for each size, and there are few runs of each: O'Neil et al., "The Log-Structured Merge-Tree", 1996,
/// with the tiers of Jagadish et al., "Incremental Organization for Data Recording and Warehousing", 1997.
struct RunPolicy: Sendable {
  /// How many runs of a size become one.
  var fanOut = 8
  /// A run that stays below this is rewritten with what comes next. Sizes are this times powers of `fanOut`.
  var smallBytes: UInt64 = 64 << 10

  /// The size class of a run.
  func level(_ run: Run) -> Int {
    var (level, bytes) = (0, run.bytes / smallBytes)
    while bytes >= UInt64(fanOut) {
      bytes /= UInt64(fanOut)
      level += 1
    }
    return level
  }

  /// The places of neighbours that should be merged, none of which is in `busy`; the youngest such.
  func next(_ runs: [Run], busy: Set<UInt64>) -> Range<Int>? {
    var end = runs.count
    while end > 0 {
      guard !busy.contains(runs[end - 1].id) else {
        end -= 1
        continue
      }
      let start = (runs[..<end].lastIndex { busy.contains($0.id) } ?? -1) + 1
      let levels = runs[start..<end].map(level)
      for size in Set(levels).sorted() {
        let youngest = levels.reversed().prefix { $0 <= size }
        if youngest.count(where: { $0 == size }) >= fanOut { return (end - youngest.count)..<end }
      }
      end = start
    }
    return nil
  }
}

/// Neighbouring runs on their way to one, a part a commit: no commit waits for all of it.
struct RunMerge: Sendable {
  /// From the oldest to the youngest.
  let sources: [Run]
  /// Whether no older run is left that a removal must still hide something of.
  private let isOldest: Bool
  private(set) var builder: RunBuilder
  /// The last key that was merged.
  private var position: [UInt8]?
  private var taken: UInt64 = 0

  init(_ sources: [Run], isOldest: Bool, id: UInt64, keys: RunKeys) {
    self.sources = sources
    self.isOldest = isOldest
    builder = RunBuilder(id: id, keys: keys, entries: sources.reduce(0) { $0 + Int($1.entries) })
  }

  /// Merges about `bytes` more; returns whether that was all.
  mutating func advance(bytes: Int, keys: RunKeys, in source: LMDBCursorSource) throws(LMDBFault) -> Bool {
    var cursors: [RunCursor] = []
    for run in sources {
      let cursor = RunCursor(run, keys: keys, cursor: try LMDBCursor.opened(in: source))
      if try cursor.seek(position ?? run.first), position != nil { try cursor.next() }
      cursors.append(cursor)
    }
    var queue = RunQueue(cursors)
    var left = bytes
    while left > 0 {
      guard let stretch = queue.first else {
        guard taken == sources.reduce(0, { $0 + $1.entries }) else { throw .badRecord(keys.manifest) }
        return true
      }
      left -= try take(stretch, to: source)
      if left <= 0 { position = stretch.chunk.key(stretch.entries.upperBound - 1) }
      taken += UInt64(try queue.skip(stretch))
    }
    return false
  }

  /// Adds a stretch's entries; returns their length.
  private mutating func take(_ stretch: RunQueue.Stretch, to source: LMDBCursorSource) throws(LMDBFault) -> Int {
    let (chunk, entries) = (stretch.chunk, stretch.entries)
    var start = entries.lowerBound
    // Where no older run is left, a removal hides nothing.
    for index in entries where isOldest && chunk.isRemoval(index) {
      if start < index { try builder.add(chunk, start..<index, to: source) }
      start = index + 1
    }
    if start < entries.upperBound { try builder.add(chunk, start..<entries.upperBound, to: source) }
    return chunk.entries(entries).count
  }

  /// Ends the new run; `nil` if all of it was removed.
  mutating func finish(in source: LMDBCursorSource) throws(LMDBFault) -> Run? { try builder.finish(to: source) }
}
