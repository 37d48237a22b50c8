/// Which nodes a proof consists of (RFC 9162 §2.1.3.1 and §2.1.4.1), over any source of the nodes of complete subtrees.
///
/// Sizes and indices are checked by the callers. At most one sibling is not complete, so a path costs O(log n) nodes.
enum LogPaths {
  /// The root over `count` > 0 leaves from `start`, a multiple of the least power of two that is not below `count`.
  static func rangeRoot<Failure: Error>(
    start: UInt64, count: UInt64, suite: CryptoSuite, node: (UInt8, UInt64) throws(Failure) -> Digest
  ) throws(Failure) -> Digest {
    var hasher = TreeHasher(suite)
    var rest = count
    var end = start + count
    var root: Digest?
    // Complete subtrees from the right, smallest first.
    while rest != 0 {
      let level = UInt8(rest.trailingZeroBitCount)
      end -= 1 << UInt64(level)
      rest &= rest - 1
      let peak = try node(level, end >> UInt64(level))
      root = root.map { hasher.logNode(peak, $0) } ?? peak
    }
    guard let root else { preconditionFailure("the range is not empty") }
    return root
  }

  /// The siblings of leaf `index`, leaf upward.
  static func inclusion<Failure: Error>(
    index: UInt64, size: UInt64, suite: CryptoSuite, node: (UInt8, UInt64) throws(Failure) -> Digest
  ) throws(Failure) -> [Digest] {
    var path: [Digest] = []
    var start: UInt64 = 0
    var count = size
    while count > 1 {
      let left = split(count)
      if index - start < left {
        path.append(try rangeRoot(start: start + left, count: count - left, suite: suite, node: node))
        count = left
      } else {
        path.append(try rangeRoot(start: start, count: left, suite: suite, node: node))
        start += left
        count -= left
      }
    }
    path.reverse()
    return path
  }

  /// The nodes that show the first `oldSize` leaves within `newSize`.
  static func consistency<Failure: Error>(
    oldSize: UInt64, newSize: UInt64, suite: CryptoSuite, node: (UInt8, UInt64) throws(Failure) -> Digest
  ) throws(Failure) -> [Digest] {
    var path: [Digest] = []
    var start: UInt64 = 0
    var old = oldSize
    var count = newSize
    while old != count {
      let left = split(count)
      if old <= left {
        path.append(try rangeRoot(start: start + left, count: count - left, suite: suite, node: node))
        count = left
      } else {
        path.append(try rangeRoot(start: start, count: left, suite: suite, node: node))
        start += left
        old -= left
        count -= left
      }
    }
    // The verifier knows the old root itself; it needs a start only when the old tree is not one complete subtree on the left.
    if start != 0 { path.append(try rangeRoot(start: start, count: count, suite: suite, node: node)) }
    path.reverse()
    return path
  }

  /// The largest power of two below `count`, which is at least 2.
  private static func split(_ count: UInt64) -> UInt64 {
    1 << UInt64(63 - (count - 1).leadingZeroBitCount)
  }
}
