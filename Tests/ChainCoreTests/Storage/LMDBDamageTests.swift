import Foundation
import Testing

@testable import ChainCore

/// Damaged files and writers that died: what is served is what was written, or an error.
@Suite struct LMDBDamageTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ name: String) throws(StoreError) -> LMDBStore {
    try LMDBStore(directory: directory.path(name), options: .small)
  }

  @Test func aDamagedValueIsReportedAndWritingStops() throws {
    let store = try open("store")
    let marked = Array("a value that is easy to find".utf8)
    try store.write { writer in
      try writer.put(apples, [1], [1])
      try writer.put(apples, [2], marked)
      try writer.put(apples, [3], [3])
    }
    store.close()
    var file = try directory.read("store/data.mdb")
    let place = try #require(file.indices.first { file[$0...].starts(with: marked) })
    file[place + 5] ^= 0x10
    try directory.write("store/data.mdb", file)

    let damaged = try open("store")
    let error = StoreError.corrupt(table: apples, key: [2])
    #expect(try damaged.read { try $0.get(apples, [1]) } == [1])
    try damaged.write { try $0.put(apples, [4], [4]) }
    #expect(throws: error) { try damaged.read { try $0.get(apples, [2]) } }
    var seen: [[UInt8]] = []
    #expect(throws: error) {
      try damaged.read { reader throws in
        try reader.scan(apples, from: [], to: nil, reverse: false) { key, _ in
          seen.append(key)
          return true
        }
      }
    }
    #expect(seen == [[1]])
    #expect(try damaged.read { try $0.range(apples, from: [3]).map(\.key) } == [[3], [4]])
    // Reads of the rest go on, writes do not.
    #expect(throws: error) { try damaged.write { try $0.put(apples, [5], [5]) } }
    #expect(try damaged.usage().stopped == error)
    #expect(throws: error) { try damaged.verify() }
    #expect("\(error)".contains("record 02 of table apples is damaged"))
  }

  /// A key with one bit changed would make its record absent; its neighbours tell.
  @Test func aDamagedKeyDoesNotMakeARecordAbsent() throws {
    let store = try open("store")
    let keys = ["first key here", "second key here", "third key here"].map { Array($0.utf8) }
    try store.write { writer in
      for key in keys { try writer.put(apples, key, [1]) }
    }
    store.close()
    let whole = try directory.read("store/data.mdb")
    for key in keys {
      let place = try #require(whole.indices.first { whole[$0...].starts(with: apples.prefix + key) }) + apples.prefix.count
      for bit in 0..<8 {
        var file = whole
        file[place + 2] ^= 1 << bit
        try directory.write("store/data.mdb", file)
        let damaged = try open("store")
        defer { damaged.close() }
        #expect(throws: StoreError.self, "bit \(bit) of \(key)") { try damaged.read { try $0.get(apples, key) } }
        #expect(throws: StoreError.self) { try damaged.read { try $0.range(apples) } }
        #expect(throws: StoreError.self) { try damaged.read { try $0.range(apples, reverse: true) } }
      }
    }
  }

  /// A writer that dies leaves any part of its pages; the meta page comes last.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as [UInt64]) func aKilledWriterLeavesTheLastCommit(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let store = try open("store")
    var model: [[UInt8]: [UInt8]] = [:]
    try change(store, &model, &random, count: 400)
    try change(store, &model, &random, count: 100)
    let before = try directory.read("store/data.mdb")
    let old = model
    try change(store, &model, &random, count: 200)
    let after = try directory.read("store/data.mdb")
    #expect(old != model)
    store.close()

    let pages = (after.count + 4095) / 4096
    var different = 0
    for round in 0..<6 {
      var image = before
      // A longer file, of holes.
      if round % 2 == 0 { image += [UInt8](repeating: 0, count: max(0, after.count - before.count)) }
      for page in 2..<pages where random.next() % 2 == 0 {
        let range = page * 4096..<min((page + 1) * 4096, after.count)
        guard range.upperBound <= image.count else { continue }
        if image[range] != after[range] { different += 1 }
        image.replaceSubrange(range, with: after[range])
      }
      try expect(image, holds: old, name: "killed\(round)")
    }
    #expect(different > 0)
    try expect(after, holds: model, name: "whole")
  }

  /// Files copied beside a write that is still open hold the last commit.
  @Test func anOpenWriteIsNotOnDisk() throws {
    let store = try open("store")
    try store.write { try $0.put(apples, [1], [1]) }
    try store.write { writer in
      for key in UInt8(1)...200 { try writer.put(apples, [key], [UInt8](repeating: key, count: 500)) }
      let image = try directory.read("store/data.mdb")
      try expect(image, holds: [[1]: [1]], name: "beside")
    }
  }

  private func change(
    _ store: LMDBStore, _ model: inout [[UInt8]: [UInt8]], _ random: inout SeededGenerator, count: Int
  ) throws {
    var next = model
    try store.write { writer in
      for _ in 0..<count {
        let key = random.bytes(2).map { $0 & 31 }
        if random.next() % 4 == 0 {
          try writer.remove(apples, key)
          next[key] = nil
        } else {
          let value = random.bytes(Int(random.next() % (random.next() % 20 == 0 ? 9000 : 200)))
          try writer.put(apples, key, value)
          next[key] = value
        }
      }
    }
    model = next
  }

  private func expect(_ image: [UInt8], holds model: [[UInt8]: [UInt8]], name: String) throws {
    try FileManager.default.createDirectory(
      atPath: directory.path(name), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try directory.write("\(name)/data.mdb", image)
    let store = try open(name)
    let found = try store.read { try $0.range(apples) }
    #expect(found.map(\.key) == model.keys.sorted { $0.lexicographicallyPrecedes($1) })
    #expect(found.allSatisfy { model[$0.key] == $0.value })
    #expect(try store.verify() == model.count + 1)
    // And the store can go on.
    try store.write { try $0.put(applesauce, [1], [1]) }
    #expect(try store.verify() == model.count + 2)
  }
}

/// One bit flipped anywhere in the file. LMDB itself may crash on a damaged page, so a child process looks.
@Suite struct LMDBBitFlips {
  private static let flips = 240

  @Test func areReportedOrHarmless() async throws {
    let directory = try TemporaryDirectory()
    var outcomes: [String] = []
    var crashes = 0
    while outcomes.count < Self.flips, crashes < 60 {
      await #expect(processExitsWith: .success) { [path = directory.path as String, start = outcomes.count as Int] in
        try BitFlipper(path: path).run(from: start, to: LMDBBitFlips.flips)
      }
      let lines = try String(contentsOfFile: directory.path("outcomes"), encoding: .utf8).split(separator: "\n").map(String.init)
      try #require(lines.count > outcomes.count)
      outcomes = lines
      if lines.last?.hasPrefix("crash") == true { crashes += 1 }
    }
    let kinds = Dictionary(grouping: outcomes) { $0.split(separator: " ")[0] }.mapValues(\.count)
    print("bit flips: \(kinds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
    #expect(outcomes.count == Self.flips)
    #expect(outcomes.filter { $0.hasPrefix("wrong") } == [])
    #expect(kinds["reported", default: 0] > Self.flips / 3)
    #expect(crashes < Self.flips / 20)
  }
}

/// Flips bits of a store's file, one at a time, and looks at what the store makes of it.
struct BitFlipper {
  let path: String
  private var store: String { "\(path)/store" }
  private var model: [[UInt8]: [UInt8]] = [:]
  private var whole: [UInt8] = []

  init(path: String) throws {
    self.path = path
    var random = SeededGenerator(seed: 99)
    // The same in each child, but for the file's map address.
    try? FileManager.default.removeItem(atPath: store)
    let filled = try LMDBStore(directory: store, options: .small)
    for _ in 0..<12 {
      var next = model
      try filled.write { writer in
        for _ in 0..<60 {
          let key = random.bytes(2).map { $0 & 31 }
          let value = random.bytes(Int(random.next() % (random.next() % 12 == 0 ? 9000 : 150)))
          try writer.put(apples, key, value)
          next[key] = value
        }
      }
      model = next
    }
    filled.close()
    whole = Array(try Data(contentsOf: URL(fileURLWithPath: "\(store)/data.mdb")))
  }

  func run(from start: Int, to end: Int) throws {
    let log = unsafe open("\(path)/outcomes", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    try #require(log >= 0)
    // A crash is an outcome: note it and end in order.
    unsafe crashLog = log
    for signalNumber in [SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL] {
      signal(signalNumber) { _ in
        _ = unsafe write(crashLog, "crash\n", 6)
        _exit(0)
      }
    }
    for number in start..<end {
      var random = SeededGenerator(seed: UInt64(number))
      // Every fourth flip hits the beginning of a page, where the structure is.
      var place = Int(random.next() % UInt64(whole.count))
      if number % 4 == 0 { place = place / 4096 * 4096 + Int(random.next() % 64) }
      var file = whole
      file[place] ^= 1 << UInt8(random.next() % 8)
      try Data(file).write(to: URL(fileURLWithPath: "\(store)/data.mdb"))
      let line = Array("\(outcome()) byte \(place)\n".utf8)
      _ = unsafe write(log, line, line.count)
    }
  }

  private func outcome() -> String {
    var missing = 0
    do {
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(store)/data.mdb")
      let store = try LMDBStore(directory: store, options: .small)
      defer { store.close() }
      var failure: (any Error)?
      for key in (0..<1024).map({ [UInt8($0 >> 5), UInt8($0 & 31)] }) {
        do {
          let value = try store.read { try $0.get(apples, key) }
          if value == nil, model[key] != nil { missing += 1 } else if value != model[key] { return "wrong value of \(key)" }
        } catch {
          failure = error
        }
      }
      for reverse in [false, true] {
        do {
          let found = try store.read { try $0.range(apples, reverse: reverse) }
          guard found.allSatisfy({ model[$0.key] == $0.value }) else { return "wrong record in a scan" }
          missing += model.count - found.count
        } catch {
          failure = error
        }
      }
      // What a reader is not told, the full check must find.
      if failure == nil {
        do {
          _ = try store.verify()
          if missing > 0 { return "wrong: \(missing) missing and nobody knows" }
        } catch {
          return missing > 0 ? "hidden" : "reported"
        }
      }
      if let failure, !(failure is StoreError) { return "wrong error \(failure)" }
      if failure != nil { return "reported" }
      // Writes must not build on damage that the reads did not meet, as in the list of free pages.
      for round in UInt8(0)..<3 {
        try store.write { writer in
          for key in UInt8(0)..<40 { try writer.put(applesauce, [key], [UInt8](repeating: round, count: 500)) }
        }
      }
      _ = try store.verify()
      let found = try store.read { try $0.range(apples) }
      guard found.count == model.count, found.allSatisfy({ model[$0.key] == $0.value }) else { return "wrong after a write" }
      return "harmless"
    } catch is StoreError {
      return "reported"
    } catch {
      return "wrong error \(error)"
    }
  }
}

/// For the signal handler, which can capture nothing; set before it is installed, by one thread.
nonisolated(unsafe) private var crashLog: Int32 = -1
