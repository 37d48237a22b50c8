import Foundation
import Testing

@testable import ChainCore

/// What was appended is there again, in order, in whole batches.
@Suite struct JournalTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path("journal") }

  init() throws { directory = try TemporaryDirectory() }

  private func open(segmentBytes: Int = 16 << 20) throws(StoreError) -> Journal {
    var options = Journal.Options()
    options.segmentBytes = segmentBytes
    return try Journal(directory: path, options: options)
  }

  /// The records after closing and opening again.
  private func reopened(segmentBytes: Int = 16 << 20) throws -> [[UInt8]] {
    let journal = try open(segmentBytes: segmentBytes)
    defer { journal.close() }
    #expect(journal.tornBytes == 0)
    return journal.takeRecords().map(\.bytes)
  }

  @Test func keepsRecordsOfEveryLength() throws {
    var all: [[UInt8]] = []
    for length in 0...40 {
      let journal = try open()
      let found = journal.takeRecords()
      #expect(found.map(\.bytes) == all)
      #expect(journal.takeRecords() == [])
      for record in found { #expect(try journal.read(record.position) == record.bytes) }
      let batch = [[UInt8](repeating: 7, count: length), [], [UInt8](repeating: 0, count: length + 1)]
      let positions = try journal.append(batch)
      #expect(positions.count == 3 && positions == positions.sorted())
      for (position, record) in zip(positions, batch) { #expect(try journal.read(position) == record) }
      #expect(journal.usage.unsyncedBytes > 0)
      try journal.sync()
      #expect(journal.usage.unsyncedBytes == 0)
      all += batch
      #expect(try journal.append([]) == [])
      journal.close()
    }
    #expect(try reopened() == all)
  }

  @Test func segmentsFollowOneAnotherAndOldOnesGo() throws {
    let journal = try open(segmentBytes: 200)
    var positions: [JournalPosition] = []
    for number in UInt8(0)..<40 { positions += try journal.append([[number], [number, number]]) }
    try journal.sync()
    #expect(positions == positions.sorted())
    #expect(journal.usage.segments > 5)
    let all = (UInt8(0)..<40).flatMap { [[$0], [$0, $0]] }
    for (position, record) in zip(positions, all) { #expect(try journal.read(position) == record) }
    let cut = positions[41]
    try journal.drop(before: cut)
    #expect(throws: StoreError.missing(path: JournalSegment.path(path, 1))) { try journal.read(positions[0]) }
    for (position, record) in zip(positions, all) where position >= cut { #expect(try journal.read(position) == record) }
    let segments = journal.usage.segments
    try journal.drop(before: positions[0])
    #expect(journal.usage.segments == segments)
    _ = try journal.append([[99]])
    try journal.sync()
    journal.close()
    let kept = zip(positions, all).filter { $0.0.segment >= cut.segment }.map(\.1)
    #expect(kept.count < all.count)
    #expect(try reopened() == kept + [[99]])
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).count == segments + 1)
  }

  @Test func replacesEverythingAtOnce() throws {
    let journal = try open(segmentBytes: 100)
    for number in UInt8(0)..<20 { _ = try journal.append([[number]]) }
    let positions = try journal.replace(all: [[1, 1], [2, 2]])
    #expect(journal.usage.segments == 1 && journal.usage.unsyncedBytes == 0)
    #expect(try journal.read(positions[1]) == [2, 2])
    journal.close()
    #expect(try reopened() == [[1, 1], [2, 2]])
    let again = try open()
    _ = try again.append([[3]])
    #expect(try again.replace(all: []) == [])
    again.close()
    #expect(try reopened() == [])
  }

  /// Random appends, syncs, drops, replacements and reopenings against a list.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64]) func agreesWithAModel(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var model: [(position: JournalPosition, bytes: [UInt8])] = []
    var journal = try open(segmentBytes: 3000)
    var reopenings = 0
    for _ in 0..<400 {
      switch random.next() % 20 {
      case 0:
        journal.close()
        journal = try open(segmentBytes: 3000)
        let found = journal.takeRecords()
        #expect(found.map(\.position) == model.map(\.position))
        #expect(found.map(\.bytes) == model.map(\.bytes))
        reopenings += 1
      case 1:
        guard let position = model.randomElement(using: &random)?.position else { continue }
        try journal.drop(before: position)
        model.removeAll { $0.position.segment < position.segment }
      case 2 where random.next() % 3 == 0:
        let records = model.suffix(3).map(\.bytes)
        model = Array(zip(try journal.replace(all: records), records)).map { ($0, $1) }
      case 3: try journal.sync()
      default:
        let records = (0..<Int(1 + random.next() % 4)).map { _ in
          let length = Int(random.next() % (random.next() % 10 == 0 ? 2000 : 60))
          return random.bytes(length)
        }
        model += zip(try journal.append(records), records).map { ($0, $1) }
      }
      if let probe = model.randomElement(using: &random) { #expect(try journal.read(probe.position) == probe.bytes) }
    }
    #expect(reopenings > 3)
  }

  @Test func refusesWhatIsNotItsOwn() throws {
    let first = try open()
    _ = try first.append([[1]])
    #expect(throws: StoreError.locked(by: ProcessInfo.processInfo.processIdentifier)) { try open() }
    #expect(throws: StoreError.valueTooLarge(bytes: Journal.batchBytesMax + 16 + 8)) {
      try first.append([[UInt8](repeating: 0, count: Journal.batchBytesMax - 32 + 8)])
    }
    // Refused before anything was written: the journal goes on.
    _ = try first.append([[2]])
    first.close()
    #expect(throws: StoreError.closed) { try first.append([[3]]) }
    #expect(throws: StoreError.closed) { try first.sync() }
    #expect(try reopened() == [[1], [2]])
    #expect(try directory.mode("journal") == 0o700)
    #expect(try directory.mode("journal/0000000000000001.journal") == 0o600)

    try directory.write("journal/letter", [1])
    #expect(throws: StoreError.foreign(path: path)) { try open() }
    try FileManager.default.removeItem(atPath: "\(path)/letter")
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: "\(path)/0000000000000001.journal")
    #expect(throws: StoreError.permissions(path: "\(path)/0000000000000001.journal", mode: 0o666)) { try open() }
    var options = Journal.Options()
    options.create = false
    #expect(throws: StoreError.missing(path: directory.path("none"))) {
      try Journal(directory: directory.path("none"), options: options)
    }
  }

  @Test func refusesAnotherFormat() throws {
    try open().close()
    let header = JournalFormat.SegmentHeader(version: 2, number: 1, first: 1, previousBytes: 0)
    try directory.write("journal/0000000000000001.journal", header.bytes)
    #expect(throws: StoreError.version(found: 2, supported: 1)) { try open() }
    try directory.write("journal/0000000000000001.journal", [UInt8](repeating: 9, count: 100))
    #expect(throws: StoreError.foreign(path: JournalSegment.path(path, 1))) { try open() }
  }

  @Test func anErrorOfTheSystemStopsItForGood() throws {
    let journal = try open(segmentBytes: 100)
    _ = try journal.append([[UInt8](repeating: 1, count: 100)])
    try FileManager.default.removeItem(atPath: path)
    // The next append begins a segment, whose directory is gone.
    let error = StoreError.missing(path: JournalSegment.unfinished(path))
    #expect(throws: error) { try journal.append([[1]]) }
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    #expect(throws: error) { try journal.append([[1]]) }
    #expect(throws: error) { try journal.sync() }
    #expect(throws: error) { try journal.replace(all: []) }
    #expect(journal.usage.stopped == error)
  }

  /// A file size limit is the full disk of one process, so it is set in a child.
  @Test func aFullDiskRefusesABatchAndHeals() async throws {
    await #expect(processExitsWith: .success) { [path = path as String] in
      var options = Journal.Options()
      options.segmentBytes = 1 << 30
      let journal = try Journal(directory: path, options: options)
      var limit = rlimit()
      try #require(getrlimit(.fileSize, &limit) == 0)
      let old = limit.rlim_cur
      limit.rlim_cur = 100_001
      try #require(setrlimit(.fileSize, &limit) == 0)
      var written: [[UInt8]] = []
      #expect(throws: StoreError.diskFull) {
        while written.count < 1000 {
          let record = [UInt8](repeating: UInt8(written.count & 255), count: 3000)
          _ = try journal.append([record])
          written.append(record)
        }
      }
      #expect(written.count > 25 && written.count < 35)
      #expect(throws: StoreError.diskFull) { try journal.append([[UInt8](repeating: 0, count: 9000)]) }
      // What fits still goes, and nothing of the refused batches is between.
      _ = try journal.append([[1, 2, 3]])
      try journal.sync()
      #expect(journal.usage.stopped == nil)
      limit.rlim_cur = old
      try #require(setrlimit(.fileSize, &limit) == 0)
      _ = try journal.append([[4]])
      try journal.sync()
      journal.close()
      let again = try Journal(directory: path, options: options)
      #expect(again.takeRecords().map(\.bytes) == written + [[1, 2, 3], [4]])
      #expect(again.tornBytes == 0)
    }
  }
}
