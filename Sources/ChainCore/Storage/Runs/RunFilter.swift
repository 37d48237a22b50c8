/// Says of most keys that a run does not have that it does not: a Bloom filter whose bits of one key share a cache line.
///
/// It knows each key as a whole, and the first 40 bytes of those that are as long, so that a scan of the few records that begin with a
/// long prefix need not look into runs that have none of them.
///
/// Source: Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters", 2007, §3.1 (blocked filters).
struct RunFilter: Sendable, Hashable {
  /// How many bytes of a key a scan's prefix must have.
  static let prefixBytes = 40

  /// Of one cache line.
  private static let blockWords = 8
  private static let bitsPerItem = 10
  private static let bitsSet = 6
  /// With more items it answers less well, but it stays one record.
  private static let blocksMax = (32 << 20) / (blockWords * 8)

  /// Little-endian, as they are stored.
  private var words: [UInt64]
  /// What the last long key began with.
  private var lastPrefix: SIMD8<UInt64>?

  /// A filter with room for `entries` keys.
  init(entries: Int) {
    let bits = entries.multipliedReportingOverflow(by: 2 * Self.bitsPerItem)
    let blocks = bits.overflow ? Self.blocksMax : min(max(1, (bits.partialValue + 511) / 512), Self.blocksMax)
    words = Array(repeating: 0, count: blocks * Self.blockWords)
  }

  /// The filter of these bytes, or `nil` if they are none.
  init?(_ bytes: [UInt8]) {
    guard !bytes.isEmpty, bytes.count % (Self.blockWords * 8) == 0 else { return nil }
    let span = unsafe bytes.span.bytes
    words = []
    words.reserveCapacity(bytes.count / 8)
    for offset in stride(from: 0, to: bytes.count, by: 8) {
      words.append(unsafe span.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
  }

  /// As it is stored.
  var bytes: [UInt8] { unsafe words.withUnsafeBytes { unsafe Array($0) } }

  /// What a key is looked up by.
  static func hash(_ key: RawSpan) -> UInt64 { XXH64.hash(key) }

  /// What a key is looked up by.
  static func hash(_ key: [UInt8]) -> UInt64 { unsafe hash(key.span.bytes) }

  /// What the keys that begin as `key` does are looked up by, if it is long enough.
  static func prefixHash(_ key: RawSpan) -> UInt64? {
    guard key.byteCount >= prefixBytes else { return nil }
    return XXH64.hash(key.extracting(first: prefixBytes), seed: 1)
  }

  /// Notes a key; keys come in order.
  mutating func insert(_ key: RawSpan) {
    insert(Self.hash(key))
    guard key.byteCount >= Self.prefixBytes else { return }
    func word(_ place: Int) -> UInt64 { unsafe key.unsafeLoadUnaligned(fromByteOffset: 8 * place, as: UInt64.self) }
    let prefix = SIMD8(word(0), word(1), word(2), word(3), word(4), 0, 0, 0)
    guard prefix != lastPrefix else { return }
    lastPrefix = prefix
    if let hash = Self.prefixHash(key) { insert(hash) }
  }

  private mutating func insert(_ hash: UInt64) {
    let block = block(of: hash)
    var rest = Self.mixed(hash)
    for _ in 0..<Self.bitsSet {
      words[block + Int(rest >> 6 & 7)] |= (1 << (rest & 63) as UInt64).littleEndian
      rest >>= 9
    }
  }

  /// `false` = no key of this hash was noted.
  func mayContain(_ hash: UInt64) -> Bool {
    let block = block(of: hash)
    var rest = Self.mixed(hash)
    // All bits, in one cache line: where one is missing cannot be guessed, and a wrong guess costs more than the rest of them.
    var missing: UInt64 = 0
    for _ in 0..<Self.bitsSet {
      missing |= ~words[block + Int(rest >> 6 & 7)] & (1 << (rest & 63) as UInt64).littleEndian
      rest >>= 9
    }
    return missing == 0
  }

  private func block(of hash: UInt64) -> Int {
    Int(hash.multipliedFullWidth(by: UInt64(words.count / Self.blockWords)).high) * Self.blockWords
  }

  /// Other bits than those that chose the block.
  private static func mixed(_ hash: UInt64) -> UInt64 { (hash ^ hash >> 32) &* 0x9e37_79b9_7f4a_7c15 >> 8 }
}
