/// The check character systems of the identifiers. All are public arithmetic over printed characters.
enum CheckCharacters {
  static let digits = Array("0123456789".utf8)
  static let alphanumeric = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
  static let creditCode = Array("0123456789ABCDEFGHJKLMNPQRTUWXY".utf8)
  private static let alphanumericValues = values(of: alphanumeric)
  private static let creditCodeValues = values(of: creditCode)

  /// The value of each byte that is a character of `alphabet`: its place there.
  private static func values(of alphabet: [UInt8]) -> [UInt8?] {
    var values = [UInt8?](repeating: nil, count: 256)
    for (value, byte) in alphabet.enumerated() { values[Int(byte)] = UInt8(value) }
    return values
  }

  /// Whether `byte` is a digit or capital letter.
  static func isAlphanumeric(_ byte: UInt8) -> Bool { alphanumericValues[Int(byte)] != nil }
  /// Whether `byte` may stand in a unified credit code.
  static func isCreditCode(_ byte: UInt8) -> Bool { creditCodeValues[Int(byte)] != nil }
  /// Whether `byte` is a digit.
  static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// ISO 7064 MOD 11-2 over digits: the check character `0`–`9` or `X`.
  static func mod11And2(_ text: some Sequence<UInt8>) -> UInt8? {
    var product = 0
    for byte in text {
      guard let value = digits.firstIndex(of: byte) else { return nil }
      product = (product + value) * 2 % 11
    }
    let check = (12 - product % 11) % 11
    return check == 10 ? UInt8(ascii: "X") : digits[check]
  }

  /// ISO 7064 MOD 37,36 over digits and capital letters.
  static func mod37And36(_ text: some Sequence<UInt8>) -> UInt8? {
    var product = 36
    for byte in text {
      guard let value = alphanumericValues[Int(byte)] else { return nil }
      let sum = (product + Int(value)) % 36
      product = (sum == 0 ? 36 : sum) * 2 % 37
    }
    return alphanumeric[(37 - product) % 36]
  }

  /// GB 32100 over the first 17 characters of a unified credit code.
  static func creditCode(_ text: some Sequence<UInt8>) -> UInt8? {
    var weight = 1
    var sum = 0
    for byte in text {
      guard let value = creditCodeValues[Int(byte)] else { return nil }
      sum += Int(value) * weight
      weight = weight * 3 % 31
    }
    return creditCode[(31 - sum % 31) % 31]
  }

  /// GS1 over all digits but the last.
  static func gs1(_ text: some BidirectionalCollection<UInt8>) -> UInt8? {
    var sum = 0
    for (place, byte) in text.reversed().enumerated() {
      guard let value = digits.firstIndex(of: byte) else { return nil }
      sum += place.isMultiple(of: 2) ? value * 3 : value
    }
    return digits[(10 - sum % 10) % 10]
  }
}
