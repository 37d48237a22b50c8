/// A place in one run, moved over checked chunks.
///
/// Every chunk names the greatest key of the one before it, and the manifest the least and the greatest of the run, so that a search which
/// finds nothing does not believe a gap.
final class RunCursor {
  let run: Run
  private let prefix: [UInt8]
  private let cursor: LMDBCursor
  /// The chunk here; `RunChunk.none` before the first entry and after the last.
  private(set) var chunk = RunChunk.none
  /// The entry here.
  private(set) var index = 0

  init(_ run: Run, keys: RunKeys, cursor: LMDBCursor) {
    self.run = run
    self.cursor = cursor
    prefix = keys.chunks(run.id)
  }

  /// Whether it is beyond the entries.
  var isAtEnd: Bool { index >= chunk.count }

  /// The key here, or `nil` beyond the entries.
  var key: [UInt8]? { isAtEnd ? nil : chunk.key(index) }

  /// The value here; `nil` if the key was removed.
  var value: [UInt8]? { isAtEnd ? nil : chunk.value(index) }

  /// Less than, equal to or greater than 0 as the key here is before that of another cursor, the same, or after it. Neither is at its end.
  func order(_ other: RunCursor) -> Int { other.chunk.withKey(other.index) { chunk.order(index, $0) } }

  /// The place of the first entry after this one in the chunk here whose key is not before that of another cursor.
  func place(before other: RunCursor) -> Int { other.chunk.withKey(other.index) { chunk.place(of: $0, after: index) } }

  /// Moves to the first entry whose key is not before `key`; returns whether it has that key.
  @discardableResult
  func seek(_ key: [UInt8]) throws(LMDBFault) -> Bool {
    guard !ByteKey.precedes(run.last, key) else {
      chunk = .none
      return false
    }
    let stored = prefix + key
    // The run goes on to a key that is not before this one, so there is such a chunk.
    guard try cursor.land(at: stored), cursor.hasPrefix(prefix) else { throw .badRecord(stored) }
    let found = try load()
    guard found.after.isEmpty || ByteKey.precedes(found.after, key) else { throw .badRecord(stored) }
    let place = found.find(key)
    (chunk, index) = (found, place.index)
    return place.isFound
  }

  /// Moves to the last entry whose key is before `bound`, or to the last one.
  func seekLast(before bound: [UInt8]?) throws(LMDBFault) {
    if let bound, !ByteKey.precedes(run.last, bound) {
      try seek(bound)
      try previous()
    } else {
      try seek(run.last)
    }
  }

  /// Moves to the next entry.
  func next() throws(LMDBFault) { try skip(1) }

  /// Moves on by `count` entries, which are all in the chunk here.
  func skip(_ count: Int) throws(LMDBFault) {
    guard !isAtEnd else { return }
    guard index + count >= chunk.count else { return index += count }
    let last = chunk.key(chunk.count - 1)
    chunk = .none
    guard last != run.last else { return }
    guard try cursor.next(), cursor.hasPrefix(prefix) else { throw .badRecord(prefix + last) }
    let found = try load()
    guard found.after == last else { throw .badRecord(prefix + last) }
    (chunk, index) = (found, 0)
  }

  /// Moves to the entry before.
  func previous() throws(LMDBFault) {
    guard !isAtEnd else { return }
    guard index == 0 else { return index -= 1 }
    let after = chunk.after
    chunk = .none
    guard !after.isEmpty else { return }
    guard try cursor.previous(), cursor.hasPrefix(prefix) else { throw .badRecord(prefix + after) }
    let found = try load()
    guard found.key(found.count - 1) == after else { throw .badRecord(prefix + after) }
    (chunk, index) = (found, found.count - 1)
  }

  private func load() throws(LMDBFault) -> RunChunk {
    let value = try cursor.currentValue()
    guard let found = RunChunk(value), cursor.isAt(prefix + found.key(found.count - 1)) else { throw .badRecord(cursor.currentKey) }
    return found
  }
}
