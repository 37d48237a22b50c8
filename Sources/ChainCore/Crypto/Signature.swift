/// A 64-byte signature, held inline: r ‖ s of SM2, or R ‖ S of Ed25519.
public struct Signature: Sendable, Hashable {
  /// The number of bytes.
  public static let byteCount = 64

  /// r or R.
  let first: Digest
  /// s or S.
  let second: Digest

  /// A signature of exactly 64 bytes, or `nil`.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount, let first = Digest(bytes.prefix(32)), let second = Digest(bytes.dropFirst(32)) else { return nil }
    self.init(first: first, second: second)
  }

  private init(first: Digest, second: Digest) {
    self.first = first
    self.second = second
  }

  /// The 64 bytes.
  public var bytes: [UInt8] { first.bytes + second.bytes }
}

extension Signature: CustomStringConvertible {
  /// 128 lower-case hexadecimal characters.
  public var description: String { bytes.hex }
}

extension Signature: CanonicalCodable {
  /// Appends the 64 bytes, without a length.
  public func encode(into writer: inout CanonicalWriter) {
    first.encode(into: &writer)
    second.encode(into: &writer)
  }
  /// Reads 64 bytes.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self.init(first: try Digest(from: &reader), second: try Digest(from: &reader))
  }
}

extension Signature: Codable {
  /// Reads the hexadecimal form.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let signature = [UInt8](hex: try container.decode(String.self)).flatMap({ Signature($0) }) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "128 lower-case hexadecimal characters expected")
    }
    self = signature
  }
  /// Writes the hexadecimal form.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
