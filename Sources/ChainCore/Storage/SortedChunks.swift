/// A sorted map of byte strings in chunks, which copies only what changes: a snapshot is a plain copy of the value.
///
/// - Complexity: finding O(log n); changing O(chunk) plus, once per snapshot, O(n / chunk) references.
struct SortedChunks<Value: Sendable>: Sendable {
  struct Entry: Sendable {
    var key: [UInt8]
    var value: Value
  }

  /// Where an entry is or would be.
  private struct Position {
    var chunk: Int
    var index: Int
  }

  private static var chunkMax: Int { 128 }

  /// Never holds an empty chunk.
  private var chunks: [[Entry]] = []

  var isEmpty: Bool { chunks.isEmpty }

  /// All of it, in order.
  var entries: some Sequence<Entry> { chunks.lazy.joined() }

  /// The value of `key`.
  func value(of key: [UInt8]) -> Value? {
    let (position, found) = find(key)
    return found ? chunks[position.chunk][position.index].value : nil
  }

  /// Sets the value of `key`.
  mutating func set(_ key: [UInt8], _ value: Value) {
    guard let last = chunks.last?.last else {
      chunks.append([Entry(key: key, value: value)])
      return
    }
    // Mostly keys come in their order.
    let (position, found) =
      ByteKey.precedes(last.key, key) ? (Position(chunk: chunks.count - 1, index: chunks[chunks.count - 1].count), false) : find(key)
    if found {
      chunks[position.chunk][position.index].value = value
      return
    }
    chunks[position.chunk].insert(Entry(key: key, value: value), at: position.index)
    let count = chunks[position.chunk].count
    if count > Self.chunkMax {
      // Appending in order leaves full chunks behind.
      let cut = position.index == count - 1 && position.chunk == chunks.count - 1 ? count - 1 : count / 2
      let tail = Array(chunks[position.chunk][cut...])
      chunks[position.chunk].removeSubrange(cut...)
      chunks.insert(tail, at: position.chunk + 1)
    }
  }

  /// Removes `key`, if it is there.
  mutating func remove(_ key: [UInt8]) {
    let (position, found) = find(key)
    guard found else { return }
    chunks[position.chunk].remove(at: position.index)
    if chunks[position.chunk].isEmpty { chunks.remove(at: position.chunk) }
  }

  /// Calls `body` with each entry of `from ..< to` until it returns `false`.
  func scan(from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: (Entry) -> Bool) {
    if let to, !ByteKey.precedes(from, to) { return }
    var walk = walk(from: from, to: to, reverse: reverse)
    while let entry = walk.next() {
      guard body(entry) else { return }
    }
  }

  /// The entries of `from ..< to`, one at a time.
  struct Walk {
    private let chunks: [[Entry]]
    private let from: [UInt8]
    private let to: [UInt8]?
    private let reverse: Bool
    private var chunk: Int
    /// Forward: the next entry's place; in reverse: the place after it.
    private var index: Int

    fileprivate init(_ map: SortedChunks, from: [UInt8], to: [UInt8]?, reverse: Bool) {
      chunks = map.chunks
      (self.from, self.to, self.reverse) = (from, to, reverse)
      if !reverse {
        let start = map.find(from).position
        (chunk, index) = (start.chunk, start.index)
      } else if let to {
        let end = map.find(to).position
        (chunk, index) = (end.chunk, end.index)
      } else {
        (chunk, index) = (chunks.count - 1, chunks.last?.count ?? 0)
      }
    }

    /// The next entry, or `nil` at the end.
    mutating func next() -> Entry? {
      if reverse {
        while chunk >= 0, index == 0 {
          chunk -= 1
          if chunk >= 0 { index = chunks[chunk].count }
        }
        guard chunk >= 0, chunk < chunks.count else { return nil }
        index -= 1
        let entry = chunks[chunk][index]
        guard ByteKey.precedes(entry.key, from) else { return entry }
      } else {
        while chunk < chunks.count, index == chunks[chunk].count { (chunk, index) = (chunk + 1, 0) }
        guard chunk < chunks.count else { return nil }
        let entry = chunks[chunk][index]
        index += 1
        guard let to, !ByteKey.precedes(entry.key, to) else { return entry }
      }
      (chunk, index) = (reverse ? -1 : chunks.count, 0)
      return nil
    }
  }

  /// Goes through the entries of `from ..< to` one at a time: each costs as it is taken, and those before it nothing.
  func walk(from: [UInt8], to: [UInt8]?, reverse: Bool) -> Walk { Walk(self, from: from, to: to, reverse: reverse) }

  /// The place of `key`, and whether it is there. The chunk is the last that starts at or before `key`, or the first.
  private func find(_ key: [UInt8]) -> (position: Position, found: Bool) {
    guard !chunks.isEmpty else { return (Position(chunk: 0, index: 0), false) }
    let chunk = max(chunks.partitioningIndex { ByteKey.precedes(key, $0[0].key) } - 1, 0)
    let entries = chunks[chunk]
    let index = entries.partitioningIndex { !ByteKey.precedes($0.key, key) }
    return (Position(chunk: chunk, index: index), index < entries.count && entries[index].key == key)
  }
}
