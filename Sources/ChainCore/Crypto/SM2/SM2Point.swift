/// A point of the SM2 curve y² = x³ − 3x + b other than infinity.
struct SM2AffinePoint: Equatable, Sendable {
  var x, y: SM2Field

  var negated: SM2AffinePoint { SM2AffinePoint(x: x, y: y.negated) }
}

/// A point in Jacobian coordinates: x = X / Z², y = Y / Z³; Z = 0 is infinity.
struct SM2Point: Sendable {
  var x, y, z: SM2Field

  static let infinity = SM2Point(x: .one, y: .one, z: .zero)

  init(x: SM2Field, y: SM2Field, z: SM2Field) { (self.x, self.y, self.z) = (x, y, z) }
  init(_ point: SM2AffinePoint) { self.init(x: point.x, y: point.y, z: .one) }

  var isInfinity: Bool { z.isZero }

  /// Twice the point (a = −3; Bernstein & Lange, dbl-2001-b).
  @inline(__always) var doubled: SM2Point {
    let delta = z.squared
    let gamma = y.squared
    let beta = x * gamma
    let slope = (x - delta) * (x + delta)
    let alpha = slope + slope.doubled
    let beta4 = beta.doubled.doubled
    let x3 = alpha.squared - beta4.doubled
    let z3 = (y + z).squared - gamma - delta
    let y3 = alpha * (beta4 - x3) - gamma.squared.doubled.doubled.doubled
    return SM2Point(x: x3, y: y3, z: z3)
  }

  /// The sum with an affine point (madd-2007-bl, and its exceptions).
  @inline(__always) func adding(_ other: SM2AffinePoint) -> SM2Point {
    if z.isZero { return SM2Point(other) }
    let zz = z.squared
    let h = other.x * zz - x
    let slope = (other.y * z * zz - y).doubled
    if h.isZero { return slope.isZero ? doubled : .infinity }
    let hh = h.squared
    let i = hh.doubled.doubled
    let j = h * i
    let v = x * i
    let x3 = slope.squared - j - v.doubled
    let y3 = slope * (v - x3) - (y * j).doubled
    let z3 = (z + h).squared - zz - hh
    return SM2Point(x: x3, y: y3, z: z3)
  }

  /// The affine forms of points that are not infinity, with one inversion.
  static func affine(_ points: [SM2Point]) -> [SM2AffinePoint] {
    let inverses = SM2Field.inverses(of: points.map(\.z))
    return zip(points, inverses).map { point, inverse in
      let square = inverse.squared
      return SM2AffinePoint(x: point.x * square, y: point.y * square * inverse)
    }
  }
}

/// Multiples of one point for signed windows: no doublings at all when it is multiplied.
struct SM2Table: Sendable {
  /// Bits a window.
  let width: Int
  /// For window i: 1, 2, … 2^(width−1) times 2^(width·i) times the point.
  private let points: [SM2AffinePoint]
  private var windows: Int { points.count >> (width - 1) }

  /// The table of `point`; `width` 7 for the generator, 5 for keys.
  init(of point: SM2AffinePoint, width: Int) {
    self.width = width
    let each = 1 << (width - 1)
    var bases: [SM2Point] = []
    var base = SM2Point(point)
    // One bit more than 256 for the carry of the signed digits.
    for _ in 0..<((257 + width - 1) / width) {
      bases.append(base)
      for _ in 0..<width { base = base.doubled }
    }
    var all: [SM2Point] = []
    all.reserveCapacity(bases.count * each)
    for base in SM2Point.affine(bases) {
      var multiple = SM2Point(base)
      for _ in 0..<each {
        all.append(multiple)
        multiple = multiple.adding(base)
      }
    }
    points = SM2Point.affine(all)
  }

  /// Adds `scalar` times the point to `sum`.
  @inline(__always) func add(_ scalar: SM2Number, to sum: inout SM2Point) {
    let digits = scalar.signedDigits(width: width, count: windows)
    for window in digits.indices {
      let digit = digits[window]
      if digit > 0 {
        sum = sum.adding(points[window << (width - 1) + digit - 1])
      } else if digit < 0 {
        sum = sum.adding(points[window << (width - 1) - digit - 1].negated)
      }
    }
  }
}
