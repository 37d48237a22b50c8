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
    // Mostly keys differ in the first bytes after those that all of them share.
    let shared = sources.reduce(sources[0].first.count) {
      min($0, Self.shared(sources[0].first, $1.first), Self.shared(sources[0].first, $1.last))
    }
    var words = cursors.map { $0.word(at: shared) }
    var left = bytes
    while left > 0 {
      // The youngest of those with the least key.
      var least: (place: Int, word: UInt64)?
      for place in cursors.indices.reversed() {
        guard let word = words[place] else { continue }
        if let found = least, word > found.word || word == found.word && cursors[place].order(cursors[found.place]) >= 0 { continue }
        least = (place, word)
      }
      guard let (place, word) = least else {
        guard taken == sources.reduce(0, { $0 + $1.entries }) else { throw .badRecord(keys.manifest) }
        return true
      }
      let cursor = cursors[place]
      for other in cursors.indices where other != place && words[other] == word && cursors[other].order(cursor) == 0 {
        try step(cursors[other], &words[other], shared)
      }
      left -= try take(cursor, to: source)
      if left <= 0 { position = cursor.key }
      try step(cursor, &words[place], shared)
    }
    return false
  }

  /// Adds the entry that a cursor is at; returns its length.
  private mutating func take(_ cursor: RunCursor, to source: LMDBCursorSource) throws(LMDBFault) -> Int {
    guard let chunk = cursor.chunk else { return 0 }
    if !isOldest || !chunk.isRemoval(cursor.index) { try builder.add(chunk, cursor.index, to: source) }
    return chunk.entry(cursor.index).count
  }

  private mutating func step(_ cursor: RunCursor, _ word: inout UInt64?, _ offset: Int) throws(LMDBFault) {
    taken += 1
    try cursor.next()
    word = cursor.word(at: offset)
  }

  /// How many bytes two keys begin with that are the same.
  private static func shared(_ left: [UInt8], _ right: [UInt8]) -> Int {
    zip(left, right).prefix { $0 == $1 }.count
  }

  /// Ends the new run; `nil` if all of it was removed.
  mutating func finish(in source: LMDBCursorSource) throws(LMDBFault) -> Run? { try builder.finish(to: source) }
}
