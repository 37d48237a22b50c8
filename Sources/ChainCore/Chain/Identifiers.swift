// Distinct digests and numbers are distinct types: mixing them up must not compile.

/// An identifier that is a digest of what it names.
public protocol DigestIdentifier: CanonicalCodable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  /// The digest itself.
  var digest: Digest { get }
  /// The identifier with this digest.
  init(_ digest: Digest)
}

extension DigestIdentifier {
  /// Appends the 32 bytes.
  public func encode(into writer: inout CanonicalWriter) { digest.encode(into: &writer) }
  /// Reads 32 bytes.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) { self.init(try Digest(from: &reader)) }
  /// Byte order.
  public static func < (left: Self, right: Self) -> Bool { left.digest < right.digest }
  /// The hexadecimal form.
  public var description: String { digest.hex }
  /// Reads the hexadecimal form.
  public init(from decoder: any Decoder) throws { self.init(try Digest(from: decoder)) }
  /// Writes the hexadecimal form.
  public func encode(to encoder: any Encoder) throws { try digest.encode(to: encoder) }
}

/// The hash of a chain's genesis document: what makes its signatures worthless on any other chain.
public struct GenesisID: DigestIdentifier {
  /// The digest itself.
  public let digest: Digest
  /// The identifier with this digest.
  public init(_ digest: Digest) { self.digest = digest }
  /// The genesis id of what belongs to no chain (genesis documents, accounts, packets).
  public static let none = GenesisID(.zero)
}

/// The hash of an account's first public key; it stays when the key is rotated.
public struct AccountID: DigestIdentifier {
  /// The digest itself.
  public let digest: Digest
  /// The identifier with this digest.
  public init(_ digest: Digest) { self.digest = digest }
}

/// The hash of a transaction's canonical bytes.
public struct TransactionID: DigestIdentifier {
  /// The digest itself.
  public let digest: Digest
  /// The identifier with this digest.
  public init(_ digest: Digest) { self.digest = digest }

  /// Feeds the first of its four words: nobody makes many transactions whose hashes share 64 bits.
  public func hash(into hasher: inout Hasher) { hasher.combine(digest.words.0) }
}

/// The hash of a block header.
public struct BlockID: DigestIdentifier {
  /// The digest itself.
  public let digest: Digest
  /// The identifier with this digest.
  public init(_ digest: Digest) { self.digest = digest }
}

/// A number with a meaning of its own.
public protocol NumericIdentifier: CanonicalCodable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  /// The plain number.
  var rawValue: UInt64 { get }
  /// The identifier with this number.
  init(_ rawValue: UInt64)
}

extension NumericIdentifier {
  /// Appends 8 bytes, little-endian.
  public func encode(into writer: inout CanonicalWriter) { writer.writeInteger(rawValue) }
  /// Reads 8 bytes, little-endian.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) { self.init(try reader.readInteger(UInt64.self)) }
  /// Numeric order.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
  /// The decimal form.
  public var description: String { String(rawValue) }
  /// Reads a number.
  public init(from decoder: any Decoder) throws { self.init(try decoder.singleValueContainer().decode(UInt64.self)) }
  /// Writes a number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

/// The place of a block in its chain; the genesis state is height 0.
public struct BlockHeight: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The identifier with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }
  /// The height after this one. Stops at the greatest number, which no chain reaches.
  public var next: BlockHeight { BlockHeight(rawValue == .max ? .max : rawValue + 1) }
  /// The height before this one; 0 before 0.
  public var previous: BlockHeight { BlockHeight(rawValue == 0 ? 0 : rawValue - 1) }
  /// This height raised by `count`, or the greatest number.
  public func advanced(by count: UInt64) -> BlockHeight {
    let (sum, overflow) = rawValue.addingReportingOverflow(count)
    return BlockHeight(overflow ? .max : sum)
  }
}

/// Block time: milliseconds since 1970-01-01 00:00 UTC, from the proposer, growing with every block.
public struct BlockTime: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The identifier with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }
  /// This time plus `milliseconds`, or the greatest number.
  public func advanced(byMilliseconds milliseconds: UInt64) -> BlockTime {
    let (sum, overflow) = rawValue.addingReportingOverflow(milliseconds)
    return BlockTime(overflow ? .max : sum)
  }
  /// Milliseconds since `earlier`, or 0 if that is later.
  public func milliseconds(since earlier: BlockTime) -> UInt64 {
    rawValue > earlier.rawValue ? rawValue - earlier.rawValue : 0
  }
}

/// A short ASCII name: chain, contract, entry, table, role.
public protocol NameIdentifier: CanonicalCodable, Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  /// The characters of the name.
  var rawValue: String { get }
  /// Takes the name as it is; `isWellFormed` has been checked.
  init(unchecked rawValue: String)
  /// Which characters besides ASCII letters and digits the name may hold.
  static var punctuation: String { get }
}

extension NameIdentifier {
  /// The greatest number of characters in a name.
  public static var lengthLimit: Int { 64 }

  /// The name, or `nil` unless it has 1 to 64 characters of ASCII letters, digits and the allowed punctuation.
  public init?(_ rawValue: String) {
    guard Self.isWellFormed(rawValue) else { return nil }
    self.init(unchecked: rawValue)
  }

  static func isWellFormed(_ name: String) -> Bool {
    let utf8 = name.utf8
    guard (1...lengthLimit).contains(utf8.count) else { return false }
    return utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: punctuation.utf8.contains(byte)
      }
    }
  }

  /// Appends the name as a string.
  public func encode(into writer: inout CanonicalWriter) { writer.writeString(rawValue) }

  /// Reads a well-formed name.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    guard let name = Self(try reader.readString(limit: Self.lengthLimit)) else {
      throw .invalidValue(offset: reader.offset, expected: "a name of 1 to \(Self.lengthLimit) letters, digits or '\(Self.punctuation)'")
    }
    self = name
  }

  /// Order of the UTF-8 bytes.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8) }
  /// The name.
  public var description: String { rawValue }

  /// Reads a well-formed name.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let name = Self(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "a name of letters, digits or '\(Self.punctuation)' expected")
    }
    self = name
  }
  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}

/// The name of a chain, a path: `henan/410100`.
public struct ChainID: NameIdentifier, ExpressibleByStringLiteral {
  /// The characters of the name.
  public let rawValue: String
  /// Takes the name as it is; `isWellFormed` has been checked.
  public init(unchecked rawValue: String) { self.rawValue = rawValue }
  /// What the name may hold besides letters and digits.
  public static let punctuation = "/-"
  /// For names in source code. An ill-formed literal is a bug of ours.
  public init(stringLiteral value: String) {
    precondition(Self.isWellFormed(value), "ill-formed chain id")
    rawValue = value
  }
}

/// The name of a contract: `licence`.
public struct ContractName: NameIdentifier, ExpressibleByStringLiteral {
  /// The characters of the name.
  public let rawValue: String
  /// Takes the name as it is; `isWellFormed` has been checked.
  public init(unchecked rawValue: String) { self.rawValue = rawValue }
  /// What the name may hold besides letters and digits.
  public static let punctuation = "-_"
  /// For names in source code. An ill-formed literal is a bug of ours.
  public init(stringLiteral value: String) {
    precondition(Self.isWellFormed(value), "ill-formed contract name")
    rawValue = value
  }
}

/// The name of an entry or query of a contract: `issue`.
public struct EntryName: NameIdentifier, ExpressibleByStringLiteral {
  /// The characters of the name.
  public let rawValue: String
  /// Takes the name as it is; `isWellFormed` has been checked.
  public init(unchecked rawValue: String) { self.rawValue = rawValue }
  /// What the name may hold besides letters and digits.
  public static let punctuation = "-_"
  /// For names in source code. An ill-formed literal is a bug of ours.
  public init(stringLiteral value: String) {
    precondition(Self.isWellFormed(value), "ill-formed entry name")
    rawValue = value
  }
}

/// A role of an organisation: `department`, `court`, `validator`, …
public struct Role: NameIdentifier, ExpressibleByStringLiteral {
  /// The characters of the name.
  public let rawValue: String
  /// Takes the name as it is; `isWellFormed` has been checked.
  public init(unchecked rawValue: String) { self.rawValue = rawValue }
  /// What the name may hold besides letters and digits.
  public static let punctuation = "-_"
  /// For names in source code. An ill-formed literal is a bug of ours.
  public init(stringLiteral value: String) {
    precondition(Self.isWellFormed(value), "ill-formed role")
    rawValue = value
  }
}

/// An organisation: its unified social credit code (GB 32100) or, in tests and trials, any short name.
public struct OrganisationID: NameIdentifier, ExpressibleByStringLiteral {
  /// The characters of the name.
  public let rawValue: String
  /// Takes the name as it is; `isWellFormed` has been checked.
  public init(unchecked rawValue: String) { self.rawValue = rawValue }
  /// What the name may hold besides letters and digits.
  public static let punctuation = "-_."
  /// For names in source code. An ill-formed literal is a bug of ours.
  public init(stringLiteral value: String) {
    precondition(Self.isWellFormed(value), "ill-formed organisation id")
    rawValue = value
  }
}
