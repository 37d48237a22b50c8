/// One sorted run of a table: entries in key order, written once, never changed.
struct Run: CanonicalRecord, Hashable {
  /// Its own; younger runs have greater ones.
  var id: UInt64
  /// How many entries it has, removals among them.
  var entries: UInt64
  /// The bytes of its entries.
  var bytes: UInt64
  /// Its least key.
  var first: [UInt8]
  /// Its greatest key.
  var last: [UInt8]

  static let layout = Layout(Self.init, \.id, \.entries, \.bytes, \.first, \.last)

  /// Whether `key` lies between its least key and its greatest.
  func covers(_ key: [UInt8]) -> Bool { !ByteKey.precedes(key, first) && !ByteKey.precedes(last, key) }
}

/// The record that says which runs a table in runs consists of.
struct RunManifest: CanonicalRecord, Hashable {
  /// How often it was written.
  var sequence: UInt64 = 0
  /// The id of the next run.
  var next: UInt64 = 0
  /// From the oldest to the youngest; where two have a key, the younger one counts.
  var runs: [Run] = []
  /// Runs that are being merged from others: of no use to who opens the store.
  var unfinished: [UInt64] = []
  /// Runs of which chunks may still be there, to be removed.
  var dropped: [UInt64] = []

  static let layout = Layout(Self.init, \.sequence, \.next, \.runs, \.unfinished, \.dropped)

  init() {}

  init(sequence: UInt64, next: UInt64, runs: [Run], unfinished: [UInt64], dropped: [UInt64]) {
    (self.sequence, self.next, self.runs, self.unfinished, self.dropped) = (sequence, next, runs, unfinished, dropped)
  }

  /// Gives the next id.
  mutating func takeID() -> UInt64 {
    defer { next += 1 }
    return next
  }
}

/// The stored keys of a table in runs.
struct RunKeys: Sendable {
  /// What all of them begin with.
  let prefix: [UInt8]

  init(_ table: StoreTable) { prefix = table.prefix }

  /// Of its manifest.
  var manifest: [UInt8] { prefix + [0] }

  /// Of the filter of a run.
  func filter(_ run: UInt64) -> [UInt8] { prefix + [1] + run.keyBytes }

  /// What those of a run's chunks begin with; the greatest key in the chunk follows.
  func chunks(_ run: UInt64) -> [UInt8] { prefix + [2] + run.keyBytes }
}
