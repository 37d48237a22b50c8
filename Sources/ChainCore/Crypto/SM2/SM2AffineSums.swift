// Affine sums. Each needs a division, but many of them share one inversion: five products and a square each, where Jacobian coordinates
// take eleven.

extension SM2AffinePoint {
  /// What the sum with `other` divides by; never zero.
  @inline(__always) func divisor(with other: SM2AffinePoint) -> SM2Field {
    let difference = other.x - x
    guard difference.isZero else { return difference }
    // A point and itself, or a point and its negative, whose sum needs no division. No point of the curve has y = 0.
    return y == other.y ? y.doubled : .one
  }

  /// The sum with `other`, given the inverse of `divisor(with: other)`; `nil` is infinity.
  @inline(__always) func adding(_ other: SM2AffinePoint, inverse: SM2Field) -> SM2AffinePoint? {
    let slope: SM2Field
    if x != other.x {
      slope = (other.y - y) * inverse
    } else if y == other.y {
      let square = x.squared - .one
      slope = (square.doubled + square) * inverse
    } else {
      return nil
    }
    let x3 = slope.squared - x - other.x
    return SM2AffinePoint(x: x3, y: slope * (x - x3) - y)
  }
}

/// Many sums of many points, added pair by pair in lock step, so that every round of all sums shares one inversion.
struct SM2Sums {
  private var terms: [SM2AffinePoint] = []
  /// How many of `terms` belong to each sum, in order.
  private var counts: [Int] = []

  private let usesLanes: Bool

  /// No sums, with room for `capacity` terms.
  /// - Parameter usesLanes: Whether vector instructions may add; they give the same sums.
  init(capacity: Int, usesLanes: Bool = SM2PointLanes.isPresent) {
    self.usesLanes = usesLanes && SM2PointLanes.isPresent
    terms.reserveCapacity(capacity)
  }

  /// Begins the next sum, whose terms `append` gives.
  mutating func add(_ append: (inout [SM2AffinePoint]) -> Void) {
    let before = terms.count
    append(&terms)
    counts.append(terms.count - before)
  }

  /// The sums in the order in which they began; `nil` is infinity.
  consuming func results() -> [SM2AffinePoint?] {
    while counts.contains(where: { $0 > 1 }) { halve() }
    var next = terms.makeIterator()
    return counts.map { $0 == 0 ? nil : next.next() }
  }

  /// Adds neighbours; an odd last term waits, and a pair whose sum is infinity leaves nothing.
  private mutating func halve() {
    if usesLanes, halveInLanes() { return }
    var divisors: [SM2Field] = []
    divisors.reserveCapacity(terms.count / 2)
    forEachPair { left, right in divisors.append(left.divisor(with: right)) }
    let inverses = SM2Field.inverses(of: divisors)
    var halves: [SM2AffinePoint] = []
    halves.reserveCapacity(terms.count / 2 + counts.count)
    var (first, pair) = (0, 0)
    for (sum, count) in counts.enumerated() {
      let before = halves.count
      for place in stride(from: first, to: first + count - 1, by: 2) {
        if let point = terms[place].adding(terms[place + 1], inverse: inverses[pair]) { halves.append(point) }
        pair += 1
      }
      if count % 2 == 1 { halves.append(terms[first + count - 1]) }
      counts[sum] = halves.count - before
      first += count
    }
    terms = halves
  }

  /// The same eight pairs at a time. Returns `false`, and nothing is changed, if there are few pairs or one of equal x, which hardly ever comes.
  private mutating func halveInLanes() -> Bool {
    var pairs = SM2PointLanes.Pairs()
    pairs.left.reserveCapacity(terms.count / 2)
    pairs.to.reserveCapacity(terms.count / 2)
    var lone: [(from: Int, to: Int)] = []
    var (first, place) = (0, 0)
    for count in counts {
      for pair in 0..<(count / 2) {
        pairs.left.append(UInt32(first + 2 * pair))
        pairs.to.append(UInt32(place + pair))
      }
      if !count.isMultiple(of: 2) { lone.append((first + count - 1, place + count / 2)) }
      first += count
      place += (count + 1) / 2
    }
    guard pairs.left.count >= SM2PointLanes.leastPairs else { return false }
    var halves = [SM2AffinePoint](repeating: SM2AffinePoint(x: .zero, y: .zero), count: place)
    guard SM2PointLanes.add(pairs, of: terms, to: &halves) else { return false }
    for (from, to) in lone { halves[to] = terms[from] }
    terms = halves
    for sum in counts.indices { counts[sum] = (counts[sum] + 1) / 2 }
    return true
  }

  private func forEachPair(_ body: (SM2AffinePoint, SM2AffinePoint) -> Void) {
    var first = 0
    for count in counts {
      for place in stride(from: first, to: first + count - 1, by: 2) { body(terms[place], terms[place + 1]) }
      first += count
    }
  }
}
