import Foundation
import Synchronization
import Testing

@testable import ChainCore

/// Full maps, full disks, slow and many reads: refused, with nothing lost.
@Suite struct LMDBLimitTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ change: (inout LMDBStore.Options) -> Void = { _ in }) throws(StoreError) -> LMDBStore {
    var options = LMDBStore.Options.small
    change(&options)
    return try LMDBStore(directory: directory.path("store"), options: options)
  }

  private static func key(_ number: Int) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 255)] }

  @Test func theMapGrowsAndThenSaysItIsFull() throws {
    let store = try open()
    #expect(try store.usage().mapBytes == 1 << 20)
    let value = [UInt8](repeating: 5, count: 10_000)
    var written = 0
    var runs = 0
    let error = #expect(throws: StoreError.self) {
      while written < 10_000 {
        try store.write { writer in
          runs += 1
          try writer.put(apples, Self.key(written), value)
        }
        written += 1
      }
    }
    #expect(error == .storageFull(usedMiB: 8))
    #expect(written > 300)
    // Each doubling ran one body twice, the refused one at the end once more.
    #expect(runs == written + 3 + 1)
    let usage = try store.usage()
    #expect(usage.mapBytes == 8 << 20)
    #expect(usage.maxMapBytes == 8 << 20)
    #expect(usage.usedBytes <= 8 << 20)
    #expect(usage.stopped == nil)
    #expect(try store.read { try $0.range(apples).count } == written)
    #expect(try store.verify() == written + 1)
    store.close()
    // A larger limit heals.
    let larger = try open { $0.maxMapMiB = 16 }
    try larger.write { try $0.put(apples, Self.key(written), value) }
    #expect(try larger.read { try $0.range(apples).allSatisfy { $0.value == value } })
    #expect(try larger.verify() == written + 2)
  }

  @Test func oneWriteMayNeedSeveralDoublings() throws {
    let store = try open { $0.maxMapMiB = 64 }
    try store.write { writer in
      for number in 0..<1000 { try writer.put(apples, Self.key(number), [UInt8](repeating: 1, count: 20_000)) }
    }
    #expect(try store.usage().mapBytes == 32 << 20)
    #expect(try store.verify() == 1001)
  }

  /// The body swallows the error of a full map; the store still grows and runs it again.
  @Test func aSwallowedFullMapIsNotLost() throws {
    let store = try open()
    try store.write { writer in
      for number in 0..<200 { try? writer.put(apples, Self.key(number), [UInt8](repeating: 1, count: 20_000)) }
    }
    #expect(try store.read { try $0.range(apples).count } == 200)
  }

  @Test func aReadEndsBeforeTheMapGrows() throws {
    let store = try open()
    let isReading = DispatchSemaphore(value: 0)
    let mayEnd = DispatchSemaphore(value: 0)
    let reader = OtherThread {
      try store.read { reader throws in
        isReading.signal()
        mayEnd.wait()
        #expect(try reader.range(apples).isEmpty)
      }
    }
    isReading.wait()
    let writer = OtherThread {
      try store.write { writer in
        for number in 0..<100 { try writer.put(apples, Self.key(number), [UInt8](repeating: 1, count: 20_000)) }
      }
    }
    mayEnd.signal()
    try reader.join()
    try writer.join()
    #expect(try store.usage().mapBytes > 1 << 20)
    #expect(try store.read { try $0.range(apples).count } == 100)
  }

  @Test func readsExpire() throws {
    let time = Mutex(Duration.seconds(100))
    let store = try open { $0.clock = { time.withLock { $0 } } }
    try store.write { writer in
      for number in 0..<10 { try writer.put(apples, Self.key(number), [1]) }
      // A write has no limit.
      time.withLock { $0 += .seconds(60) }
      try writer.put(apples, Self.key(10), [1])
    }
    try store.read { reader throws in
      time.withLock { $0 += .seconds(5) }
      #expect(try reader.get(apples, Self.key(1)) == [1])
      #expect(try store.usage().openReads == 2 - 1)
      #expect(try store.usage().oldestRead == .seconds(5))
      time.withLock { $0 += .milliseconds(1) }
      #expect(throws: StoreError.readExpired) { try reader.get(apples, Self.key(1)) }
      #expect(throws: StoreError.readExpired) { try reader.range(apples) }
    }
    var seen = 0
    #expect(throws: StoreError.readExpired) {
      try store.read { reader throws in
        try reader.scan(apples, from: [], to: nil, reverse: false) { _, _ in
          seen += 1
          time.withLock { $0 += .seconds(2) }
          return true
        }
      }
    }
    #expect(seen == 3)
    #expect(try store.usage().openReads == 0)
    // No sign of damage: the store goes on.
    try store.write { try $0.put(apples, [1], [1]) }
  }

  @Test func tooManyReadsAreRefused() throws {
    let store = try open { $0.readsMax = 3 }
    try store.write { try $0.put(apples, [1], [1]) }
    _ = try store.read { _ in
      _ = try store.read { _ in
        _ = try store.read { _ in
          #expect(throws: StoreError.tooManyReads) { try store.read { try $0.get(apples, [1]) } }
        }
        #expect(try store.read { try $0.get(apples, [1]) } == [1])
      }
    }
    let threads = (0..<3).map { _ in
      OtherThread {
        for _ in 0..<200 {
          let value = try store.read { try $0.get(apples, [1]) }
          #expect(value == [1])
        }
      }
    }
    for thread in threads { try thread.join() }
  }

  @Test func pagesAreReusedWhenNobodyReads() throws {
    let store = try open()
    for round in 0..<2000 {
      try store.write { try $0.put(apples, [1], [UInt8](repeating: UInt8(round & 255), count: 100)) }
    }
    #expect(try store.usage().usedBytes < 100_000)
  }

  /// A file size limit gives the error of a full disk, for this process only: so in a child.
  @Test func aFullDiskRefusesWritesAndHeals() async throws {
    let path = directory.path("store")
    await #expect(processExitsWith: .success) { [path = path as String] in
      var options = LMDBStore.Options()
      options.reserveMiB = 0
      let store = try LMDBStore(directory: path, options: options)
      try store.write { try $0.put(apples, [0], [0]) }
      var limit = rlimit()
      try #require(getrlimit(.fileSize, &limit) == 0)
      let old = limit.rlim_cur
      limit.rlim_cur = 1 << 20
      try #require(setrlimit(.fileSize, &limit) == 0)
      var written = 0
      let error = #expect(throws: StoreError.self) {
        while written < 1000 {
          try store.write { try $0.put(apples, [1, UInt8(written >> 8), UInt8(written & 255)], [UInt8](repeating: 3, count: 9_000)) }
          written += 1
        }
      }
      #expect(error == .diskFull)
      #expect(written > 50 && written < 130)
      #expect(try store.usage().stopped == nil)
      for _ in 0..<3 {
        #expect(throws: StoreError.diskFull) { try store.write { try $0.put(apples, [2], [UInt8](repeating: 3, count: 100_000)) } }
      }
      #expect(try store.read { try $0.range(apples).count } == written + 1)
      #expect(try store.verify() == written + 2)
      limit.rlim_cur = old
      try #require(setrlimit(.fileSize, &limit) == 0)
      try store.write { try $0.put(apples, [2], [2]) }
      #expect(try store.verify() == written + 3)
      store.close()
      let again = try LMDBStore(directory: path, options: options)
      #expect(try again.verify() == written + 3)
    }
  }

  /// A real full file system, where we may mount one; then the reserve gives room to prune.
  @Test func theReserveLetsAFullDiskPrune() throws {
    guard let disk = SmallDisk(directory.path("store"), mebibytes: 4) else {
      print("skipped: no right to mount a small file system")
      return
    }
    defer { disk.unmount() }
    let store = try open { $0.reserveMiB = 1 }
    defer { store.close() }
    #expect(try store.usage().hasReserve)
    var written = 0
    #expect(throws: StoreError.diskFull) {
      while written < 1000 {
        try store.write { try $0.put(apples, Self.key(written), [UInt8](repeating: 3, count: 9_000)) }
        written += 1
      }
    }
    #expect(written > 150)
    func prune() throws {
      try store.write { writer in
        for number in 0..<written / 2 { try writer.remove(apples, Self.key(number)) }
      }
    }
    // Removing needs pages, too.
    #expect(throws: StoreError.diskFull) {
      for _ in 0..<50 { try store.write { try $0.put(applesauce, [1], [UInt8](repeating: 3, count: 9_000)) } }
      for number in 0..<written { try store.write { try $0.put(applesauce, Self.key(number), [UInt8](repeating: 3, count: 2_000)) } }
    }
    #expect(try store.read { try $0.range(apples).count } == written)
    #expect(try store.usage().stopped == nil)
    #expect(try store.releaseReserve())
    try prune()
    #expect(try store.read { try $0.range(apples).count } == written - written / 2)
    try store.write { try $0.put(apples, [9, 9, 9], [UInt8](repeating: 3, count: 9_000)) }
    _ = try store.verify()
  }
}

/// A file system in memory, mounted over a new directory.
struct SmallDisk {
  let path: String

  /// `nil` without the right to mount.
  init?(_ path: String, mebibytes: Int) {
    self.path = path
    guard unsafe mkdir(path, 0o700) == 0 else { return nil }
    guard Self.run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(mebibytes)m,mode=0700", "tmpfs", path]) else {
      unsafe rmdir(path)
      return nil
    }
  }

  func unmount() { _ = Self.run("/bin/umount", [path]) }

  private static func run(_ program: String, _ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
    } catch {
      return false
    }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}

/// The file size limit under one name on all systems.
enum Limit {
  case fileSize
}

func getrlimit(_: Limit, _ limit: inout rlimit) -> Int32 {
  #if canImport(Darwin)
    unsafe getrlimit(RLIMIT_FSIZE, &limit)
  #else
    unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  #endif
}

func setrlimit(_: Limit, _ limit: inout rlimit) -> Int32 {
  #if canImport(Darwin)
    unsafe setrlimit(RLIMIT_FSIZE, &limit)
  #else
    unsafe setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
  #endif
}
