/// A 256-bit number: scalars and hashes. Least significant limb first.
struct SM2Number: Equatable, Comparable, Sendable {
  var l0, l1, l2, l3: UInt64

  static let zero = SM2Number(l0: 0, l1: 0, l2: 0, l3: 0)
  /// The field's prime.
  static let p = SM2Number(l0: SM2Field.p0, l1: SM2Field.p1, l2: SM2Field.p2, l3: SM2Field.p3)
  /// The order of the group (GM/T 0003.5).
  static let n = SM2Number(
    l0: 0x53bb_f409_39d5_4123, l1: 0x7203_df6b_21c6_052b, l2: 0xffff_ffff_ffff_ffff, l3: 0xffff_fffe_ffff_ffff)

  init(l0: UInt64, l1: UInt64, l2: UInt64, l3: UInt64) { (self.l0, self.l1, self.l2, self.l3) = (l0, l1, l2, l3) }

  /// The number of 32 big-endian bytes.
  init(bigEndian bytes: some RandomAccessCollection<UInt8>) {
    self = .zero
    for byte in bytes.prefix(32) {
      (l3, l2, l1) = (l3 << 8 | l2 >> 56, l2 << 8 | l1 >> 56, l1 << 8 | l0 >> 56)
      l0 = l0 << 8 | UInt64(byte)
    }
  }

  /// The number of a digest's bytes.
  init(_ digest: Digest) {
    let words = digest.words
    self.init(l0: words.3, l1: words.2, l2: words.1, l3: words.0)
  }

  var isZero: Bool { l0 | l1 | l2 | l3 == 0 }

  static func < (a: SM2Number, b: SM2Number) -> Bool { (a.l3, a.l2, a.l1, a.l0) < (b.l3, b.l2, b.l1, b.l0) }

  /// The sum modulo 2²⁵⁶, and whether it overflowed.
  static func adding(_ a: SM2Number, _ b: SM2Number) -> (sum: SM2Number, carry: Bool) {
    var carry = false
    func add(_ x: UInt64, _ y: UInt64) -> UInt64 {
      let (first, one) = x.addingReportingOverflow(y)
      let (second, two) = first.addingReportingOverflow(carry ? 1 : 0)
      carry = one || two
      return second
    }
    let sum = SM2Number(l0: add(a.l0, b.l0), l1: add(a.l1, b.l1), l2: add(a.l2, b.l2), l3: add(a.l3, b.l3))
    return (sum, carry)
  }

  /// The difference modulo 2²⁵⁶.
  static func subtracting(_ a: SM2Number, _ b: SM2Number) -> SM2Number {
    let complement = SM2Number(l0: ~b.l0, l1: ~b.l1, l2: ~b.l2, l3: ~b.l3)
    let one = SM2Number(l0: 1, l1: 0, l2: 0, l3: 0)
    return adding(adding(a, complement).sum, one).sum
  }

  /// This number modulo n; it is less than 2n, because n > 2²⁵⁵.
  var reduced: SM2Number { self < .n ? self : .subtracting(self, .n) }

  /// a + b mod n of numbers below n.
  static func addingModN(_ a: SM2Number, _ b: SM2Number) -> SM2Number {
    let (sum, carry) = adding(a, b)
    return carry || !(sum < .n) ? subtracting(sum, .n) : sum
  }

  /// a − b mod n of numbers below n.
  static func subtractingModN(_ a: SM2Number, _ b: SM2Number) -> SM2Number {
    let difference = subtracting(a, b)
    return a < b ? adding(difference, .n).sum : difference
  }

  /// `count` bits from bit `from` on; bits beyond 255 are zero. At most 32.
  @inline(__always) func bits(from: Int, count: Int) -> Int {
    @inline(__always) func limb(_ index: Int) -> UInt64 {
      switch index {
      case 0: l0
      case 1: l1
      case 2: l2
      case 3: l3
      default: 0
      }
    }
    let (index, shift) = (from >> 6, UInt64(from & 63))
    var value = limb(index) >> shift
    if shift > 0 { value |= limb(index + 1) << (64 - shift) }
    return Int(value & ((1 << UInt64(count)) - 1))
  }

  /// Gives the number in signed digits of `width` bits, least significant first: each in −2^(width−1) … 2^(width−1).
  @inline(__always) func forEachSignedDigit(width: Int, count: Int, _ body: (_ place: Int, _ digit: Int) -> Void) {
    var carry = 0
    for place in 0..<count {
      var digit = bits(from: place * width, count: width) + carry
      carry = digit > 1 << (width - 1) ? 1 : 0
      digit -= carry << width
      body(place, digit)
    }
  }

  /// The width-5 non-adjacent form: digits odd or zero, |digit| < 16, least significant first, 257 of them.
  var nonAdjacentForm: [Int8] {
    var digits = [Int8](repeating: 0, count: 258)
    var carry = 0
    var place = 0
    while place < 257 {
      let bit = bits(from: place, count: 1) + carry
      if bit & 1 == 0 {
        carry = bit >> 1
        place += 1
        continue
      }
      var digit = bits(from: place, count: 5) + carry
      carry = 0
      if digit >= 16 {
        digit -= 32
        carry = 1
      }
      digits[place] = Int8(digit)
      place += 5
    }
    return digits
  }
}
