internal import ChainCore

// The second executor begins again with a snapshot of the first: another history of writes, the same roots.
extension LedgerWorld {
  /// Imports a snapshot of some certified height into an empty store; power may fail at any write of it.
  mutating func beginWithSnapshot() throws {
    try guarded(0) { world throws in try world.importSnapshot() }
    try catchUp(1)
  }

  private mutating func importSnapshot() throws {
    let source = nodes[0].ledger
    guard let height = nodes[0].certificates.last else { return }
    steps += 1
    let manifest = try source.snapshot(at: height, chunkBytes: 1_024)
    let store = SimulatedStore()
    var importing = Node(store: store, ledger: source, answered: height)
    log("L1 begins with a snapshot of \(height), \(manifest.chunkCount) chunks")
    try fill(&importing, manifest, from: source)
    nodes[1] = importing
    note(.snapshot)
    nodes[1].certificates = [height]
    nodes[1].durableCertificates = 1
    try check(1, height)
    // Its transactions are all below the snapshot now; most are within the window still.
    for _ in 0..<3 { try replay(1, height.next) }
  }

  private mutating func fill(_ node: inout Node, _ manifest: SnapshotManifest, from source: Ledger) throws {
    var crashes = 0
    while true {
      do throws(SnapshotError) {
        var snapshot = try begun(node.store, manifest)
        for number in snapshot.missing {
          let chunk = try source.snapshotChunk(number, of: manifest)
          if crashes < 6, random.chance(faults.crashes[1]) { node.store.arm(drawCrash()) }
          try snapshot.add(chunk.canonicalBytes, as: number)
        }
        if crashes < 6, random.chance(faults.crashes[1]) { node.store.arm(drawCrash(), afterWrites: random.below(3)) }
        node.ledger = try snapshot.finish(position: manifest.height.rawValue)
        node.store.arm(nil)
        return
      } catch {
        guard node.store.isDead else { throw error }
        crashes += 1
        note(.crashInImport)
        log("L1: power fails during the import")
        node.store = try node.store.reopened()
        // The last write may have been the one that made it a chain.
        if try isWhole(node.store) {
          node.ledger = try Ledger(store: node.store, genesis: founding.genesis, contracts: founding.registry)
          return
        }
      }
    }
  }

  /// Goes on with what the store has, or begins.
  private func begun(_ store: SimulatedStore, _ manifest: SnapshotManifest) throws(SnapshotError) -> SnapshotImport {
    if let begun = try SnapshotImport(resuming: store, genesis: founding.genesis, contracts: founding.registry) { return begun }
    return try SnapshotImport(manifest, into: store, genesis: founding.genesis, contracts: founding.registry)
  }

  private func isWhole(_ store: SimulatedStore) throws -> Bool {
    do throws(LedgerError) {
      _ = try Ledger.genesis(in: store)
      return true
    } catch .empty {
      return false
    }
  }

  mutating func drawCrash() -> StoreFault {
    random.chance(30) ? .crashAfterCommit : .crash(atChange: random.below(20))
  }
}
