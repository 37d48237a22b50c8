/// Where a node of the state tree is stored: the version that wrote it and its path. Such a node is never overwritten.
public struct StateNodeKey: CanonicalCodable, Hashable, Sendable {
  /// The version that wrote the node.
  public let version: UInt64
  /// The nibbles from the root to the node.
  public let path: StatePath

  /// The key of the node at `path` written by `version`.
  public init(version: UInt64, path: StatePath) {
    self.version = version
    self.path = path
  }

  /// The key of the root written by `version`.
  public static func root(_ version: UInt64) -> StateNodeKey { StateNodeKey(version: version, path: StatePath()) }

  /// Appends the version big-endian, the number of nibbles and the nibbles packed, so that byte order is the order of `<`.
  public func encode(into writer: inout CanonicalWriter) {
    writer.writeInteger(version.byteSwapped)
    path.encode(into: &writer)
  }

  /// Reads the same.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    version = try reader.readInteger(UInt64.self).byteSwapped
    path = try StatePath(from: &reader)
  }
}

extension StateNodeKey: Comparable {
  /// By version, then by path: the order of the encodings.
  public static func < (left: StateNodeKey, right: StateNodeKey) -> Bool {
    left.version != right.version ? left.version < right.version : left.path < right.path
  }
}

extension StateNodeKey: CustomStringConvertible {
  /// `version/nibbles`.
  public var description: String { "\(version)/\(path)" }
}

/// Up to 64 nibbles of a key's hash, held inline.
public struct StatePath: CanonicalCodable, Hashable, Sendable {
  /// The greatest number of nibbles.
  public static let lengthLimit = 64

  /// How many nibbles there are.
  public private(set) var count = 0
  // 16 nibbles a word, the first in the highest bits; the rest is zero.
  private var word0, word1, word2, word3: UInt64

  /// The path of the root.
  public init() { (word0, word1, word2, word3) = (0, 0, 0, 0) }

  /// Nibble `index`, counted from the root; `index` is less than `count`.
  public subscript(index: Int) -> UInt8 {
    let word =
      switch index >> 4 {
      case 0: word0
      case 1: word1
      case 2: word2
      default: word3
      }
    return UInt8(truncatingIfNeeded: word >> UInt64(60 - (index & 15) * 4)) & 15
  }

  /// This path and one more nibble, 0 to 15.
  func appending(_ nibble: UInt8) -> StatePath {
    precondition(count < Self.lengthLimit && nibble < 16, "a path has at most 64 nibbles")
    var longer = self
    let shifted = UInt64(nibble) << UInt64(60 - (count & 15) * 4)
    switch count >> 4 {
    case 0: longer.word0 |= shifted
    case 1: longer.word1 |= shifted
    case 2: longer.word2 |= shifted
    default: longer.word3 |= shifted
    }
    longer.count += 1
    return longer
  }

  /// Whether `keyHash` begins with these nibbles.
  func isPrefix(of keyHash: Digest) -> Bool {
    (0..<count).allSatisfy { self[$0] == keyHash.nibble($0) }
  }

  /// Appends the count as a byte and the nibbles, two a byte.
  public func encode(into writer: inout CanonicalWriter) {
    writer.writeByte(UInt8(count))
    for index in stride(from: 0, to: count, by: 2) {
      writer.writeByte(self[index] << 4 | (index + 1 < count ? self[index + 1] : 0))
    }
  }

  /// Reads the same; the unused half of a last byte is zero.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    let start = reader.offset
    self.init()
    let count = Int(try reader.readByte())
    guard count <= Self.lengthLimit else {
      throw .lengthTooLarge(offset: start, length: UInt64(count), limit: Self.lengthLimit)
    }
    for index in stride(from: 0, to: count, by: 2) {
      let byte = try reader.readByte()
      self = appending(byte >> 4)
      if index + 1 < count {
        self = appending(byte & 15)
      } else if byte & 15 != 0 {
        throw .invalidValue(offset: reader.offset, expected: "a path whose last half byte is zero")
      }
    }
  }
}

extension StatePath: Comparable {
  /// By length, then by nibbles.
  public static func < (left: StatePath, right: StatePath) -> Bool {
    left.count != right.count
      ? left.count < right.count
      : (left.word0, left.word1, left.word2, left.word3) < (right.word0, right.word1, right.word2, right.word3)
  }
}

extension StatePath: CustomStringConvertible {
  /// One hexadecimal character a nibble.
  public var description: String { (0..<count).map { String(self[$0], radix: 16) }.joined() }
}

extension Digest {
  /// Nibble `index`, from 0 (high half of the first byte) to 63.
  func nibble(_ index: Int) -> UInt8 {
    let base = index * 4
    return (bit(base) ? 8 : 0) | (bit(base + 1) ? 4 : 0) | (bit(base + 2) ? 2 : 0) | (bit(base + 3) ? 1 : 0)
  }
}
