@testable import ChainCore
import Testing

/// The fast verifier against OpenSSL and against the group's own laws.
@Suite struct FastSM2 {
  struct Source: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
    mutating func number() -> SM2Number { SM2Number(l0: next(), l1: next(), l2: next(), l3: next()) }
  }

  @Test func selfTestPasses() { #expect(SM2Verifier.isSound) }

  @Test func fieldObeysItsLaws() throws {
    var source = Source(state: 1)
    let edges = [
      SM2Number.zero, SM2Number(l0: 1, l1: 0, l2: 0, l3: 0), SM2Number.subtracting(.p, SM2Number(l0: 1, l1: 0, l2: 0, l3: 0)),
      SM2Number(l0: .max, l1: 0, l2: 0, l3: 0), SM2Number(l0: 0, l1: .max, l2: .max, l3: 0xffff_fffe_ffff_fffe),
    ]
    var values = try edges.map { try #require(SM2Field($0)) }
    while values.count < 60 { if let value = SM2Field(source.number()) { values.append(value) } }
    #expect(SM2Field(.p) == nil && SM2Field(SM2Number(l0: .max, l1: .max, l2: .max, l3: .max)) == nil)
    for a in values {
      #expect(a + a.negated == .zero && a - a == .zero && a * .one == a && a + .zero == a)
      if !a.isZero { #expect(a * a.inverse == .one) }
      for b in values {
        #expect(a + b == b + a && a * b == b * a && (a + b) - b == a)
        #expect((a + b).squared == a.squared + (a * b).doubled + b.squared)
      }
    }
    let some = Array(values.filter { !$0.isZero })
    #expect(SM2Field.inverses(of: some) == some.map(\.inverse))
  }

  /// Multiples by table, by non-adjacent form and inside OpenSSL are the same points.
  @Test func multiplesAgree() throws {
    var source = Source(state: 2)
    let base = try #require(SM2Verifier.point(Array(SM2Group.parameters[64...])))
    let tables = [SM2Table(of: base, width: 7), SM2Table(of: base, width: 5)]
    let small = (1...70).map { SM2Number(l0: UInt64($0), l1: 0, l2: 0, l3: 0) }
    let top = (2...40).map { SM2Number.subtracting(.n, SM2Number(l0: UInt64($0), l1: 0, l2: 0, l3: 0)) }
    let random = (0..<60).map { _ in source.number().reduced }
    for scalar in small + top + random where !scalar.isZero {
      var bytes: [UInt8] = []
      for limb in [scalar.l3, scalar.l2, scalar.l1, scalar.l0] { bytes += limb.keyBytes }
      let expected = try #require(SM2Verifier.point(Array(try SM2Group.point(of: bytes)[1...])))
      #expect(SM2Point.affine([SM2Verifier.multiply(base, by: scalar)]) == [expected])
      for table in tables {
        var sum = SM2Point.infinity
        table.add(scalar, to: &sum)
        #expect(SM2Point.affine([sum]) == [expected])
      }
    }
    // n times anything is infinity; the sum with the negative too; adding a point to itself is doubling.
    for table in tables {
      var sum = SM2Point.infinity
      table.add(.n, to: &sum)
      #expect(sum.isInfinity)
    }
    #expect(SM2Point(base).adding(base.negated).isInfinity)
    #expect(SM2Point.affine([SM2Point(base).adding(base)]) == SM2Point.affine([SM2Point(base).doubled]))
    #expect(SM2Point.affine([SM2Point.infinity.adding(base)]) == [base])
    #expect(SM2Point.infinity.doubled.isInfinity)
  }

  /// 2,000 signatures, most of them mutated, under keys with and without a table: the answer is OpenSSL's.
  @Test func answersAsOpenSSLDoes() throws {
    var source = Source(state: 3)
    var valid = 0
    var refused = 0
    for round in 0..<20 {
      let key = try PrivateKey.generate(.guomi)
      for number in 0..<100 {
        let message = [UInt8](repeating: UInt8(round), count: number) + source.next().keyBytes
        var bytes = try key.sign(message: message).bytes
        var text = message
        switch number % 5 {
        case 0: break
        case 1: bytes[Int.random(in: 0..<64, using: &source)] ^= 1 << UInt8.random(in: 0..<8, using: &source)
        case 2: text.append(0)
        case 3: bytes = Array(bytes[32...] + bytes[..<32])
        default:
          let edge: [SM2Number] = [.zero, .n, .p, SM2Number(l0: 1, l1: 0, l2: 0, l3: 0), SM2Number(l0: .max, l1: .max, l2: .max, l3: .max)]
          let chosen = edge[Int.random(in: 0..<edge.count, using: &source)]
          let limbs = [chosen.l3, chosen.l2, chosen.l1, chosen.l0].flatMap(\.keyBytes)
          bytes = source.next() % 2 == 0 ? limbs + bytes[32...] : bytes[..<32] + limbs
        }
        let signature = try #require(Signature(bytes))
        let expected = key.publicKey.verifyByOpenSSL(signature, ofMessage: text)
        #expect(
          SM2Verifier.verify(bytes, of: text, key: key.publicKey.bytes) == expected, "round \(round), signature \(bytes.hex) of \(text.hex)"
        )
        if expected { valid += 1 } else { refused += 1 }
      }
    }
    print("fast SM2: \(valid) valid and \(refused) refused, as OpenSSL")
    #expect(valid >= 350 && refused >= 1_300)
  }

  /// A fault in a table shows as a refusal, never as an acceptance.
  @Test func otherTablesDoNotVerify() throws {
    let key = try PrivateKey.generate(.guomi)
    let other = try PrivateKey.generate(.guomi)
    let message = Array("table".utf8)
    let signature = try key.sign(message: message).bytes
    let point = try #require(SM2Verifier.point(key.publicKey.bytes))
    let wrong = SM2Table(of: try #require(SM2Verifier.point(other.publicKey.bytes)), width: 5)
    let hash = SM2Number(bigEndian: CryptoSuite.guomi.hash(try key.publicKey.za().bytes + message).bytes)
    #expect(SM2Verifier.verify(signature, hash: hash, point: point, table: nil))
    #expect(SM2Verifier.verify(signature, hash: hash, point: point, table: SM2Table(of: point, width: 5)))
    #expect(!SM2Verifier.verify(signature, hash: hash, point: point, table: wrong))
  }

  /// More keys than are remembered: still right.
  @Test func manyKeysAreForgottenRightly() throws {
    let message = Array("many".utf8)
    let key = try PrivateKey.generate(.guomi)
    let signature = try key.sign(message: message)
    // Zero is refused at once, but the key is remembered.
    let zero = [UInt8](repeating: 0, count: 64)
    for _ in 0..<(SM2Verifier.keyLimit + 50) {
      #expect(!SM2Verifier.verify(zero, of: message, key: try PrivateKey.generate(.guomi).publicKey.bytes))
    }
    for _ in 0..<(SM2Verifier.usesBeforeTable + 4) {
      #expect(SM2Verifier.verify(signature.bytes, of: message, key: key.publicKey.bytes))
    }
  }
}
