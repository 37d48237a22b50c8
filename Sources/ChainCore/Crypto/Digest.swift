/// A 32-byte hash value (SM3 or SHA-256), held inline.
public struct Digest: Sendable, Hashable {
  /// The number of bytes of a digest.
  public static let byteCount = 32
  /// 32 zero bytes: the genesis id of what belongs to no chain. Never a valid root, key or set.
  public static let zero = Digest(words: (0, 0, 0, 0))

  // Big-endian words, so that comparing words compares bytes.
  private let word0, word1, word2, word3: UInt64

  init(words: (UInt64, UInt64, UInt64, UInt64)) {
    (word0, word1, word2, word3) = words
  }

  /// The four big-endian words.
  var words: (UInt64, UInt64, UInt64, UInt64) { (word0, word1, word2, word3) }

  /// A digest of exactly 32 bytes, or `nil`.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var position = 0
    for byte in bytes {
      switch position >> 3 {
      case 0: words.0 = words.0 << 8 | UInt64(byte)
      case 1: words.1 = words.1 << 8 | UInt64(byte)
      case 2: words.2 = words.2 << 8 | UInt64(byte)
      default: words.3 = words.3 << 8 | UInt64(byte)
      }
      position += 1
    }
    self.init(words: words)
  }

  /// A digest of 64 lower-case hexadecimal characters, or `nil`.
  public init?(hex: some StringProtocol) {
    guard let bytes = [UInt8](hex: hex) else { return nil }
    self.init(bytes)
  }

  /// The 32 bytes.
  public var bytes: [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      var index = 0
      for word in [word0, word1, word2, word3] {
        for shift in stride(from: 56, through: 0, by: -8) {
          unsafe buffer[index] = UInt8(truncatingIfNeeded: word >> UInt64(shift))
          index += 1
        }
      }
      count = Self.byteCount
    }
  }

  /// 32 bytes of the system's randomness: a salt or nonce, made outside contracts.
  public static func random() -> Digest {
    Digest(words: (.random(in: 0 ... .max), .random(in: 0 ... .max), .random(in: 0 ... .max), .random(in: 0 ... .max)))
  }

  /// Bit `index` of the digest, from 0 (most significant bit of the first byte) to 255.
  public func bit(_ index: Int) -> Bool {
    let word =
      switch index >> 6 {
      case 0: word0
      case 1: word1
      case 2: word2
      default: word3
      }
    return word >> UInt64(63 - index & 63) & 1 == 1
  }

  /// 64 lower-case hexadecimal characters.
  public var hex: String { bytes.hex }
}

extension Digest: Comparable {
  /// Byte order.
  public static func < (left: Digest, right: Digest) -> Bool {
    (left.word0, left.word1, left.word2, left.word3) < (right.word0, right.word1, right.word2, right.word3)
  }
}

extension Digest: CustomStringConvertible {
  /// The hexadecimal form.
  public var description: String { hex }
}

extension Digest: CanonicalCodable {
  /// Appends the 32 bytes, without a length.
  public func encode(into writer: inout CanonicalWriter) {
    for word in [word0, word1, word2, word3] { writer.writeInteger(word.byteSwapped) }
  }
  /// Reads 32 bytes.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    let word0 = try reader.readInteger(UInt64.self).byteSwapped
    let word1 = try reader.readInteger(UInt64.self).byteSwapped
    let word2 = try reader.readInteger(UInt64.self).byteSwapped
    self.init(words: (word0, word1, word2, try reader.readInteger(UInt64.self).byteSwapped))
  }
}

extension Digest: Codable {
  /// Reads the hexadecimal form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let digest = Digest(hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "64 lower-case hexadecimal characters expected")
    }
    self = digest
  }
  /// Writes the hexadecimal form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}
