public import Apps

/// Why a text is no GS1 Digital Link that this version reads.
@nonexhaustive
public enum DigitalLinkError: Error, Hashable, Sendable {
  /// It is no http or https URI with a host.
  case uri(String)
  /// No primary key (01, 00, 414) with its value stands in the path.
  case noIdentifier
  /// A qualifier is unknown, repeated or out of order.
  case qualifier(String)
  /// A value has not the form of its application identifier; names that and says why.
  case value(String, String)
  /// A query key of digits is no application identifier that this version knows, or stands twice.
  case attribute(String)
}

extension DigitalLinkError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .uri(let why): "not a Digital Link: \(why)"
    case .noIdentifier: "not a Digital Link: no key 01, 00 or 414 with a value in the path"
    case .qualifier(let key): "the qualifier \(key) is unknown, repeated or out of order"
    case .value(let key, let why): "the value of (\(key)) is not valid: \(why)"
    case .attribute(let key): "the query key \(key) is unknown or stands twice"
    }
  }
}

/// A GS1 Digital Link URI (GS1 Digital Link: URI syntax): what the QR code of a label holds.
///
/// Primary keys are 01 with qualifiers 22, 10, 21 in this order, 00, and 414 with qualifier 254. Values are percent-decoded.
public struct DigitalLink: Hashable, Sendable {
  /// An application identifier and its value.
  public struct Element: Hashable, Sendable {
    /// The application identifier, such as `10`.
    public let key: String
    /// The value, decoded.
    public let value: String
    /// Puts the parts together.
    public init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  /// Scheme, host and path before the primary key, as written; without a slash at the end.
  public let stem: String
  /// The primary key and its qualifiers, in order.
  public let elements: [Element]
  /// Attributes of the query that are application identifiers, in order.
  public let attributes: [Element]
  /// Foreign keys of the query, in order.
  public let otherQuery: [Element]

  private static let qualifiers: [String: [String]] = ["01": ["22", "10", "21"], "00": [], "414": ["254"]]

  /// Reads a URI of at most 2,000 bytes.
  public init(_ uri: String) throws(DigitalLinkError) {
    guard uri.utf8.count <= 2_000, uri.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw .uri("2,000 printable ASCII characters at most")
    }
    guard !uri.contains("#") else { throw .uri("a fragment belongs to no Digital Link") }
    let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let pieces = parts[0].split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard pieces.count > 3, ["http:", "https:"].contains(pieces[0].lowercased()), pieces[1].isEmpty, !pieces[2].isEmpty else {
      throw .uri("http or https, a host and a path are expected")
    }
    let path = Array(pieces[3...])
    guard let start = path.indices.first(where: { Self.qualifiers[path[$0]] != nil && (path.count - $0).isMultiple(of: 2) }) else {
      throw .noIdentifier
    }
    stem = pieces[..<(3 + start)].joined(separator: "/")
    elements = try Self.elements(Array(path[start...]))
    (attributes, otherQuery) = try parts.count == 2 ? Self.query(String(parts[1])) : ([], [])
  }

  /// The link of a key and its qualifiers under a stem such as `https://id.example.org`.
  public init(stem: String, _ elements: [Element], attributes: [Element] = []) throws(DigitalLinkError) {
    let path = elements.map { "/\($0.key)/\(Self.encode($0.value))" }.joined()
    let query = attributes.map { "\($0.key)=\(Self.encode($0.value))" }.joined(separator: "&")
    try self.init(stem + path + (query.isEmpty ? "" : "?" + query))
  }

  /// The link of a lot: what a label of traced goods carries.
  public init(stem: String, lot: LotKey) throws(DigitalLinkError) {
    try self.init(stem: stem, [Element("01", lot.gtin.text), Element("10", lot.lot)])
  }

  /// The URI: one text per value, percent-encoding only what must be.
  public var uri: String {
    let path = elements.map { "/\($0.key)/\(Self.encode($0.value))" }.joined()
    let query = (attributes + otherQuery).map { "\($0.key)=\(Self.encode($0.value))" }.joined(separator: "&")
    return stem + path + (query.isEmpty ? "" : "?" + query)
  }

  /// The value of an element, if it is there.
  public subscript(key: String) -> String? { elements.first { $0.key == key }?.value }

  /// The primary key.
  public var primary: String { elements[0].key }

  /// The lot, if the link names trade item and lot number.
  public var lot: LotKey? {
    guard let item = self["01"], let number = self["10"], let gtin = try? GTIN(item) else { return nil }
    return LotKey(gtin: gtin, lot: number)
  }

  /// The pallet, if it is one.
  public var pallet: SSCC? { self["00"].flatMap { try? SSCC($0) } }

  /// The place, if it is one.
  public var place: GLN? { self["414"].flatMap { try? GLN($0) } }

  private static func elements(_ path: [String]) throws(DigitalLinkError) -> [Element] {
    var allowed = qualifiers[path[0]] ?? []
    var elements: [Element] = []
    for index in stride(from: 0, to: path.count, by: 2) {
      let key = path[index]
      if index > 0 {
        guard let place = allowed.firstIndex(of: key) else { throw .qualifier(key) }
        allowed.removeFirst(place + 1)
      }
      let value = try decode(path[index + 1], key: key)
      try check(key, value)
      elements.append(Element(key, value))
    }
    return elements
  }

  private static func query(_ text: String) throws(DigitalLinkError) -> ([Element], [Element]) {
    var attributes: [Element] = []
    var other: [Element] = []
    for part in text.split(whereSeparator: { $0 == "&" || $0 == ";" }) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let key = String(pair[0])
      let value = try decode(pair.count == 2 ? String(pair[1]) : "", key: key)
      guard key.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
        other.append(Element(key, value))
        continue
      }
      // Keys of digits are kept for application identifiers.
      guard !attributes.contains(where: { $0.key == key }) else { throw .attribute(key) }
      try checkAttribute(key, value)
      attributes.append(Element(key, value))
    }
    return (attributes, other)
  }

  private static func check(_ key: String, _ value: String) throws(DigitalLinkError) {
    do throws(IdentifierError) {
      switch key {
      case "01": _ = try GTIN(value)
      case "00": _ = try SSCC(value)
      case "414": _ = try GLN(value)
      default:
        guard (1...20).contains(value.utf8.count) else { throw .form(kind: key, "1 to 20 characters are expected") }
        guard value.utf8.allSatisfy(set82.contains) else { throw .form(kind: key, "only characters of GS1 set 82") }
      }
    } catch {
      throw .value(key, "\(error)")
    }
  }

  private static func checkAttribute(_ key: String, _ value: String) throws(DigitalLinkError) {
    let digits = value.utf8.allSatisfy { (0x30...0x39).contains($0) }
    let isMeasure = key.count == 4 && key.hasPrefix("3") && ("310"..."369").contains(key.prefix(3))
    switch key {
    case "11", "12", "13", "15", "16", "17":
      guard digits, value.utf8.count == 6, isDate(value) else { throw .value(key, "a date as YYMMDD is expected") }
    case "30", "37": guard digits, (1...8).contains(value.utf8.count) else { throw .value(key, "1 to 8 digits are expected") }
    case "422": guard digits, value.utf8.count == 3 else { throw .value(key, "three digits are expected") }
    case "10", "21", "22", "254": try check(key, value)
    case _ where isMeasure: guard digits, value.utf8.count == 6 else { throw .value(key, "six digits are expected") }
    default: throw .attribute(key)
    }
  }

  /// Day 00 stands for the month's end.
  private static func isDate(_ text: String) -> Bool {
    let numbers = text.utf8.map { Int($0) - 0x30 }
    let (year, month, day) = (numbers[0] * 10 + numbers[1], numbers[2] * 10 + numbers[3], numbers[4] * 10 + numbers[5])
    guard (1...12).contains(month) else { return false }
    let days = [31, year.isMultiple(of: 4) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day <= days[month - 1]
  }

  private static let set82 = Set("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz".utf8)
  private static let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:".utf8)

  private static func encode(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if plain.contains(byte) {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func decode(_ text: String, key: String) throws(DigitalLinkError) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let pair = rest.prefix(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
      guard pair.count == 2 else { throw .value(key, "the percent-encoding is broken") }
      bytes.append(UInt8(pair[0] * 16 + pair[1]))
      rest = rest.dropFirst(2)
    }
    guard let value = String(validating: bytes, as: UTF8.self) else { throw .value(key, "it is not UTF-8") }
    return value
  }
}
