/// The bytes of a journal segment; numbers are little-endian.
///
/// A segment is a header, then batches. A batch is a header and its records; each begins at a multiple of 8 bytes and is padded
/// with zeros. Checksums are XXH64 seeded with the segment's number and the offset, so that a batch in another place is none.
///
///     segment  magic 8, version 4, zero 4, number 8, first segment needed 8, length of the segment before 8, checksum 8
///     batch    magic 8, durable offset when it was written 8, bytes of all records 4, count of records 4, checksum 8
///     record   length 4, zero 4, checksum 8, bytes
enum JournalFormat {
  static let segmentHeaderBytes = 48
  static let batchHeaderBytes = 32
  static let recordHeaderBytes = 16

  private static let segmentMagic = Array("YuChnJnl".utf8)
  private static let batchMagic = Array("YuChnBat".utf8)

  /// The header of a segment.
  struct SegmentHeader: Hashable, Sendable {
    var version: UInt32
    var number: UInt64
    /// The oldest segment that must be there.
    var first: UInt64
    /// The length of the segment before, which was durable as a whole.
    var previousBytes: UInt64

    var bytes: [UInt8] {
      var bytes = segmentMagic
      append(version, to: &bytes)
      append(UInt32(0), to: &bytes)
      append(number, to: &bytes)
      append(first, to: &bytes)
      append(previousBytes, to: &bytes)
      append(XXH64.hash(bytes), to: &bytes)
      return bytes
    }
  }

  /// What is at the start of a segment file.
  enum SegmentStart: Hashable, Sendable {
    case good(SegmentHeader)
    case damaged
    case foreign
  }

  /// The header of a batch.
  struct BatchHeader: Hashable, Sendable {
    /// Up to this offset the segment was durable when the batch was written.
    var durable: UInt64
    var recordBytes: UInt32
    var count: UInt32
  }

  /// Where a record is inside its batch's records, and its length.
  struct RecordPlace: Hashable, Sendable {
    var offset: Int
    var bytes: Int
  }

  /// Reads the header of a segment.
  static func segment(_ bytes: [UInt8]) -> SegmentStart {
    guard bytes.count >= segmentHeaderBytes else { return bytes.starts(with: segmentMagic) ? .damaged : .foreign }
    guard number(bytes, 40, 8) == XXH64.hash(Array(bytes[..<40])) else { return bytes.starts(with: segmentMagic) ? .damaged : .foreign }
    guard bytes.starts(with: segmentMagic) else { return .foreign }
    return .good(
      SegmentHeader(
        version: UInt32(number(bytes, 8, 4)), number: number(bytes, 16, 8), first: number(bytes, 24, 8), previousBytes: number(bytes, 32, 8)
      ))
  }

  /// The bytes a batch of `records` takes.
  static func batchBytes(_ records: [[UInt8]]) -> Int {
    records.reduce(batchHeaderBytes) { $0 + recordHeaderBytes + padded($1.count) }
  }

  /// The batch of `records` at `offset` of segment `segment`, and where each record's header is, from the batch's start.
  static func batch(_ records: [[UInt8]], segment: UInt64, offset: Int, durable: Int) -> (bytes: [UInt8], places: [Int]) {
    let total = batchBytes(records)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(total)
    bytes += batchMagic
    append(UInt64(durable), to: &bytes)
    append(UInt32(total - batchHeaderBytes), to: &bytes)
    append(UInt32(records.count), to: &bytes)
    append(XXH64.hash(bytes, seed: seed(segment, offset)), to: &bytes)
    var places: [Int] = []
    for record in records {
      places.append(bytes.count)
      let check = XXH64.hash(record, seed: recordSeed(segment, offset + bytes.count, length: record.count))
      append(UInt32(record.count), to: &bytes)
      append(UInt32(0), to: &bytes)
      append(check, to: &bytes)
      bytes += record
      bytes += [UInt8](repeating: 0, count: padded(record.count) - record.count)
    }
    return (bytes, places)
  }

  /// The header of the batch at `index` of `bytes`, which begin at `offset` of the segment; `nil` if there is no good one.
  static func batchHeader(_ bytes: [UInt8], at index: Int, segment: UInt64, offset: Int) -> BatchHeader? {
    guard bytes.count - index >= batchHeaderBytes, bytes[index] == batchMagic[0], bytes[index...].starts(with: batchMagic) else {
      return nil
    }
    let check = XXH64.hash(Array(bytes[index..<index + 24]), seed: seed(segment, offset + index))
    guard number(bytes, index + 24, 8) == check else { return nil }
    let header = BatchHeader(
      durable: number(bytes, index + 8, 8), recordBytes: UInt32(number(bytes, index + 16, 4)), count: UInt32(number(bytes, index + 20, 4)))
    return header.count > 0 && header.recordBytes % 8 == 0 && header.durable <= UInt64(offset + index) ? header : nil
  }

  /// The records of a batch, whose record bytes begin at `offset` of the segment; `nil` unless all are good.
  static func records(_ bytes: ArraySlice<UInt8>, count: UInt32, segment: UInt64, offset: Int) -> [RecordPlace]? {
    var places: [RecordPlace] = []
    var index = bytes.startIndex
    for _ in 0..<count {
      guard let length = recordLength(bytes[index...], segment: segment, offset: offset + index - bytes.startIndex) else { return nil }
      places.append(RecordPlace(offset: index - bytes.startIndex, bytes: length))
      index += recordHeaderBytes + padded(length)
    }
    return index == bytes.endIndex ? places : nil
  }

  /// The length of the good record at the start of `bytes`, which is `offset` of the segment.
  static func recordLength(_ bytes: ArraySlice<UInt8>, segment: UInt64, offset: Int) -> Int? {
    guard bytes.count >= recordHeaderBytes else { return nil }
    let start = bytes.startIndex
    let length = Int(number(bytes, start, 4))
    let end = start + recordHeaderBytes + padded(length)
    guard number(bytes, start + 4, 4) == 0, end <= bytes.endIndex else { return nil }
    let content = start + recordHeaderBytes
    guard bytes[(content + length)..<end].allSatisfy({ $0 == 0 }) else { return nil }
    let check = XXH64.hash(Array(bytes[content..<(content + length)]), seed: recordSeed(segment, offset, length: length))
    return number(bytes, start + 8, 8) == check ? length : nil
  }

  /// The length that a record header gives, unchecked; `nil` if the header is cut short.
  static func claimedLength(_ header: [UInt8]) -> Int? { header.count == recordHeaderBytes ? Int(number(header, 0, 4)) : nil }

  /// `count` rounded up to the next multiple of 8.
  static func padded(_ count: Int) -> Int { (count + 7) & ~7 }

  private static func seed(_ segment: UInt64, _ offset: Int) -> UInt64 { segment << 32 ^ UInt64(offset) }

  /// The length takes part: else a record could end in its padding.
  private static func recordSeed(_ segment: UInt64, _ offset: Int, length: Int) -> UInt64 {
    seed(segment, offset) ^ UInt64(length).byteSwapped
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
    for place in 0..<(number.bitWidth / 8) { bytes.append(UInt8(truncatingIfNeeded: number >> (place * 8))) }
  }

  private static func number<Bytes: Collection<UInt8>>(_ bytes: Bytes, _ offset: Int, _ count: Int) -> UInt64 where Bytes.Index == Int {
    var number: UInt64 = 0
    for index in (offset..<offset + count).reversed() { number = number << 8 | UInt64(bytes[index]) }
    return number
  }
}
