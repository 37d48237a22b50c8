internal import CPointLanes

/// Sums of pairs of points in the lanes of the processor's vector instructions, eight pairs at a time.
enum SM2PointLanes {
  /// Which points are added, and where the sums go.
  struct Pairs {
    /// The places of the left points; each right one is the next.
    var left: [UInt32] = []
    /// The places of the sums.
    var to: [UInt32] = []
  }

  /// Whether this processor has the lanes.
  static let isPresent = yuchain_point_lanes_has() == 1
  /// Fewer pairs are added one after another. Between 8 and 40 no difference could be measured.
  static let leastPairs = 16

  /// Writes the sums of `pairs` of `terms` to their places in `sums`. Returns `false`, and the sums mean nothing, if two points of a pair
  /// have the same x.
  static func add(_ pairs: Pairs, of terms: [SM2AffinePoint], to sums: inout [SM2AffinePoint]) -> Bool {
    let count = pairs.left.count
    precondition(pairs.to.count == count, "each pair has a place for its sum")
    precondition(pairs.left.allSatisfy { Int($0) + 1 < terms.count } && pairs.to.allSatisfy { Int($0) < sums.count }, "places are within")
    var products = [SM2Field](repeating: .zero, count: Int(YUCHAIN_POINT_CHAINS))
    return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: yuchain_sm2_scratch(count)) { scratch in
      unsafe terms.withUnsafeBytes { terms in
        guard let scratch = scratch.baseAddress, let terms = unsafe terms.assumingMemoryBound(to: UInt64.self).baseAddress else {
          return count == 0
        }
        unsafe products.withUnsafeMutableBytes { products in
          guard let products = unsafe products.assumingMemoryBound(to: UInt64.self).baseAddress else { return }
          unsafe yuchain_sm2_products(terms, pairs.left, count, scratch, products)
        }
        guard !products.contains(where: \.isZero) else { return false }
        let inverses = SM2Field.inverses(of: products)
        unsafe inverses.withUnsafeBytes { inverses in
          unsafe sums.withUnsafeMutableBytes { sums in
            guard
              let inverses = unsafe inverses.assumingMemoryBound(to: UInt64.self).baseAddress,
              let sums = unsafe sums.assumingMemoryBound(to: UInt64.self).baseAddress
            else { return }
            unsafe yuchain_sm2_sums(terms, pairs.left, pairs.to, count, scratch, inverses, sums)
          }
        }
        return true
      }
    }
  }
}
