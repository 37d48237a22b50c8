public import ChainCore

/// A lot or a pallet.
public enum TraceThing: CanonicalCodable, OrderedKey, Codable, Sendable {
  /// All goods of a lot.
  case lot(LotKey)
  /// A pallet.
  case pallet(SSCC)

  /// Appends the variant and its key.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .lot(let key):
      writer.writeVariant(0)
      key.encode(into: &writer)
    case .pallet(let number):
      writer.writeVariant(1)
      number.encode(into: &writer)
    }
  }

  /// Reads the variant and its key.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "TraceThing") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .lot(try LotKey(from: &reader))
      case 1: .pallet(try SSCC(from: &reader))
      default: nil
      }
    }
  }

  /// Appends the variant and its key.
  public func encodeKey(into bytes: inout [UInt8]) {
    switch self {
    case .lot(let key):
      bytes.append(0)
      key.encodeKey(into: &bytes)
    case .pallet(let number):
      bytes.append(1)
      number.encodeKey(into: &bytes)
    }
  }

  /// Reads the variant and its key.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    switch bytes.popFirst() {
    case 0:
      guard let key = LotKey(key: &bytes) else { return nil }
      self = .lot(key)
    case 1:
      guard let number = SSCC(key: &bytes) else { return nil }
      self = .pallet(number)
    default: return nil
    }
  }
}
