/// A point of the SM2 curve y² = x³ − 3x + b other than infinity.
struct SM2AffinePoint: Equatable, Sendable {
  var x, y: SM2Field

  /// The curve's b (GM/T 0003.5).
  private static let b = SM2Field(SM2Number(bigEndian: SM2Group.parameters[32..<64])) ?? .zero

  var negated: SM2AffinePoint { @inline(__always) get { SM2AffinePoint(x: x, y: y.negated) } }

  /// The point with 64 bytes x ‖ y, or `nil` if a coordinate is not below p or the point is not on the curve.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == 64, let x = SM2Field(SM2Number(bigEndian: bytes[..<32])), let y = SM2Field(SM2Number(bigEndian: bytes[32...]))
    else { return nil }
    guard y.squared == (x.squared - .one.doubled - .one) * x + Self.b else { return nil }
    self.init(x: x, y: y)
  }

  @inline(__always) init(x: SM2Field, y: SM2Field) { (self.x, self.y) = (x, y) }
}

/// A point in Jacobian coordinates: x = X / Z², y = Y / Z³; Z = 0 is infinity.
struct SM2Point: Sendable {
  var x, y, z: SM2Field

  static let infinity = SM2Point(x: .one, y: .one, z: .zero)

  @inline(__always) init(x: SM2Field, y: SM2Field, z: SM2Field) { (self.x, self.y, self.z) = (x, y, z) }
  @inline(__always) init(_ point: SM2AffinePoint) { self.init(x: point.x, y: point.y, z: .one) }

  var isInfinity: Bool { @inline(__always) get { z.isZero } }

  /// Twice the point, for a = −3, in four products and four squares. The curve has no point of order two, so only infinity gives infinity.
  @inline(__always) var doubled: SM2Point {
    let zz = z.squared
    let slope = (x - zz) * (x + zz)
    let alpha = slope + slope.doubled
    let twice = y.doubled
    let square = twice.squared
    let beta = square * x
    let x3 = alpha.squared - beta.doubled
    let y3 = alpha * (beta - x3) - square.squared.halved
    return SM2Point(x: x3, y: y3, z: twice * z)
  }

  /// `doubled` where it hardly ever comes to that.
  @inline(never) private func rarelyDoubled() -> SM2Point { doubled }

  /// The sum with an affine point in eight products and three squares, and the exceptions of that formula.
  @inline(__always) func adding(_ other: SM2AffinePoint) -> SM2Point {
    if z.isZero { return SM2Point(other) }
    let zz = z.squared
    return sum(fromX: x, y, to: other.x * zz, other.y * (z * zz), z: z)
  }

  /// The sum with a multiple, in eleven products and three squares.
  @inline(__always) func adding(_ other: SM2Multiple) -> SM2Point {
    if z.isZero { return other.point }
    let zz = z.squared
    return sum(fromX: x * other.zz, y * other.zzz, to: other.point.x * zz, other.point.y * (z * zz), z: z * other.point.z)
  }

  /// The sum of two points brought to one denominator `z`.
  @inline(__always) private func sum(
    fromX x1: SM2Field, _ y1: SM2Field, to x2: SM2Field, _ y2: SM2Field, z: SM2Field
  ) -> SM2Point {
    let h = x2 - x1
    let slope = y2 - y1
    if h.isZero { return slope.isZero ? rarelyDoubled() : .infinity }
    let hh = h.squared
    let hhh = h * hh
    let v = x1 * hh
    let x3 = slope.squared - hhh - v.doubled
    let y3 = slope * (v - x3) - y1 * hhh
    return SM2Point(x: x3, y: y3, z: z * h)
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

/// A point that is added often: Jacobian, with the powers of its Z, so that no inversion is needed before it is used.
struct SM2Multiple: Sendable {
  var point: SM2Point
  var zz, zzz: SM2Field

  init(_ point: SM2Point) {
    self.point = point
    zz = point.z.squared
    zzz = zz * point.z
  }

  var negated: SM2Multiple {
    @inline(__always) get {
      var result = self
      result.point.y = point.y.negated
      return result
    }
  }
}

extension SM2Point {
  /// [scalar]P for a point without a table: width-5 non-adjacent form over the odd multiples up to 15.
  init(_ point: SM2AffinePoint, times scalar: SM2Number) {
    let twice = SM2Multiple(SM2Point(point).doubled)
    var odd = [SM2Multiple(SM2Point(point))]
    for _ in 1..<8 { odd.append(SM2Multiple(odd[odd.count - 1].point.adding(twice))) }
    var sum = SM2Point.infinity
    for digit in scalar.nonAdjacentForm.reversed() {
      if !sum.isInfinity { sum = sum.doubled }
      if digit > 0 {
        sum = sum.adding(odd[Int(digit) >> 1])
      } else if digit < 0 {
        sum = sum.adding(odd[Int(-digit) >> 1].negated)
      }
    }
    self = sum
  }
}
