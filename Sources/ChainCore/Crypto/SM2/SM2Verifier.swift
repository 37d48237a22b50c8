internal import Synchronization

/// Verifies SM2 signatures (GM/T 0003.2) over public values, several times faster than OpenSSL 3.0 does.
///
/// Signing and every other use of a secret stay in OpenSSL. Tests hold this verifier to published vectors and to OpenSSL on random and
/// mutated cases; before its first use it answers known cases, and if one answer is wrong OpenSSL verifies everything.
enum SM2Verifier {
  /// r, s and t = r + s mod n, all in 1 ..< n.
  struct Scalars {
    let r, s, t: SM2Number

    init?(_ signature: Signature) {
      (r, s) = (SM2Number(signature.first), SM2Number(signature.second))
      guard !r.isZero, !s.isZero, r < .n, s < .n else { return nil }
      t = SM2Number.addingModN(r, s)
      guard !t.isZero else { return nil }
    }
  }

  static let cache = Mutex(SM2KeyCache())
  static let generatorTable = SM2Table(of: generator, width: SM2Table.generatorWidth)
  static let generator = SM2AffinePoint(Array(SM2Group.parameters[64...])) ?? SM2AffinePoint(x: .zero, y: .zero)

  /// Whether the self-test passed; decided once.
  static let isSound: Bool = selfTest()

  /// Whether keys verify here. Without optimisation this code is slower than OpenSSL, so debug builds leave it to OpenSSL.
  static var isPreferred: Bool {
    #if DEBUG
      false
    #else
      isSound
    #endif
  }

  /// Whether `signature` is valid for `message` under the key with these 64 bytes; `nil` is the default id.
  static func verify(_ signature: Signature, of message: [UInt8], key bytes: [UInt8], id: [UInt8]? = nil) -> Bool {
    let found = cache.withLock { $0.find(bytes) }
    guard let known = found ?? SM2KeyCache.Known(bytes), let hash = hash(message, under: known, bytes, id: id) else { return false }
    let valid = verify(signature, hash: hash, point: known.point, table: known.table)
    if valid, known.table == nil { note(bytes, known, valid: 1) }
    return valid
  }

  /// Whether `signature` is valid for the hash e under a key: t = r + s, (x, y) = [s]G + [t]P, accept iff e + x ≡ r mod n.
  static func verify(_ signature: Signature, hash: SM2Number, point: SM2AffinePoint, table: SM2Table?) -> Bool {
    guard let scalars = Scalars(signature) else { return false }
    var sum = SM2Point.infinity
    if let table {
      table.add(scalars.t, to: &sum)
    } else {
      sum = SM2Point(point, times: scalars.t)
    }
    generatorTable.add(scalars.s, to: &sum)
    guard !sum.isInfinity else { return false }
    // Comparing X with x·Z² saves the inversion.
    let square = sum.z.squared
    return candidates(scalars.r, hash) { $0 * square == sum.x }
  }

  /// Whether one of the field's numbers x ≡ r − e mod n is the right one: that number itself, or plus n where it is still below p.
  @inline(__always) static func candidates(_ r: SM2Number, _ hash: SM2Number, _ isRight: (SM2Field) -> Bool) -> Bool {
    let x = SM2Number.subtractingModN(r, hash.reduced)
    if let candidate = SM2Field(x), isRight(candidate) { return true }
    let (second, carry) = SM2Number.adding(x, .n)
    guard !carry, let candidate = SM2Field(second) else { return false }
    return isRight(candidate)
  }

  /// e = SM3(ZA ‖ message), or `nil` for an id that is too long.
  static func hash(_ message: [UInt8], under known: SM2KeyCache.Known, _ bytes: [UInt8], id: [UInt8]?) -> SM2Number? {
    let za = id == nil ? known.za : try? PublicKey(checked: .guomi, bytes).za(id: id)
    return za.map { SM2Number(SM3Lanes.hash($0.bytes + message)) }
  }

  /// Lets keys keep their tables; see `SM2KeyCache.pin`.
  static func pin(_ keys: [PublicKey]) {
    cache.withLock { $0.pin(keys.filter { $0.suite == .guomi }.map(\.bytes)) }
  }

  /// Notes signatures that verified; makes the key's table if it has earned one.
  static func note(_ bytes: [UInt8], _ known: SM2KeyCache.Known, valid: Int, table: SM2Table? = nil) {
    guard cache.withLock({ $0.note(bytes, known, valid: valid) }) else { return }
    var tabled = known
    // Made outside the lock: two threads may make the same table once, which costs little and changes nothing.
    tabled.table = table ?? SM2Table(of: known.point, width: SM2Table.keyWidth)
    cache.withLock { $0.keep(bytes, tabled) }
  }
}
