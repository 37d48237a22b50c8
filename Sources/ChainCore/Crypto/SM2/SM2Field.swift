/// A number modulo the SM2 prime p = 2²⁵⁶ − 2²²⁴ − 2⁹⁶ + 2⁶⁴ − 1, in Montgomery form (times 2²⁵⁶), always below p.
///
/// For public values only: nothing here promises constant time. Yet nothing branches on values either, because sums wrap around like a coin
/// falls, and a processor that guesses wrong loses as much time as a product takes. Least significant limb first.
struct SM2Field: Equatable, Sendable {
  var l0, l1, l2, l3: UInt64

  static let p0: UInt64 = 0xffff_ffff_ffff_ffff
  static let p1: UInt64 = 0xffff_ffff_0000_0000
  static let p2: UInt64 = 0xffff_ffff_ffff_ffff
  static let p3: UInt64 = 0xffff_fffe_ffff_ffff

  static let zero = SM2Field(l0: 0, l1: 0, l2: 0, l3: 0)
  /// 2²⁵⁶ mod p.
  static let one = SM2Field(l0: 1, l1: 0xffff_ffff, l2: 0, l3: 0x1_0000_0000)
  /// 2⁵¹² mod p: multiplying by it enters Montgomery form.
  private static let square = SM2Field(
    l0: 0x0000_0002_0000_0003, l1: 0x0000_0002_ffff_ffff, l2: 0x0000_0001_0000_0001, l3: 0x0000_0004_0000_0002)

  @inline(__always) init(l0: UInt64, l1: UInt64, l2: UInt64, l3: UInt64) { (self.l0, self.l1, self.l2, self.l3) = (l0, l1, l2, l3) }

  /// The Montgomery form of a number below p, or `nil`.
  init?(_ number: SM2Number) {
    guard number < SM2Number.p else { return nil }
    self = SM2Field(l0: number.l0, l1: number.l1, l2: number.l2, l3: number.l3) * Self.square
  }

  var isZero: Bool { @inline(__always) get { l0 | l1 | l2 | l3 == 0 } }

  /// a + b + carry; all carries and borrows are 0 or 1.
  @inline(__always) private static func sum(_ a: UInt64, _ b: UInt64, _ carry: UInt64) -> (UInt64, carry: UInt64) {
    let wide = UInt128(a) &+ UInt128(b) &+ UInt128(carry)
    return (UInt64(truncatingIfNeeded: wide), UInt64(truncatingIfNeeded: wide >> 64))
  }

  @inline(__always) private static func difference(_ a: UInt64, _ b: UInt64, _ borrow: UInt64) -> (UInt64, borrow: UInt64) {
    let wide = UInt128(a) &- UInt128(b) &- UInt128(borrow)
    return (UInt64(truncatingIfNeeded: wide), UInt64(truncatingIfNeeded: wide >> 64) & 1)
  }

  /// The value below 2p modulo p.
  @inline(__always) private static func reduced(
    _ a0: UInt64, _ a1: UInt64, _ a2: UInt64, _ a3: UInt64, _ carry: UInt64
  ) -> SM2Field {
    let (r0, b0) = difference(a0, p0, 0)
    let (r1, b1) = difference(a1, p1, b0)
    let (r2, b2) = difference(a2, p2, b1)
    let (r3, b3) = difference(a3, p3, b2)
    // All ones if the value was below p already: a borrow for which no carry pays.
    let keep = carry &- b3
    return SM2Field(
      l0: r0 ^ ((r0 ^ a0) & keep), l1: r1 ^ ((r1 ^ a1) & keep), l2: r2 ^ ((r2 ^ a2) & keep), l3: r3 ^ ((r3 ^ a3) & keep))
  }

  /// The value plus p where `mask` is all ones; the value itself where it is zero.
  @inline(__always) private func addingP(_ mask: UInt64) -> (SM2Field, carry: UInt64) {
    let (s0, c0) = Self.sum(l0, mask, 0)
    let (s1, c1) = Self.sum(l1, Self.p1 & mask, c0)
    let (s2, c2) = Self.sum(l2, mask, c1)
    let (s3, c3) = Self.sum(l3, Self.p3 & mask, c2)
    return (SM2Field(l0: s0, l1: s1, l2: s2, l3: s3), c3)
  }

  @inline(__always) static func + (a: SM2Field, b: SM2Field) -> SM2Field {
    let (s0, c0) = sum(a.l0, b.l0, 0)
    let (s1, c1) = sum(a.l1, b.l1, c0)
    let (s2, c2) = sum(a.l2, b.l2, c1)
    let (s3, c3) = sum(a.l3, b.l3, c2)
    return reduced(s0, s1, s2, s3, c3)
  }

  @inline(__always) static func - (a: SM2Field, b: SM2Field) -> SM2Field {
    let (d0, b0) = difference(a.l0, b.l0, 0)
    let (d1, b1) = difference(a.l1, b.l1, b0)
    let (d2, b2) = difference(a.l2, b.l2, b1)
    let (d3, b3) = difference(a.l3, b.l3, b2)
    return SM2Field(l0: d0, l1: d1, l2: d2, l3: d3).addingP(0 &- b3).0
  }

  var doubled: SM2Field { @inline(__always) get { self + self } }
  var negated: SM2Field { @inline(__always) get { SM2Field.zero - self } }

  /// Half the value: of it or of it plus p, whichever is even.
  var halved: SM2Field {
    @inline(__always) get {
      let (even, carry) = addingP(0 &- (l0 & 1))
      return SM2Field(
        l0: even.l0 >> 1 | even.l1 << 63, l1: even.l1 >> 1 | even.l2 << 63, l2: even.l2 >> 1 | even.l3 << 63,
        l3: even.l3 >> 1 | carry << 63)
    }
  }

  /// a · b + c + d, which fits two limbs.
  @inline(__always) private static func multiplyAdd(
    _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64
  ) -> (high: UInt64, low: UInt64) {
    let sum = UInt128(a) &* UInt128(b) &+ UInt128(c) &+ UInt128(d)
    return (UInt64(truncatingIfNeeded: sum >> 64), UInt64(truncatingIfNeeded: sum))
  }

  /// The Montgomery product a · b / 2²⁵⁶ mod p, limb by limb (CIOS). −p⁻¹ mod 2⁶⁴ is 1, so the factor of a reduction step is the low limb.
  @inline(__always) static func * (a: SM2Field, b: SM2Field) -> SM2Field {
    var t0: UInt64 = 0
    var t1: UInt64 = 0
    var t2: UInt64 = 0
    var t3: UInt64 = 0
    var t4: UInt64 = 0
    @inline(__always) func round(_ x: UInt64) {
      var carry: UInt64
      (carry, t0) = multiplyAdd(x, b.l0, t0, 0)
      (carry, t1) = multiplyAdd(x, b.l1, t1, carry)
      (carry, t2) = multiplyAdd(x, b.l2, t2, carry)
      (carry, t3) = multiplyAdd(x, b.l3, t3, carry)
      let (top, over) = sum(t4, carry, 0)
      let factor = t0
      // factor · p0 + t0 = factor · 2⁶⁴.
      (carry, t0) = multiplyAdd(factor, p1, t1, factor)
      (carry, t1) = multiplyAdd(factor, p2, t2, carry)
      (carry, t2) = multiplyAdd(factor, p3, t3, carry)
      let (last, overLast) = sum(top, carry, 0)
      t3 = last
      t4 = over &+ overLast
    }
    round(a.l0)
    round(a.l1)
    round(a.l2)
    round(a.l3)
    return reduced(t0, t1, t2, t3, t4)
  }

  /// The Montgomery square: six products of different limbs count twice, and the square is reduced two limbs at a time.
  var squared: SM2Field {
    @inline(__always) get {
      var t1: UInt64
      var t2: UInt64
      var t3: UInt64
      var t4: UInt64
      var t5: UInt64
      var t6: UInt64
      var carry: UInt64
      (carry, t1) = Self.multiplyAdd(l0, l1, 0, 0)
      (carry, t2) = Self.multiplyAdd(l0, l2, carry, 0)
      (t4, t3) = Self.multiplyAdd(l0, l3, carry, 0)
      (carry, t3) = Self.multiplyAdd(l1, l2, t3, 0)
      (t5, t4) = Self.multiplyAdd(l1, l3, t4, carry)
      (t6, t5) = Self.multiplyAdd(l2, l3, t5, 0)
      let t7 = t6 >> 63
      t6 = t6 << 1 | t5 >> 63
      t5 = t5 << 1 | t4 >> 63
      t4 = t4 << 1 | t3 >> 63
      t3 = t3 << 1 | t2 >> 63
      t2 = t2 << 1 | t1 >> 63
      t1 = t1 << 1
      let (q1, q0) = Self.multiplyAdd(l0, l0, 0, 0)
      let (q3, q2) = Self.multiplyAdd(l1, l1, 0, 0)
      let (q5, q4) = Self.multiplyAdd(l2, l2, 0, 0)
      let (q7, q6) = Self.multiplyAdd(l3, l3, 0, 0)
      let (s1, c1) = Self.sum(t1, q1, 0)
      let (s2, c2) = Self.sum(t2, q2, c1)
      let (s3, c3) = Self.sum(t3, q3, c2)
      let (s4, c4) = Self.sum(t4, q4, c3)
      let (s5, c5) = Self.sum(t5, q5, c4)
      let (s6, c6) = Self.sum(t6, q6, c5)
      let (s7, _) = Self.sum(t7, q7, c6)
      let (u0, u1, u2, u3) = Self.shiftedDown(q0, s1, s2, s3)
      let (v0, v1, v2, v3) = Self.shiftedDown(u0, u1, u2, u3)
      let (r0, d0) = Self.sum(v0, s4, 0)
      let (r1, d1) = Self.sum(v1, s5, d0)
      let (r2, d2) = Self.sum(v2, s6, d1)
      let (r3, d3) = Self.sum(v3, s7, d2)
      return Self.reduced(r0, r1, r2, r3, d3)
    }
  }

  /// (t + m·p) / 2¹²⁸ for the m below 2¹²⁸ that makes the division exact: m = t·(1 + 2⁶⁴ − 2⁹⁶) mod 2¹²⁸.
  ///
  /// m·p = m·2²⁵⁶ − m·2²²⁴ − m·(2⁹⁶ − 2⁶⁴ + 1), and the low half of the last product is that of t by the choice of m, so what remains is
  /// t's high half + (m·2¹²⁸ − m·2⁹⁶) − the product's high half: shifts and sums. It is below 2¹²⁸ + p.
  @inline(__always) private static func shiftedDown(
    _ t0: UInt64, _ t1: UInt64, _ t2: UInt64, _ t3: UInt64
  ) -> (UInt64, UInt64, UInt64, UInt64) {
    // a = m·2³², three limbs.
    let a0 = t0 << 32
    let m1 = t1 &+ t0 &- a0
    let a1 = m1 << 32 | t0 >> 32
    let a2 = m1 >> 32
    // e = a − m; h = the high half of e·2⁶⁴ + m.
    let (e0, b0) = difference(a0, t0, 0)
    let (e1, b1) = difference(a1, m1, b0)
    let e2 = a2 &- b1
    let (_, k0) = sum(e0, m1, 0)
    let (h0, k1) = sum(e1, 0, k0)
    let h1 = e2 &+ k1
    // f = m·2¹²⁸ − a·2⁶⁴, whose lowest limb is zero; then f − h, and t's high half on top.
    let (f1, c1) = difference(0, a0, 0)
    let (f2, c2) = difference(t0, a1, c1)
    let f3 = m1 &- a2 &- c2
    let (g0, d0) = difference(0, h0, 0)
    let (g1, d1) = difference(f1, h1, d0)
    let (g2, d2) = difference(f2, 0, d1)
    let g3 = f3 &- d2
    let (y0, w0) = sum(g0, t2, 0)
    let (y1, w1) = sum(g1, t3, w0)
    let (y2, w2) = sum(g2, 0, w1)
    return (y0, y1, y2, g3 &+ w2)
  }
}

extension SM2Field {
  /// 1 / self by Fermat: self to the power p − 2, in runs of ones. Zero gives zero.
  var inverse: SM2Field {
    func power(_ value: SM2Field, _ times: Int) -> SM2Field {
      var value = value
      for _ in 0..<times { value = value.squared }
      return value
    }
    // onesN = self to the power 2ᴺ − 1.
    let ones2 = self.squared * self
    let ones4 = power(ones2, 2) * ones2
    let ones8 = power(ones4, 4) * ones4
    let ones16 = power(ones8, 8) * ones8
    let ones24 = power(ones16, 8) * ones8
    let ones28 = power(ones24, 4) * ones4
    let ones30 = power(ones28, 2) * ones2
    let ones31 = ones30.squared * self
    let ones32 = ones31.squared * self
    // p − 2 = 31 ones, a zero, 128 ones, 32 zeros, 32 ones, 30 ones, 01.
    var result = ones31.squared
    for _ in 0..<4 { result = power(result, 32) * ones32 }
    result = power(result, 64) * ones32
    result = power(result, 30) * ones30
    return power(result, 2) * self
  }

  /// The inverses of all, with one inversion; none may be zero.
  static func inverses(of values: [SM2Field]) -> [SM2Field] {
    var products: [SM2Field] = []
    products.reserveCapacity(values.count)
    var product = SM2Field.one
    for value in values {
      products.append(product)
      product = product * value
    }
    var inverse = product.inverse
    var result = values
    for index in values.indices.reversed() {
      result[index] = inverse * products[index]
      inverse = inverse * values[index]
    }
    return result
  }
}
