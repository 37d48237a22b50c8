@testable import ChainCore
import Synchronization
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
    while values.count < 120 { if let value = SM2Field(source.number()) { values.append(value) } }
    #expect(SM2Field(.p) == nil && SM2Field(SM2Number(l0: .max, l1: .max, l2: .max, l3: .max)) == nil)
    for a in values {
      #expect(a + a.negated == .zero && a - a == .zero && a * .one == a && a + .zero == a)
      #expect(a.halved.doubled == a && a.squared == a * a)
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
    let base = try #require(SM2AffinePoint(Array(SM2Group.parameters[64...])))
    let tables = [
      SM2Table(of: base, width: SM2Table.generatorWidth), SM2Table(of: base, width: SM2Table.keyWidth), SM2Table(of: base, width: 3),
    ]
    let small = (1...70).map { SM2Number(l0: UInt64($0), l1: 0, l2: 0, l3: 0) }
    let top = (2...40).map { SM2Number.subtracting(.n, SM2Number(l0: UInt64($0), l1: 0, l2: 0, l3: 0)) }
    let random = (0..<60).map { _ in source.number().reduced }
    for scalar in small + top + random where !scalar.isZero {
      var bytes: [UInt8] = []
      for limb in [scalar.l3, scalar.l2, scalar.l1, scalar.l0] { bytes += limb.keyBytes }
      let expected = try #require(SM2AffinePoint(Array(try SM2Group.point(of: bytes)[1...])))
      #expect(SM2Point.affine([SM2Point(base, times: scalar)]) == [expected])
      for table in tables {
        var sum = SM2Point.infinity
        table.add(scalar, to: &sum)
        #expect(SM2Point.affine([sum]) == [expected])
        var sums = SM2Sums(capacity: 100)
        sums.add { table.appendTerms(scalar, to: &$0) }
        #expect(sums.results() == [expected])
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

  /// Sums in lock step meet doublings, negatives, nothing at all and what cancels out, each beside others that must not notice.
  @Test func sumsInLockStepAreRight() throws {
    let base = try #require(SM2AffinePoint(Array(SM2Group.parameters[64...])))
    let twice = SM2Point.affine([SM2Point(base).doubled])[0]
    let three = SM2Point.affine([SM2Point(twice).adding(base)])[0]
    let four = SM2Point.affine([SM2Point(twice).doubled])[0]
    let cases: [(terms: [SM2AffinePoint], sum: SM2AffinePoint?)] = [
      ([], nil), ([base], base), ([base, base], twice), ([base, base.negated], nil), ([base, twice], three), ([twice, base], three),
      ([base, base, base], three), ([base, base.negated, twice], twice), ([twice, base, base.negated], twice),
      ([base, base, base, base], four), ([base, base, twice.negated], nil), ([base, base.negated, twice, twice.negated], nil),
      ([three, base, four], SM2Point.affine([SM2Point(four).doubled])[0]), ([four, base.negated], three),
    ]
    for rotation in cases.indices {
      var sums = SM2Sums(capacity: 0)
      let order = Array(cases[rotation...] + cases[..<rotation])
      for one in order { sums.add { $0 += one.terms } }
      #expect(sums.results() == order.map(\.sum))
    }
  }

  /// Eight pairs at a time or one after another: the sums are the same for every number of pairs, and for coordinates at the ends of the
  /// field. The formula does not ask whether points are on the curve, so any coordinates do.
  @Test(.enabled(if: SM2PointLanes.isPresent)) func sumsInLanesAreRight() {
    var source = Source(state: 7)
    let ends = (0..<4).flatMap { n in
      let n = SM2Number(l0: UInt64(n), l1: 0, l2: 0, l3: 0)
      return [n, .subtracting(.p, SM2Number.adding(n, SM2Number(l0: 1, l1: 0, l2: 0, l3: 0)).sum)]
    }
    // Montgomery forms at the ends too: they are what the lanes see.
    let fields = ends.compactMap { SM2Field($0) } + ends.map { SM2Field(l0: $0.l0, l1: $0.l1, l2: $0.l2, l3: $0.l3) }
    func field() -> SM2Field {
      if source.next() % 3 == 0 { return fields[Int(source.next() % UInt64(fields.count))] }
      while true {
        if let field = SM2Field(source.number()) { return field }
      }
    }
    for count in Array(1...40) + [64, 129, 1_000] {
      var terms: [SM2AffinePoint] = []
      var pairs = SM2PointLanes.Pairs()
      for pair in 0..<count {
        let left = SM2AffinePoint(x: field(), y: field())
        var right = SM2AffinePoint(x: field(), y: field())
        while right.x == left.x { right.x = field() }
        // A point between pairs belongs to none.
        if pair % 3 == 0 { terms.append(right) }
        pairs.left.append(UInt32(terms.count))
        pairs.to.append(UInt32(count - 1 - pair))
        terms += [left, right]
      }
      var sums = [SM2AffinePoint](repeating: SM2AffinePoint(x: .zero, y: .zero), count: count)
      #expect(SM2PointLanes.add(pairs, of: terms, to: &sums))
      for pair in 0..<count {
        let (left, right) = (terms[Int(pairs.left[pair])], terms[Int(pairs.left[pair]) + 1])
        #expect(sums[count - 1 - pair] == left.adding(right, inverse: left.divisor(with: right).inverse), "pair \(pair) of \(count)")
      }
      // Equal x anywhere: not for the lanes.
      let bad = Int(source.next() % UInt64(count))
      terms[Int(pairs.left[bad]) + 1].x = terms[Int(pairs.left[bad])].x
      #expect(!SM2PointLanes.add(pairs, of: terms, to: &sums))
    }
  }

  /// What vector instructions add and what is added one by one are the same sums, with doublings and negatives among them or not.
  @Test(.enabled(if: SM2PointLanes.isPresent)) func sumsOfBatchesAreTheSameInLanes() throws {
    var source = Source(state: 8)
    let base = try #require(SM2AffinePoint(Array(SM2Group.parameters[64...])))
    let multiples = SM2Point.affine((1...400).map { SM2Point(base, times: SM2Number(l0: UInt64($0), l1: 0, l2: 0, l3: 0)) })
    for round in 0..<20 {
      var (lanes, plain) = (SM2Sums(capacity: 0), SM2Sums(capacity: 0, usesLanes: false))
      // Of few multiples some meet themselves; of many hardly any.
      let some = round.isMultiple(of: 2) ? 400 : 12
      for _ in 0..<Int(1 + source.next() % 70) {
        let terms = (0..<Int(source.next() % 90)).map { _ in
          let point = multiples[Int(source.next() % UInt64(some))]
          return source.next().isMultiple(of: 2) ? point : point.negated
        }
        lanes.add { $0 += terms }
        plain.add { $0 += terms }
      }
      #expect(lanes.results() == plain.results())
    }
  }

  /// What is no point of the curve is no key.
  @Test func badPointsAreRefused() throws {
    let good = Array(SM2Group.parameters[64...])
    let prime = try #require([UInt8](hex: "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff"))
    #expect(SM2AffinePoint(good) != nil)
    for bad in [[], Array(good.dropLast()), good + [0], [UInt8](repeating: 0, count: 64), prime + good[32...], good[..<32] + prime] {
      #expect(SM2AffinePoint(bad) == nil)
    }
    for bit in 0..<512 {
      var changed = good
      changed[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect((SM2AffinePoint(changed) != nil) == SM2Group.isPoint([4] + changed))
    }
  }

  /// A fault in a table shows as a refusal, never as an acceptance, and leaves its neighbours in a batch alone.
  @Test func otherTablesDoNotVerify() throws {
    let key = try PrivateKey.generate(.guomi)
    let other = try PrivateKey.generate(.guomi)
    let message = Array("table".utf8)
    let signature = try key.sign(message: message)
    let point = try #require(SM2AffinePoint(key.publicKey.bytes))
    let right = SM2Table(of: point, width: SM2Table.keyWidth)
    let wrong = SM2Table(of: try #require(SM2AffinePoint(other.publicKey.bytes)), width: SM2Table.keyWidth)
    let hash = SM2Number(CryptoSuite.guomi.hash(try key.publicKey.za().bytes + message))
    #expect(SM2Verifier.verify(signature, hash: hash, point: point, table: nil))
    #expect(SM2Verifier.verify(signature, hash: hash, point: point, table: right))
    #expect(!SM2Verifier.verify(signature, hash: hash, point: point, table: wrong))
    // More than one part of a batch.
    let batch = (0..<70).map { SM2Verifier.Prepared(signature: signature, hash: hash, table: $0 % 9 == 4 ? wrong : right) }
    #expect(SM2Verifier.verify(batch) == (0..<70).map { $0 % 9 != 4 })
    #expect(SM2Verifier.verify([SM2Verifier.Prepared]()).isEmpty)
  }

  /// Requests of many keys, known and new, with bad ones between: each answered as alone.
  @Test func batchesAnswerAsOneByOne() throws {
    let keys = try (0..<6).map { _ in try PrivateKey.generate(.guomi) }
    var requests: [SignatureRequest] = []
    for number in 0..<90 {
      // The first key comes most often, the last once.
      let key = keys[number % 3 == 0 ? 0 : number == 50 ? 5 : 1 + number % 4]
      let message = [UInt8](repeating: UInt8(number), count: number)
      var bytes = try key.sign(message: message).bytes
      if number % 7 == 2 { bytes[number % 64] ^= 4 }
      if number == 33 { bytes = [UInt8](repeating: 0, count: 64) }
      requests.append(SignatureRequest(key: key.publicKey, signature: try #require(Signature(bytes)), message: message))
    }
    let international = try PrivateKey.generate(.international)
    requests.insert(
      SignatureRequest(key: international.publicKey, signature: try international.sign(message: [1]), message: [1]), at: 40)
    let expected = requests.map { $0.key.verifyByOpenSSL($0.signature, ofMessage: $0.message) }
    #expect(expected.contains(true) && expected.contains(false))
    for _ in 0..<2 {
      #expect(
        SM2Verifier.verify(requests.filter { $0.key.suite == .guomi })
          == zip(requests, expected).filter { $0.0.key.suite == .guomi }.map(\.1))
      #expect(requests.verified() == expected)
      #expect(requests.map(\.isValid) == expected)
    }
  }

  /// Keys are remembered in bounded space; refused signatures earn nothing; what is forgotten verifies as before.
  @Test func cacheIsBoundedAndEarned() throws {
    let key = try PrivateKey.generate(.guomi).publicKey.bytes
    var known = try #require(SM2KeyCache.Known(key))
    var cache = SM2KeyCache()
    func find(_ name: [UInt8]) -> SM2KeyCache.Known? { cache.find(name) }
    func note(_ name: [UInt8], valid: Int) -> Bool { cache.note(name, known, valid: valid) }
    func name(_ number: Int) -> [UInt8] { UInt64(number).keyBytes + key[8...] }
    #expect(find(key) == nil)
    for number in 0..<(SM2KeyCache.keyLimit + 100) {
      #expect(!note(name(number), valid: 1))
      #expect(cache.counts.fresh <= SM2KeyCache.keyLimit)
    }
    #expect(find(name(0)) == nil && find(name(SM2KeyCache.keyLimit + 99)) != nil)
    let newest = name(SM2KeyCache.keyLimit + 99)
    #expect(!note(newest, valid: SM2KeyCache.usesBeforeTable - 2))
    #expect(note(newest, valid: 1))
    known.table = SM2Table(of: known.point, width: SM2Table.keyWidth)
    for number in 0..<(SM2KeyCache.tableLimit + 10) {
      cache.keep(name(number), known)
      // One that is used stays, however many come.
      #expect(find(name(0))?.table != nil)
      #expect(cache.counts.tabled <= SM2KeyCache.tableLimit)
    }
    #expect(find(name(1)) == nil)
    #expect(!note(name(0), valid: 100))
  }

  /// Validators' keys stay, however many others come and however long they are silent; of too many, the first ones do not.
  @Test func pinnedKeysStay() throws {
    let key = try PrivateKey.generate(.guomi).publicKey.bytes
    var known = try #require(SM2KeyCache.Known(key))
    var cache = SM2KeyCache()
    func name(_ number: Int) -> [UInt8] { UInt64(number).keyBytes + key[8...] }
    func note(_ number: Int) -> Bool { cache.note(name(number), known, valid: 1) }
    cache.pin([name(1), name(2), name(1)])
    #expect(!note(0) && note(1) && note(2))
    known.table = SM2Table(of: known.point, width: SM2Table.keyWidth)
    for number in 0..<(2 * SM2KeyCache.tableLimit) {
      cache.keep(name(number), known)
      #expect(cache.counts.tabled <= SM2KeyCache.tableLimit)
    }
    func find(_ number: Int) -> SM2Table? { cache.find(name(number))?.table }
    #expect(find(1) != nil && find(2) != nil && find(0) == nil && find(3) == nil)
    cache.pin((10_000..<(10_000 + SM2KeyCache.pinnedLimit)).map(name))
    for number in 20_000..<(20_000 + 2 * SM2KeyCache.tableLimit) { cache.keep(name(number), known) }
    #expect(find(1) == nil && find(2) == nil)
  }

  /// A key that signs wrongly gets no table; one that signs rightly does, and both answers stay right.
  @Test func onlyValidSignaturesAreRemembered() throws {
    let key = try PrivateKey.generate(.guomi)
    let (bytes, message) = (key.publicKey.bytes, Array("many".utf8))
    let signature = try key.sign(message: message)
    let zero = try #require(Signature([UInt8](repeating: 0, count: 64)))
    for _ in 0..<20 { #expect(!SM2Verifier.verify(zero, of: message, key: bytes)) }
    #expect(SM2Verifier.cache.withLock { $0.find(bytes) } == nil)
    for use in 1...12 {
      #expect(SM2Verifier.verify(signature, of: message, key: bytes))
      #expect((SM2Verifier.cache.withLock { $0.find(bytes)?.table } != nil) == (use >= SM2KeyCache.usesBeforeTable))
    }
    #expect(!SM2Verifier.verify(zero, of: message, key: bytes) && !SM2Verifier.verify(signature, of: message + [0], key: bytes))
    // Ids: the default given or not, another, and one that is too long.
    #expect(SM2Verifier.verify(signature, of: message, key: bytes, id: KeyHandle.defaultID))
    #expect(!SM2Verifier.verify(signature, of: message, key: bytes, id: []))
    #expect(!SM2Verifier.verify(signature, of: message, key: bytes, id: [UInt8](repeating: 1, count: KeyHandle.idLimit + 1)))
  }
}
