import ChainCore
import ChainTesting
import Foundation
import TestSupport
import Testing

/// The built command on ledgers on disk: every answer, exit code, and file.
@Suite struct LedgerCommands {
  /// A chain with the contracts of the command, on disk.
  final class Site {
    let url: URL
    let genesisID: GenesisID
    let height: BlockHeight

    init(blocks: Int = 24) throws {
      url = FileManager.default.temporaryDirectory.appending(path: "yuchain-commands-\(UUID().uuidString)")
      try FileManager.default.createDirectory(
        at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let store = try LMDBStore(directory: url.appending(path: "ledger").path, options: Self.options)
      defer { store.close() }
      var chain = try SoloChain(
        [], suite: .international, organisations: ["city-hall": ["department"]], parameters: ChainParameters(transactionWindow: 6),
        store: store)
      for index in 0..<blocks {
        if index.isMultiple(of: 3) { _ = try chain.member("city-hall", named: "clerk \(index)") } else { try chain.makeBlock() }
      }
      genesisID = chain.ledger.genesisID
      height = chain.ledger.head.height
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    static var options: LMDBStore.Options {
      var options = LMDBStore.Options()
      options.reserveMiB = 0
      return options
    }

    func path(_ name: String) -> String { url.appending(path: name).path }
    func names(_ name: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted() }

    /// Runs the command in this folder.
    func run(_ arguments: String...) throws -> (status: Int32, output: String) {
      try ChildProcess.run(try BuiltProducts.executable("yuchain"), arguments, in: url)
    }

    /// Changes a byte of a file.
    func flip(_ name: String, at offset: Int) throws {
      let file = URL(filePath: path(name))
      var data = try Data(contentsOf: file)
      data[data.startIndex + offset] ^= 1
      try data.write(to: file)
    }
  }

  @Test func archiveExportAndVerify() throws {
    let site = try Site()
    let exported = try site.run("archive", "export", "ledger", "--out", "archive", "--through", "10")
    #expect(exported.status == 0 && exported.output.contains("heights     1 to 10"), "\(exported.output)")
    let more = try site.run("archive", "export", "ledger", "--out", "archive", "--json")
    #expect(more.status == 0 && more.output.contains("\"files\" : 1"), "\(more.output)")
    let good = try site.run("archive", "verify", "archive", "--genesis", "\(site.genesisID)")
    #expect(good.status == 0 && good.output.hasSuffix("valid\n") && good.output.contains("none missing"), "\(good.output)")
    #expect(good.output.contains("heights     1 to"))
    let other = try site.run("archive", "verify", "archive", "--genesis", String(repeating: "0", count: 64))
    #expect(other.status == 1 && other.output.contains("the archive is of genesis \(site.genesisID)"), "\(other.output)")
    #expect(try site.run("archive", "verify", "archive").status == 2)
    #expect(try site.run("archive", "verify", "nowhere", "--genesis", "\(site.genesisID)").status == 2)
    #expect(try site.run("archive", "export", "nowhere", "--out", "other").status == 2)
    let second = try site.names("archive")[1]
    try site.flip("archive/\(second)", at: 4_000)
    let bad = try site.run("archive", "verify", "archive", "--genesis", "\(site.genesisID)")
    #expect(bad.status == 1 && bad.output.contains("heights 1 to 10 hold"), "\(bad.output)")
  }

  @Test func snapshotExportAndImport() throws {
    let site = try Site()
    let exported = try site.run("snapshot", "export", "ledger", "--out", "snapshot")
    #expect(exported.status == 0 && exported.output.contains("genesis     \(site.genesisID)"), "\(exported.output)")
    let imported = try site.run("snapshot", "import", "snapshot", "second", "--genesis", "\(site.genesisID)")
    #expect(imported.status == 0 && imported.output.contains("chain       henan/410100"), "\(imported.output)")
    let checked = try site.run("inspect", "second", "--verify")
    #expect(checked.status == 0 && checked.output.contains("not checked blocks up to height"), "\(checked.output)")
    #expect(try site.run("snapshot", "import", "snapshot", "second", "--genesis", "\(site.genesisID)").status == 2)
    let other = try site.run("snapshot", "import", "snapshot", "third", "--genesis", String(repeating: "0", count: 64))
    #expect(other.status == 1 && !FileManager.default.fileExists(atPath: site.path("third")), "\(other.output)")
    try site.flip("snapshot/chunk-000001", at: 200)
    let bad = try site.run("snapshot", "import", "snapshot", "third", "--genesis", "\(site.genesisID)")
    #expect(bad.status == 1 && bad.output.contains("snapshot chunk 1"), "\(bad.output)")
  }

  @Test func backupAndRestore() throws {
    let site = try Site()
    let made = try site.run("backup", "ledger", "--out", "backup")
    #expect(made.status == 0 && made.output.contains("height      \(site.height)"), "\(made.output)")
    #expect(try site.run("backup", "ledger", "--out", "backup").status == 2)
    let good = try site.run("backup", "--check", "backup", "--genesis", "\(site.genesisID)")
    #expect(good.status == 0, "\(good.output)")
    let restored = try site.run("restore", "backup", "second", "--genesis", "\(site.genesisID)", "--new-key", "new.pem")
    #expect(restored.status == 0 && restored.output.contains("public key"), "\(restored.output)")
    #expect(FileManager.default.fileExists(atPath: site.path("new.pem")))
    let key = try #require(restored.output.split(separator: "\n").first { $0.hasPrefix("public key") }?.split(separator: " ").last)
    let shown = try site.run("key", "show", "new.pem")
    #expect(shown.output.contains(key), "\(shown.output)")
    let checked = try site.run("inspect", "second", "--verify")
    #expect(checked.status == 0 && checked.output.contains("restored    runs only with key \(key)"), "\(checked.output)")
    // A second time, over another chain, with a damaged file: nothing is left behind.
    #expect(try site.run("restore", "backup", "second", "--genesis", "\(site.genesisID)", "--new-key", "b.pem").status == 2)
    let zero = String(repeating: "0", count: 64)
    #expect(try site.run("restore", "backup", "third", "--genesis", zero, "--new-key", "c.pem").status == 1)
    try site.flip("backup/records-000000", at: 500)
    let bad = try site.run("restore", "backup", "third", "--genesis", "\(site.genesisID)", "--new-key", "d.pem")
    #expect(bad.status == 1 && bad.output.contains("backup file 0: its digest is wrong"), "\(bad.output)")
    #expect(try site.names("") == ["backup", "ledger", "new.pem", "second"])
  }

  @Test func pruneThenInspect() throws {
    let site = try Site()
    #expect(try site.run("prune", "ledger", "--states", "0").status == 2)
    _ = try site.run("archive", "export", "ledger", "--out", "archive")
    let pruned = try site.run("prune", "ledger", "--states", "5", "--blocks", "5")
    #expect(pruned.status == 0 && pruned.output.contains("blocks      1") && pruned.output.contains("removed"), "\(pruned.output)")
    let again = try site.run("prune", "ledger", "--states", "5", "--json")
    #expect(again.status == 0 && again.output.contains("\"nodes\" : 0"), "\(again.output)")
    let checked = try site.run("inspect", "ledger", "--verify")
    #expect(checked.status == 0 && checked.output.contains("not checked states below height"), "\(checked.output)")
    let json = try site.run("inspect", "ledger", "--verify", "--json")
    #expect(json.status == 0 && json.output.contains("\"holds\" : true"), "\(json.output)")
  }

  @Test func inspectFindsTheFirstBadHeight() throws {
    let site = try Site()
    #expect(try site.run("inspect", "ledger", "--verify").status == 0)
    #expect(try site.run("inspect", "nowhere", "--verify").status == 2)
    // A receipt that somebody changed with all checksums: only what is signed tells.
    do {
      let store = try LMDBStore(directory: site.path("ledger"), options: Site.options)
      defer { store.close() }
      try store.write { writer in
        let table = StoreTable("receipts")
        let found = try #require(try writer.range(table).dropFirst(5).first { $0.value.count > 60 })
        var changed = found.value
        changed[50] ^= 1
        try writer.put(table, found.key, changed)
      }
    }
    let bad = try site.run("inspect", "ledger", "--verify")
    #expect(bad.status == 1 && bad.output.contains("first bad height: ") && bad.output.contains("receipts"), "\(bad.output)")
    let json = try site.run("inspect", "ledger", "--verify", "--json")
    #expect(json.status == 1 && json.output.contains("\"firstBadHeight\""), "\(json.output)")
  }

  /// Whatever byte of the file is damaged, the command answers in words, with exit code 1, and never as if all were well.
  @Test func aDamagedFileNeverPasses() throws {
    let site = try Site(blocks: 6)
    let file = "ledger/data.mdb"
    let good = try Data(contentsOf: URL(filePath: site.path(file)))
    var random = SeededRandom(11)
    var (refused, unused) = (0, 0)
    for _ in 0..<16 {
      let page = 2 + random.below(good.count / 4_096 - 2)
      var bad = good
      for offset in 0..<4_096 where offset % 64 == 20 { bad[page * 4_096 + offset] ^= 0x55 }
      try bad.write(to: URL(filePath: site.path(file)))
      let (status, output) = try site.run("inspect", "ledger", "--verify")
      // A free page holds nothing that counts.
      if status == 0 {
        unused += 1
      } else {
        #expect(status == 1 && output.contains("does not hold"), "page \(page): \(status) \(output)")
        refused += 1
      }
    }
    print("damaged pages: \(refused) refused, \(unused) hold nothing")
    #expect(refused > 0)
    try good.prefix(good.count / 2).write(to: URL(filePath: site.path(file)))
    let short = try site.run("inspect", "ledger", "--verify")
    #expect(short.status == 1 && short.output.contains("does not hold"), "\(short.output)")
  }
}
