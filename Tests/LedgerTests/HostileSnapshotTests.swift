import ChainCore
import ChainTesting
import Testing

@Suite struct HostileSnapshots {
  /// Adds every chunk; returns the first error, or `nil` if the import would succeed.
  func outcome(_ world: SnapshotWorld, _ manifest: SnapshotManifest, _ chunks: [[UInt8]]) -> SnapshotError? {
    do throws(SnapshotError) {
      var snapshot = try SnapshotImport(manifest, into: MemoryStore(), genesis: world.genesis, contracts: world.registry)
      for (number, bytes) in chunks.enumerated() { try snapshot.add(bytes, as: number) }
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: CryptoSuite.allCases) func everyByteOfAChunkCounts(suite: CryptoSuite) throws {
    let world = try SnapshotWorld(suite, blocks: 20)
    let (manifest, chunks) = try world.export(chunkBytes: 3_000)
    #expect(manifest.windowChunks.count > 1 && manifest.stateChunks.count > 3)
    var seen = 0
    let store = MemoryStore()
    var snapshot = try world.begin(manifest, in: store)
    // All bytes of the first and last chunks of both kinds, some of the others.
    let whole = [0, manifest.windowChunks.count, chunks.count - 1]
    for (number, bytes) in chunks.enumerated() {
      for index in stride(from: 0, to: bytes.count, by: whole.contains(number) ? 1 : 31) {
        var flipped = bytes
        flipped[index] ^= 1 << UInt8(index % 8)
        do throws(SnapshotError) {
          try snapshot.add(flipped, as: number)
          Issue.record("chunk \(number), byte \(index)")
        } catch {
          guard case .chunk(number, _) = error else {
            Issue.record("chunk \(number), byte \(index): \(error)")
            continue
          }
          seen += 1
        }
      }
    }
    #expect(seen > 4_000)
    // Nothing of the false ones stayed: the good ones make the same ledger.
    #expect(snapshot.missing.count == chunks.count)
    for (number, bytes) in chunks.enumerated() { try snapshot.add(bytes, as: number) }
    let ledger = try snapshot.finish()
    #expect(try ledger.recordCount() == world.ledger.recordCount())
  }

  @Test func everyByteOfAManifestCounts() throws {
    let world = try SnapshotWorld(blocks: 20)
    let (manifest, chunks) = try world.export(chunkBytes: 6_000)
    let bytes = manifest.canonicalBytes
    var seen: Set<String> = []
    for index in bytes.indices {
      var flipped = bytes
      flipped[index] ^= 1 << UInt8(index % 8)
      do throws(SnapshotError) {
        let lie = try SnapshotImport.manifest(flipped)
        let error = outcome(world, lie, chunks)
        #expect(error != nil, "byte \(index)")
        if let error { throw error }
      } catch {
        seen.insert(String("\(error)".prefix(40)))
      }
    }
    #expect(seen.count > 6)
  }

  @Test func keysCannotBeDroppedAddedReorderedOrRepeated() throws {
    let world = try SnapshotWorld(blocks: 20)
    let (manifest, chunks) = try world.export(chunkBytes: 3_000)
    let foreign = SnapshotRecord(key: StateKey(contract: "notes", table: "notes", key: UInt64(77_777)).bytes, value: [1])
    let first = manifest.windowChunks.count
    for number in [first, first + 1, chunks.count - 1] {
      guard case .state(let chunk) = try SnapshotChunk(canonicalBytes: chunks[number]) else { throw SnapshotError.chunk(number, .kind) }
      func fault(_ change: (inout StateChunk) -> Void) -> ChunkFault? {
        var changed = chunk
        change(&changed)
        var all = chunks
        all[number] = SnapshotChunk.state(changed).canonicalBytes
        guard case .chunk(number, let fault) = outcome(world, manifest, all) else { return nil }
        return fault
      }
      let count = chunk.records.count
      for index in 0..<count {
        #expect(fault { $0.records.remove(at: index) } != nil)
        #expect(fault { $0.records.insert($0.records[index], at: index) } != nil)
        if index > 0 { #expect(fault { $0.records.swapAt(index, index - 1) } != nil) }
        #expect(fault { $0.records[index].value.append(0) } != nil)
        #expect(fault { $0.records[index].key.append(0) } != nil)
      }
      #expect(fault { $0.records = [] } == .start)
      #expect(fault { $0.records.append(foreign) } != nil)
      let hash = { world.ledger.suite.hash($0) }
      #expect(fault { $0.records = ($0.records + [foreign]).sorted { hash($0.key) < hash($1.key) } } != nil)
      // A chunk that ends early or claims to be the last.
      #expect(fault { $0.proof = StateRangeProof(next: nil, left: $0.proof.left, right: nil) } != nil || number == chunks.count - 1)
    }
    #expect(outcome(world, manifest, [chunks[first]]) == .chunk(0, .kind))
    #expect(outcome(world, manifest, Array(chunks[..<first]) + [chunks[0]]) == .chunk(first, .kind))
    #expect(outcome(world, manifest, Array(chunks[..<first]) + [chunks[first + 1]]) == .chunk(first, .start))
    #expect(outcome(world, manifest, chunks + [chunks[0]]) == .noSuchChunk(chunks.count, count: chunks.count))
    // Divisions that leave out a part, or cut at a key that is none.
    for change: (inout SnapshotManifest) -> Void in [
      { $0.stateChunks.removeLast() }, { $0.stateChunks.removeFirst() }, { $0.stateChunks.remove(at: 1) }, { $0.windowChunks.removeLast() },
      { $0.stateChunks[1] = hash(1) },
    ] {
      var lie = manifest
      change(&lie)
      #expect(outcome(world, lie, chunks) != nil)
    }
    func hash(_ byte: UInt8) -> Digest { world.ledger.suite.hash([byte]) }
  }

  @Test func noChunkCanBeMissingFromManifestAndChunks() throws {
    let world = try SnapshotWorld(blocks: 20)
    let (manifest, chunks) = try world.export(chunkBytes: 3_000)
    let first = manifest.windowChunks.count
    #expect(manifest.stateChunks.count > 3)
    func fault(without number: Int) -> SnapshotError? {
      var lie = manifest
      lie.stateChunks.remove(at: number - first)
      var rest = chunks
      rest.remove(at: number)
      return outcome(world, lie, rest)
    }
    #expect(fault(without: first) == .chunk(first, .start))
    #expect(fault(without: first + 1) == .chunk(first, .end))
    #expect(fault(without: chunks.count - 1) == .chunk(chunks.count - 2, .end))
    var lie = manifest
    lie.windowChunks.removeLast()
    #expect(outcome(world, lie, Array(chunks[..<(first - 1)] + chunks[first...])) == .chunk(first - 2, .end))
  }

  @Test func aFrontierOfAnotherSizeMayHaveTheRightRoot() throws {
    // A root does not tell a tree's size: the one peak of 32 heights, called one of 64, leads to the certified root.
    var world = try SnapshotWorld(blocks: 0, window: 20)
    while world.ledger.head.height < 51 { try world.step() }
    var (manifest, _) = try world.export()
    #expect(manifest.frontier.size == 32 && outcome(world, manifest, []) == nil)
    manifest.frontier = try #require(AppendOnlyTree(size: 64, peaks: manifest.frontier.peaks))
    #expect(outcome(world, manifest, []) == .manifest(.window))
  }

  @Test func onlyCertifiedHeightsOfThisChain() throws {
    var world = try SnapshotWorld(blocks: 20)
    let (manifest, chunks) = try world.export()
    func fault(_ change: (inout SnapshotManifest) throws -> Void) throws -> ManifestFault? {
      var changed = manifest
      try change(&changed)
      guard case .manifest(let fault) = outcome(world, changed, []) else { return nil }
      return fault
    }
    let chain = world.chain
    #expect(outcome(world, manifest, []) == nil)
    #expect(
      try fault { $0.certificate = try chain.certify($0.checkpoint, signers: [0]) }
        == .uncertified(.insufficientWeight(signed: 1, total: 3)))
    #expect(try fault { $0.certificate.signatures[0] = try world.clerk.key.sign(.zero) } == .uncertified(.badSignature(index: 0)))
    #expect(
      try fault {
        $0.certificate.checkpoint.stateRoot = .zero
      } == .uncertified(.badSignature(index: 0)))
    // A quorum that lies about who signs next: the state that it certified says otherwise.
    var lie = manifest
    lie.certificate.checkpoint.validatorSetHash = .zero
    lie.certificate = try chain.certify(lie.checkpoint)
    var snapshot = try SnapshotImport(lie, into: MemoryStore(), genesis: world.genesis, contracts: world.registry)
    for (number, bytes) in chunks.enumerated() { try snapshot.add(bytes, as: number) }
    #expect(throws: SnapshotError.manifest(.validatorSet)) { try snapshot.finish() }
    let stranger = try ValidatorSet(generation: 2, rule: .moreThanHalf, members: chain.genesis.validators.members)
    #expect(
      try fault { $0.handovers = [Handover(certificate: $0.certificate, next: stranger)] } == .handover(index: 0, .otherSet))
    #expect(
      try fault {
        $0.certificate.checkpoint.chain = "elsewhere"
        $0.certificate = try chain.certify($0.checkpoint)
      } == .checkpoint)
    #expect(try fault { $0.version = 2 } == .version(2))
    #expect(try fault { $0.window.removeLast() } == .window)
    #expect(try fault { $0.window[3].stateRoot = .zero } == .historyRoot)
    #expect(try fault { $0.window.swapAt(2, 3) } == .window)
    #expect(try fault { $0.windowChunks = [] } == .windowChunks)
    #expect(try fault { $0.stateChunks = [] } == .stateChunks)
    #expect(try fault { $0.stateChunks.swapAt(0, 1) } == .stateChunks)
    let other = try SoloChain(SnapshotWorld.contracts, seed: 9)
    #expect(throws: SnapshotError.otherGenesis(expected: other.ledger.genesisID, found: world.ledger.genesisID)) {
      try SnapshotImport(manifest, into: MemoryStore(), genesis: other.genesis, contracts: other.founding.registry)
    }
    var without = try SnapshotImport(manifest, into: MemoryStore(), genesis: world.genesis, contracts: try ContractRegistry([]))
    for (number, bytes) in chunks.enumerated() { try without.add(bytes, as: number) }
    let missing = MissingContract(contract: "notes", version: 1, manifest: world.genesis.contracts[0].manifest, from: 0)
    #expect(throws: SnapshotError.ledger(.missingContract(missing))) { try without.finish() }
    #expect(throws: SnapshotError.storeNotEmpty) {
      let store = MemoryStore()
      _ = try Ledger(store: store, genesis: world.genesis, contracts: world.registry)
      _ = try world.begin(manifest, in: store)
    }
    // A height that nobody certified cannot be exported.
    let head = world.ledger.head
    let block = Block(
      on: head.header, parentID: head.blockID, time: world.chain.time, proposer: world.clerk.id, transactions: [],
      genesis: world.ledger.genesisID, suite: world.ledger.suite)
    try world.ledger.commit(block, position: 1)
    #expect(throws: SnapshotError.notCertified(head.height.next)) { try world.ledger.snapshot(at: head.height.next) }
    #expect(throws: SnapshotError.ledger(.noSuchHeight(0, head: head.height.next))) { try world.ledger.snapshot(at: 0) }
    world.chain.time = world.chain.time.advanced(byMilliseconds: 1_000)
  }
}
