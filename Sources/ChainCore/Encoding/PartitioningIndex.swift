extension RandomAccessCollection where Index == Int {
  /// The first index whose element belongs to the second part, or the end; the elements are partitioned already.
  ///
  /// - Complexity: O(log n).
  func partitioningIndex(_ isSecond: (Element) -> Bool) -> Int {
    var (low, high) = (startIndex, endIndex)
    while low < high {
      let middle = low + (high - low) / 2
      if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
