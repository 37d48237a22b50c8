/// A place in one run, moved over checked chunks.
///
/// Every chunk names the greatest key of the one before it, and the manifest the least and the greatest of the run, so that a search which
/// finds nothing does not believe a gap.
final class RunCursor {
  private let run: Run
  private let prefix: [UInt8]
  private let cursor: LMDBCursor
  /// The chunk here; `nil` before the first entry and after the last.
  private(set) var chunk: RunChunk?
  /// The entry here.
  private(set) var index = 0

  init(_ run: Run, keys: RunKeys, cursor: LMDBCursor) {
    self.run = run
    self.cursor = cursor
    prefix = keys.chunks(run.id)
  }

  /// The key here, or `nil` beyond the entries.
  var key: [UInt8]? { chunk?.key(index) }

  /// The value here; `nil` if the key was removed.
  var value: [UInt8]? { chunk?.value(index) }

  /// The eight bytes of the key here from `offset` on as a number that orders as they do, or `nil` beyond the entries.
  func word(at offset: Int) -> UInt64? { chunk?.word(index, at: offset) }

  /// Less than, equal to or greater than 0 as the key here is before that of another cursor, the same, or after it.
  func order(_ other: RunCursor) -> Int {
    guard let chunk, let others = other.chunk else { return 0 }
    return RunChunk.order(chunk, index, others, other.index)
  }

  /// Moves to the first entry whose key is not before `key`; returns whether it has that key.
  @discardableResult
  func seek(_ key: [UInt8]) throws(LMDBFault) -> Bool {
    guard !ByteKey.precedes(run.last, key) else {
      chunk = nil
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
  func next() throws(LMDBFault) {
    guard let here = chunk else { return }
    guard index + 1 == here.count else { return index += 1 }
    let last = here.key(index)
    chunk = nil
    guard last != run.last else { return }
    guard try cursor.next(), cursor.hasPrefix(prefix) else { throw .badRecord(prefix + last) }
    let found = try load()
    guard found.after == last else { throw .badRecord(prefix + last) }
    (chunk, index) = (found, 0)
  }

  /// Moves to the entry before.
  func previous() throws(LMDBFault) {
    guard let here = chunk else { return }
    guard index == 0 else { return index -= 1 }
    chunk = nil
    guard !here.after.isEmpty else { return }
    guard try cursor.previous(), cursor.hasPrefix(prefix) else { throw .badRecord(prefix + here.after) }
    let found = try load()
    guard found.key(found.count - 1) == here.after else { throw .badRecord(prefix + here.after) }
    (chunk, index) = (found, found.count - 1)
  }

  private func load() throws(LMDBFault) -> RunChunk {
    let value = try cursor.currentValue()
    guard let found = RunChunk(value), cursor.isAt(prefix + found.key(found.count - 1)) else { throw .badRecord(cursor.currentKey) }
    return found
  }
}
