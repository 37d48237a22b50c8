internal import ChainCore

/// Random and mutated SM2 signatures, of which every path of our verifier must say what OpenSSL says.
package struct SM2Differential {
  /// What is done to a signature, its message, its key or its form.
  package enum Kind: String, CaseIterable, Sendable {
    case untouched, bitFlipped, otherMessage, halvesSwapped, edgeScalar, sumIsOrder, sumIsInfinity, otherID, otherKey, badKey, derChanged
  }

  /// How many cases of each kind were answered, and how many of all were valid.
  package struct Report: Sendable {
    package var cases: [Kind: Int] = [:]
    package var valid = 0
  }

  /// A case that was answered otherwise.
  package struct Disagreement: Error, CustomStringConvertible {
    package let description: String
  }

  private struct Case {
    var kind: Kind
    var signature: Signature
    var message: [UInt8]
    var id: [UInt8]?
  }

  private static let one = [UInt8](repeating: 0, count: 31) + [1]
  private static let order: [UInt8] =
    [UInt8](hex: "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123") ?? []
  private static let prime: [UInt8] =
    [UInt8](hex: "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff") ?? []
  private static let perKey = 50

  private let seed: UInt64
  private var random: SeededRandom
  private var report = Report()

  private init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed)
  }

  /// Runs `cases` cases, rounded up to whole keys.
  /// - Throws: `Disagreement` at the first case that a path answers otherwise than OpenSSL.
  package static func run(cases: Int, seed: UInt64) throws -> Report {
    var run = SM2Differential(seed: seed)
    var done = 0
    while done < cases {
      try run.oneKey(number: done / perKey)
      done += perKey
    }
    return run.report
  }

  private mutating func oneKey(number: Int) throws {
    // One key in four is the generator, whose sums can be made to vanish.
    let isGenerator = number % 4 == 3
    let key = try PrivateKey(suite: .guomi, secret: isGenerator ? Self.one : CryptoSuite.guomi.hash(bytes(32)).bytes)
    guard let paths = SM2Paths(key.publicKey.bytes) else { throw Disagreement(description: "seed \(seed): a good key is refused") }
    var batch: [(Case, Bool)] = []
    for _ in 0..<Self.perKey {
      let kind = Kind.allCases[random.below(Kind.allCases.count)]
      report.cases[kind, default: 0] += 1
      switch kind {
      case .badKey: try checkBadKey(key.publicKey)
      case .derChanged: try checkDER(key, paths)
      default:
        let one = try made(kind, key, isGenerator)
        let expected = key.publicKey.verifyByOpenSSL(one.signature, ofMessage: one.message, id: one.id)
        if expected { report.valid += 1 }
        for path in SM2Paths.Path.allCases
        where paths.verify(one.signature, ofMessage: one.message, id: one.id, by: path) != expected {
          throw disagreement(one, key.publicKey, "by \(path), OpenSSL says \(expected)")
        }
        batch.append((one, expected))
      }
    }
    let answers = paths.verify(batch.map { ($0.0.signature, $0.0.message, $0.0.id) })
    for ((one, expected), answer) in zip(batch, answers) where answer != expected {
      throw disagreement(one, key.publicKey, "in a batch of \(batch.count), OpenSSL says \(expected)")
    }
  }

  private mutating func made(_ kind: Kind, _ key: PrivateKey, _ isGenerator: Bool) throws -> Case {
    let message = bytes(random.below(200))
    let id: [UInt8]? = random.chance(20) ? bytes(random.below(40)) : nil
    var one = Case(kind: kind, signature: try key.sign(message: message, id: id), message: message, id: id)
    var raw = one.signature.bytes
    switch kind {
    case .bitFlipped: raw[random.below(64)] ^= 1 << UInt8(random.below(8))
    case .otherMessage: one.message.append(0)
    case .halvesSwapped: raw = Array(raw[32...] + raw[..<32])
    case .edgeScalar:
      let zero = [UInt8](repeating: 0, count: 32)
      let edges = [
        zero, Self.one, Self.order, Self.prime, [UInt8](repeating: 0xff, count: 32), Self.minus(Self.order, Self.one),
        Self.minus(zero, Self.one),
      ]
      let edge = edges[random.below(edges.count)]
      raw = random.chance(50) ? edge + raw[32...] : raw[..<32] + edge
    case .sumIsOrder: raw = raw[..<32] + Self.minus(Self.order, Array(raw[..<32]))
    // Of the generator as a key: [s]G + [t]G with s = n − t and r = t − s vanishes.
    case .sumIsInfinity where isGenerator:
      let t = [0] + bytes(31)
      raw = Self.minus(t, Self.minus(Self.order, t), plus: Self.order) + Self.minus(Self.order, t)
    case .otherID: one.id = id == nil ? bytes(16) : nil
    case .otherKey: raw = try PrivateKey.generate(.guomi).sign(message: message).bytes
    default: break
    }
    guard let signature = Signature(raw) else { throw Disagreement(description: "seed \(seed): 64 bytes are no signature") }
    one.signature = signature
    return one
  }

  private mutating func checkBadKey(_ key: PublicKey) throws {
    var bytes = key.bytes
    switch random.below(5) {
    case 0: bytes = [UInt8](repeating: 0, count: 64)
    case 1: bytes = Self.prime + bytes[32...]
    case 2: bytes = bytes[..<32] + Self.minus(Self.prime, Array(bytes[32...]))
    case 3: bytes = [UInt8](repeating: 0xff, count: 64)
    default: bytes[random.below(64)] ^= 1 << UInt8(random.below(8))
    }
    let expected = (try? PublicKey(suite: .guomi, bytes: bytes)) != nil
    guard (SM2Paths(bytes) != nil) == expected else {
      throw Disagreement(description: "seed \(seed): key \(bytes.hex), OpenSSL says \(expected)")
    }
  }

  private mutating func checkDER(_ key: PrivateKey, _ paths: SM2Paths) throws {
    let message = bytes(random.below(100))
    var der = try key.sign(message: message).sm2DER
    switch random.below(7) {
    case 0: break
    case 1: der.removeLast()
    case 2: der.append(0)
    // A length in its long form, and a number with a zero too many.
    case 3: der = [0x30, 0x81] + der[1...]
    case 4: der = [0x30, der[1] + 1, 0x02, der[3] + 1, 0] + der[4...]
    case 5: der[random.below(der.count)] ^= 1 << UInt8(random.below(8))
    default: der = Array(der[..<random.below(der.count)])
    }
    let expected = key.publicKey.verifyByOpenSSL(der: der, ofMessage: message)
    if expected { report.valid += 1 }
    for path in SM2Paths.Path.allCases {
      let answer = Signature(sm2DER: der).map { paths.verify($0, ofMessage: message, by: path) } ?? false
      guard answer == expected else {
        throw Disagreement(description: "seed \(seed): DER \(der.hex) of \(message.hex) by \(path), OpenSSL says \(expected)")
      }
    }
  }

  private mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(random.below(256)) } }

  private func disagreement(_ one: Case, _ key: PublicKey, _ why: String) -> Disagreement {
    Disagreement(
      description: "seed \(seed), \(one.kind): key \(key), signature \(one.signature), message \(one.message.hex), "
        + "id \(one.id?.hex ?? "default"): \(why)")
  }

  /// a − b of 32 big-endian bytes modulo 2²⁵⁶, plus `more` if it would be negative.
  private static func minus(_ a: [UInt8], _ b: [UInt8], plus more: [UInt8]? = nil) -> [UInt8] {
    var result = a
    var borrow = 0
    for place in stride(from: 31, through: 0, by: -1) {
      let difference = Int(a[place]) - Int(b[place]) - borrow
      borrow = difference < 0 ? 1 : 0
      result[place] = UInt8(truncatingIfNeeded: difference)
    }
    guard borrow == 1, let more else { return result }
    return minus(result, minus([UInt8](repeating: 0, count: 32), more))
  }
}
