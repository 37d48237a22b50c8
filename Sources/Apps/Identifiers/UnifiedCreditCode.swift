public import ChainCore

/// 统一社会信用代码, the code of an organisation (GB 32100-2015): 18 characters; 3–8 are a division, 9–17 an organisation code.
public struct UnifiedCreditCode: CheckedIdentifier {
  /// What people call it.
  public static let kind = "unified credit code"
  /// The text.
  public let text: String

  /// Checks form and check character. The inner check of GB 11714 is reported by `hasValidOrganisationCode`, not required.
  public init(_ text: String) throws(IdentifierError) {
    try Self.check(Array(text.utf8)[...])
    self.text = text
  }

  /// Throws unless these are the bytes of a code: other identifiers contain one.
  static func check(_ bytes: ArraySlice<UInt8>) throws(IdentifierError) {
    let start = bytes.startIndex
    guard bytes.count == 18 else { throw .form(kind: kind, "18 characters are expected") }
    guard bytes.allSatisfy({ CheckCharacters.isCreditCode($0) }) else {
      throw .form(kind: kind, "digits and capital letters without I, O, S, V and Z are expected")
    }
    guard bytes[start] != UInt8(ascii: "0") else { throw .form(kind: kind, "0 is no registering authority") }
    guard bytes[(start + 2)..<(start + 8)].allSatisfy({ CheckCharacters.isDigit($0) }) else {
      throw .form(kind: kind, "characters 3 to 8 are a division code of digits")
    }
    guard CheckCharacters.creditCode(bytes.prefix(17)) == bytes[start + 17] else { throw .checkCharacter(kind: kind) }
  }

  /// The six digits of the division that registered it: its home.
  public var division: String { String(text.dropFirst(2).prefix(6)) }

  /// The organisation code, characters 9 to 17.
  public var organisationCode: String { String(text.dropFirst(8).prefix(9)) }

  /// Whether characters 9 to 17 carry the check character of GB 11714.
  public var hasValidOrganisationCode: Bool {
    let weights = [3, 7, 9, 10, 5, 8, 4, 2]
    let bytes = Array(organisationCode.utf8)
    var sum = 0
    for (byte, weight) in zip(bytes, weights) {
      guard let value = CheckCharacters.alphanumeric.firstIndex(of: byte) else { return false }
      sum += value * weight
    }
    let check = (11 - sum % 11) % 11
    return bytes[8] == (check == 10 ? UInt8(ascii: "X") : CheckCharacters.digits[check])
  }

  /// The organisation of this code.
  public var organisation: OrganisationID { OrganisationID(unchecked: text) }
}
