/// Cursors of several runs in the order of the keys that they are at; where two have a key, the younger run comes first.
struct RunQueue {
  /// Entries that come next, in the order of their keys, without an older one of the same key.
  struct Stretch {
    let chunk: RunChunk
    let entries: Range<Int>
    /// How many of the older runs have the last key too: then it is the only one.
    fileprivate let older: Int
  }

  /// By its number a cursor has an age: greater ones are younger.
  private struct Place {
    var cursor: Int
    /// The first bytes of the key there: mostly they tell the order.
    var word: UInt64
  }

  /// From the oldest run to the youngest.
  private let cursors: [RunCursor]
  /// Those that are not at their end.
  private var order: [Place] = []
  /// How many bytes all keys begin with that are the same.
  private var shared = 0

  init(_ cursors: [RunCursor]) {
    self.cursors = cursors
    let ends = cursors.filter { !$0.isAtEnd }.flatMap { [$0.run.first, $0.run.last] }
    shared = ends.dropFirst().reduce(ends.first?.count ?? 0) { min($0, zip(ends[0], $1).prefix { $0 == $1 }.count) }
    for number in cursors.indices where !cursors[number].isAtEnd {
      order.insert(place(of: number), at: 0)
      settleFirst()
    }
  }

  /// What comes next, or `nil` at the end of all.
  var first: Stretch? {
    guard let head = order.first else { return nil }
    let cursor = cursors[head.cursor]
    let older = order.dropFirst().prefix { $0.word == head.word && cursors[$0.cursor].order(cursor) == 0 }.count
    guard older == 0 else { return Stretch(chunk: cursor.chunk, entries: cursor.index..<(cursor.index + 1), older: older) }
    let end = order.count > 1 ? cursor.place(before: cursors[order[1].cursor]) : cursor.chunk.count
    return Stretch(chunk: cursor.chunk, entries: cursor.index..<end, older: 0)
  }

  /// Moves beyond a stretch, which is `first`; returns how many entries that were.
  mutating func skip(_ stretch: Stretch) throws(LMDBFault) -> Int {
    for _ in 0...stretch.older {
      // Those with the same key follow one another: the one before has moved to a greater key.
      let number = order[0].cursor
      try cursors[number].skip(stretch.entries.count)
      order[0] = place(of: number)
      settleFirst()
    }
    return stretch.entries.count + stretch.older
  }

  private func place(of number: Int) -> Place {
    let cursor = cursors[number]
    return Place(cursor: number, word: cursor.isAtEnd ? 0 : cursor.chunk.word(cursor.index, at: shared))
  }

  /// Moves the first cursor to where its key belongs.
  private mutating func settleFirst() {
    let moved = order[0]
    guard !cursors[moved.cursor].isAtEnd else {
      order.removeFirst()
      return
    }
    var place = 0
    while place + 1 < order.count, precedes(order[place + 1], moved) {
      order[place] = order[place + 1]
      place += 1
    }
    order[place] = moved
  }

  private func precedes(_ left: Place, _ right: Place) -> Bool {
    guard left.word == right.word else { return left.word < right.word }
    let order = cursors[left.cursor].order(cursors[right.cursor])
    return order == 0 ? left.cursor > right.cursor : order < 0
  }
}
