// Making a snapshot of a certified height. Chunks are made when they are asked for: nothing is stored.

extension Ledger {
  /// How many keys one read transaction looks at: no read lasts long.
  private static let keysPerRead = 2_000
  /// How many bytes of a chunk are kept for the proof of its range.
  private static let proofBytes = 32 * 1_024

  /// The manifest of a snapshot of `height`; `snapshotChunk(_:of:)` gives its chunks.
  ///
  /// - Throws: `SnapshotError.notCertified`, `.manifest` if the replay window is too long for one, `.ledger` if the height is not kept.
  /// - Complexity: O(state) reads in the memory of one chunk. Keep the manifest as long as chunks are asked for.
  public func snapshot(at height: BlockHeight) throws(SnapshotError) -> SnapshotManifest {
    try snapshot(at: height, chunkBytes: SnapshotManifest.chunkBytes)
  }

  /// As `snapshot(at:)`, with chunks of another size: for tests, whose states are small.
  package func snapshot(at height: BlockHeight, chunkBytes: Int) throws(SnapshotError) -> SnapshotManifest {
    let certificate: CheckpointCertificate?
    let hold: StateHold
    do throws(LedgerError) {
      guard height > 0, height <= head.height else { throw .noSuchHeight(height, head: head.height) }
      hold = try self.hold(height)
      certificate = try self.certificate(at: height)
    } catch {
      throw .ledger(error)
    }
    defer { withExtendedLifetime(hold) {} }
    guard let certificate else { throw .notCertified(height) }
    let manifest: SnapshotManifest
    do throws(LedgerError) {
      let start = SnapshotManifest.windowStart(at: height, parameters: genesis.parameters)
      var window: [HistoryLeaf] = []
      var next = start
      while next < height {
        window.append(try historyLeaf(at: next))
        next = next.next
      }
      manifest = SnapshotManifest(
        genesis: genesisID, certificate: certificate,
        handovers: try handovers(after: genesis.validators.generation).filter { $0.since <= height },
        frontier: try frontier(size: start.rawValue), window: window,
        windowChunks: try windowChunks(from: start, through: height, bytes: chunkBytes),
        stateChunks: try stateChunks(at: height, bytes: max(chunkBytes - Self.proofBytes, chunkBytes / 2)))
    } catch {
      throw .ledger(error)
    }
    let bytes = manifest.canonicalBytes.count
    guard bytes <= SnapshotManifest.byteLimit else { throw .manifest(.tooLarge(bytes: bytes)) }
    return manifest
  }

  /// Chunk `number` of a snapshot that this ledger made.
  ///
  /// - Throws: `SnapshotError.noSuchChunk`, `.ledger` if the height is no longer kept.
  public func snapshotChunk(_ number: Int, of manifest: SnapshotManifest) throws(SnapshotError) -> SnapshotChunk {
    guard (0..<manifest.chunkCount).contains(number) else { throw .noSuchChunk(number, count: manifest.chunkCount) }
    do throws(LedgerError) {
      let hold = try self.hold(manifest.height)
      defer { withExtendedLifetime(hold) {} }
      let starts = manifest.windowChunks
      guard number >= starts.count else {
        return .window(try windowBlocks(from: starts[number], to: number + 1 < starts.count ? starts[number + 1] : manifest.height.next))
      }
      return .state(try stateChunk(number - starts.count, of: manifest))
    } catch {
      throw .ledger(error)
    }
  }

  private func windowChunks(from start: BlockHeight, through last: BlockHeight, bytes limit: Int) throws(LedgerError) -> [BlockHeight] {
    var starts = [start]
    var bytes = 0
    var height = start
    while height <= last {
      let added = try header(at: height).canonicalBytes.count + transactionCount(at: height) * 2 * Digest.byteCount + 4
      if bytes > 0, bytes + added > limit {
        starts.append(height)
        bytes = 0
      }
      bytes += added
      height = height.next
    }
    return starts
  }

  private func windowBlocks(from start: BlockHeight, to end: BlockHeight) throws(LedgerError) -> [WindowBlock] {
    var blocks: [WindowBlock] = []
    var height = start
    while height < end {
      blocks.append(WindowBlock(header: try header(at: height), leaves: try transactionLeaves(at: height)))
      height = height.next
    }
    return blocks
  }

  private func stateChunks(at height: BlockHeight, bytes limit: Int) throws(LedgerError) -> [Digest] {
    var starts: [Digest] = []
    var next = try firstLeaf(at: height)?.keyHash
    while let start = next {
      starts.append(start)
      next = try stateRange(from: start, to: nil, limit: limit, at: height).next?.keyHash
    }
    return starts
  }

  private func firstLeaf(at height: BlockHeight) throws(LedgerError) -> StateLeafDigest? {
    try stateRange(from: .zero, to: nil, limit: 0, at: height).next
  }

  private func stateChunk(_ number: Int, of manifest: SnapshotManifest) throws(LedgerError) -> StateChunk {
    let starts = manifest.stateChunks
    let range = try stateRange(
      from: starts[number], to: number + 1 < starts.count ? starts[number + 1] : nil, limit: .max, at: manifest.height)
    return try reading { reader throws(LedgerError) in
      try LedgerError.wrap {
        StateChunk(
          proof: try StateTree(suite: suite).rangeProof(
            from: number == 0 ? nil : starts[number], to: range.next, at: manifest.height.rawValue, reader: LedgerNodes(reader: reader)),
          records: range.records)
      }
    }
  }

  /// The records of `height` whose keys' hashes are in `start ..< end`, as many as `limit` bytes hold but at least one if that is not 0;
  /// and the leaf after them.
  private func stateRange(
    from start: Digest, to end: Digest?, limit: Int, at height: BlockHeight
  ) throws(LedgerError) -> (records: [SnapshotRecord], next: StateLeafDigest?) {
    var records: [SnapshotRecord] = []
    var bytes = 0
    var last: Digest?
    while true {
      let (found, next): (Int, StateLeafDigest?) = try reading { reader throws(LedgerError) in
        try LedgerError.wrap {
          var found = 0
          var next: StateLeafDigest?
          let nodes = LedgerNodes(reader: reader)
          try StateTree(suite: suite).scanLeaves(at: height.rawValue, from: last ?? start, reader: nodes) { leaf in
            if leaf.keyHash == last { return true }
            let added = leaf.key.count + leaf.value.count + 8
            if end.map({ $0 <= leaf.keyHash }) ?? false || bytes + added > limit && !(records.isEmpty && limit > 0) {
              next = StateLeafDigest(keyHash: leaf.keyHash, valueHash: leaf.valueHash)
              return false
            }
            bytes += added
            records.append(SnapshotRecord(key: leaf.key, value: leaf.value))
            last = leaf.keyHash
            found += 1
            return found < Self.keysPerRead
          }
          return (found, next)
        }
      }
      if next != nil || found < Self.keysPerRead { return (records, next) }
    }
  }
}

extension Ledger {
  /// What the history tree holds of a height.
  func historyLeaf(at height: BlockHeight) throws(LedgerError) -> HistoryLeaf {
    guard height < base else { return HistoryLeaf(try checkpoint(at: height)) }
    let bytes = try reading { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.get(LedgerTables.leaves, LedgerTables.key(height)) }
    }
    guard let bytes else { throw .belowSnapshot(height, base: base) }
    return try LedgerError.decode(bytes, "history leaf \(height)")
  }

  /// The leaves of a block's transactions.
  func transactionLeaves(at height: BlockHeight) throws(LedgerError) -> [WindowBlock.Leaf] {
    if height <= base, base > 0 {
      let bytes = try reading { reader throws(LedgerError) in
        try LedgerError.wrap { try reader.get(LedgerTables.window, LedgerTables.key(height)) }
      }
      guard let bytes else { throw .belowSnapshot(height, base: base) }
      return try LedgerError.decode(bytes, "window block \(height)")
    }
    return try block(at: height).transactions.map { signed in
      WindowBlock.Leaf(
        id: signed.id(genesis: genesisID, suite: suite),
        witness: SignedTransaction.witness(key: signed.key, signature: signed.signature, suite: suite))
    }
  }

  /// How many transactions a block has.
  private func transactionCount(at height: BlockHeight) throws(LedgerError) -> Int {
    let table = height <= base && base > 0 ? LedgerTables.window : LedgerTables.transactions
    let bytes = try reading { reader throws(LedgerError) in
      try LedgerError.wrap { try reader.get(table, LedgerTables.key(height)) }
    }
    guard let bytes else { throw .belowSnapshot(height, base: base) }
    var reader = CanonicalReader(bytes)
    do throws(CanonicalError) {
      return try reader.readCount()
    } catch {
      throw .damaged("\(table.name) \(height): \(error)")
    }
  }

  /// The edge of the history tree over the first `size` heights.
  func frontier(size: UInt64) throws(LedgerError) -> AppendOnlyTree {
    try reading { reader throws(LedgerError) in
      let nodes = HistoryNodes(reader: reader)
      var peaks: [Digest] = []
      var end: UInt64 = 0
      for level in (0..<UInt64(64)).reversed() where size >> level & 1 == 1 {
        guard let peak = try LedgerError.wrap({ try nodes.node(level: UInt8(level), index: end >> level) }) else {
          throw .damaged("history node \(level)/\(end >> level) is missing")
        }
        peaks.append(peak)
        end += 1 << level
      }
      guard let tree = AppendOnlyTree(size: size, peaks: peaks) else { throw .damaged("history of \(size) heights") }
      return tree
    }
  }
}
