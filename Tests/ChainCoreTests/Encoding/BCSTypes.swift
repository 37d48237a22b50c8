import ChainCore

// The types that the published BCS vectors name, built on the production reader and writer.

/// A value of the `value` fields of the vectors.
enum JSONValue: Decodable {
  case null
  case bool(Bool)
  case number(Int64)
  case text(String)
  case list([JSONValue])
  case fields([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .fields(try container.decode([String: JSONValue].self))
    }
  }
}

/// A vector's value does not fit the type that the vector names.
struct VectorValueError: Error {
  let value: JSONValue
  init(_ value: JSONValue) { self.value = value }
}

/// A type that vectors name.
protocol BCSValue: CanonicalCodable {
  init(json: JSONValue) throws
}

extension BCSValue where Self: FixedWidthInteger {
  init(json: JSONValue) throws {
    switch json {
    case .number(let number): self = try Self(exactly: number) ?? { throw VectorValueError(json) }()
    case .text(let text): self = try Self(text) ?? { throw VectorValueError(json) }()
    default: throw VectorValueError(json)
    }
  }
}

extension UInt8: BCSValue {}
extension UInt16: BCSValue {}
extension UInt32: BCSValue {}
extension UInt64: BCSValue {}
extension UInt128: BCSValue {}
extension Int8: BCSValue {}
extension Int16: BCSValue {}
extension Int32: BCSValue {}
extension Int64: BCSValue {}
extension Int128: BCSValue {}

extension Bool: BCSValue {
  init(json: JSONValue) throws {
    guard case .bool(let value) = json else { throw VectorValueError(json) }
    self = value
  }
}

extension String: BCSValue {
  init(json: JSONValue) throws {
    guard case .text(let value) = json else { throw VectorValueError(json) }
    self = value
  }
}

/// `option<T>`: null, or the value; one around an option is a list of one, so that it can hold null.
extension Optional: BCSValue where Wrapped: BCSValue {
  init(json: JSONValue) throws {
    switch json {
    case .null: self = nil
    case .list(let inner) where inner.count == 1 && Wrapped.self == UInt8?.self: self = try Wrapped(json: inner[0])
    default: self = try Wrapped(json: json)
    }
  }
}

extension Array: BCSValue where Element: BCSValue {
  init(json: JSONValue) throws {
    switch json {
    case .list(let items): self = try items.map { try Element(json: $0) }
    case .text(let hex):
      guard let bytes = [UInt8](hex: hex) as? [Element] else { throw VectorValueError(json) }
      self = bytes
    default: throw VectorValueError(json)
    }
  }
}

extension CanonicalMap: BCSValue where Key: BCSValue, Value: BCSValue {
  init(json: JSONValue) throws {
    guard case .list(let pairs) = json else { throw VectorValueError(json) }
    self.init(
      try pairs.map { pair in
        guard case .list(let parts) = pair, parts.count == 2 else { throw VectorValueError(pair) }
        return (try Key(json: parts[0]), try Value(json: parts[1]))
      })
  }
}

extension JSONValue {
  subscript(name: String) -> JSONValue { get throws { try fields[name] ?? { throw VectorValueError(self) }() } }
  subscript(index: Int) -> JSONValue {
    get throws {
      guard case .list(let items) = self, items.indices.contains(index) else { throw VectorValueError(self) }
      return items[index]
    }
  }
  private var fields: [String: JSONValue] {
    guard case .fields(let fields) = self else { return [:] }
    return fields
  }
  /// The one field of an enum's value.
  var variant: (name: String, value: JSONValue) {
    get throws {
      guard let field = fields.first, fields.count == 1 else { throw VectorValueError(self) }
      return (field.key, field.value)
    }
  }
}

struct BCSUnit: CanonicalRecord, BCSValue, Hashable {
  static let layout = Layout(Self.init)
  init() {}
  init(json: JSONValue) throws {
    guard case .list(let items) = json, items.isEmpty else { throw VectorValueError(json) }
  }
}

/// `array<u16,3>`: in BCS the same bytes as a struct of three.
struct BCSTriple: CanonicalRecord, BCSValue {
  var first, second, third: UInt16
  static let layout = Layout(Self.init(first:second:third:), \.first, \.second, \.third)
}

extension BCSTriple {
  init(json: JSONValue) throws {
    self.init(first: try UInt16(json: json[0]), second: try UInt16(json: json[1]), third: try UInt16(json: json[2]))
  }
}

/// `tuple<i8,string>`.
struct BCSPair: CanonicalRecord, BCSValue {
  var number: Int8
  var text: String
  static let layout = Layout(Self.init(number:text:), \.number, \.text)
}

extension BCSPair {
  init(json: JSONValue) throws { self.init(number: try Int8(json: json[0]), text: try String(json: json[1])) }
}

struct BCSStruct: CanonicalRecord, BCSValue {
  var boolean: Bool
  var bytes: [UInt8]
  var label: String
  static let layout = Layout(Self.init(boolean:bytes:label:), \.boolean, \.bytes, \.label)
}

extension BCSStruct {
  init(json: JSONValue) throws {
    self.init(boolean: try Bool(json: json["boolean"]), bytes: try [UInt8](json: json["bytes"]), label: try String(json: json["label"]))
  }
}

struct BCSWrapper: CanonicalRecord, BCSValue {
  var inner: BCSStruct
  var name: String
  static let layout = Layout(Self.init(inner:name:), \.inner, \.name)
}

extension BCSWrapper {
  init(json: JSONValue) throws { self.init(inner: try BCSStruct(json: json["inner"]), name: try String(json: json["name"])) }
}

/// The vectors' `E`.
enum BCSNewtypes: BCSValue {
  case variant0(UInt16)
  case variant1(UInt8)
  case variant2(String)

  init(json: JSONValue) throws {
    let (name, value) = try json.variant
    switch name {
    case "Variant0": self = .variant0(try UInt16(json: value))
    case "Variant1": self = .variant1(try UInt8(json: value))
    case "Variant2": self = .variant2(try String(json: value))
    default: throw VectorValueError(json)
    }
  }

  func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .variant0(let value):
      writer.writeVariant(0)
      value.encode(into: &writer)
    case .variant1(let value):
      writer.writeVariant(1)
      value.encode(into: &writer)
    case .variant2(let value):
      writer.writeVariant(2)
      value.encode(into: &writer)
    }
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "E") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .variant0(try UInt16(from: &reader))
      case 1: .variant1(try UInt8(from: &reader))
      case 2: .variant2(try String(from: &reader))
      default: nil
      }
    }
  }
}

/// The vectors' `F`.
enum BCSShapes: BCSValue {
  case unit
  case newtype(UInt16)
  case tuple(UInt16, UInt16)
  case named(UInt32)

  init(json: JSONValue) throws {
    let (name, value) = try json.variant
    switch name {
    case "Unit": self = .unit
    case "Newtype": self = .newtype(try UInt16(json: value))
    case "Tuple": self = .tuple(try UInt16(json: value[0]), try UInt16(json: value[1]))
    case "Struct": self = .named(try UInt32(json: value["a"]))
    default: throw VectorValueError(json)
    }
  }

  func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .unit: writer.writeVariant(0)
    case .newtype(let value):
      writer.writeVariant(1)
      value.encode(into: &writer)
    case .tuple(let first, let second):
      writer.writeVariant(2)
      first.encode(into: &writer)
      second.encode(into: &writer)
    case .named(let value):
      writer.writeVariant(3)
      value.encode(into: &writer)
    }
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "F") { (variant, reader) throws(CanonicalError) in
      switch variant {
      case 0: .unit
      case 1: .newtype(try UInt16(from: &reader))
      case 2: .tuple(try UInt16(from: &reader), try UInt16(from: &reader))
      case 3: .named(try UInt32(from: &reader))
      default: nil
      }
    }
  }
}

/// The vectors' `Big`: 300 variants without fields.
struct BCSBig: BCSValue {
  var variant: UInt32

  init(json: JSONValue) throws { variant = try UInt32(json: json["variant"]) }
  func encode(into writer: inout CanonicalWriter) { writer.writeVariant(variant) }
  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    variant = try reader.readVariant(of: "Big") { (variant, _) throws(CanonicalError) in variant < 300 ? variant : nil }
  }
}

/// The vectors' `Node`: a list as nested structs. Only these count towards the depth, the options between them do not.
struct BCSNode: CanonicalRecord, BCSValue {
  indirect enum Next: CanonicalCodable, Sendable {
    case none
    case some(BCSNode)

    func encode(into writer: inout CanonicalWriter) {
      switch self {
      case .none: writer.writeByte(0)
      case .some(let node):
        writer.writeByte(1)
        node.encode(into: &writer)
      }
    }

    init(from reader: inout CanonicalReader) throws(CanonicalError) {
      self = try Bool(from: &reader) ? .some(try BCSNode(from: &reader)) : .none
    }
  }

  var value: UInt64
  var next: Next
  static let layout = Layout(Self.init(value:next:), \.value, \.next)
}

extension BCSNode {
  /// A list of `length` values, `length` − 1 down to 0.
  init(length: UInt64) {
    self.init(value: 0, next: .none)
    for value in 1..<length { self = BCSNode(value: value, next: .some(self)) }
  }
  init(json: JSONValue) throws { self.init(length: try UInt64(json: json["length"])) }
}
