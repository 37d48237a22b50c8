import Testing

@testable import ChainCore

/// Tables in runs: what the conformance suite of stores does not reach.
@Suite struct RunTests {
  private let directory: TemporaryDirectory
  private let pears = StoreTable("pears", layout: .runs)

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ policy: RunPolicy) throws -> LMDBStore {
    var options = LMDBStore.Options.small
    options.maxMapMiB = 256
    options.runPolicy = policy
    return try LMDBStore(directory: directory.path("store"), options: options)
  }

  private func manifest(_ store: LMDBStore) throws -> RunManifest {
    store.close()
    return try withSource(writing: false) { source in
      let bytes = try #require(try LMDBCursor(source).value(of: RunKeys(pears).manifest))
      return try RunManifest(canonicalBytes: bytes)
    }
  }

  /// Runs `body` on the file of a closed store; what it writes is a commit.
  private func withSource<Value>(writing: Bool, _ body: (LMDBCursorSource) throws -> Value) throws -> Value {
    let environment = try LMDBEnvironment(directory.path("store"), mapBytes: 256 << 20, readersMax: 4)
    defer { environment.close() }
    let source = try environment.begin(writing: writing)
    let value: Value
    do {
      value = try body(source)
    } catch {
      source.abort()
      throw error
    }
    guard writing else {
      source.abort()
      return value
    }
    try source.put(LMDBTransaction.headKey, StoreHead(format: .store, commit: source.number).bytes)
    try source.commit()
    return value
  }

  /// Long and short keys of few letters, many of which begin alike.
  private static func key(_ random: inout SeededGenerator) -> [UInt8] {
    let stem = [UInt8](repeating: UInt8(random.next() % 3), count: [0, 20, 39, 40, 41, 60][Int(random.next() % 6)])
    return stem + (0...random.next() % 3).map { _ in [0, 1, 128, 255][Int(random.next() % 4)] }
  }

  /// Changes, failures, reopenings and scans against a sorted dictionary, while runs are merged all the time.
  @Test(arguments: 1...12 as ClosedRange<UInt64>) func agreesWithAModelAcrossReopenings(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let policy = RunPolicy(fanOut: 2 + Int(random.next() % 3), smallBytes: 100 + random.next() % 2_000)
    var store = try open(policy)
    var model: [[UInt8]: [UInt8]] = [:]
    for _ in 0..<120 {
      var next = model
      let fails = random.next() % 6 == 0
      do {
        try store.write { writer in
          for _ in 0..<(1 + random.next() % 60) {
            let key = Self.key(&random)
            if random.next() % 3 == 0 {
              try writer.remove(pears, key)
              next[key] = nil
            } else {
              let value = random.bytes(Int(random.next() % 20 == 0 ? random.next() % 6_000 : random.next() % 60))
              try writer.put(pears, key, value)
              next[key] = value
            }
            if random.next() % 10 == 0 { #expect(try writer.get(pears, key) == next[key], "seed \(seed)") }
            if random.next() % 50 == 0 { try writer.prepareCommit() }
          }
          if random.next() % 4 == 0 { try compare(writer, next, &random, seed) }
          if fails { throw TestFailure() }
        }
        model = next
      } catch is TestFailure {
      }
      try store.read { reader throws in
        for _ in 0..<6 { try compare(reader, model, &random, seed) }
      }
      if random.next() % 12 == 0 {
        store.close()
        store = try open(policy)
      }
    }
    _ = try store.verify()
    let runs = try manifest(store).runs
    #expect(runs.count <= 40, "seed \(seed)")
  }

  private func compare(
    _ reader: any KeyValueReader, _ model: [[UInt8]: [UInt8]], _ random: inout SeededGenerator, _ seed: UInt64
  ) throws {
    let probe = Self.key(&random)
    #expect(try reader.get(pears, probe) == model[probe], "seed \(seed), key \(probe)")
    // Half of the ranges are those of one prefix, which the filters may answer.
    let from = Self.key(&random)
    let to = random.next() % 2 == 0 ? successor(of: from) : random.next() % 3 == 0 ? nil : Self.key(&random)
    let reverse = random.next() % 2 == 0
    let limit = random.next() % 2 == 0 ? Int.max : 1 + Int(random.next() % 5)
    var expected = model.keys.filter { key in !ByteKey.precedes(key, from) && to.map { ByteKey.precedes(key, $0) } ?? true }
    expected.sort { reverse != ByteKey.precedes($0, $1) }
    let found = try reader.range(pears, from: from, to: to, reverse: reverse, limit: limit)
    #expect(found.map(\.key) == Array(expected.prefix(limit)), "seed \(seed), \(from) to \(to ?? [])")
    #expect(found.map(\.value) == expected.prefix(limit).map { model[$0] }, "seed \(seed)")
  }

  private static func wide(_ number: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: number)
    return random.bytes(32)
  }

  /// A merge of much is spread over commits, survives a failed one and a restart by beginning again, and leaves nothing behind.
  @Test func mergesGoOnFromCommitToCommit() throws {
    let policy = RunPolicy()
    var store = try open(policy)
    var sawUnfinished = 0
    let perCommit: UInt64 = 900
    let value = [UInt8](repeating: 7, count: 100)
    let commits: UInt64 = 24
    for commit in 0..<commits {
      try store.write { writer in
        for number in 0..<perCommit { try writer.put(pears, Self.wide(commit * perCommit + number), value + [UInt8(commit)]) }
        // Some of those before are removed.
        if commit > 0 { for number in 0..<100 as Range<UInt64> { try writer.remove(pears, Self.wide((commit - 1) * perCommit + number)) } }
      }
      if commit % 5 == 3 {
        #expect(throws: TestFailure.self) {
          try store.write { writer in
            try writer.put(pears, Self.wide(0), [9])
            throw TestFailure()
          }
        }
      }
      if commit % 8 == 1, commit > 1 {
        if try !manifest(store).unfinished.isEmpty { sawUnfinished += 1 }
        store = try open(policy)
      }
    }
    #expect(sawUnfinished > 0)
    try store.read { reader throws in
      for commit in 0..<commits {
        for number in stride(from: 0, to: perCommit, by: 37) {
          let isRemoved = number < 100 && commit < commits - 1
          #expect(try reader.get(pears, Self.wide(commit * perCommit + number)) == (isRemoved ? nil : value + [UInt8(commit)]))
        }
      }
      #expect(try reader.range(pears).count == Int(commits * perCommit - (commits - 1) * 100))
      #expect(try reader.get(pears, Self.wide(.max)) == nil)
    }
    // Small commits let all merges end and all remains go.
    for number in 0..<120 as Range<UInt64> { try store.write { try $0.put(pears, Self.wide(number + 1_000_000), value) } }
    _ = try store.verify()
    let left = try manifest(store)
    #expect(left.unfinished.isEmpty)
    #expect(left.dropped.count <= 1)
    #expect(left.runs.count <= 12)
    let stored = try withSource(writing: false) { try $0.entries() }
    // Chunks are nearly full, so no merge that began again has left any of its own.
    let chunks = left.runs.reduce(0) { $0 + Int($1.bytes) / 3_600 + 2 }
    #expect(stored <= chunks + left.runs.count + 25)
  }

  /// Where no older run is left, a merge drops removals: what was removed takes no room for ever.
  @Test func removalsEndWithTheOldestRun() throws {
    let store = try open(RunPolicy(fanOut: 2, smallBytes: 300))
    try store.write { writer in for number in 0..<300 as Range<UInt64> { try writer.put(pears, Self.wide(number), [1]) } }
    try store.write { writer in for number in 0..<300 as Range<UInt64> { try writer.remove(pears, Self.wide(number)) } }
    // Enough that all runs of their size are merged.
    for round in 0..<60 as Range<UInt64> {
      try store.write { writer in
        for number in 0..<20 as Range<UInt64> { try writer.put(pears, Self.wide(1_000 + 20 * round + number), [2]) }
      }
    }
    let runs = try manifest(store).runs
    #expect(runs.reduce(0) { $0 + $1.entries } == 1_200)
  }

  /// A reader that began before sees what it began with, although its runs were merged and removed.
  @Test func anOldReaderKeepsItsRuns() throws {
    let store = try open(RunPolicy(fanOut: 2, smallBytes: 300))
    let model = Dictionary(uniqueKeysWithValues: (0..<200 as Range<UInt64>).map { (Self.wide($0), [UInt8($0)]) })
    try store.write { writer in for (key, value) in model { try writer.put(pears, key, value) } }
    try store.read { reader throws in
      #expect(try reader.get(pears, Self.wide(1)) == [1])
      try onAnotherThread {
        for round in 0..<30 as Range<UInt64> {
          try store.write { writer in
            for number in 0..<50 as Range<UInt64> { try writer.put(pears, Self.wide((round * 31 + number) % 200), [99]) }
          }
        }
      }
      for (key, value) in model { #expect(try reader.get(pears, key) == value) }
      #expect(try reader.range(pears).count == 200)
      #expect(try store.read { try $0.get(pears, Self.wide(1)) } == [99])
    }
  }

  /// What is lost of a table in runs is told, and never makes a key absent or old.
  @Test func aLostRecordIsTold() throws {
    let policy = RunPolicy(fanOut: 4, smallBytes: 4_000)
    let store = try open(policy)
    var model: [[UInt8]: [UInt8]] = [:]
    for round in 0..<9 as Range<UInt64> {
      try store.write { writer in
        for number in 0..<60 as Range<UInt64> {
          let key = Self.wide(round * 40 + number)
          model[key] = [UInt8](repeating: UInt8(round), count: 50)
          try writer.put(pears, key, [UInt8](repeating: UInt8(round), count: 50))
        }
      }
    }
    let runs = try manifest(store).runs
    #expect(runs.count > 1)
    let whole = try directory.read("store/data.mdb")
    let records = try withSource(writing: false) { source in
      var found: [[UInt8]] = []
      let cursor = try LMDBCursor(source)
      var isThere = try cursor.seek(pears.prefix)
      while isThere, cursor.hasPrefix(pears.prefix) {
        found.append(cursor.currentKey)
        isThere = try cursor.next()
      }
      return found
    }
    #expect(records.count > 10)
    for record in records {
      #expect(try withSource(writing: true) { try $0.remove(record) })
      let damaged = try open(policy)
      try? damaged.read { reader throws in
        for (key, value) in model {
          guard let found = try? reader.get(pears, key) else { continue }
          #expect(found == value)
        }
      }
      #expect(throws: StoreError.self) { try damaged.read { try $0.range(pears) } }
      #expect(throws: StoreError.self) { try damaged.read { try $0.range(pears, reverse: true) } }
      #expect(throws: StoreError.self) { try damaged.verify() }
      damaged.close()
      try directory.write("store/data.mdb", whole)
    }
  }

  /// A changed bit in an entry is an error, or changes nothing; the others are still read.
  @Test(arguments: 1...3 as ClosedRange<UInt64>) func aChangedBitIsTold(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let policy = RunPolicy(fanOut: 4, smallBytes: 2_000)
    let store = try open(policy)
    let value = Array("a value that is easy to find".utf8)
    for round in 0..<4 as Range<UInt64> {
      try store.write { writer in
        for number in 0..<30 as Range<UInt64> { try writer.put(pears, Self.wide(round * 30 + number), value) }
      }
    }
    store.close()
    let whole = try directory.read("store/data.mdb")
    let places = whole.indices.filter { whole[$0...].starts(with: value) }
    #expect(places.count >= 100)
    var (right, refused) = (0, 0)
    for _ in 0..<40 {
      // In an entry: its lengths, its key or its value.
      let place = places[Int(random.next() % UInt64(places.count))] - 40 + Int(random.next() % 60)
      var file = whole
      file[place] ^= 1 << UInt8(random.next() % 8)
      try directory.write("store/data.mdb", file)
      let damaged = try open(policy)
      defer { damaged.close() }
      var wrong = 0
      try? damaged.read { reader throws in
        for number in 0..<120 as Range<UInt64> {
          guard let found = try? reader.get(pears, Self.wide(number)) else {
            refused += 1
            continue
          }
          if found == value { right += 1 } else { wrong += 1 }
        }
      }
      #expect(wrong == 0, "seed \(seed), byte \(place)")
    }
    #expect(right > 0 && refused > 0)
  }

  @Test func filtersForgetNothingAndRarelyLie() {
    var filter = RunFilter(entries: 10_000)
    for number in 0..<10_000 as Range<UInt64> { unsafe filter.insert(Self.wide(number).span.bytes) }
    for number in 0..<10_000 as Range<UInt64> { #expect(filter.mayContain(RunFilter.hash(Self.wide(number)))) }
    let lies = (10_000..<30_000 as Range<UInt64>).count { filter.mayContain(RunFilter.hash(Self.wide($0))) }
    #expect(lies < 400)
    #expect(RunFilter(filter.bytes) == RunFilter(filter.bytes))
    #expect(RunFilter(filter.bytes)?.bytes == filter.bytes)
    #expect(RunFilter([]) == nil)
    #expect(RunFilter([UInt8](repeating: 0, count: 65)) == nil)
  }

  /// Bytes that are no chunk are refused, whatever they are.
  @Test func chunksAreReadStrictly() throws {
    var random = SeededGenerator(seed: 1)
    #expect(RunChunk([]) == nil)
    for _ in 0..<20_000 {
      var bytes = random.bytes(Int(random.next() % 80))
      // Plausible counts and places more often than chance has it.
      if bytes.count > 12, random.next() % 2 == 0 {
        bytes.replaceSubrange(0..<4, with: [UInt8(1 + random.next() % 3), 0, 0, 0])
        bytes.replaceSubrange(4..<8, with: [UInt8(random.next() % 40), 0, 0, 0])
        bytes.replaceSubrange(8..<12, with: [UInt8(random.next() % 4), 0, 0, 0])
      }
      guard let chunk = RunChunk(bytes) else { continue }
      for index in 0..<chunk.count {
        _ = (chunk.key(index), chunk.value(index), chunk.entry(index), chunk.word(index, at: 3))
        #expect(!chunk.key(index).isEmpty)
      }
      _ = chunk.find([1])
    }
  }

  /// However much is put, there are few runs, and each record is rewritten few times.
  @Test(arguments: [2, 4, 8]) func thePolicyKeepsRunsFew(fanOut: Int) {
    let policy = RunPolicy(fanOut: fanOut)
    var runs: [Run] = []
    var (rewritten, put, next): (UInt64, UInt64, UInt64) = (0, 0, 0)
    for _ in 0..<5_000 {
      runs.append(Run(id: next, entries: 1, bytes: 100_000, first: [0], last: [1]))
      (next, put) = (next + 1, put + 100_000)
      while let range = policy.next(runs, busy: []) {
        let bytes = runs[range].reduce(0) { $0 + $1.bytes }
        rewritten += bytes
        runs.replaceSubrange(range, with: [Run(id: next, entries: 1, bytes: bytes, first: [0], last: [1])])
        next += 1
      }
    }
    let levels = (1...20).first { put / policy.smallBytes < UInt64((0..<$0).reduce(1) { product, _ in product * fanOut }) } ?? 20
    #expect(runs.count <= levels * (fanOut - 1) + 1)
    #expect(rewritten <= put * UInt64(levels))
    // Runs that are being merged are left alone.
    let four = (0..<4 as Range<UInt64>).map { Run(id: $0, entries: 1, bytes: 10, first: [0], last: [1]) }
    #expect(RunPolicy(fanOut: 4).next(four, busy: [2]) == nil)
    #expect(RunPolicy(fanOut: 4).next(four, busy: []) == 0..<4)
  }
}
