internal import ChainCore

/// The ways in which a text may stand in bytes, for `LeakScanner`.
enum SecretForms {
  /// Shorter forms are found by chance among digests and signatures.
  static let shortest = 5

  /// Name and bytes of each form; a form that an earlier one contains is left out.
  static func all(of text: String) -> [(form: String, bytes: [UInt8])] {
    let plain = Array(text.utf8)
    var forms: [(String, [UInt8])] = [("UTF-8", plain)]
    for (name, other) in [("upper case", text.uppercased()), ("lower case", text.lowercased())] where other != text {
      forms.append((name, Array(other.utf8)))
    }
    let units = Array(text.utf16)
    forms.append(("UTF-16LE", units.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }))
    forms.append(("UTF-16BE", units.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }))
    let hex = plain.hex
    forms.append(("hex", Array(hex.utf8)))
    forms.append(("HEX", Array(hex.uppercased().utf8)))
    for offset in 0..<3 {
      let base64 = base64(plain, offset: offset)
      forms.append(("base64, alignment \(offset)", base64))
      let plus = UInt8(ascii: "+")
      let safe = base64.map { $0 == plus ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
      if safe != base64 { forms.append(("base64url, alignment \(offset)", safe)) }
    }
    if !text.utf8.allSatisfy({ $0 < 0x80 }) {
      // What is ASCII stands as it is; links escape all but letters, digits and four marks.
      let escapes = units.map { unit in
        unit < 0x80 ? String(UnicodeScalar(UInt8(unit))) : "\\u" + String(String(UInt32(unit) + 0x10000, radix: 16).dropFirst())
      }
      forms.append(("JSON escapes", Array(escapes.joined().utf8)))
      let percents = plain.map { byte in
        let isPlain =
          byte < 0x80 && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber || "-._~".utf8.contains(byte))
        return isPlain
          ? String(UnicodeScalar(byte)) : "%" + String(String(UInt32(byte) + 0x100, radix: 16, uppercase: true).dropFirst())
      }
      forms.append(("percent escapes", Array(percents.joined().utf8)))
    }
    // A digest without salt is the value to anybody who can guess: there are few citizen numbers.
    for suite in CryptoSuite.allCases {
      let digest = suite.hash(plain)
      forms.append(("unsalted digest of \(suite)", digest.bytes))
      forms.append(("unsalted digest of \(suite), hex", Array(digest.hex.utf8)))
    }
    return forms.filter { $0.1.count >= shortest }.map { (form: $0.0, bytes: $0.1) }
  }

  /// The characters of base64 that are the same whatever stands around, if the text begins at the third's place `offset`.
  private static func base64(_ bytes: [UInt8], offset: Int) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let padded = Array(repeating: UInt8(0), count: offset) + bytes
    var found: [UInt8] = []
    var (value, bits): (UInt32, Int) = (0, 0)
    for byte in padded {
      value = value << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        found.append(alphabet[Int(value >> UInt32(bits)) & 63])
      }
      value &= (1 << UInt32(bits)) - 1
    }
    // The first characters hold bits of what stands before.
    return Array(found.dropFirst([0, 2, 3][offset]))
  }
}
