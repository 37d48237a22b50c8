import ChainCore
import Foundation
import TestSupport
import Testing

@testable import ChainNode

/// Operators keep a running node in order, from the command line, and nobody else reaches it.
@Suite struct AdminSockets {
  /// A running chain whose first node keeps its ledger on disk and listens.
  final class Site: Sendable {
    let url: URL
    let store: LMDBStore
    let chain: LocalChain
    var socket: String { path("node.sock") }

    init(on place: String? = nil, options: LMDBStore.Options? = nil, retention: RetentionPolicy = .standard) async throws {
      url = FileManager.default.temporaryDirectory.appending(path: "yuchain-\(UUID().uuidString.prefix(8))")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let store = try LMDBStore(
        directory: (place ?? url.path) + "/ledger", options: options ?? LedgerCommands.Site.options)
      self.store = store
      let socket = url.appending(path: "node.sock").path
      let plan = FoundingPlan(
        chain: "henan/410100", suite: .international, engine: .raft, validators: Array(repeating: Founding.platform, count: 3),
        contracts: [], parameters: ChainParameters(transactionWindow: 6, idleIntervalMs: 50), time: .now)
      chain = try LocalChain(try Founding(plan)) { index in
        index == 0
          ? LocalChain.Stores(ledger: store, consensus: MemoryStore(), retention: retention, adminSocket: socket)
          : LocalChain.Stores(ledger: MemoryStore(), consensus: MemoryStore())
      }
      await chain.start()
      try await chain.nodes[0].certified(12)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    /// The child asks this process, so nothing here may wait for it on a thread that tasks share.
    func run(_ arguments: String...) async throws -> (status: Int32, output: String) {
      let url = url
      return try await WorkThread("test").run {
        Result { try ChildProcess.run(try BuiltProducts.executable("yuchain"), arguments, in: url) }
      }.get()
    }
  }

  private static func ask(_ path: String, _ request: AdminRequest) async throws -> [AdminLine] {
    try await WorkThread("test").run { Result { try AdminClient.ask(path, request) } }.get()
  }

  @Test func aRunningNodeIsKeptInOrder() async throws {
    let site = try await Site()
    let mode = try FileManager.default.attributesOfItem(atPath: site.socket)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    let genesis = "\(site.chain.nodes[0].ledger.genesisID)"
    let status = try await site.run("inspect", "node.sock")
    #expect(status.status == 0 && status.output.contains(genesis) && status.output.contains("archived up to 0"), "\(status.output)")
    let backup = try await site.run("backup", "node.sock", "--out", "copy")
    #expect(backup.status == 0 && backup.output.contains("state root"), "\(backup.output)")
    #expect(try await site.run("backup", "--check", "copy", "--genesis", genesis).status == 0)
    let again = try await site.run("backup", "node.sock", "--out", "copy")
    #expect(again.status == 2 && again.output.contains("empty"), "\(again.output)")
    let archive = try await site.run("archive", "export", "node.sock", "--out", "archive")
    #expect(archive.status == 0 && archive.output.contains("heights     1 to "), "\(archive.output)")
    let valid = try await site.run("archive", "verify", "archive", "--genesis", genesis)
    #expect(valid.status == 0, "\(valid.output)")
    let pruned = try await site.run("prune", "node.sock", "--states", "5", "--blocks", "5", "--json")
    #expect(pruned.status == 0 && pruned.output.contains("\"removed\""), "\(pruned.output)")
    let snapshot = try await site.run("snapshot", "export", "node.sock", "--out", "snapshot")
    #expect(snapshot.status == 0, "\(snapshot.output)")
    let imported = try await site.run("snapshot", "import", "snapshot", "made", "--genesis", genesis)
    #expect(imported.status == 0, "\(imported.output)")
    let verified = try await site.run("inspect", "node.sock", "--verify")
    #expect(verified.status == 0 && verified.output.contains("all equal"), "\(verified.output)")
    // Beside the directory, which is locked; and of the same node only one task at a time.
    #expect(try await site.run("backup", "ledger", "--out", "other").status == 2)
    // The chain went on all the while, and the node takes part.
    let head = site.chain.nodes[0].ledger.head.height
    try await site.chain.nodes[0].executed(head.next)
    #expect(await site.chain.nodes[0].failure == nil)
    await site.chain.stop()
    let gone = try await site.run("inspect", "node.sock")
    #expect(gone.status == 2 && !FileManager.default.fileExists(atPath: site.socket))
  }

  @Test func strangeRequestsGetAReasonAndNothingElse() async throws {
    let site = try await Site()
    func answer(_ bytes: [UInt8]) async throws -> AdminAnswer {
      try await WorkThread("test").run {
        Result {
          let socket = try LocalSocket.connected(to: site.socket)
          try socket.send(bytes)
          if bytes.count < 4 { socket.shutDownWriting() }
          return try socket.receiveFrame(AdminAnswer.self, limit: LocalSocket.answerLimit)
        }
      }.get()
    }
    let bad: [[UInt8]] = [
      [0, 0, 0, 0], [0x40, 0, 0, 0], [0, 0, 0x10, 1], [0xff, 0xff, 0xff, 0xff], [0, 0, 0, 1, 99], [0, 0, 0, 2, 0, 0], [0, 0],
      Array("GET / HTTP/1.1\r\n\r\n".utf8),
    ]
    for bytes in bad {
      guard case .failed(let why) = try await answer(bytes) else {
        Issue.record("\(bytes) was taken")
        continue
      }
      #expect(!why.isEmpty)
    }
    let misuse: [AdminRequest] = [
      .backup(to: "relative"), .backup(to: "/\(String(repeating: "x", count: AdminRequest.pathLimit))"), .backup(to: "/tmp/\0x"),
      .archive(to: "/tmp/a", from: nil, through: nil, fileMiB: 0, isNoted: true), .prune(states: 0, blocks: nil),
      .prune(states: 1, blocks: 0), .snapshot(to: "", height: nil),
    ]
    for request in misuse { await #expect(throws: AdminError.self, "\(request)") { try await Self.ask(site.socket, request) } }
    // Whoever connects and says nothing takes one of four places, and no more.
    var silent: [LocalSocket] = []
    for _ in 0..<AdminServer.connectionLimit { silent.append(try LocalSocket.connected(to: site.socket)) }
    await #expect(throws: AdminError.self) { try await Self.ask(site.socket, .status) }
    for socket in silent { socket.shutDown() }
    var isServed = false
    while !isServed { isServed = (try? await Self.ask(site.socket, .status)) != nil }
    // A second node does not take the place of one that runs; a file is not replaced; what a dead node left is.
    #expect(throws: AdminError.inUse(site.socket)) { try LocalSocket.listening(at: site.socket) }
    try Data().write(to: URL(filePath: site.path("file")))
    #expect(throws: AdminError.foreign(site.path("file"))) { try LocalSocket.listening(at: site.path("file")) }
    #expect(throws: AdminError.self) { try LocalSocket.listening(at: "/tmp/" + String(repeating: "x", count: 100)) }
    do {
      let dead = try LocalSocket.listening(at: site.path("dead"))
      withExtendedLifetime(dead) {}
    }
    await #expect(throws: AdminError.notListening(site.path("dead"))) { try await Self.ask(site.path("dead"), .status) }
    _ = try LocalSocket.listening(at: site.path("dead"))
    await site.chain.stop()
  }

  @Test func oneTaskAtATime() async throws {
    let site = try await Site()
    let node = site.chain.nodes[0]
    let entered = DispatchSemaphore(value: 0)
    let leave = DispatchSemaphore(value: 0)
    let slow = site.path("slow")
    async let first = node.upkeep.archive(to: slow) { _ in
      entered.signal()
      leave.wait()
    }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        entered.wait()
        continuation.resume()
      }
    }
    await #expect(throws: UpkeepError.busy("an archive export")) { try await node.upkeep.prune() }
    await #expect(throws: AdminError.self) { try await Self.ask(site.socket, .verify) }
    #expect(try await !Self.ask(site.socket, .status).isEmpty, "looking is always possible")
    leave.signal()
    #expect(try await first.written == 1)
    #expect(try await node.upkeep.verify().transactions >= 0)
    await site.chain.stop()
  }

  /// On a full disk the reserve lets the node go on and prune; when there is room again it is taken anew.
  @Test func aFullDiskUsesTheReserve() async throws {
    let place = FileManager.default.temporaryDirectory.appending(path: "yuchain-full-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    guard Self.run("/bin/mount", ["-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", place]) else {
      print("skipped: no right to mount a file system")
      return
    }
    defer {
      _ = Self.run("/bin/umount", ["-l", place])
      try? FileManager.default.removeItem(atPath: place)
    }
    var options = LMDBStore.Options()
    (options.initialMapMiB, options.reserveMiB) = (16, 4)
    let site = try await Site(on: place, options: options, retention: RetentionPolicy(states: 5))
    let node = site.chain.nodes[0]
    #expect(try site.store.usage().hasReserve)
    let filler = "\(place)/filler"
    #expect(Self.run("/bin/sh", ["-c", "cat /dev/zero > \(filler) 2>/dev/null; true"]))
    // Blocks need pages until the file would have to grow.
    var rounds = 0
    while try site.store.usage().hasReserve, rounds < 400 {
      rounds += 1
      try await node.executed(node.ledger.head.height.next)
    }
    #expect(try !site.store.usage().hasReserve, "the disk never became full")
    let height = node.ledger.head.height
    try await node.executed(height.advanced(by: 5))
    #expect(await node.failure == nil)
    #expect(try site.store.usage().stopped == nil)
    try FileManager.default.removeItem(atPath: filler)
    rounds = 0
    while try !site.store.usage().hasReserve, rounds < 400 {
      rounds += 1
      try await node.executed(node.ledger.head.height.next)
    }
    #expect(try site.store.usage().hasReserve, "the reserve is taken again after \(rounds) blocks")
    await site.chain.stop()
  }

  private static func run(_ program: String, _ arguments: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = arguments
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
