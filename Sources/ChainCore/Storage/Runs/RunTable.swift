/// A table in runs within one transaction: what the runs have, and above it what the transaction changes.
final class RunTable {
  let table: StoreTable
  private let keys: RunKeys
  private let source: LMDBCursorSource
  private let cache: RunCache
  private let prober: LMDBCursor
  private var view: RunView
  /// What changed; `nil` = removed.
  private var changes = SortedChunks<[UInt8]?>()
  /// Merges that are under way, once the transaction has written changes.
  private var merges: [RunMerge]?
  /// How many of the dropped runs were dropped before the transaction.
  private var droppedBefore = 0

  /// What a commit leaves of a table.
  struct Written {
    let table: StoreTable
    let view: RunView
    let merges: [RunMerge]
  }

  init(_ table: StoreTable, in source: LMDBCursorSource, cache: RunCache) throws(LMDBFault) {
    self.table = table
    self.source = source
    self.cache = cache
    keys = RunKeys(table)
    prober = try LMDBCursor.opened(in: source)
    view = try cache.view(table, keys: keys, cursor: prober)
  }

  /// The value of `key`, or `nil` if the table has none.
  func value(of key: [UInt8]) throws(LMDBFault) -> [UInt8]? {
    if let change = changes.value(of: key) { return change }
    let hash = RunFilter.hash(key)
    var found: [UInt8]?
    try eachRun(having: hash, where: { $0.covers(key) }) { run throws(LMDBFault) in
      let cursor = RunCursor(run, keys: self.keys, cursor: self.prober)
      guard try cursor.seek(key) else { return true }
      found = cursor.value
      return false
    }
    return found
  }

  /// Calls `body` with the runs that `overlaps` takes and that may have what hashes to `hash`, the youngest first, until it returns `false`.
  ///
  /// All filters, 64 at a time, are asked before an answer decides anything: each may lie in memory that no cache holds, and is loaded while
  /// the others are.
  private func eachRun(
    having hash: UInt64?, where overlaps: (Run) -> Bool, _ body: (Run) throws(LMDBFault) -> Bool
  ) throws(LMDBFault) {
    var end = view.manifest.runs.count
    while end > 0 {
      let start = max(0, end - UInt64.bitWidth)
      var left: UInt64 = 0
      for place in start..<end where overlaps(view.manifest.runs[place]) {
        left |= (hash.map(view.filters[place].mayContain) ?? true ? 1 : 0) << UInt64(place - start)
      }
      while left != 0 {
        let youngest = UInt64.bitWidth - 1 - left.leadingZeroBitCount
        left ^= 1 << UInt64(youngest)
        guard try body(view.manifest.runs[start + youngest]) else { return }
      }
      end = start
    }
  }

  /// Sets the value of `key`, or removes it.
  func set(_ key: [UInt8], _ value: [UInt8]?) { changes.set(key, value) }

  /// Calls `body` with the keys and values of `from ..< to` until it returns `false`.
  func scan(
    from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) throws(LMDBFault) -> Bool
  ) throws(LMDBFault) {
    // A range within one long prefix: most runs have nothing of it.
    let prefix = Self.prefixHash(from: from, to: to)
    var cursors: [RunCursor] = []
    try eachRun(
      having: prefix, where: { run in !ByteKey.precedes(run.last, from) && to.map { ByteKey.precedes(run.first, $0) } ?? true }
    ) { run throws(LMDBFault) in
      let cursor = RunCursor(run, keys: self.keys, cursor: try LMDBCursor.opened(in: self.source))
      if reverse { try cursor.seekLast(before: to) } else { try cursor.seek(from) }
      cursors.append(cursor)
      return true
    }
    // The youngest last: where two have a key, it counts.
    cursors.reverse()
    var changed = changes.walk(from: from, to: to, reverse: reverse)
    var change = changed.next()
    /// Whether `left` comes before `right` on the way.
    func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool { reverse ? ByteKey.precedes(right, left) : ByteKey.precedes(left, right) }
    // The keys of the cursors, taken once each.
    var heads = cursors.map(\.key)
    while true {
      var least = change?.key
      var youngest: Int?
      for (number, head) in heads.enumerated().reversed() {
        guard let head, least.map({ precedes(head, $0) }) ?? true else { continue }
        (least, youngest) = (head, number)
      }
      guard let key = least else { return }
      if reverse ? ByteKey.precedes(key, from) : to.map({ !ByteKey.precedes(key, $0) }) ?? false { return }
      let value: [UInt8]? = if let youngest { cursors[youngest].value } else { change?.value }
      if let value, try !body(key, value) { return }
      if change?.key == key { change = changed.next() }
      for (number, head) in heads.enumerated() where head == key {
        if reverse { try cursors[number].previous() } else { try cursors[number].next() }
        heads[number] = cursors[number].key
      }
    }
  }

  /// What all keys of a range share in the filters, if they share enough.
  private static func prefixHash(from: [UInt8], to: [UInt8]?) -> UInt64? {
    guard let hash = unsafe RunFilter.prefixHash(from.span.bytes) else { return nil }
    if let end = successor(of: Array(from.prefix(RunFilter.prefixBytes))) {
      guard let to, !ByteKey.precedes(end, to) else { return nil }
    }
    return hash
  }
}

// Writing what changed.
extension RunTable {
  /// Besides what a commit brings, a merge goes on by this much, in bytes of entries: for tables that change by little.
  private static let leastPerCommit = 64 << 10
  /// A merge goes on by so many times what a commit brings. It must be over before as many runs have come as it merges.
  private static let pace = 2
  /// All merges of a table go on by no more than this in a commit, whatever it brings: LMDB's transactions have a greatest size.
  private static let mostPerCommit = 128 << 20

  /// What the commit leaves of the table, for the cache; `nil` if nothing changed.
  var written: Written? { merges.map { Written(table: table, view: view, merges: $0) } }

  /// Writes the changes as a run, goes on with merges, and removes what is left of old runs.
  func flush() throws(LMDBFault) {
    guard !changes.isEmpty else { return }
    var merges = merges ?? beginWriting()
    view.manifest.sequence += 1
    var (count, size) = (0, 0)
    for change in changes.entries {
      count += 1
      size += RunChunk.entryOverhead + change.key.count + (change.value?.count ?? 0)
    }
    var chunks = try write(count, UInt64(size), merges)
    changes = SortedChunks()
    while let next = cache.policy.next(view.manifest.runs, busy: Set(merges.flatMap { $0.sources.map(\.id) })) {
      merges.append(
        RunMerge(Array(view.manifest.runs[next]), isOldest: next.lowerBound == 0, id: view.manifest.takeID(), keys: keys))
    }
    let share = min(Self.pace * size + Self.leastPerCommit, Self.mostPerCommit / max(merges.count, 1))
    var left: [RunMerge] = []
    for var merge in merges {
      let before = merge.builder.chunks
      if try merge.advance(bytes: share, keys: keys, in: source) {
        try replace(merge.sources, by: merge.finish(in: source), merge.builder.finishedFilter)
        chunks += 1
      } else {
        left.append(merge)
      }
      chunks += merge.builder.chunks - before
    }
    view.manifest.unfinished = left.map(\.builder.id)
    try sweep(2 * chunks + 16)
    view.bytes = view.manifest.canonicalBytes
    try RunBuilder.put(keys.manifest, view.bytes, to: source)
    self.merges = left
  }

  /// The merges that are under way when the transaction begins to write.
  private func beginWriting() -> [RunMerge] {
    defer { droppedBefore = view.manifest.dropped.count }
    if let known = cache.takeMerges(table, at: view.manifest) { return known }
    // Begun by a process that ended, or a commit that failed.
    view.manifest.dropped += view.manifest.unfinished
    return []
  }

  /// Writes the changes, of that number and size, together with the youngest run while that is small; returns how many chunks that took.
  private func write(_ count: Int, _ size: UInt64, _ merges: [RunMerge]) throws(LMDBFault) -> Int {
    var absorbed: Run?
    if let youngest = view.manifest.runs.last, youngest.bytes + size < cache.policy.smallBytes,
      !merges.contains(where: { $0.sources.contains(youngest) })
    {
      absorbed = youngest
    }
    let isOldest = view.manifest.runs.count == (absorbed == nil ? 0 : 1)
    var builder = RunBuilder(id: view.manifest.takeID(), keys: keys, entries: count + Int(absorbed?.entries ?? 0))
    if let absorbed {
      let cursor = RunCursor(absorbed, keys: keys, cursor: try LMDBCursor.opened(in: source))
      try cursor.seek(absorbed.first)
      while let key = cursor.key {
        if changes.value(of: key) == nil { set(key, cursor.value) }
        try cursor.next()
      }
    }
    for change in changes.entries where change.value != nil || !isOldest { try builder.add(change.key, change.value, to: source) }
    let run = try builder.finish(to: source)
    if let absorbed {
      try replace([absorbed], by: run, builder.finishedFilter)
    } else if let run {
      view.manifest.runs.append(run)
      view.filters.append(builder.finishedFilter)
    }
    return builder.chunks
  }

  /// Puts a run in the place of those that it was merged from.
  private func replace(_ old: [Run], by new: Run?, _ filter: RunFilter) throws(LMDBFault) {
    guard let first = old.first, let start = view.manifest.runs.firstIndex(of: first), start + old.count <= view.manifest.runs.count,
      Array(view.manifest.runs[start..<(start + old.count)]) == old
    else { throw .badRecord(keys.manifest) }
    view.manifest.runs.replaceSubrange(start..<(start + old.count), with: new.map { [$0] } ?? [])
    view.filters.replaceSubrange(start..<(start + old.count), with: new == nil ? [] : [filter])
    view.manifest.dropped += old.map(\.id)
  }

  /// Removes up to `limit` chunks of runs that nobody reads any more but who began before.
  private func sweep(_ limit: Int) throws(LMDBFault) {
    var left = limit
    // Not what this commit wrote itself: the file would not be as long as its last page says.
    while left > 0, droppedBefore > 0, let run = view.manifest.dropped.first {
      let prefix = keys.chunks(run)
      if try prober.land(at: prefix), prober.hasPrefix(prefix) {
        try remove(prober.currentKey)
      } else {
        try remove(keys.filter(run))
        view.manifest.dropped.removeFirst()
        droppedBefore -= 1
      }
      left -= 1
    }
  }

  private func remove(_ key: [UInt8]) throws(LMDBFault) {
    _ = try LMDBFault.wrap { () throws(StoreError) in try source.remove(key) }
  }
}

// Reading all of it, to find damage.
extension RunTable {
  /// Reads all runs and compares them with what the manifest and the filters say of them.
  func verify() throws(LMDBFault) {
    for (run, filter) in zip(view.manifest.runs, view.filters) {
      let cursor = RunCursor(run, keys: keys, cursor: prober)
      try cursor.seek(run.first)
      guard cursor.key == run.first, cursor.chunk.after.isEmpty, cursor.index == 0 else { throw .badRecord(keys.manifest) }
      var (entries, bytes): (UInt64, UInt64) = (0, 0)
      var last: [UInt8] = []
      while let key = cursor.key {
        guard last.isEmpty || ByteKey.precedes(last, key) else { throw .badOrder(keys.chunks(run.id) + key) }
        let isNoted = unsafe filter.mayContain(RunFilter.hash(key)) && RunFilter.prefixHash(key.span.bytes).map(filter.mayContain) ?? true
        guard isNoted else { throw .badRecord(keys.filter(run.id)) }
        last = key
        entries += 1
        bytes += UInt64(cursor.chunk.entry(cursor.index).count)
        try cursor.next()
      }
      guard last == run.last, entries == run.entries, bytes == run.bytes else { throw .badRecord(keys.manifest) }
    }
  }
}
