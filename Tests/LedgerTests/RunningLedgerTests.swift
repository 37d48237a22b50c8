import ChainCore
import ChainTesting
import Foundation
import Synchronization
import Testing

/// A ledger on disk commits while others prune, archive, copy, export and read it: nobody waits for ever, nobody is told anything false.
@Suite struct RunningLedgers {
  /// What the others do until the writer has ended.
  private final class Course: Sendable {
    private let hasEnded = Mutex(false)
    private let counts = Mutex<[String: Int]>([:])

    var isRunning: Bool { hasEnded.withLock { !$0 } }
    func end() { hasEnded.withLock { $0 = true } }
    func count(_ what: String, _ number: Int = 1) { counts.withLock { $0[what, default: 0] += number } }
    var seen: [String: Int] { counts.withLock { $0 } }
  }

  @Test func everythingAtOnce() async throws {
    let folder = try Folder()
    var options = LMDBStore.Options()
    (options.initialMapMiB, options.reserveMiB) = (1, 0)
    let store = try LMDBStore(directory: folder("ledger"), options: options)
    defer { store.close() }
    let world = try SnapshotWorld(blocks: 30, window: 20, store: store)
    let (ledger, registry) = (world.ledger, world.registry)
    let course = Course()
    let policy = RetentionPolicy(states: 6, blocks: .archived(keeping: 6))

    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { course.end() }
        var world = world
        for _ in 0..<120 {
          try world.step()
          course.count("blocks")
          await Task.yield()
        }
      }
      group.addTask {
        while course.isRunning {
          let progress = try ledger.prune(policy, limit: 40)
          course.count("pruned nodes", progress.nodes)
          course.count("pruned blocks", progress.blocks)
          await Task.yield()
        }
      }
      group.addTask {
        while course.isRunning {
          var export = try ArchiveExport(ledger, to: folder("archive"), fileBytes: 30_000)
          course.count("archive files", try export.run().written)
          await Task.yield()
        }
      }
      group.addTask {
        while course.isRunning {
          let number = course.seen["backups", default: 0]
          try LedgerBackup.make(of: ledger, in: folder("backup-\(number)"), fileBytes: 50_000)
          course.count("backups")
          await Task.yield()
        }
      }
      group.addTask {
        var number = 0
        while course.isRunning {
          _ = try SnapshotFiles(folder("snapshot-\(number)")).export(ledger, chunkBytes: 4_000)
          course.count("snapshots")
          number += 1
          await Task.yield()
        }
      }
      group.addTask {
        var random = SeededRandom(3)
        while course.isRunning {
          try Self.read(ledger, course, &random)
          await Task.yield()
        }
      }
      try await group.waitForAll()
    }

    let seen = course.seen
    print("one ledger at once: \(seen.sorted { $0.key < $1.key })")
    for what in ["blocks", "pruned nodes", "archive files", "backups", "snapshots", "reads"] {
      #expect(seen[what, default: 0] > 0, "\(what)")
    }
    // Each of them did what it promises.
    var last = try ArchiveExport(ledger, to: folder("archive"), fileBytes: 30_000)
    let archived = try last.run()
    try Pruning.prune(ledger, policy)
    #expect(try ledger.auditPruning().isExact)
    #expect(ledger.examine().fault == nil)
    _ = try store.verify()
    var verifier = ArchiveVerifier(trust: ArchiveTrust(genesis: ledger.genesisID))
    let report = try verifier.verify(directory: folder("archive"))
    #expect(report.first == 1 && report.last == archived.heights.upperBound)
    let key = try PrivateKey.generate(.international).publicKey
    for number in [0, seen["backups", default: 1] - 1] {
      let manifest = try LedgerBackup.verify(folder("backup-\(number)"), trusting: ledger.genesisID)
      let copy = try LedgerBackup.restore(
        manifest, from: folder("backup-\(number)"), into: MemoryStore(), key: key, contracts: registry)
      let found = copy.examine()
      #expect(found.fault == nil, "backup \(number): \(String(describing: found.fault))")
      let made = try SnapshotFiles(folder("snapshot-0")).load(
        into: MemoryStore(), trusting: ledger.genesisID, contracts: registry)
      #expect(made.examine().fault == nil)
    }
  }

  /// Reads and proves some height; what is gone is refused by name.
  private static func read(_ ledger: Ledger, _ course: Course, _ random: inout SeededRandom) throws {
    let head = ledger.head.height
    let height = BlockHeight(head.rawValue - UInt64(random.below(12)))
    let key = StateKey(contract: "notes", table: "notes", key: UInt64(random.below(200)))
    do throws(LedgerError) {
      let proof = try ledger.proveRecord(key, at: height)
      let root = try ledger.checkpoint(at: height).stateRoot
      #expect((try? proof.verify(stateRoot: root, suite: ledger.suite)) != nil, "height \(height)")
      let hold = try ledger.hold(height)
      let value = try ledger.record(key, at: height)
      #expect(value == proof.value)
      withExtendedLifetime(hold) {}
      course.count("reads")
    } catch {
      guard case .stateNotKept(height, kept: let kept) = error, height < kept.lowerBound else { throw error }
      course.count("refused reads")
    }
  }
}
