internal import ChainCore

/// The code of a licence type: the unified credit code of the authority that defines it, and three digits (GB/T 36904-2018).
public struct LicenceTypeCode: CheckedIdentifier {
  /// What people call it.
  public static let kind = "licence type code"
  /// The text.
  public let text: String

  /// Checks form and the inner credit code.
  public init(_ text: String) throws(IdentifierError) { try self.init(checking: Array(text.utf8)[...]) }

  /// The code of these bytes.
  init(checking bytes: ArraySlice<UInt8>) throws(IdentifierError) {
    guard bytes.count == 21 else { throw .form(kind: Self.kind, "21 characters are expected") }
    guard bytes.suffix(3).allSatisfy({ CheckCharacters.isDigit($0) }) else { throw .form(kind: Self.kind, "it ends in three digits") }
    try UnifiedCreditCode.check(bytes.prefix(18))
    text = String(decoding: bytes, as: UTF8.self)
  }
}

/// 电子证照标识, the identifier of one version of an e-licence (GB/T 36904-2018):
/// `1.2.156.3005.2.` type code `.` issuer `.` serial `.` version `.` check character (ISO 7064 MOD 37,36).
public struct LicenceIdentifier: CheckedIdentifier {
  /// What people call it.
  public static let kind = "licence identifier"
  /// The object identifier that all begin with.
  public static let root = "1.2.156.3005.2."

  /// The text.
  public let text: String
  /// The licence type.
  public let typeCode: LicenceTypeCode
  /// The issuer: a unified credit code, or a division of six digits.
  public let issuer: String
  /// The serial number, 1 to 64 digits and capital letters.
  public let serial: String
  /// The version, from 1 to 999.
  public let version: Int

  /// Checks form, the inner credit codes and the check character.
  public init(_ text: String) throws(IdentifierError) {
    guard text.utf8.count <= 160, text.utf8.starts(with: Self.root.utf8) else {
      throw .form(kind: Self.kind, "it begins with \(Self.root)")
    }
    let parts = Array(text.utf8.dropFirst(Self.root.utf8.count)).split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 5 else { throw .form(kind: Self.kind, "type, issuer, serial, version and check are expected after the root") }
    let typeCode = try LicenceTypeCode(checking: parts[0])
    if parts[1].count == 6 {
      guard parts[1].allSatisfy({ CheckCharacters.isDigit($0) }) else { throw .form(kind: Self.kind, "a division has six digits") }
    } else {
      try UnifiedCreditCode.check(parts[1])
    }
    guard (1...64).contains(parts[2].count), parts[2].allSatisfy({ CheckCharacters.isAlphanumeric($0) }) else {
      throw .form(kind: Self.kind, "the serial has 1 to 64 digits and capital letters")
    }
    let wantsVersion = IdentifierError.form(kind: Self.kind, "the version has three digits, from 001")
    guard parts[3].count == 3, parts[3].allSatisfy({ CheckCharacters.isDigit($0) }) else { throw wantsVersion }
    let version = parts[3].reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    guard version > 0 else { throw wantsVersion }
    guard let check = CheckCharacters.mod37And36(parts[0..<4].joined()), parts[4].elementsEqual(CollectionOfOne(check)) else {
      throw .checkCharacter(kind: Self.kind)
    }
    self.text = text
    self.typeCode = typeCode
    issuer = String(decoding: parts[1], as: UTF8.self)
    serial = String(decoding: parts[2], as: UTF8.self)
    self.version = version
  }

  /// The identifier of these parts, with its check character.
  public init(typeCode: LicenceTypeCode, issuer: String, serial: String, version: Int) throws(IdentifierError) {
    guard (1...999).contains(version) else { throw .form(kind: Self.kind, "versions go from 1 to 999") }
    let digits = String(version)
    let padded = String(repeating: "0", count: 3 - digits.count) + digits
    guard let check = CheckCharacters.mod37And36((typeCode.text + issuer + serial + padded).utf8) else {
      throw .form(kind: Self.kind, "digits and capital letters are expected")
    }
    try self.init("\(Self.root)\(typeCode.text).\(issuer).\(serial).\(padded).\(Character(UnicodeScalar(check)))")
  }

  /// What all versions of the licence have in common.
  public var licence: LicenceNumber { LicenceNumber(typeCode: typeCode, issuer: issuer, serial: serial) }
}

/// A licence, whatever its version: type, issuer and serial, joined by dots.
public struct LicenceNumber: CheckedIdentifier {
  /// What people call it.
  public static let kind = "licence number"
  /// The text: an identifier without root, version and check character.
  public let text: String

  init(typeCode: LicenceTypeCode, issuer: String, serial: String) {
    var text = typeCode.text
    text.reserveCapacity(text.utf8.count + issuer.utf8.count + serial.utf8.count + 2)
    for part in [issuer, serial] {
      text += "."
      text += part
    }
    self.text = text
  }

  /// Checks the parts.
  public init(_ text: String) throws(IdentifierError) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3 else { throw .form(kind: Self.kind, "type, issuer and serial are expected") }
    let code = try LicenceTypeCode(parts[0])
    self = try LicenceIdentifier(typeCode: code, issuer: parts[1], serial: parts[2], version: 1).licence
  }
}
