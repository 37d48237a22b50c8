import Foundation
import Testing

@testable import ChainCore

extension LMDBStore.Options {
  /// Small and without reserve.
  static var small: Self {
    var options = Self()
    options.initialMapMiB = 1
    options.maxMapMiB = 8
    options.reserveMiB = 0
    return options
  }
}

/// What a store refuses to open, and what it leaves on disk.
@Suite struct LMDBOpeningTests {
  private let directory: TemporaryDirectory
  private var store: String { directory.path("store") }

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ change: (inout LMDBStore.Options) -> Void = { _ in }) throws(StoreError) -> LMDBStore {
    var options = LMDBStore.Options.small
    change(&options)
    return try LMDBStore(directory: store, options: options)
  }

  @Test func keepsRecordsFromOneOpeningToTheNext() throws {
    for round in UInt8(1)...5 {
      let store = try open()
      #expect(try store.read { try $0.range(apples).count } == Int(round) - 1)
      try store.write { try $0.put(apples, [round], [round, round]) }
      #expect(try store.verify() == Int(round) + 1)
      store.close()
    }
  }

  @Test func onlyTheOwnerMayReadTheFiles() throws {
    let store = try open { $0.reserveMiB = 1 }
    try store.write { try $0.put(apples, [1], [1]) }
    #expect(try directory.mode("store") == 0o700)
    for name in ["data.mdb", "lock.mdb", "LOCK", "reserve"] { #expect(try directory.mode("store/\(name)") == 0o600, "\(name)") }
  }

  @Test func aSecondOpenerIsRefused() throws {
    let first = try open()
    #expect(throws: StoreError.locked(by: ProcessInfo.processInfo.processIdentifier)) { try open() }
    try first.write { try $0.put(apples, [1], [1]) }
    first.close()
    let second = try open()
    #expect(try second.read { try $0.get(apples, [1]) } == [1])
  }

  @Test func aDroppedStoreLetsTheDirectoryGo() throws {
    do {
      let store = try open()
      try store.write { try $0.put(apples, [1], [1]) }
    }
    #expect(try open().read { try $0.get(apples, [1]) } == [1])
  }

  @Test func aDirectoryOfSomethingElseIsLeftAlone() throws {
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try directory.write("store/letter.txt", [1])
    #expect(throws: StoreError.foreign(path: store)) { try open() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: store) == ["letter.txt"])
  }

  @Test func aFileOfSomethingElseIsLeftAlone() throws {
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    let text = [UInt8](repeating: 7, count: 10_000)
    try directory.write("store/data.mdb", text)
    #expect(throws: StoreError.foreign(path: "\(store)/data.mdb")) { try open() }
    #expect(try directory.read("store/data.mdb") == text)
    try directory.write("file", [1])
    #expect(throws: StoreError.foreign(path: directory.path("file"))) {
      try LMDBStore(directory: directory.path("file"), options: .small)
    }
  }

  /// A database of LMDB's that another program made.
  @Test func anotherProgramsDatabaseIsForeign() throws {
    try plant { source throws(StoreError) in try source.put(Array("somebody".utf8), [1]) }
    #expect(throws: StoreError.foreign(path: store)) { try open() }
  }

  @Test(arguments: [0, 1, 2, 77] as [UInt32]) func anotherFormatIsRefused(number: UInt32) throws {
    try plant { source throws(StoreError) in
      try source.put(LMDBTransaction.headKey, StoreHead(format: FormatVersion(number), commit: source.number).bytes)
    }
    #expect(throws: StoreError.version(found: number, supported: 3)) { try open() }
  }

  @Test func aRootOfAnotherCommitIsDamage() throws {
    try plant { source throws(StoreError) in
      try source.put(LMDBTransaction.headKey, StoreHead(format: .store, commit: source.number + 1).bytes)
    }
    #expect(throws: StoreError.damaged(path: store, reason: "the root of commit 1 is that of commit 2")) { try open() }
  }

  @Test func nothingIsMadeUnlessAsked() throws {
    #expect(throws: StoreError.missing(path: store)) { try open { $0.create = false } }
    #expect(!FileManager.default.fileExists(atPath: store))
    #expect(throws: StoreError.missing(path: directory.path("none"))) { try LMDBStore(directory: directory.path("none/store")) }
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    #expect(throws: StoreError.missing(path: "\(store)/data.mdb")) { try open { $0.create = false } }
    #expect(try FileManager.default.contentsOfDirectory(atPath: store) == [])
    try open().close()
    try open { $0.create = false }.close()
  }

  @Test func othersMustNotBeAbleToWrite() throws {
    try open().close()
    try FileManager.default.setAttributes([.posixPermissions: 0o620], ofItemAtPath: "\(store)/data.mdb")
    #expect(throws: StoreError.permissions(path: "\(store)/data.mdb", mode: 0o620)) { try open() }
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(store)/data.mdb")
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: store)
    #expect(throws: StoreError.permissions(path: store, mode: 0o777)) { try open() }
    try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: store)
    try open().close()
  }

  /// Magic numbers of the Linux manual page statfs(2).
  @Test func networkFileSystemsAreKnownByNumber() {
    for magic in [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x00c3_6400, 0x0102_1997] as [UInt32] {
      #expect(Directory.isNetworkFileSystem(magic: magic))
    }
    // ext4, tmpfs, xfs, btrfs, overlay
    for magic in [0xef53, 0x0102_1994, 0x5846_5342, 0x9123_683e, 0x794c_7630] as [UInt32] {
      #expect(!Directory.isNetworkFileSystem(magic: magic))
    }
  }

  @Test func everyTruncationIsNoticedBeforeTheMap() throws {
    let filled = try open()
    try filled.write { writer in
      for number in 0..<200 { try writer.put(apples, [UInt8(number)], [UInt8](repeating: 1, count: 3000)) }
    }
    filled.close()
    let whole = try directory.read("store/data.mdb")
    #expect(whole.count > 100 * 4096)
    var lengths = [1, 15, 16, 151, 152, 4095, 4096, 4097, 8191, 8192, 8193, whole.count - 4096, whole.count - 1]
    lengths += stride(from: 12_345, to: whole.count, by: 50_001)
    for length in lengths {
      try directory.write("store/data.mdb", Array(whole[..<length]))
      let error = #expect(throws: StoreError.self, "\(length)") { try open() }
      guard case .truncated(_, length, _) = error else {
        Issue.record("\(length) bytes: \(String(describing: error))")
        continue
      }
      #expect(try directory.read("store/data.mdb").count == length)
    }
    try directory.write("store/data.mdb", whole)
    #expect(try open().read { try $0.range(apples).count } == 200)
  }

  /// What LMDB leaves when it is stopped right after creating its file.
  @Test func anEmptyFileIsANewStore() throws {
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    try directory.write("store/data.mdb", [])
    let opened = try open()
    try opened.write { try $0.put(apples, [1], [1]) }
    #expect(try opened.verify() == 2)
  }

  @Test func theReserveComesAndGoes() throws {
    let first = try open { $0.reserveMiB = 2 }
    #expect(try first.usage().hasReserve)
    #expect(try directory.read("store/reserve").count == 2 << 20)
    #expect(try first.releaseReserve())
    #expect(try !first.releaseReserve())
    #expect(try !first.usage().hasReserve)
    #expect(try first.restoreReserve())
    #expect(try first.usage().hasReserve)
    first.close()
    let second = try open { $0.reserveMiB = 2 }
    #expect(try second.usage().hasReserve)
  }

  /// Writes one commit below the store's own rules.
  private func plant(_ body: (LMDBCursorSource) throws(StoreError) -> Void) throws {
    try Directory.prepare(store, create: true)
    let environment = try LMDBEnvironment(store, mapBytes: 1 << 20, readersMax: 10)
    let source = try environment.begin(writing: true)
    try body(source)
    try source.commit()
    environment.close()
  }
}
