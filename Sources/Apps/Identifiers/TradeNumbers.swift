internal import ChainCore

/// A trade item number in its 14-digit form (GS1 General Specifications).
public struct GTIN: CheckedIdentifier {
  /// What people call it.
  public static let kind = "GTIN"
  /// Fourteen digits.
  public let text: String

  /// Checks 14 digits.
  public init(_ text: String) throws(IdentifierError) {
    try GS1Digits.check(text, lengths: [14], kind: Self.kind)
    self.text = text
  }

  /// The 14-digit form of a printed GTIN-8, -12, -13 or -14.
  public init(printed: String) throws(IdentifierError) {
    try GS1Digits.check(printed, lengths: [8, 12, 13, 14], kind: Self.kind)
    try self.init(String(repeating: "0", count: 14 - printed.utf8.count) + printed)
  }
}

/// A location number of 13 digits (GS1 General Specifications).
public struct GLN: CheckedIdentifier {
  /// What people call it.
  public static let kind = "GLN"
  /// Thirteen digits.
  public let text: String

  /// Checks 13 digits.
  public init(_ text: String) throws(IdentifierError) {
    try GS1Digits.check(text, lengths: [13], kind: Self.kind)
    self.text = text
  }
}

/// A pallet's or parcel's number of 18 digits (GS1 General Specifications).
public struct SSCC: CheckedIdentifier {
  /// What people call it.
  public static let kind = "SSCC"
  /// Eighteen digits.
  public let text: String

  /// Checks 18 digits.
  public init(_ text: String) throws(IdentifierError) {
    try GS1Digits.check(text, lengths: [18], kind: Self.kind)
    self.text = text
  }
}

/// 药品追溯码 of 20 characters (NMPAB/T 1002-2019): structure only, the first seven identify the drug.
public struct DrugTraceCode: CheckedIdentifier {
  /// What people call it.
  public static let kind = "drug trace code"
  /// Twenty digits.
  public let text: String

  /// Checks 20 digits.
  public init(_ text: String) throws(IdentifierError) {
    guard text.utf8.count == 20, text.isAllDigits else { throw .form(kind: Self.kind, "20 digits are expected") }
    self.text = text
  }

  /// The seven characters that identify the drug.
  public var drugIdentification: String { String(text.prefix(7)) }
}

private enum GS1Digits {
  static func check(_ text: String, lengths: [Int], kind: String) throws(IdentifierError) {
    let bytes = Array(text.utf8)
    guard lengths.contains(bytes.count), text.isAllDigits else {
      throw .form(kind: kind, "\(lengths.map(String.init).joined(separator: ", ")) digits are expected")
    }
    guard bytes.contains(where: { $0 != UInt8(ascii: "0") }) else { throw .form(kind: kind, "no number of zeros is issued") }
    guard CheckCharacters.gs1(bytes.dropLast()) == bytes.last else { throw .checkCharacter(kind: kind) }
  }
}
