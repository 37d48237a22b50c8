/// A sorted map of byte strings in chunks, which copies only what changes: a snapshot is a plain copy of the value.
///
/// - Complexity: finding O(log n); changing O(chunk) plus, once per snapshot, O(n / chunk) references.
struct SortedChunks: Sendable {
  struct Entry: Sendable {
    var key: [UInt8]
    var value: [UInt8]
  }

  /// Where an entry is or would be.
  private struct Position {
    var chunk: Int
    var index: Int
  }

  private static let chunkMax = 128

  /// Never holds an empty chunk.
  private var chunks: [[Entry]] = []

  /// The value of `key`.
  func value(of key: [UInt8]) -> [UInt8]? {
    let (position, found) = find(key)
    return found ? chunks[position.chunk][position.index].value : nil
  }

  /// Sets the value of `key`.
  mutating func set(_ key: [UInt8], _ value: [UInt8]) {
    guard !chunks.isEmpty else {
      chunks.append([Entry(key: key, value: value)])
      return
    }
    let (position, found) = find(key)
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
    if let to, !Self.precedes(from, to) { return }
    if reverse {
      scanBackward(from: from, to: to, body)
    } else {
      scanForward(from: from, to: to, body)
    }
  }

  private func scanForward(from: [UInt8], to: [UInt8]?, _ body: (Entry) -> Bool) {
    guard !chunks.isEmpty else { return }
    let start = find(from).position
    var index = start.index
    for chunk in chunks[start.chunk...] {
      while index < chunk.count {
        if let to, !Self.precedes(chunk[index].key, to) { return }
        guard body(chunk[index]) else { return }
        index += 1
      }
      index = 0
    }
  }

  private func scanBackward(from: [UInt8], to: [UInt8]?, _ body: (Entry) -> Bool) {
    guard let last = chunks.last else { return }
    let end = to.map { find($0).position } ?? Position(chunk: chunks.count - 1, index: last.count)
    var index = end.index
    for chunk in chunks[...end.chunk].indices.reversed() {
      let entries = chunks[chunk]
      if chunk < end.chunk { index = entries.count }
      while index > 0 {
        index -= 1
        if Self.precedes(entries[index].key, from) { return }
        guard body(entries[index]) else { return }
      }
    }
  }

  /// The place of `key`, and whether it is there. The chunk is the last that starts at or before `key`, or the first.
  private func find(_ key: [UInt8]) -> (position: Position, found: Bool) {
    guard !chunks.isEmpty else { return (Position(chunk: 0, index: 0), false) }
    var low = 0
    var high = chunks.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if Self.precedes(key, chunks[middle][0].key) { high = middle } else { low = middle }
    }
    let entries = chunks[low]
    var from = 0
    var to = entries.count
    while from < to {
      let middle = (from + to) / 2
      if Self.precedes(entries[middle].key, key) { from = middle + 1 } else { to = middle }
    }
    return (Position(chunk: low, index: from), from < entries.count && entries[from].key == key)
  }

  /// Whether `left` is bytewise before `right`; a loop, as the standard library's is slow in debug builds.
  static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool { ByteKey.precedes(left, right) }
}
