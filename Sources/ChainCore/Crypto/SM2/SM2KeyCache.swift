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

  private var fresh: [[UInt8]: Known] = [:]
  private var tabled: [[UInt8]: Known] = [:]
  private var clock: UInt64 = 0

  /// How many keys are remembered without and with a table.
  var counts: (fresh: Int, tabled: Int) { (fresh.count, tabled.count) }

  /// The key if it is remembered.
  mutating func find(_ bytes: [UInt8]) -> Known? {
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
    clock += 1
    guard tabled.index(forKey: bytes) == nil else { return false }
    var known = fresh[bytes] ?? known
    known.uses += valid
    known.lastUse = clock
    Self.makeRoom(in: &fresh, limit: Self.keyLimit, for: bytes)
    fresh[bytes] = known
    return known.uses >= Self.usesBeforeTable
  }

  /// Keeps a key that has a table.
  mutating func keep(_ bytes: [UInt8], _ known: Known) {
    clock += 1
    fresh[bytes] = nil
    var known = known
    known.lastUse = clock
    Self.makeRoom(in: &tabled, limit: Self.tableLimit, for: bytes)
    tabled[bytes] = known
  }

  /// Forgets the half that was used least recently if there is no room: half at once, so that finding the oldest costs little per key.
  private static func makeRoom(in keys: inout [[UInt8]: Known], limit: Int, for bytes: [UInt8]) {
    guard keys.count >= limit, keys.index(forKey: bytes) == nil else { return }
    let middle = keys.values.map(\.lastUse).sorted()[limit / 2]
    keys = keys.filter { $0.value.lastUse > middle }
  }
}
