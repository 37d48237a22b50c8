import ChainCore
import Foundation
import Testing
import TestSupport

private struct BCSFile: Decodable {
  struct Encode: Decodable {
    let type: String
    let value: JSONValue?
    let hex: String
  }
  struct Decode: Decodable {
    let type, hex, why: String
    let ok: Bool
    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      type = try container.decode(String.self, forKey: .type)
      hex = try container.decode(String.self, forKey: .hex)
      ok = try container.decode(Bool.self, forKey: .ok)
      why = try container.decodeIfPresent(String.self, forKey: .why) ?? ""
    }
    enum CodingKeys: CodingKey { case type, hex, ok, why }
  }
  struct Depth: Decodable {
    let length: UInt64
    let hex: String
    let ok: Bool
  }
  struct Limits: Decodable { let maxSequenceLength, maxContainerDepth: Int }
  let encode: [Encode]
  let decode: [Decode]
  let depth: [Depth]
  let limits: Limits
}

/// What the vectors ask of a type.
private struct BCSCodec: Sendable {
  let encode: @Sendable (JSONValue) throws -> [UInt8]
  /// Decodes all of the bytes and encodes the value again.
  let decode: @Sendable ([UInt8]) throws(CanonicalError) -> [UInt8]

  init<Value: BCSValue>(_: Value.Type) {
    encode = { try Value(json: $0).canonicalBytes }
    decode = { @Sendable (bytes: [UInt8]) throws(CanonicalError) -> [UInt8] in try Value(canonicalBytes: bytes).canonicalBytes }
  }

  static let all: [String: BCSCodec] = [
    "bool": BCSCodec(Bool.self), "string": BCSCodec(String.self), "unit": BCSCodec(BCSUnit.self),
    "u8": BCSCodec(UInt8.self), "u16": BCSCodec(UInt16.self), "u32": BCSCodec(UInt32.self), "u64": BCSCodec(UInt64.self),
    "u128": BCSCodec(UInt128.self), "i8": BCSCodec(Int8.self), "i16": BCSCodec(Int16.self), "i32": BCSCodec(Int32.self),
    "i64": BCSCodec(Int64.self), "i128": BCSCodec(Int128.self),
    "option<u8>": BCSCodec(UInt8?.self), "option<option<u8>>": BCSCodec(UInt8??.self),
    "vector<u8>": BCSCodec([UInt8].self), "vector<u16>": BCSCodec([UInt16].self), "vector<string>": BCSCodec([String].self),
    "vector<vector<u8>>": BCSCodec([[UInt8]].self), "array<u16,3>": BCSCodec(BCSTriple.self), "tuple<i8,string>": BCSCodec(BCSPair.self),
    "map<u8,u8>": BCSCodec(CanonicalMap<UInt8, UInt8>.self), "map<u16,u8>": BCSCodec(CanonicalMap<UInt16, UInt8>.self),
    "map<string,u8>": BCSCodec(CanonicalMap<String, UInt8>.self), "map<i8,u8>": BCSCodec(CanonicalMap<Int8, UInt8>.self),
    "map<vector<u8>,unit>": BCSCodec(CanonicalMap<[UInt8], BCSUnit>.self),
    "MyStruct": BCSCodec(BCSStruct.self), "Wrapper": BCSCodec(BCSWrapper.self), "E": BCSCodec(BCSNewtypes.self),
    "F": BCSCodec(BCSShapes.self), "Big": BCSCodec(BCSBig.self), "Node": BCSCodec(BCSNode.self),
  ]
}

extension CanonicalError {
  /// The name of the case.
  fileprivate var kind: String {
    switch self {
    case .truncated: "truncated"
    case .trailingBytes: "trailingBytes"
    case .badULEB128: "badULEB128"
    case .lengthTooLarge: "lengthTooLarge"
    case .badBool: "badBool"
    case .badUTF8: "badUTF8"
    case .unsortedKeys: "unsortedKeys"
    case .unknownVariant: "unknownVariant"
    case .tooDeep: "tooDeep"
    default: "other"
    }
  }
}

@Suite struct BCSVectors {
  /// The vectors' reasons, by how they begin, and the error that says the same.
  private static let reasons: [(reason: String, kind: String)] = [
    ("not 0 or 1", "badBool"), ("tag not 0 or 1", "badBool"), ("end of input", "truncated"), ("trailing byte", "trailingBytes"),
    ("invalid UTF-8", "badUTF8"), ("UTF-8 surrogate", "badUTF8"), ("over-long UTF-8", "badUTF8"), ("above U+10FFFF", "badUTF8"),
    ("length 128", "truncated"), ("length 2^31-1", "truncated"), ("length 2^32-1", "lengthTooLarge"), ("length 2^31 ", "lengthTooLarge"),
    ("non-minimal", "badULEB128"), ("2^32: does not fit", "badULEB128"), ("ULEB128", "badULEB128"), ("variant index", "badULEB128"),
    ("unknown variant", "unknownVariant"), ("keys out of order", "unsortedKeys"), ("numeric order", "unsortedKeys"),
    ("alphabetical order", "unsortedKeys"), ("duplicate", "unsortedKeys"),
  ]

  private func file() throws -> BCSFile { try JSONDecoder().decode(BCSFile.self, from: Vectors.bundled("merkle/bcs/bcs.json")) }

  @Test func encodings() throws {
    let file = try file()
    var units = 0
    for vector in file.encode {
      let bytes = try #require([UInt8](hex: vector.hex))
      let value = vector.value ?? .null
      if vector.type == "vector<unit>" {
        try unitVector(count: Int(UInt32(json: value["count"])), bytes: bytes)
        units += 1
        continue
      }
      let codec = try #require(BCSCodec.all[vector.type], "no codec for \(vector.type)")
      #expect(try codec.encode(value) == bytes, "\(vector.type) \(vector.hex)")
      #expect(try codec.decode(bytes) == bytes, "\(vector.type) \(vector.hex)")
    }
    print("bcs encode: \(file.encode.count) cases, \(units) of them vectors of units, which encode but do not decode here")
    #expect(file.encode.count == 87)
  }

  /// Units take no bytes, so nothing bounds their count: such vectors encode as published, but decoding refuses them.
  private func unitVector(count: Int, bytes: [UInt8]) throws {
    var writer = CanonicalWriter()
    writer.writeCount(count)
    #expect(writer.bytes == bytes)
    var reader = CanonicalReader(bytes)
    #expect(try reader.readCount(elementBytes: 0) == count)
    try reader.finish()
    if count < 20_000 { #expect([BCSUnit](repeating: BCSUnit(), count: count).canonicalBytes == bytes) }
    #expect(throws: CanonicalError.truncated(offset: bytes.count, needed: count)) { try [BCSUnit](canonicalBytes: bytes) }
  }

  @Test func decodings() throws {
    let file = try file()
    var refused = 0
    for vector in file.decode {
      let codec = try #require(BCSCodec.all[vector.type], "no codec for \(vector.type)")
      let bytes = try #require([UInt8](hex: vector.hex))
      do throws(CanonicalError) {
        #expect(try codec.decode(bytes) == bytes, "\(vector.type) \(vector.hex): other bytes came back")
        #expect(vector.ok, "\(vector.type) \(vector.hex) was accepted: \(vector.why)")
      } catch {
        refused += 1
        #expect(!vector.ok, "\(vector.type) \(vector.hex) was refused: \(error)")
        let expected = Self.reasons.first { vector.why.hasPrefix($0.reason) }?.kind
        #expect(error.kind == expected, "\(vector.type) \(vector.hex): \(vector.why)")
      }
    }
    print("bcs decode: \(file.decode.count) cases, \(refused) refused, each for the vector's reason")
    #expect(file.decode.count == 56)
    #expect(refused == 45)
  }

  @Test func depth() throws {
    let file = try file()
    #expect(file.limits.maxContainerDepth == CanonicalReader.depthLimit)
    #expect(file.limits.maxSequenceLength == CanonicalReader.lengthLimit)
    for vector in file.depth {
      let bytes = try #require([UInt8](hex: vector.hex))
      let node = BCSNode(length: vector.length)
      #expect(node.canonicalBytes == bytes)
      if vector.ok {
        #expect(try BCSNode(canonicalBytes: bytes).canonicalBytes == bytes)
      } else {
        let error = #expect(throws: CanonicalError.self) { try BCSNode(canonicalBytes: bytes) }
        #expect(error?.kind == "tooDeep")
      }
    }
    print("bcs depth: \(file.depth.count) cases")
    #expect(file.depth.count == 2)
  }
}
