import Testing

@testable import ChainCore

@Suite struct KnownRecords {
  @Test func onlyTheSameBytesAreKnown() throws {
    var decoded = DecodedRecords()
    let key = Array("record".utf8)
    #expect(try decoded.value(UInt64(7).canonicalBytes, of: key, as: UInt64.self) == 7)
    #expect(try decoded.value(UInt64(7).canonicalBytes, of: key, as: UInt64.self) == 7)
    #expect(try decoded.value(UInt64(8).canonicalBytes, of: key, as: UInt64.self) == 8)
    // The same bytes as another type, and what is no value of the type.
    #expect(try decoded.value(UInt64(8).canonicalBytes, of: key, as: Int64.self) == 8)
    #expect(throws: CanonicalError.self) { try decoded.value([1], of: key, as: UInt64.self) }
    #expect(try decoded.value(UInt64(9).canonicalBytes, of: key, as: UInt64.self) == 9)
    // More records than are kept.
    for number in UInt64(0)..<500 {
      for _ in 0..<2 { #expect(try decoded.value(number.canonicalBytes, of: number.keyBytes, as: UInt64.self) == number) }
    }
  }
}
