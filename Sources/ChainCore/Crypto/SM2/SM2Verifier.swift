internal import Synchronization

/// Verifies SM2 signatures (GM/T 0003.2) over public values, several times faster than OpenSSL 3.0 does.
///
/// Signing and every other use of a secret stay in OpenSSL. Tests hold this verifier to published vectors and to OpenSSL on random and
/// mutated cases; before its first use it answers known cases, and if one answer is wrong OpenSSL verifies everything.
enum SM2Verifier {
  /// After how many verifications a key gets a table of its own (about 53 KiB).
  static let usesBeforeTable = 8
  /// How many keys are remembered; beyond, the half that was used least recently is forgotten.
  static let keyLimit = 1_024

  struct Known: Sendable {
    var point: SM2AffinePoint
    var za: Digest
    var table: SM2Table?
    var uses = 0
    var lastUse: UInt64 = 0
  }

  private struct Cache: Sendable {
    var keys: [[UInt8]: Known] = [:]
    var clock: UInt64 = 0
  }

  private static let cache = Mutex(Cache())
  private static let generator = SM2AffinePoint(
    x: field(SM2Group.parameters[64..<96]), y: field(SM2Group.parameters[96..<128]))
  private static let generatorTable = SM2Table(of: generator, width: 7)

  private static func field(_ bytes: ArraySlice<UInt8>) -> SM2Field { SM2Field(SM2Number(bigEndian: bytes)) ?? .zero }

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

  /// Whether `signature` is valid for `message` with the default id under the key with these 64 bytes, which lie on the curve.
  static func verify(_ signature: [UInt8], of message: [UInt8], key bytes: [UInt8]) -> Bool {
    guard let known = known(bytes) else { return false }
    let hash = CryptoSuite.guomi.hash(known.za.bytes + message)
    return verify(signature, hash: SM2Number(bigEndian: hash.bytes), point: known.point, table: known.table)
  }

  /// Whether `signature` is valid for the hash e under a key: t = r + s, (x, y) = [s]G + [t]P, accept iff e + x ≡ r mod n.
  static func verify(_ signature: [UInt8], hash: SM2Number, point: SM2AffinePoint, table: SM2Table?) -> Bool {
    guard signature.count == 64 else { return false }
    let r = SM2Number(bigEndian: signature[..<32])
    let s = SM2Number(bigEndian: signature[32...])
    guard !r.isZero, !s.isZero, r < .n, s < .n else { return false }
    let t = SM2Number.addingModN(r, s)
    guard !t.isZero else { return false }
    var sum = SM2Point.infinity
    if let table {
      table.add(t, to: &sum)
    } else {
      sum = multiply(point, by: t)
    }
    generatorTable.add(s, to: &sum)
    guard !sum.isInfinity else { return false }
    // x ≡ r − e mod n leaves x itself, or x + n where that is still below p. Comparing X with x·Z² saves the inversion.
    let x = SM2Number.subtractingModN(r, hash.reduced)
    let square = sum.z.squared
    if let candidate = SM2Field(x), candidate * square == sum.x { return true }
    let (second, carry) = SM2Number.adding(x, .n)
    guard !carry, let candidate = SM2Field(second) else { return false }
    return candidate * square == sum.x
  }

  /// [t]P for a key without a table: width-5 non-adjacent form over the odd multiples up to 15.
  static func multiply(_ point: SM2AffinePoint, by scalar: SM2Number) -> SM2Point {
    let twice = SM2Point.affine([SM2Point(point).doubled])[0]
    var odd = [SM2Point(point)]
    for _ in 1..<8 { odd.append(odd[odd.count - 1].adding(twice)) }
    let multiples = SM2Point.affine(odd)
    var sum = SM2Point.infinity
    for digit in scalar.nonAdjacentForm.reversed() {
      if !sum.isInfinity { sum = sum.doubled }
      if digit > 0 {
        sum = sum.adding(multiples[Int(digit) >> 1])
      } else if digit < 0 {
        sum = sum.adding(multiples[Int(-digit) >> 1].negated)
      }
    }
    return sum
  }

  /// The affine point of 64 bytes, or `nil` if a coordinate is not below p.
  static func point(_ bytes: [UInt8]) -> SM2AffinePoint? {
    guard bytes.count == 64, let x = SM2Field(SM2Number(bigEndian: bytes[..<32])), let y = SM2Field(SM2Number(bigEndian: bytes[32...]))
    else { return nil }
    return SM2AffinePoint(x: x, y: y)
  }

  private static func known(_ bytes: [UInt8]) -> Known? {
    let found: Known? = cache.withLock { cache in
      cache.clock += 1
      guard var known = cache.keys[bytes] else { return nil }
      known.uses += 1
      known.lastUse = cache.clock
      cache.keys[bytes] = known
      return known
    }
    if let found, found.table != nil || found.uses < usesBeforeTable { return found }
    guard var made = found ?? fresh(bytes) else { return nil }
    // Built outside the lock: two threads may build the same table once, which costs a millisecond and changes nothing.
    if made.uses >= usesBeforeTable { made.table = SM2Table(of: made.point, width: 5) }
    let result = made
    cache.withLock { cache in
      if cache.keys[bytes] == nil, cache.keys.count >= keyLimit {
        // Half goes at once, so that finding the oldest costs little per key.
        let middle = cache.keys.values.map(\.lastUse).sorted()[keyLimit / 2]
        cache.keys = cache.keys.filter { $0.value.lastUse > middle }
      }
      cache.clock += 1
      cache.keys[bytes] = result
      cache.keys[bytes]?.lastUse = cache.clock
    }
    return result
  }

  private static func fresh(_ bytes: [UInt8]) -> Known? {
    guard let point = point(bytes), let za = try? PublicKey(checked: .guomi, bytes).za() else { return nil }
    return Known(point: point, za: za, uses: 1)
  }

  /// Answers the example of GM/T 0003.5 annex A, with and without a table, and refuses it with one bit changed anywhere that matters.
  private static func selfTest() -> Bool {
    guard
      let key = [UInt8](
        hex:
          "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
      ),
      let signature = [UInt8](
        hex:
          "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
      ),
      let hash = [UInt8](hex: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"), let point = point(key)
    else { return false }
    let e = SM2Number(bigEndian: hash)
    for table in [nil, SM2Table(of: point, width: 5)] {
      guard verify(signature, hash: e, point: point, table: table) else { return false }
      for place in [0, 31, 32, 63] {
        var changed = signature
        changed[place] ^= 1
        if verify(changed, hash: e, point: point, table: table) { return false }
      }
      if verify(signature, hash: SM2Number.adding(e, SM2Number(l0: 1, l1: 0, l2: 0, l3: 0)).sum, point: point, table: table) {
        return false
      }
    }
    return true
  }
}
