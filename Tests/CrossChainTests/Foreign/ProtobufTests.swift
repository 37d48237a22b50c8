import Testing

@testable import CrossChain

/// One message, one byte string: every other form is refused, with its place.
@Suite struct ProtobufStrictness {
  private func read(_ bytes: [UInt8]) throws(ProtobufError) -> (UInt64, [UInt8], [[UInt8]]) {
    var reader = try ProtobufReader(bytes, limit: 100)
    var found: (number: UInt64, bytes: [UInt8], list: [[UInt8]]) = (0, [], [])
    while let field = try reader.next() {
      switch field.number {
      case 1: found.number = try reader.uint64(field)
      case 2: found.bytes = try reader.bytes(field, limit: 4)
      case 3:
        var element = try reader.element(field, count: found.list.count, limit: 2)
        var content: [UInt8] = []
        while let inner = try element.next() {
          guard inner.number == 1 else { throw element.unknown(inner) }
          content = try element.bytes(inner, limit: 10)
        }
        found.list.append(content)
      default: throw reader.unknown(field)
      }
    }
    return found
  }

  @Test func oneFormIsRead() throws {
    let bytes = ProtobufWriter.encode { writer in
      writer.uint64(1, 300)
      writer.bytes(2, [7, 8])
      writer.message(3, [])
      writer.message(3, ProtobufWriter.encode { $0.bytes(1, [9]) })
    }
    #expect(bytes == [0x08, 0xac, 0x02, 0x12, 2, 7, 8, 0x1a, 0, 0x1a, 3, 0x0a, 1, 9])
    let found = try read(bytes)
    #expect(found.0 == 300 && found.1 == [7, 8] && found.2 == [[], [9]])
  }

  static let refused: [([UInt8], ProtobufError)] = [
    ([0x08], .truncated(offset: 1)), ([0x08, 0x80], .truncated(offset: 1)), ([0x12, 2, 7], .truncated(offset: 1)),
    ([0x12], .truncated(offset: 1)), ([0x80], .truncated(offset: 0)),
    ([0x08, 0x81, 0x00], .badVarint(offset: 1)), ([0x88, 0x00, 1], .badVarint(offset: 0)),
    ([0x08] + [UInt8](repeating: 0xff, count: 9) + [2], .badVarint(offset: 1)),
    ([0x08] + [UInt8](repeating: 0xff, count: 10) + [1], .badVarint(offset: 1)),
    ([0x00, 1], .badFieldNumber(offset: 0)), ([0x80, 0x80, 0x80, 0x80, 0x10, 1], .badFieldNumber(offset: 0)),
    ([0x0a, 1, 1], .wrongWireType(offset: 0, field: 1, found: 2)), ([0x10, 1], .wrongWireType(offset: 0, field: 2, found: 0)),
    ([0x0b], .wrongWireType(offset: 0, field: 1, found: 3)), ([0x0d, 1, 0, 0, 0], .wrongWireType(offset: 0, field: 1, found: 5)),
    ([0x22, 0], .unknownField(offset: 0, field: 4)), ([0x08, 1, 0x22, 0], .unknownField(offset: 2, field: 4)),
    ([0x12, 1, 5, 0x08, 1], .unsortedField(offset: 3, field: 1)),
    ([0x08, 1, 0x08, 1], .repeatedField(offset: 2, field: 1)), ([0x12, 1, 5, 0x12, 1, 5], .repeatedField(offset: 3, field: 2)),
    ([0x08, 0], .explicitDefault(offset: 0, field: 1)), ([0x12, 0], .explicitDefault(offset: 0, field: 2)),
    ([0x12, 5, 1, 2, 3, 4, 5], .tooLong(offset: 0, field: 2, limit: 4)),
    ([0x1a, 0, 0x1a, 0, 0x1a, 0], .tooLong(offset: 4, field: 3, limit: 2)),
    ([0x1a, 2, 0x0a, 0], .explicitDefault(offset: 2, field: 1)), ([0x1a, 2, 0x10, 1], .unknownField(offset: 2, field: 2)),
    ([0x1a, 3, 0x0a, 2, 9], .truncated(offset: 3)),
    ([0x12] + [UInt8](repeating: 0xff, count: 9) + [1], .tooLong(offset: 0, field: 2, limit: 4)),
    ([UInt8](repeating: 0, count: 101), .tooLarge(bytes: 101, limit: 100)),
  ]

  @Test(arguments: refused) func otherFormsAreRefused(bytes: [UInt8], error: ProtobufError) {
    #expect(throws: error) { try read(bytes) }
  }

  @Test func numbersKeepTheirRange() throws {
    let most = ProtobufWriter.encode { $0.uint64(1, .max) }
    #expect(try read(most).0 == .max)
    let negative = ProtobufWriter.encode { $0.int64(1, -62_135_596_800) }
    var reader = try ProtobufReader(negative, limit: 100)
    let field = try #require(try reader.next())
    #expect(try reader.int64(field) == -62_135_596_800)
    var again = try ProtobufReader(most, limit: 100)
    let large = try #require(try again.next())
    #expect(throws: ProtobufError.outOfRange(offset: 0, field: 1)) { try again.small(large) }
  }
}
