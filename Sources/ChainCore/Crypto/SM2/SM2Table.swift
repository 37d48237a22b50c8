internal import CPointLanes

/// Multiples of one point for signed windows: no doublings at all when it is multiplied.
struct SM2Table: Sendable {
  /// Bits a window for the generator: 33 windows of 128 points, 264 KiB, which a second-level cache holds.
  static let generatorWidth = 8
  /// Bits a window for keys: 43 windows of 32 points, 86 KiB.
  static let keyWidth = 6

  /// Bits a window.
  let width: Int
  /// How many windows there are. One bit more than 256 for the carry of the signed digits.
  let windows: Int
  /// For window i: 1, 2, … 2^(width−1) times 2^(width·i) times the point, as limbs, from `first` on: there a line of the cache begins, so that
  /// a point takes one line. Wherever it begins, the answers are the same.
  private let limbs: [UInt64]
  private let first: Int

  private static let lineBytes = 64
  private static let pointLimbs = MemoryLayout<SM2AffinePoint>.size / MemoryLayout<UInt64>.size

  /// The bytes that a table takes.
  static func byteCount(width: Int) -> Int { windows(width) << (width - 1) * MemoryLayout<SM2AffinePoint>.size }

  private static func windows(_ width: Int) -> Int { (257 + width - 1) / width }

  /// The table of `point`.
  init(of point: SM2AffinePoint, width: Int) {
    self.width = width
    windows = Self.windows(width)
    let each = 1 << (width - 1)
    var bases: [SM2Point] = []
    var base = SM2Point(point)
    for _ in 0..<windows {
      bases.append(base)
      for _ in 0..<width { base = base.doubled }
    }
    var table = [SM2AffinePoint](repeating: point, count: windows * each)
    for (window, base) in SM2Point.affine(bases).enumerated() { table[window * each] = base }
    // All windows at once, so that they share inversions: from 1 … k times a base come k + 1 … 2k times it by adding k times the base.
    var have = 1
    while have < each {
      var divisors: [SM2Field] = []
      for window in 0..<windows {
        let last = table[window * each + have - 1]
        for more in 0..<have { divisors.append(table[window * each + more].divisor(with: last)) }
      }
      let inverses = SM2Field.inverses(of: divisors)
      for window in 0..<windows {
        let last = table[window * each + have - 1]
        for more in 0..<have {
          // No multiple this small is infinity.
          guard let sum = table[window * each + more].adding(last, inverse: inverses[window * have + more]) else { continue }
          table[window * each + have + more] = sum
        }
      }
      have *= 2
    }
    var limbs = [UInt64](repeating: 0, count: table.count * Self.pointLimbs + Self.lineBytes / MemoryLayout<UInt64>.size)
    let skipped = unsafe limbs.withUnsafeBytes { bytes in
      let address = Int(bitPattern: bytes.baseAddress)
      return (Self.lineBytes - address % Self.lineBytes) % Self.lineBytes / MemoryLayout<UInt64>.size
    }
    for (row, point) in table.enumerated() {
      let (x, y) = (point.x, point.y)
      for (place, limb) in [x.l0, x.l1, x.l2, x.l3, y.l0, y.l1, y.l2, y.l3].enumerated() {
        limbs[skipped + row * Self.pointLimbs + place] = limb
      }
    }
    self.limbs = limbs
    first = skipped
  }

  /// Adds `scalar` times the point to `sum`.
  @inline(__always) func add(_ scalar: SM2Number, to sum: inout SM2Point) {
    scalar.forEachSignedDigit(width: width, count: windows) { window, digit in
      if digit != 0 { sum = sum.adding(self.point(window, digit)) }
    }
  }

  /// Appends the points whose sum is `scalar` times the point.
  func appendTerms(_ scalar: SM2Number, to terms: inout [SM2AffinePoint]) {
    precondition(windows <= 128, "windows have three bits or more")
    var wishes = InlineArray<128, Int32>(repeating: 0)
    scalar.forEachSignedDigit(width: width, count: windows) { window, digit in
      let row = row(window, digit) + 1
      wishes[window] = digit == 0 ? 0 : Int32(digit > 0 ? row : -row)
    }
    let before = terms.count
    terms.append(contentsOf: repeatElement(SM2AffinePoint(x: .zero, y: .zero), count: windows))
    var span = wishes.mutableSpan
    let taken = unsafe span.withUnsafeMutableBufferPointer { wishes in
      unsafe limbs.withUnsafeBufferPointer { limbs in
        unsafe terms.withUnsafeMutableBytes { terms in
          guard
            let wishes = wishes.baseAddress, let limbs = limbs.baseAddress,
            let terms = unsafe terms.assumingMemoryBound(to: UInt64.self).baseAddress
          else { return 0 }
          return unsafe yuchain_sm2_take(limbs + first, wishes, windows, terms + before * Self.pointLimbs)
        }
      }
    }
    terms.removeLast(windows - taken)
  }

  /// Where the multiple of a digit other than 0 stands.
  @inline(__always) private func row(_ window: Int, _ digit: Int) -> Int { window << (width - 1) + abs(digit) - 1 }

  @inline(__always) private func point(_ window: Int, _ digit: Int) -> SM2AffinePoint {
    let start = (first + row(window, digit) * Self.pointLimbs) * MemoryLayout<UInt64>.size
    let point = unsafe limbs.span.bytes.unsafeLoad(fromByteOffset: start, as: SM2AffinePoint.self)
    return digit > 0 ? point : point.negated
  }
}
