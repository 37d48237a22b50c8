import Foundation
import Testing

@testable import ChainCore

/// Crashes cut the end of a journal, by whole batches; any other damage is an error.
@Suite struct JournalDamageTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path("journal") }

  init() throws { directory = try TemporaryDirectory() }

  private func open(segmentBytes: Int = 16 << 20) throws(StoreError) -> Journal {
    var options = Journal.Options()
    options.segmentBytes = segmentBytes
    return try Journal(directory: path, options: options)
  }

  private func name(_ number: Int) -> String { "journal/000000000000000\(number).journal" }

  private func records(_ batches: [[[UInt8]]]) -> [[UInt8]] { batches.flatMap { $0 } }

  /// Appends each batch; with a sync after each or none at all.
  private func fill(_ batches: [[[UInt8]]], syncing: Bool, segmentBytes: Int = 16 << 20) throws -> [UInt8] {
    let journal = try open(segmentBytes: segmentBytes)
    defer { journal.close() }
    for batch in batches {
      _ = try journal.append(batch)
      if syncing { try journal.sync() }
    }
    return try directory.read(name(1))
  }

  @Test(arguments: [true, false]) func everyCutLeavesWholeBatches(syncing: Bool) throws {
    let batches: [[[UInt8]]] = [[[1], [2, 2]], [[3, 3, 3, 3, 3, 3, 3, 3]], [[], [4, 4, 4, 4, 4, 4, 4, 4, 4], [5]]]
    let whole = try fill(batches, syncing: syncing)
    var ends = [JournalFormat.segmentHeaderBytes]
    for batch in batches { ends.append(ends[ends.count - 1] + JournalFormat.batchBytes(batch)) }
    #expect(ends.last == whole.count)
    for length in JournalFormat.segmentHeaderBytes...whole.count {
      try directory.write(name(1), Array(whole[..<length]))
      let journal = try open()
      let kept = ends.lastIndex { $0 <= length } ?? 0
      #expect(journal.takeRecords().map(\.bytes) == records(Array(batches[..<kept])), "\(length)")
      #expect(journal.tornBytes == length - ends[kept])
      // It goes on behind what is left.
      _ = try journal.append([[9]])
      try journal.sync()
      journal.close()
      let again = try open()
      #expect(again.takeRecords().map(\.bytes) == records(Array(batches[..<kept])) + [[9]])
      #expect(again.tornBytes == 0)
      again.close()
    }
    // A segment has its name only when its header is durable.
    for length in [0, 7, 8, 47] {
      try directory.write(name(1), Array(whole[..<length]))
      #expect(throws: StoreError.self) { try open() }
    }
  }

  /// Every bit of a journal with synced batches: an error, unless it is in the last batch, which is cut.
  @Test func everyFlippedBitIsReportedBeforeTheLastBatch() throws {
    let batches: [[[UInt8]]] = [[[1], [2, 2]], [[3, 3, 3, 3, 3, 3, 3, 3]], [[4, 4, 4, 4, 4, 4, 4, 4, 4]]]
    let whole = try fill(batches, syncing: true)
    let lastStart = whole.count - JournalFormat.batchBytes(batches[2])
    var reported = 0
    var cut = 0
    for place in whole.indices {
      for bit in 0..<8 where bit == place % 8 || place % 3 == 0 {
        var file = whole
        file[place] ^= 1 << bit
        try directory.write(name(1), file)
        do {
          let journal = try open()
          defer { journal.close() }
          #expect(place >= lastStart, "byte \(place) bit \(bit) not reported")
          #expect(journal.takeRecords().map(\.bytes) == records([batches[0], batches[1]]))
          #expect(journal.tornBytes == whole.count - lastStart)
          cut += 1
        } catch {
          #expect(place < lastStart, "byte \(place) bit \(bit): \(error)")
          switch error {
          case .corruptJournal, .foreign: reported += 1
          default: Issue.record("byte \(place) bit \(bit): \(error)")
          }
          #expect(try directory.read(name(1)) == file, "a damaged journal is left as it is")
        }
      }
    }
    #expect(reported > 400 && cut > 100)
  }

  @Test func damageInAnOlderSegmentIsAlwaysReported() throws {
    var random = SeededGenerator(seed: 5)
    let older = try fill([[[1]], [[2]], [[3]], [[4]]], syncing: false, segmentBytes: 100)
    #expect(try open().usage.segments > 1)
    for place in older.indices {
      var file = older
      file[place] ^= 1 << UInt8(random.next() % 8)
      try directory.write(name(1), file)
      #expect(throws: StoreError.self, "byte \(place)") { try open() }
      if place % 10 == 0 {
        try directory.write(name(1), Array(older[..<place]))
        #expect(throws: StoreError.self, "cut at \(place)") { try open() }
      }
    }
    try FileManager.default.removeItem(atPath: directory.path(name(1)))
    #expect(throws: StoreError.self) { try open() }
  }

  /// Power loss: any sectors of what was not synced are on disk, the others are zero or missing.
  @Test(arguments: Array(1...60) as [UInt64]) func powerLossKeepsWhatWasSyncedAndWholeBatches(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let journal = try open()
    var batches: [[[UInt8]]] = []
    func append(_ count: Int) throws {
      for _ in 0..<count {
        let batch = (0..<Int(1 + random.next() % 3)).map { _ in
          let length = Int(random.next() % 900)
          return random.bytes(length)
        }
        _ = try journal.append(batch)
        batches.append(batch)
      }
    }
    try append(Int(random.next() % 5))
    try journal.sync()
    let synced = batches.count
    let durable = try directory.read(name(1)).count
    try append(Int(2 + random.next() % 5))
    var image = try directory.read(name(1))
    journal.close()
    if random.next() % 3 == 0 { image.removeSubrange((durable + Int(random.next() % UInt64(image.count - durable)))...) }
    var sector = 0
    while sector < image.count {
      let lost = max(sector, durable)..<max(durable, min(sector + 512, image.count))
      if !lost.isEmpty, random.next() % 2 == 0 { image.replaceSubrange(lost, with: [UInt8](repeating: 0, count: lost.count)) }
      sector += 512
    }
    try directory.write(name(1), image)
    let after = try open()
    let found = after.takeRecords().map(\.bytes)
    let kept = try #require((synced...batches.count).first { records(Array(batches[..<$0])) == found })
    // And a second crash changes nothing more.
    after.close()
    let again = try open()
    #expect(again.takeRecords().map(\.bytes) == records(Array(batches[..<kept])))
    #expect(again.tornBytes == 0)
  }

  /// Crashes between the steps of a replacement or a drop.
  @Test func leftoversOfAnInterruptedReplacementGo() throws {
    let journal = try open()
    _ = try journal.append([[1]])
    try journal.sync()
    let old = try directory.read(name(1))
    _ = try journal.replace(all: [[2]])
    journal.close()
    let new = try directory.read(name(2))
    // Before the new segment had its name: the old records.
    try FileManager.default.removeItem(atPath: directory.path(name(2)))
    try directory.write(name(1), old)
    try directory.write("journal/unfinished", Array(new.dropLast(5)))
    let first = try open()
    #expect(first.takeRecords().map(\.bytes) == [[1]])
    first.close()
    #expect(!FileManager.default.fileExists(atPath: directory.path("journal/unfinished")))
    // After it, before the old one was removed: the new records.
    try directory.write(name(2), new)
    let second = try open()
    #expect(second.takeRecords().map(\.bytes) == [[2]])
    second.close()
    #expect(!FileManager.default.fileExists(atPath: directory.path(name(1))))
  }

  /// Bytes of a record that look like a later batch do not make a torn tail a damaged journal.
  @Test func recordsCannotPoseAsBatches() throws {
    let inner = JournalFormat.batch([[7]], segment: 1, offset: 40, durable: 40).bytes
    let whole = try fill([[[1]], [inner, inner]], syncing: false)
    let start = whole.count - JournalFormat.batchBytes([inner, inner])
    var file = whole
    file[start] ^= 1
    try directory.write(name(1), file)
    let journal = try open()
    #expect(journal.takeRecords().map(\.bytes) == [[1]])
    #expect(journal.tornBytes == whole.count - start)
  }

  /// A record read by its position is checked again.
  @Test func aRecordReadLaterIsChecked() throws {
    let journal = try open()
    let position = try #require(try journal.append([[1, 2, 3]]).first)
    try journal.sync()
    #expect(try journal.read(position) == [1, 2, 3])
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: directory.path(name(1))))
    try handle.seek(toOffset: UInt64(position.offset + 16))
    try handle.write(contentsOf: [9])
    try handle.close()
    #expect(throws: StoreError.corruptJournal(segment: JournalSegment.path(path, 1), offset: position.offset)) {
      try journal.read(position)
    }
  }
}
