import ChainCore
import Testing

private struct Move: CanonicalRecord, Equatable {
  var item: String
  var quantity: UInt64
  var note: String?
  static let layout = Layout(Self.init, \.item, \.quantity, \.note)
}

@Suite struct CanonicalEncoding {
  @Test func recordRoundTrip() throws {
    let move = Move(item: "箱", quantity: 7, note: nil)
    #expect(move.canonicalBytes == [3, 0xe7, 0xae, 0xb1, 7, 0, 0, 0, 0, 0, 0, 0, 0])
    #expect(try Move(canonicalBytes: move.canonicalBytes) == move)
  }

  @Test func everyTruncationAndExtensionIsRefused() {
    let bytes = Move(item: "abc", quantity: 1, note: "x").canonicalBytes
    for length in 0..<bytes.count {
      #expect(throws: CanonicalError.self) { try Move(canonicalBytes: Array(bytes[..<length])) }
    }
    #expect(throws: CanonicalError.trailingBytes(offset: bytes.count, count: 1)) { try Move(canonicalBytes: bytes + [0]) }
  }
}
