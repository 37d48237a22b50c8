#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A part of a run that is one record of the store: entries in key order.
///
/// Its form: how many there are, where each begins, the length of the greatest key of the chunk before and that key, so that a lost chunk
/// is told, then the entries. An entry is the length of its key, that of its value plus one, or 0 if the key was removed, then both.
/// Numbers have four bytes, little-endian.
struct RunChunk {
  /// The greatest length of a chunk with more than one entry: with the record's checksums it fills a page of LMDB's.
  static let bytesMax = 4_096 - 16 - StoreRecord.headerBytes
  /// What an entry takes besides key and value.
  static let entryOverhead = 8
  /// What a chunk takes besides its entries, the key before it and four bytes an entry.
  static let overhead = 8

  private let bytes: [UInt8]
  let count: Int
  private let afterRange: Range<Int>

  /// A chunk of nothing, where there is none.
  static let none = RunChunk()

  private init() { (bytes, count, afterRange) = ([], 0, 0..<0) }

  /// The chunk of these bytes, or `nil` if they are none.
  init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    let span = unsafe bytes.span.bytes
    guard bytes.count >= Self.overhead, let count = Int(exactly: Self.word(span, 0)), count > 0, count <= bytes.count / 4 else {
      return nil
    }
    self.count = count
    var end = 4 + 4 * count
    guard end + 4 <= bytes.count else { return nil }
    let afterCount = Int(Self.word(span, end))
    end += 4
    guard afterCount <= bytes.count - end else { return nil }
    afterRange = end..<(end + afterCount)
    end += afterCount
    for place in 0..<count {
      guard Int(Self.word(span, 4 + 4 * place)) == end, bytes.count - end >= Self.entryOverhead else { return nil }
      let key = Int(Self.word(span, end))
      let value = max(Int(Self.word(span, end + 4)) - 1, 0)
      end += Self.entryOverhead
      guard key > 0, key <= bytes.count - end, value <= bytes.count - end - key else { return nil }
      end += key + value
    }
    guard end == bytes.count else { return nil }
  }

  /// The greatest key of the chunk before; empty in the first.
  var after: [UInt8] { Array(bytes[afterRange]) }

  /// Where all of an entry is, as another chunk may hold it.
  func entry(_ index: Int) -> Range<Int> { entries(index..<(index + 1)) }

  /// Where entries are, one after another.
  func entries(_ range: Range<Int>) -> Range<Int> {
    start(range.lowerBound)..<(range.upperBound < count ? start(range.upperBound) : bytes.count)
  }

  /// These bytes.
  func slice(_ range: Range<Int>) -> ArraySlice<UInt8> { bytes[range] }

  /// Where the key of an entry is.
  func keyRange(_ index: Int) -> Range<Int> {
    let start = start(index)
    return (start + Self.entryOverhead)..<(start + Self.entryOverhead + Int(word(start)))
  }

  func key(_ index: Int) -> [UInt8] { Array(bytes[keyRange(index)]) }

  /// The key of an entry in place, for `body`.
  func withKey<Result>(_ index: Int, _ body: (RawSpan) -> Result) -> Result {
    unsafe body(bytes.span.bytes.extracting(keyRange(index)))
  }

  /// The eight bytes of an entry's key from `offset` on, as a big-endian number; zeros where it ends.
  func word(_ index: Int, at offset: Int) -> UInt64 {
    let key = keyRange(index)
    let start = min(key.lowerBound + offset, key.upperBound)
    if key.upperBound - start >= 8 {
      return UInt64(bigEndian: unsafe bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
    }
    var word: UInt64 = 0
    for place in start..<(start + 8) { word = word << 8 | (place < key.upperBound ? UInt64(bytes[place]) : 0) }
    return word
  }

  /// The value of an entry, or `nil` if its key was removed.
  func value(_ index: Int) -> [UInt8]? {
    let start = start(index)
    guard word(start + 4) > 0 else { return nil }
    return Array(bytes[keyRange(index).upperBound..<entry(index).upperBound])
  }

  /// Whether an entry says that its key was removed.
  func isRemoval(_ index: Int) -> Bool { word(start(index) + 4) == 0 }

  /// The first entry whose key is not before `key`, and whether it has that key.
  func find(_ key: [UInt8]) -> (index: Int, isFound: Bool) {
    let wanted = unsafe key.span.bytes
    let index = (0..<count).partitioningIndex { order($0, wanted) >= 0 }
    return (index, index < count && order(index, wanted) == 0)
  }

  /// The first entry after `index` whose key is not before `key`. It is looked for near `index` first.
  func place(of key: RawSpan, after index: Int) -> Int {
    var (low, step) = (index + 1, 1)
    while low + step <= count, order(low + step - 1, key) < 0 { (low, step) = (low + step, 2 * step) }
    return (low..<min(low + step, count)).partitioningIndex { order($0, key) >= 0 }
  }

  /// Less than, equal to or greater than 0 as an entry's key is before `key`, the same, or after it.
  func order(_ index: Int, _ key: RawSpan) -> Int { unsafe Self.order(bytes.span.bytes.extracting(keyRange(index)), key) }

  private static func order(_ left: RawSpan, _ right: RawSpan) -> Int {
    let common = min(left.byteCount, right.byteCount)
    let order = unsafe left.withUnsafeBytes { left in
      unsafe right.withUnsafeBytes { right in
        guard common > 0, let left = left.baseAddress, let right = right.baseAddress else { return Int32(0) }
        return unsafe memcmp(left, right, common)
      }
    }
    return order != 0 ? Int(order) : left.byteCount - right.byteCount
  }

  private func start(_ index: Int) -> Int { Int(word(4 + 4 * index)) }

  private func word(_ offset: Int) -> UInt32 { unsafe Self.word(bytes.span.bytes, offset) }

  private static func word(_ bytes: RawSpan, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }
}
