/// Writes one run: its entries come in key order.
struct RunBuilder: Sendable {
  let id: UInt64
  private let keys: RunKeys
  private var filter: RunFilter
  private var entries: UInt64 = 0
  private var bytes: UInt64 = 0
  private var first: [UInt8] = []
  /// The chunk that is being filled: its entries, and where each begins in them.
  private var body: [UInt8] = []
  private var starts: [UInt32] = []
  /// The greatest key of the chunk before.
  private var after: [UInt8] = []
  /// How many chunks were written.
  private(set) var chunks = 0

  /// - Parameter entries: How many will come, at most.
  init(id: UInt64, keys: RunKeys, entries: Int) {
    self.id = id
    self.keys = keys
    filter = RunFilter(entries: entries)
    body.reserveCapacity(RunChunk.bytesMax)
  }

  /// Adds a key with its value, or that it was removed.
  mutating func add(_ key: [UInt8], _ value: [UInt8]?, to source: LMDBCursorSource) throws(LMDBFault) {
    try makeRoom(RunChunk.entryOverhead + key.count + (value?.count ?? 0), in: source)
    starts.append(UInt32(body.count))
    unsafe filter.insert(key.span.bytes)
    append(UInt32(key.count))
    append(UInt32(value.map { $0.count + 1 } ?? 0))
    body += key
    if let value { body += value }
    note(1, bytes: RunChunk.entryOverhead + key.count + (value?.count ?? 0))
  }

  /// Adds entries of another run as they stand there.
  mutating func add(_ chunk: RunChunk, _ range: Range<Int>, to source: LMDBCursorSource) throws(LMDBFault) {
    var rest = range
    while !rest.isEmpty {
      try makeRoom(chunk.entry(rest.lowerBound).count, in: source)
      let part = rest.prefix(while: { !isFull(chunk.entries(rest.lowerBound..<($0 + 1)).count, entries: $0 + 1 - rest.lowerBound) })
      // Alone in its chunk an entry may have any length.
      let taken = rest.lowerBound..<max(part.upperBound, rest.lowerBound + 1)
      let bytes = chunk.entries(taken)
      for index in taken {
        starts.append(UInt32(body.count + chunk.entry(index).lowerBound - bytes.lowerBound))
        chunk.withKey(index) { filter.insert($0) }
      }
      body += chunk.slice(bytes)
      note(taken.count, bytes: bytes.count)
      rest = taken.upperBound..<rest.upperBound
    }
  }

  /// Ends the run; `nil` if nothing came.
  mutating func finish(to source: LMDBCursorSource) throws(LMDBFault) -> Run? {
    guard entries > 0 else { return nil }
    try writeChunk(to: source)
    try Self.put(keys.filter(id), filter.bytes, to: source)
    return Run(id: id, entries: entries, bytes: bytes, first: first, last: after)
  }

  /// The filter of what came.
  var finishedFilter: RunFilter { filter }

  /// Notes what was added at the end of the body.
  private mutating func note(_ count: Int, bytes added: Int) {
    if entries == 0 { first = key(at: 0) }
    entries += UInt64(count)
    bytes += UInt64(added)
  }

  /// Writes the chunk if an entry of this length does not fit into it any more.
  private mutating func makeRoom(_ size: Int, in source: LMDBCursorSource) throws(LMDBFault) {
    if isFull(size, entries: 1), !starts.isEmpty { try writeChunk(to: source) }
  }

  /// Whether the chunk has no room for so many entries of this length together.
  private func isFull(_ size: Int, entries: Int) -> Bool {
    RunChunk.overhead + 4 * (starts.count + entries) + after.count + body.count + size > RunChunk.bytesMax
  }

  /// The key of the entry that begins at `start` in the body.
  private func key(at start: Int) -> [UInt8] {
    let count = (0..<4).reduce(0) { $0 | Int(body[start + $1]) << (8 * $1) }
    return Array(body[(start + RunChunk.entryOverhead)..<(start + RunChunk.entryOverhead + count)])
  }

  private mutating func writeChunk(to source: LMDBCursorSource) throws(LMDBFault) {
    let last = starts.last.map { key(at: Int($0)) } ?? []
    let head = RunChunk.overhead + 4 * starts.count + after.count
    var writer = CanonicalWriter(reservingCapacity: head + body.count)
    writer.writeInteger(UInt32(starts.count))
    for start in starts { writer.writeInteger(UInt32(head) + start) }
    writer.writeInteger(UInt32(after.count))
    writer.writeFixed(after)
    writer.writeFixed(body)
    try Self.put(keys.chunks(id) + last, writer.bytes, to: source)
    chunks += 1
    after = last
    starts.removeAll(keepingCapacity: true)
    body.removeAll(keepingCapacity: true)
  }

  private mutating func append(_ number: UInt32) {
    for shift in stride(from: 0, to: 32, by: 8) { body.append(UInt8(truncatingIfNeeded: number >> shift)) }
  }

  static func put(_ key: [UInt8], _ value: [UInt8], to source: LMDBCursorSource) throws(LMDBFault) {
    try LMDBFault.wrap { () throws(StoreError) in try source.put(key, value) }
  }
}
