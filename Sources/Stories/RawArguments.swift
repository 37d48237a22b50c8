internal import ChainCore

/// Arguments that are bytes already: what somebody sends who does not use our types.
struct RawArguments: CanonicalCodable {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  init(from reader: inout CanonicalReader) throws(CanonicalError) { bytes = try [UInt8](from: &reader) }
  func encode(into writer: inout CanonicalWriter) { writer.writeFixed(bytes) }
}

extension [UInt8] {
  /// Where `other` occurs first.
  func firstRange(of other: [UInt8]) -> Range<Int>? {
    guard !other.isEmpty, count >= other.count else { return nil }
    return (0...(count - other.count)).first { self[$0..<($0 + other.count)].elementsEqual(other) }.map { $0..<($0 + other.count) }
  }

  /// The bytes with others in a place.
  func replacingSubrange(_ range: Range<Int>, with others: some Sequence<UInt8>) -> [UInt8] {
    self[..<range.lowerBound] + Array(others) + self[range.upperBound...]
  }
}
