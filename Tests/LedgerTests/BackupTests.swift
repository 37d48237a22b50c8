import ChainCore
import ChainTesting
import Foundation
import Testing

/// A backup is one moment of a running ledger, and what is restored of it never votes with an old key.
@Suite struct Backups {
  static func registry(_ genesis: Genesis) throws -> ContractRegistry { try ContractRegistry(SnapshotWorld.contracts) }

  @Test(arguments: CryptoSuite.allCases) func whatIsRestoredIsTheSameLedger(suite: CryptoSuite) throws {
    let folder = try Folder()
    var world = try SnapshotWorld(suite, blocks: 20)
    try Pruning.prune(world.ledger, RetentionPolicy(states: 8))
    let manifest = try LedgerBackup.make(of: world.ledger, in: folder("backup"), fileBytes: 20_000)
    #expect(manifest.files.count > 3 && manifest.head == world.ledger.head.checkpoint)
    #expect(try LedgerBackup.verify(folder("backup"), trusting: world.ledger.genesisID) == manifest)
    for _ in 0..<3 { try world.step() }
    let key = try PrivateKey.generate(suite)
    var options = LMDBStore.Options()
    options.reserveMiB = 0
    let (_, examination) = try LedgerBackup.restore(
      folder("backup"), to: folder("ledger"), trusting: world.ledger.genesisID, key: key.publicKey, options: options,
      contracts: Self.registry)
    #expect(examination.fault == nil && examination.execution?.transactions ?? 0 > 0)
    let store = try LMDBStore(directory: folder("ledger"), options: options)
    defer { store.close() }
    let restored = try Ledger(store: store, genesis: world.genesis, contracts: world.registry)
    #expect(restored.head.checkpoint == manifest.head && restored.head.position == 0 && restored.oldestState == world.ledger.oldestState)
    #expect(try restored.restoration() == Restoration(height: manifest.head.height, blockID: manifest.head.blockID, key: key.publicKey))
    // It goes on with the chain.
    while restored.head.height < world.ledger.head.height {
      try restored.commit(try world.ledger.block(at: restored.head.height.next), position: 1)
    }
    #expect(restored.head.checkpoint == world.ledger.head.checkpoint)
    #expect(restored.examine().fault == nil)
    #expect(throws: BackupError.notEmpty(path: folder("ledger"))) {
      try LedgerBackup.restore(
        folder("backup"), to: folder("ledger"), trusting: world.ledger.genesisID, key: key.publicKey, contracts: Self.registry)
    }
  }

  @Test func everyChangedByteIsRefused() throws {
    let folder = try Folder()
    let chain = try SoloChain([NotesContract()], suite: .international)
    try LedgerBackup.make(of: chain.ledger, in: folder("backup"))
    for name in try Folder.names(folder("backup")) {
      let good = try Folder.read(folder("backup/\(name)"))
      var bad = good
      for index in good.indices {
        bad[index] ^= 1 << UInt8(index % 8)
        try Folder.write(bad, folder("backup/\(name)"))
        bad[index] = good[index]
        #expect(throws: BackupError.self, "\(name), byte \(index)") {
          try LedgerBackup.verify(folder("backup"), trusting: chain.ledger.genesisID)
        }
      }
      for bytes in [Array(good.dropLast()), good + [0], []] {
        try Folder.write(bytes, folder("backup/\(name)"))
        #expect(throws: BackupError.self) { try LedgerBackup.verify(folder("backup"), trusting: chain.ledger.genesisID) }
      }
      try Folder.write(good, folder("backup/\(name)"))
    }
    #expect(try LedgerBackup.verify(folder("backup"), trusting: chain.ledger.genesisID).head.height == 0)
  }

  @Test func anotherChainAnotherStateAndUsedPlacesAreRefused() throws {
    let folder = try Folder()
    let world = try SnapshotWorld(blocks: 6)
    let other = try SoloChain([NotesContract()], suite: .international, seed: 5)
    let id = world.ledger.genesisID
    try LedgerBackup.make(of: world.ledger, in: folder("backup"))
    #expect(throws: BackupError.otherGenesis(expected: other.ledger.genesisID, found: id)) {
      try LedgerBackup.verify(folder("backup"), trusting: other.ledger.genesisID)
    }
    #expect(throws: BackupError.notEmpty(path: folder("backup"))) { try LedgerBackup.make(of: world.ledger, in: folder("backup")) }
    let manifest = try LedgerBackup.verify(folder("backup"), trusting: id)
    let key = try PrivateKey.generate(.international).publicKey
    #expect(throws: BackupError.self) {
      try LedgerBackup.restore(manifest, from: folder("backup"), into: MemoryStore(), key: key, contracts: try ContractRegistry([]))
    }
    let used = MemoryStore()
    _ = try Ledger(store: used, genesis: other.genesis, contracts: try ContractRegistry([NotesContract()]))
    #expect(throws: BackupError.notEmpty(path: "the store")) {
      try LedgerBackup.restore(manifest, from: folder("backup"), into: used, key: key, contracts: world.registry)
    }
    // A manifest with good digests and another head.
    var lying = manifest
    lying.head.stateRoot = .zero
    #expect(throws: BackupError.content("its head is not that of the manifest")) {
      try LedgerBackup.restore(lying, from: folder("backup"), into: MemoryStore(), key: key, contracts: world.registry)
    }
    // The old key, and one of the other suite.
    for old in world.chain.validatorKeys.map(\.publicKey) + [try PrivateKey.generate(.guomi).publicKey] {
      #expect(throws: BackupError.oldKey(old)) {
        try LedgerBackup.restore(manifest, from: folder("backup"), into: MemoryStore(), key: old, contracts: world.registry)
      }
    }
  }

  /// A key that had a seat once is old, even if it has none now.
  @Test func aFormerValidatorsKeyIsOld() throws {
    let folder = try Folder()
    var chain = try SoloChain([NotesContract()], suite: .international)
    let former = try PrivateKey.generate(.international)
    try chain.seat(former)
    let left = try chain.call(
      "governance", "propose", ProposeChange(change: .remove(former.publicKey), reason: ""), by: chain.administrator)
    #expect(left.status == .succeeded && chain.ledger.head.validators.index(of: former.publicKey) == nil)
    // The certificate of the first height that the third set signs is stored with the block after.
    for _ in 0..<2 { try chain.makeBlock() }
    let manifest = try LedgerBackup.make(of: chain.ledger, in: folder("backup"))
    #expect(manifest.handovers.count == 2)
    #expect(throws: BackupError.oldKey(former.publicKey)) {
      try LedgerBackup.restore(
        manifest, from: folder("backup"), into: MemoryStore(), key: former.publicKey, contracts: try ContractRegistry([NotesContract()]))
    }
  }

  /// Nothing of keys or votes is in a ledger's backup, and a backup of what was restored does not say that it was.
  @Test func aBackupOfARestoredLedgerIsABackup() throws {
    let folder = try Folder()
    let world = try SnapshotWorld(blocks: 4)
    let manifest = try LedgerBackup.make(of: world.ledger, in: folder("one"))
    let (first, second) = (try PrivateKey.generate(.international).publicKey, try PrivateKey.generate(.international).publicKey)
    let restored = try LedgerBackup.restore(manifest, from: folder("one"), into: MemoryStore(), key: first, contracts: world.registry)
    let again = try LedgerBackup.make(of: restored, in: folder("two"))
    let third = try LedgerBackup.restore(again, from: folder("two"), into: MemoryStore(), key: second, contracts: world.registry)
    #expect(try third.restoration()?.key == second)
    #expect(third.head.checkpoint == world.ledger.head.checkpoint)
  }
}
