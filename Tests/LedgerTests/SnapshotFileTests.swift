import ChainCore
import ChainTesting
import Foundation
import Testing

/// A snapshot in files is what peers would give.
@Suite struct SnapshotInFiles {
  @Test func exportedFilesMakeALedger() throws {
    let folder = try Folder()
    let world = try SnapshotWorld(blocks: 30)
    let files = SnapshotFiles(folder("snapshot"))
    let manifest = try files.export(world.ledger, chunkBytes: 2_000)
    #expect(manifest.chunkCount > 10)
    #expect(try Folder.names(folder("snapshot")).count == manifest.chunkCount + 2)
    let store = MemoryStore()
    let made = try files.load(into: store, trusting: world.ledger.genesisID, contracts: world.registry)
    #expect(made.head.checkpoint == world.ledger.head.checkpoint && made.base == world.ledger.head.height)
    #expect(made.examine().fault == nil)
    // Again over itself nothing changes; over another one it does not go.
    #expect(try files.export(world.ledger, chunkBytes: 2_000) == manifest)
    #expect(throws: SnapshotError.storeNotEmpty) { try files.export(world.ledger, at: 20, chunkBytes: 2_000) }
    #expect(throws: SnapshotError.storeNotEmpty) {
      try files.load(into: store, trusting: world.ledger.genesisID, contracts: world.registry)
    }
    #expect(throws: SnapshotError.self) {
      try files.load(into: MemoryStore(), trusting: GenesisID(.zero), contracts: world.registry)
    }
  }

  @Test func damagedAndMissingFilesAreRefusedAndTheRestStays() throws {
    let folder = try Folder()
    let world = try SnapshotWorld(blocks: 20)
    let files = SnapshotFiles(folder("snapshot"))
    let manifest = try files.export(world.ledger, chunkBytes: 2_000)
    let store = MemoryStore()
    for name in try Folder.names(folder("snapshot")) {
      let path = folder("snapshot/\(name)")
      let good = try Folder.read(path)
      for index in stride(from: 0, to: good.count, by: max(1, good.count / 7)) {
        var bad = good
        bad[index] ^= 4
        try Folder.write(bad, path)
        #expect(throws: SnapshotError.self, "\(name), byte \(index)") {
          try files.load(into: store, trusting: world.ledger.genesisID, contracts: world.registry)
        }
      }
      try FileManager.default.removeItem(atPath: path)
      #expect(throws: SnapshotError.self) { try files.load(into: store, trusting: world.ledger.genesisID, contracts: world.registry) }
      // An export goes on: what is good is not written again.
      #expect(try files.export(world.ledger, chunkBytes: 2_000) == manifest)
      #expect(try Folder.read(path) == good)
    }
    #expect(try files.load(into: store, trusting: world.ledger.genesisID, contracts: world.registry).head.height == manifest.height)
  }
}
