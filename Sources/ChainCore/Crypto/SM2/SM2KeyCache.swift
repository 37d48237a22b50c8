internal import Synchronization

/// What is remembered of keys that verify again and again, in bounded space.
///
/// Only bytes decide what is remembered, and everything is derived from them alone, so no input can plant an answer. A key earns its table
/// by valid signatures: who sends refused ones costs others no memory.
struct SM2KeyCache: Sendable {
  /// After how many valid signatures a key gets a table of its own.
  static let usesBeforeTable = 8
  /// How many keys without a table are remembered.
  static let keyLimit = 8_192
  /// How many tables are kept: 64 MiB.
  static let tableLimit = 64 << 20 / SM2Table.byteCount(width: SM2Table.keyWidth)

  /// A key, ready to verify.
  struct Known: Sendable {
    let point: SM2AffinePoint
    /// ZA of the default id.
    let za: Digest
    var table: SM2Table?
    /// Valid signatures before the table.
    fileprivate(set) var uses = 0
    fileprivate var lastUse: UInt64 = 0

    /// The key with these 64 bytes, or `nil` if they are no point of the curve.
    init?(_ bytes: [UInt8]) {
      guard let point = SM2AffinePoint(bytes), let za = try? PublicKey(checked: .guomi, bytes).za() else { return nil }
      self.point = point
      self.za = za
    }
  }

  /// How many keys may be pinned.
  static let pinnedLimit = 128

  private var fresh: [ByteKey: Known] = [:]
  private var tabled: [ByteKey: Known] = [:]
  /// Keys whose tables stay, in the order in which they were pinned.
  private var pinned: [ByteKey] = []
  private var clock: UInt64 = 0

  /// How many keys are remembered without and with a table.
  var counts: (fresh: Int, tabled: Int) { (fresh.count, tabled.count) }

  /// Lets keys keep their tables, which they get with their first valid signature: for the validators of a chain. Of more than 128 the
  /// first ones are keys as others are.
  mutating func pin(_ keys: [[UInt8]]) {
    for key in keys.lazy.map({ ByteKey($0) }) where !pinned.contains(key) { pinned.append(key) }
    if pinned.count > Self.pinnedLimit { pinned.removeFirst(pinned.count - Self.pinnedLimit) }
  }

  /// The key if it is remembered.
  mutating func find(_ bytes: [UInt8]) -> Known? {
    let bytes = ByteKey(bytes)
    clock += 1
    if let index = tabled.index(forKey: bytes) {
      tabled.values[index].lastUse = clock
      return tabled.values[index]
    }
    guard let index = fresh.index(forKey: bytes) else { return nil }
    fresh.values[index].lastUse = clock
    return fresh.values[index]
  }

  /// Notes `valid` signatures that verified under a key without a table.
  /// - Returns: Whether the key has earned a table: make one and `keep` it.
  mutating func note(_ bytes: [UInt8], _ known: Known, valid: Int) -> Bool {
    let bytes = ByteKey(bytes)
    clock += 1
    guard tabled.index(forKey: bytes) == nil else { return false }
    var known = fresh[bytes] ?? known
    known.uses += valid
    known.lastUse = clock
    makeRoom(in: \.fresh, limit: Self.keyLimit, for: bytes)
    fresh[bytes] = known
    return known.uses >= Self.usesBeforeTable || pinned.contains(bytes)
  }

  /// Keeps a key that has a table.
  mutating func keep(_ bytes: [UInt8], _ known: Known) {
    let bytes = ByteKey(bytes)
    clock += 1
    fresh[bytes] = nil
    var known = known
    known.lastUse = clock
    makeRoom(in: \.tabled, limit: Self.tableLimit, for: bytes)
    tabled[bytes] = known
  }

  /// Forgets the half that was used least recently if there is no room: half at once, so that finding the oldest costs little per key.
  private mutating func makeRoom(in keys: WritableKeyPath<Self, [ByteKey: Known]>, limit: Int, for bytes: ByteKey) {
    guard self[keyPath: keys].count >= limit, self[keyPath: keys].index(forKey: bytes) == nil else { return }
    let middle = self[keyPath: keys].values.map(\.lastUse).sorted()[limit / 2]
    let pinned = Set(pinned)
    self[keyPath: keys] = self[keyPath: keys].filter { $0.value.lastUse > middle || pinned.contains($0.key) }
  }
}
