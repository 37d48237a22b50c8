public import ChainCore

/// Checks that calls of several contracts share.
public enum Arguments {
  /// A code or name that may stand on chain in the clear: 1 to `limit` bytes, printable, without anybody's citizen number.
  /// - Throws: `ContractError.badArgument` naming the field.
  public static func check(text: String, _ field: String, limit: Int = 128) throws(ContractError) {
    guard !text.isEmpty, text.utf8.count <= limit else { throw .badArgument("\(field): 1 to \(limit) bytes are expected") }
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
      throw .badArgument("\(field): control characters are not allowed")
    }
    guard !CitizenNumber.occurs(in: text) else { throw .badArgument("\(field): a citizen number must not stand on chain") }
  }

  /// A code of letters, digits, `-`, `_` and `.`: reasons are codes, free text is sealed.
  /// - Throws: `ContractError.badArgument` naming the field.
  public static func check(code: String, _ field: String) throws(ContractError) {
    try check(text: code, field, limit: 64)
    guard code.utf8.allSatisfy({ CheckCharacters.isCode($0) }) else {
      throw .badArgument("\(field): a code of letters, digits, -, _ and . is expected")
    }
  }

  /// A list of distinct codes.
  /// - Throws: `ContractError.badArgument` naming the field.
  public static func check(names: [String], _ field: String, limit: Int = 64) throws(ContractError) {
    guard (1...limit).contains(names.count) else { throw .badArgument("\(field): 1 to \(limit) names are expected") }
    for name in names { try check(text: name, field, limit: 64) }
    guard Set(names).count == names.count else { throw .badArgument("\(field): a name is repeated") }
  }
}

extension CheckCharacters {
  static func isCode(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
    default: false
    }
  }
}
