/// A number modulo the SM2 prime p = 2²⁵⁶ − 2²²⁴ − 2⁹⁶ + 2⁶⁴ − 1, in Montgomery form (times 2²⁵⁶), always below p.
///
/// For public values only: nothing here takes constant time. Least significant limb first.
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

  var isZero: Bool { l0 | l1 | l2 | l3 == 0 }

  /// Subtracts p once if the value, with its carry, is not below it.
  @inline(__always) private static func reduced(
    _ a0: UInt64, _ a1: UInt64, _ a2: UInt64, _ a3: UInt64, _ carry: UInt64
  ) -> SM2Field {
    let (r0, b0) = a0.subtractingReportingOverflow(p0)
    let (r1, b1) = subtract(a1, p1, b0)
    let (r2, b2) = subtract(a2, p2, b1)
    let (r3, b3) = subtract(a3, p3, b2)
    // No borrow, or one that the carry pays for: the difference is the value.
    return carry != 0 || !b3 ? SM2Field(l0: r0, l1: r1, l2: r2, l3: r3) : SM2Field(l0: a0, l1: a1, l2: a2, l3: a3)
  }

  @inline(__always) private static func subtract(_ a: UInt64, _ b: UInt64, _ borrow: Bool) -> (UInt64, Bool) {
    let (first, one) = a.subtractingReportingOverflow(b)
    let (second, two) = first.subtractingReportingOverflow(borrow ? 1 : 0)
    return (second, one || two)
  }

  @inline(__always) private static func add(_ a: UInt64, _ b: UInt64, _ carry: Bool) -> (UInt64, Bool) {
    let (first, one) = a.addingReportingOverflow(b)
    let (second, two) = first.addingReportingOverflow(carry ? 1 : 0)
    return (second, one || two)
  }

  @inline(__always) static func + (a: SM2Field, b: SM2Field) -> SM2Field {
    let (s0, c0) = a.l0.addingReportingOverflow(b.l0)
    let (s1, c1) = add(a.l1, b.l1, c0)
    let (s2, c2) = add(a.l2, b.l2, c1)
    let (s3, c3) = add(a.l3, b.l3, c2)
    return reduced(s0, s1, s2, s3, c3 ? 1 : 0)
  }

  @inline(__always) static func - (a: SM2Field, b: SM2Field) -> SM2Field {
    let (d0, b0) = a.l0.subtractingReportingOverflow(b.l0)
    let (d1, b1) = subtract(a.l1, b.l1, b0)
    let (d2, b2) = subtract(a.l2, b.l2, b1)
    let (d3, b3) = subtract(a.l3, b.l3, b2)
    guard b3 else { return SM2Field(l0: d0, l1: d1, l2: d2, l3: d3) }
    let (s0, c0) = d0.addingReportingOverflow(p0)
    let (s1, c1) = add(d1, p1, c0)
    let (s2, c2) = add(d2, p2, c1)
    let (s3, _) = add(d3, p3, c2)
    return SM2Field(l0: s0, l1: s1, l2: s2, l3: s3)
  }

  var doubled: SM2Field { @inline(__always) get { self + self } }
  var negated: SM2Field { @inline(__always) get { SM2Field.zero - self } }
  var squared: SM2Field { @inline(__always) get { self * self } }

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
      let (top, over) = t4.addingReportingOverflow(carry)
      let factor = t0
      // factor · p0 + t0 = factor · 2⁶⁴.
      (carry, t0) = multiplyAdd(factor, p1, t1, factor)
      (carry, t1) = multiplyAdd(factor, p2, t2, carry)
      (carry, t2) = multiplyAdd(factor, p3, t3, carry)
      let (last, overLast) = top.addingReportingOverflow(carry)
      t3 = last
      t4 = (over ? 1 : 0) &+ (overLast ? 1 : 0)
    }
    round(a.l0)
    round(a.l1)
    round(a.l2)
    round(a.l3)
    return reduced(t0, t1, t2, t3, t4)
  }

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
