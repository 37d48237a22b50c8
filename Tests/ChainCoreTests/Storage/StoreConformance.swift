import Testing

@testable import ChainCore

/// The stores that one suite runs on.
enum StoreKind: String, CaseIterable, Sendable {
  case memory
  case lmdb
  /// With all tables in runs, which are merged after few bytes.
  case runs

  /// Runs `body` on a new, empty store.
  func run(_ body: (any KeyValueStore) throws -> Void) throws {
    switch self {
    case .memory:
      let store = MemoryStore()
      defer { store.close() }
      try body(store)
    case .lmdb, .runs:
      let directory = try TemporaryDirectory()
      var options = LMDBStore.Options()
      options.reserveMiB = 0
      if self == .runs { options.runPolicy = RunPolicy(fanOut: 2, smallBytes: 200) }
      let store = try LMDBStore(directory: directory.path("store"), options: options)
      defer { store.close() }
      if self == .lmdb { return try body(store) }
      try body(StoreInRuns(store))
      store.close()
      let again = try LMDBStore(directory: directory.path("store"), options: options)
      defer { again.close() }
      _ = try again.verify()
    }
  }
}

/// A small generator for tests (SplitMix64): the same seed gives the same numbers.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}

struct TestFailure: Error {}

let apples = StoreTable("apples")
/// A name that begins with another's: their keys must not mix.
let applesauce = StoreTable("applesauce")

@Suite struct StoreConformance {
  @Test(arguments: StoreKind.allCases) func keepsWhatWasPut(kind: StoreKind) throws {
    try kind.run { store in
      try store.write { writer in
        try writer.put(apples, [1], [10])
        try writer.put(applesauce, [1], [20])
        try writer.put(apples, [2], [])
        #expect(try writer.get(apples, [1]) == [10])
        try writer.put(apples, [1], [11])
        #expect(try writer.get(apples, [1]) == [11])
      }
      try store.read { reader throws in
        #expect(try reader.get(apples, [1]) == [11])
        #expect(try reader.get(apples, [2]) == [])
        #expect(try reader.get(applesauce, [1]) == [20])
        #expect(try reader.get(applesauce, [2]) == nil)
        #expect(try reader.range(apples).map(\.key) == [[1], [2]])
      }
      try store.write { writer in
        try writer.remove(apples, [1])
        try writer.remove(apples, [9])
      }
      #expect(try store.read { try $0.get(apples, [1]) } == nil)
    }
  }

  @Test(arguments: StoreKind.allCases) func scansInOrderWithinBounds(kind: StoreKind) throws {
    try kind.run { store in
      let keys: [[UInt8]] = [[0], [0, 0], [0, 1], [1], [1, 255], [2], [255], [255, 255]]
      try store.write { writer in
        for key in keys.reversed() { try writer.put(apples, key, key + [7]) }
        try writer.put(StoreTable("aardvark"), [0], [1])
        try writer.put(applesauce, [0], [1])
      }
      try store.read { reader throws in
        func found(_ from: [UInt8], _ to: [UInt8]?, _ reverse: Bool = false, _ limit: Int = .max) throws -> [[UInt8]] {
          let entries = try reader.range(apples, from: from, to: to, reverse: reverse, limit: limit)
          #expect(entries.allSatisfy { $0.value == $0.key + [7] })
          return entries.map(\.key)
        }
        #expect(try found([], nil) == keys)
        #expect(try found([], nil, true) == keys.reversed())
        #expect(try found([0, 1], [2]) == [[0, 1], [1], [1, 255]])
        #expect(try found([0, 1], [2], true) == [[1, 255], [1], [0, 1]])
        #expect(try found([1, 0], [1, 1]) == [])
        #expect(try found([1, 0], [1, 1], true) == [])
        #expect(try found([2], [2]) == [])
        #expect(try found([2], [1]) == [])
        #expect(try found([2], [1], true) == [])
        #expect(try found([], []) == [])
        #expect(try found([], [], true) == [])
        #expect(try found([], [9, 9], true, 2) == [[2], [1, 255]])
        #expect(try found([], nil, false, 3) == [[0], [0, 0], [0, 1]])
        #expect(try found([], nil, false, 0) == [])
        #expect(try reader.first(apples)?.key == [0])
        #expect(try reader.last(apples)?.key == [255, 255])
        #expect(try reader.last(apples, to: [255])?.key == [2])
        #expect(try reader.first(StoreTable("none")) == nil)
        #expect(try reader.last(StoreTable("none")) == nil)
      }
    }
  }

  @Test(arguments: StoreKind.allCases) func limitsKeysAndValues(kind: StoreKind) throws {
    try kind.run { store in
      let longest = [UInt8](repeating: 255, count: StoreTable.keyBytesMax)
      let longestName = StoreTable("abcdefghijklmnopqrstuvwxyz012")
      try store.write { try $0.put(longestName, longest, [1]) }
      try store.read { reader throws in
        #expect(try reader.range(longestName).map(\.key) == [longest])
        #expect(try reader.range(longestName, from: longest + [0]).isEmpty)
        #expect(throws: StoreError.badKey(bytes: 0)) { try reader.get(apples, []) }
        #expect(throws: StoreError.badKey(bytes: 481)) { try reader.get(apples, longest + [0]) }
        #expect(throws: StoreError.badKey(bytes: 482)) { try reader.range(apples, from: longest + [0, 0]) }
        #expect(throws: StoreError.badKey(bytes: 482)) { try reader.range(apples, to: longest + [0, 0]) }
      }
      #expect(throws: StoreError.badKey(bytes: 0)) { try store.write { try $0.put(apples, [], [1]) } }
      #expect(throws: StoreError.badKey(bytes: 481)) { try store.write { try $0.remove(apples, longest + [0]) } }
      let huge = [UInt8](repeating: 0, count: StoreTable.valueBytesMax + 1)
      #expect(throws: StoreError.valueTooLarge(bytes: huge.count)) { try store.write { try $0.put(apples, [1], huge) } }
    }
  }

  @Test(arguments: StoreKind.allCases) func abortLeavesNothing(kind: StoreKind) throws {
    try kind.run { store in
      try store.write { try $0.put(apples, [1], [1]) }
      #expect(throws: TestFailure.self) {
        try store.write { writer in
          try writer.put(apples, [1], [2])
          try writer.put(apples, [2], [2])
          try writer.put(applesauce, [2], [2])
          try writer.remove(apples, [1])
          throw TestFailure()
        }
      }
      // A failed change spoils the whole transaction, even when the body swallows the error.
      #expect(throws: StoreError.badKey(bytes: 0)) {
        try store.write { writer in
          try writer.put(apples, [3], [3])
          _ = try? writer.put(apples, [], [3])
        }
      }
      try store.read { reader throws in
        #expect(try reader.range(apples).map(\.key) == [[1]])
        #expect(try reader.get(apples, [1]) == [1])
        #expect(try reader.first(applesauce) == nil)
      }
    }
  }

  @Test(arguments: StoreKind.allCases) func readersKeepTheirSnapshot(kind: StoreKind) throws {
    try kind.run { store in
      try store.write { writer in
        for key in UInt8(1)...100 { try writer.put(apples, [key], [1]) }
      }
      try store.write { writer in
        try writer.put(apples, [1], [2])
        try writer.remove(apples, [2])
        try writer.put(apples, [200], [2])
        // A reader opened inside the write sees the last commit.
        try store.read { reader throws in
          #expect(try reader.range(apples).count == 100)
          #expect(try reader.get(apples, [1]) == [1])
          #expect(try reader.get(apples, [2]) == [1])
        }
      }
      #expect(try store.read { try $0.get(apples, [1]) } == [2])
    }
  }

  @Test(arguments: StoreKind.allCases) func aReaderDoesNotSeeALaterCommit(kind: StoreKind) throws {
    try kind.run { store in
      try store.write { try $0.put(apples, [1], [1]) }
      try store.read { reader throws in
        #expect(try reader.get(apples, [1]) == [1])
        try onAnotherThread {
          try store.write { writer in
            try writer.put(apples, [1], [2])
            try writer.put(apples, [2], [2])
          }
        }
        #expect(try reader.get(apples, [1]) == [1])
        #expect(try reader.get(apples, [2]) == nil)
        #expect(try store.read { try $0.get(apples, [2]) } == [2])
      }
    }
  }

  @Test(arguments: StoreKind.allCases) func writersWaitForOneAnother(kind: StoreKind) throws {
    try kind.run { store in
      let threads = (0..<4).map { _ in
        OtherThread {
          for _ in 0..<25 {
            try store.write { writer in
              let count = try writer.get(apples, [1])?.first ?? 0
              try writer.put(apples, [1], [count + 1])
            }
          }
        }
      }
      for thread in threads { try thread.join() }
      #expect(try store.read { try $0.get(apples, [1]) } == [100])
    }
  }

  @Test(arguments: StoreKind.allCases) func refusesNestedWritesAndWritesInScans(kind: StoreKind) throws {
    try kind.run { store in
      #expect(throws: StoreError.nestedWrite) {
        try store.write { _ in try store.write { try $0.put(apples, [1], [1]) } }
      }
      #expect(throws: StoreError.nestedWrite) {
        try store.read { _ in try store.write { try $0.put(apples, [1], [1]) } }
      }
      try store.write { try $0.put(apples, [1], [1]) }
      #expect(throws: StoreError.nestedWrite) {
        try store.write { writer in
          try writer.scan(apples, from: [], to: nil, reverse: false) { _, _ in
            _ = try? writer.put(apples, [2], [2])
            return true
          }
        }
      }
      #expect(try store.read { try $0.range(apples).count } == 1)
    }
  }

  @Test(arguments: StoreKind.allCases) func endedTransactionsAndClosedStoresSaySo(kind: StoreKind) throws {
    try kind.run { store in
      var kept: (any KeyValueReader)?
      var keptWriter: (any KeyValueWriter)?
      try store.read { kept = $0 }
      try store.write { keptWriter = $0 }
      #expect(throws: StoreError.closed) { try kept?.get(apples, [1]) }
      #expect(throws: StoreError.closed) { try kept?.range(apples) }
      #expect(throws: StoreError.closed) { try keptWriter?.put(apples, [1], [1]) }
      #expect(throws: StoreError.closed) { try keptWriter?.get(apples, [1]) }
      store.close()
      store.close()
      #expect(throws: StoreError.closed) { try store.read { try $0.get(apples, [1]) } }
      #expect(throws: StoreError.closed) { try store.write { try $0.put(apples, [1], [1]) } }
    }
  }

  /// Random changes, aborts and scans against a dictionary sorted by key.
  @Test(arguments: StoreKind.allCases, [1, 2, 3, 4, 5, 6] as [UInt64]) func agreesWithAModel(kind: StoreKind, seed: UInt64) throws {
    try kind.run { store in
      var random = SeededGenerator(seed: seed)
      var model: [StoreTable: [[UInt8]: [UInt8]]] = [:]
      var checks = 0
      let tables = [apples, applesauce, StoreTable("b")]
      for _ in 0..<60 {
        var next = model
        let aborts = random.next() % 4 == 0
        let changes = Int(random.next() % 120)
        do {
          try store.write { writer in
            for _ in 0..<changes {
              let table = tables[Int(random.next() % 3)]
              let key = Self.key(&random)
              if random.next() % 3 == 0 {
                try writer.remove(table, key)
                next[table]?[key] = nil
              } else {
                let value = random.bytes(Int(random.next() % 9 == 0 ? random.next() % 9000 : random.next() % 40))
                try writer.put(table, key, value)
                next[table, default: [:]][key] = value
              }
              // What a commit does beforehand changes nothing, however often and early it is done.
              if random.next() % 40 == 0 { try writer.prepareCommit() }
              try Self.compare(writer, next, tables, &random, &checks)
            }
            if aborts { throw TestFailure() }
          }
          model = next
        } catch is TestFailure {
        }
        try store.read { reader throws in
          for _ in 0..<10 { try Self.compare(reader, model, tables, &random, &checks) }
        }
      }
      #expect(checks > 1000)
    }
  }

  /// Short keys of few letters, so that they meet often.
  private static func key(_ random: inout SeededGenerator) -> [UInt8] {
    let length = 1 + Int(random.next() % 3)
    return (0..<length).map { _ in [0, 1, 7, 128, 254, 255][Int(random.next() % 6)] }
  }

  private static func compare(
    _ reader: any KeyValueReader, _ model: [StoreTable: [[UInt8]: [UInt8]]], _ tables: [StoreTable],
    _ random: inout SeededGenerator, _ checks: inout Int
  ) throws {
    let table = tables[Int(random.next() % 3)]
    let entries = model[table] ?? [:]
    let probe = key(&random)
    #expect(try reader.get(table, probe) == entries[probe])
    checks += 1
    guard random.next() % 8 == 0 else { return }
    let from = random.next() % 4 == 0 ? [] : key(&random)
    let to = random.next() % 4 == 0 ? nil : key(&random)
    let reverse = random.next() % 2 == 0
    let limit = random.next() % 2 == 0 ? Int.max : Int(random.next() % 20)
    var expected = entries.keys.sorted { $0.lexicographicallyPrecedes($1) }.filter { key in
      !key.lexicographicallyPrecedes(from) && to.map { key.lexicographicallyPrecedes($0) } ?? true
    }
    if reverse { expected.reverse() }
    let found = try reader.range(table, from: from, to: to, reverse: reverse, limit: limit)
    #expect(found.map(\.key) == Array(expected.prefix(limit)))
    #expect(found.map(\.value) == expected.prefix(limit).map { entries[$0] })
  }

  @Test(arguments: StoreKind.allCases) func holdsManyKeys(kind: StoreKind) throws {
    try kind.run { store in
      func key(_ number: Int) -> [UInt8] { [UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255)] }
      let count = 100_000
      // An odd step visits all numbers below a power of two, in a scattered order.
      let scattered = (0..<(1 << 17)).lazy.map { $0 &* 40_503 & ((1 << 17) - 1) }.filter { $0 < count }
      try store.write { writer in
        for number in scattered { try writer.put(apples, key(number), key(number)) }
      }
      try store.write { writer in
        for number in stride(from: 0, to: count, by: 2) { try writer.remove(apples, key(number)) }
      }
      try store.read { reader throws in
        var expected = 1
        try reader.scan(apples, from: [], to: nil, reverse: false) { found, value in
          guard found == key(expected), value == found else { return false }
          expected += 2
          return true
        }
        #expect(expected == count + 1)
      }
    }
  }
}
