import ChainCore
import ChainTesting
import Foundation
import Testing

/// Blocks in files prove themselves to whoever trusts a genesis, and nothing in a file can be changed.
@Suite struct Archives {
  static func chain(_ suite: CryptoSuite = .international, blocks: UInt64, window: UInt64 = 10) throws -> (SoloChain, clerk: Account) {
    var chain = try SoloChain(
      [NotesContract()], suite: suite, organisations: ["city-hall": ["department"]],
      parameters: ChainParameters(transactionWindow: window))
    let clerk = try chain.member("city-hall")
    for number in 0..<blocks {
      try chain.makeBlock(
        try (0..<number % 4).map { place in
          try chain.sign("notes", "file", FileNote(number: number * 10 + place, text: "n\(number)"), by: clerk)
        })
    }
    return (chain, clerk)
  }

  static func trust(_ ledger: Ledger) -> ArchiveTrust { ArchiveTrust(genesis: ledger.genesisID) }

  @Test(arguments: CryptoSuite.allCases) func filesProveThemselves(suite: CryptoSuite) throws {
    let folder = try Folder()
    let (chain, _) = try Self.chain(suite, blocks: 30)
    let ledger = chain.ledger
    var export = try ArchiveExport(ledger, to: folder("archive"), fileBytes: 4_000)
    let report = try export.run()
    #expect(report.heights == 1...ledger.head.height && report.written > 3)
    #expect(try Folder.names(folder("archive")).count == report.written)
    var verifier = ArchiveVerifier(trust: Self.trust(ledger))
    var blocks: [Block] = []
    let verified = try verifier.verify(directory: folder("archive")) { blocks.append($0.block) }
    #expect(verified.first == 1 && verified.last == ledger.head.height && verified.files == report.written)
    #expect(try blocks == (1...ledger.head.height.rawValue).map { try ledger.block(at: BlockHeight($0)) })
    // Each file alone, too.
    for name in try Folder.names(folder("archive")) {
      var alone = ArchiveVerifier(trust: Self.trust(ledger))
      try alone.verify(file: folder("archive/\(name)"))
    }
    let size = try Folder.names(folder("archive")).reduce(0) { try $0 + Folder.read(folder("archive/\($1)")).count }
    #expect(size == report.bytes)
  }

  /// Every byte of an archive is bound by what is signed, by the form, or by the trusted genesis.
  @Test(arguments: CryptoSuite.allCases) func everyChangedByteIsRefused(suite: CryptoSuite) throws {
    let folder = try Folder()
    let (chain, _) = try Self.chain(suite, blocks: 4)
    var export = try ArchiveExport(chain.ledger, to: folder("archive"))
    #expect(try export.run().written == 1)
    let name = try #require(try Folder.names(folder("archive")).first)
    let good = try Folder.read(folder("archive/\(name)"))
    var untouched = ArchiveVerifier(trust: Self.trust(chain.ledger))
    try untouched.verify(file: folder("archive/\(name)"))
    var bad = good
    for index in good.indices {
      // Some flip of each byte; a different bit at each, so that all eight occur.
      bad[index] ^= 1 << UInt8(index % 8)
      try Folder.write(bad, folder("bad"))
      bad[index] = good[index]
      var verifier = ArchiveVerifier(trust: Self.trust(chain.ledger))
      #expect(throws: ArchiveError.self, "byte \(index) of \(good.count)") { try verifier.verify(file: folder("bad")) }
      #expect(verifier.report == nil)
    }
    for count in stride(from: 0, to: good.count, by: 13) {
      try Folder.write(Array(good.prefix(count)), folder("bad"))
      var verifier = ArchiveVerifier(trust: Self.trust(chain.ledger))
      #expect(throws: ArchiveError.self, "cut at \(count)") { try verifier.verify(file: folder("bad")) }
    }
    try Folder.write(good + [0], folder("bad"))
    var verifier = ArchiveVerifier(trust: Self.trust(chain.ledger))
    #expect(throws: ArchiveError.self) { try verifier.verify(file: folder("bad")) }
    print("archive of \(good.count) bytes (\(suite)): every byte changed, every change refused")
  }

  /// A file whose lengths lie costs no more memory than the file has.
  @Test func lengthsAreNotBelieved() throws {
    let folder = try Folder()
    let (chain, _) = try Self.chain(blocks: 2)
    for length in [UInt32.max, 1 << 31, 128 << 20, 1 << 20, 5] {
      let bytes = Array("YUCHAIN ARCHIVE\n".utf8) + (0..<4).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + [0, 1, 2]
      try Folder.write(bytes, folder("bad"))
      var verifier = ArchiveVerifier(trust: Self.trust(chain.ledger))
      #expect(throws: ArchiveError.self, "\(length)") { try verifier.verify(file: folder("bad")) }
    }
  }

  @Test func itGoesOnWhereItWasInterrupted() throws {
    let folder = try Folder()
    var (chain, _) = try Self.chain(blocks: 20)
    var first = try ArchiveExport(chain.ledger, to: folder("archive"), fileBytes: 2_000)
    let half = try first.run(through: 9)
    #expect(half.heights == 1...9)
    #expect(try chain.ledger.archivedThrough() == 9)
    // What an export leaves that is killed.
    try Folder.write([1, 2, 3], folder("archive/blocks-000000000010-000000000010.archive.unfinished"))
    for _ in 0..<10 { try chain.makeBlock() }
    var second = try ArchiveExport(chain.ledger, to: folder("archive"), fileBytes: 2_000)
    let rest = try second.run()
    #expect(rest.heights == 1...chain.ledger.head.height)
    #expect(try chain.ledger.archivedThrough() == chain.ledger.head.height)
    #expect(try Folder.names(folder("archive")).allSatisfy { $0.hasSuffix(".archive") })
    var third = try ArchiveExport(chain.ledger, to: folder("archive"))
    #expect(try third.run().written == 0)
    var verifier = ArchiveVerifier(trust: Self.trust(chain.ledger))
    #expect(try verifier.verify(directory: folder("archive")).last == chain.ledger.head.height)
    // Files that are left out, given twice or of another chain are noticed.
    let names = try Folder.names(folder("archive"))
    var gap = ArchiveVerifier(trust: Self.trust(chain.ledger))
    try gap.verify(file: folder("archive/\(names[0])"))
    #expect(throws: ArchiveError.self) { try gap.verify(file: folder("archive/\(names[2])")) }
    #expect(throws: ArchiveError.self) { try gap.verify(file: folder("archive/\(names[0])")) }
    try gap.verify(file: folder("archive/\(names[1])"))
    let other = try SoloChain([NotesContract()], suite: .international, seed: 7)
    var stranger = ArchiveVerifier(trust: Self.trust(other.ledger))
    #expect(throws: ArchiveError.otherGenesis(expected: other.ledger.genesisID, found: chain.ledger.genesisID)) {
      try stranger.verify(file: folder("archive/\(names[0])"))
    }
    #expect(throws: ArchiveError.self) { try ArchiveExport(other.ledger, to: folder("archive")) }
    try FileManager.default.removeItem(atPath: folder("archive/\(names[1])"))
    #expect(throws: ArchiveError.self) { try ArchiveExport(chain.ledger, to: folder("archive")) }
    try Folder.write([1], folder("archive/notes.txt"))
    #expect(throws: ArchiveError.foreign(name: "notes.txt")) { try ArchiveExport(chain.ledger, to: folder("archive")) }
  }

  /// A pruned ledger archives what it still has; a ledger that began with a snapshot, what it executed.
  @Test func shortenedLedgersArchiveWhatTheyHave() throws {
    let folder = try Folder()
    var (chain, _) = try Self.chain(blocks: 40)
    var export = try ArchiveExport(chain.ledger, to: folder("archive"), fileBytes: 2_000)
    try Pruning.prune(chain.ledger, RetentionPolicy(states: 4, blocks: .archived(keeping: 5)))
    #expect(chain.ledger.oldestBlock == 0)
    _ = try export.run()
    try Pruning.prune(chain.ledger, RetentionPolicy(states: 4, blocks: .archived(keeping: 5)))
    let oldest = chain.ledger.oldestBlock
    #expect(oldest > 20)
    try chain.makeBlock()
    var again = try ArchiveExport(chain.ledger, to: folder("second"), isNoted: false)
    #expect(try again.run().heights == oldest...chain.ledger.newestCertified)
    var verifier = ArchiveVerifier(trust: Self.trust(chain.ledger))
    #expect(try verifier.verify(directory: folder("second")).first == oldest)
    #expect(throws: ArchiveError.ledger(.blockNotKept(3, kept: oldest...chain.ledger.head.height))) {
      var old = try ArchiveExport(chain.ledger, to: folder("third"), from: 3)
      _ = try old.run()
    }
    var joined = ArchiveVerifier(trust: Self.trust(chain.ledger))
    #expect(try joined.verify(directory: folder("archive")).first == 1)
  }

  /// Files of a later set lead from genesis to it; who trusts a set of between begins there.
  @Test func changesOfTheValidatorsAreFollowed() throws {
    let folder = try Folder()
    var (chain, _) = try Self.chain(blocks: 3)
    var sets = [chain.ledger.head.validators]
    for _ in 0..<3 {
      let key = try PrivateKey.generate(.international)
      try chain.seat(key)
      sets.append(chain.ledger.head.validators)
      for _ in 0..<3 { try chain.makeBlock() }
    }
    #expect(sets.map(\.generation) == [1, 2, 3, 4])
    var export = try ArchiveExport(chain.ledger, to: folder("archive"), fileBytes: 1)
    _ = try export.run()
    var verifier = ArchiveVerifier(trust: Self.trust(chain.ledger))
    let report = try verifier.verify(directory: folder("archive"))
    #expect(report.signers == sets[3] && report.handovers == 3)
    let last = try #require(try Folder.names(folder("archive")).last)
    for set in sets {
      var later = ArchiveVerifier(trust: ArchiveTrust(genesis: chain.ledger.genesisID, validators: set))
      try later.verify(file: folder("archive/\(last)"))
      #expect(later.report?.handovers == Int(4 - set.generation))
    }
    // A set that never was proves nothing.
    let false4 = try ValidatorSet(generation: 4, rule: sets[3].rule, members: sets[0].members)
    var fooled = ArchiveVerifier(trust: ArchiveTrust(genesis: chain.ledger.genesisID, validators: false4))
    #expect(throws: ArchiveError.self) { try fooled.verify(file: folder("archive/\(last)")) }
  }
}
