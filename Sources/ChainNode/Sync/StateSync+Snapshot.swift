internal import ChainCore
internal import Consensus

// Fetching a snapshot: a manifest from anybody, chunks from everybody who made the same.

extension StateSync {
  mutating func askForManifests(into effects: inout [Effect]) {
    guard download == nil else { return }
    var open = peers.open { $0 == .askManifest }
    for peer in peers.available(now) where open < settings.manifestQuestions {
      ask(.askManifest, peer, into: &effects)
      open += 1
    }
    guard open == 0, !peers.anyMayHaveIt else { return }
    // Nobody has a snapshot: the chain's blocks, then.
    peers.begin()
    phase = .following
    askForBlocks(into: &effects)
  }

  mutating func take(manifest bytes: [UInt8]?, from peer: ReplicaID, into effects: inout [Effect]) {
    guard phase == .choosing, download == nil else { return }
    guard let bytes else { return peers.noteLacking(peer) }
    do throws(SnapshotError) {
      let manifest = try SnapshotImport.manifest(bytes)
      try manifest.verify(genesis: genesis)
      let id = manifest.id(suite: genesis.suite)
      guard !abandoned.contains(id) else { return peers.noteLacking(peer) }
      // An old snapshot is true as well, but a newer one saves blocks; the blocks between must be few enough.
      let certified = target?.checkpoint.height.rawValue ?? 0
      guard manifest.height.rawValue.addingClamped(settings.snapshotLag) >= certified else { return peers.noteLacking(peer) }
      download = Download(manifest: manifest, id: id, offeredBy: peer, progressAt: now)
      peers.begin()
      phase = .fetching
      effects.append(.begin(manifest))
    } catch {
      peers.noteLacking(peer)
      blame(peer, .snapshot(error), into: &effects)
    }
  }

  mutating func noteBegun(_ missing: [Int], into effects: inout [Effect]) {
    download?.missing = missing.sorted()
    finishIfComplete(into: &effects)
  }

  mutating func askForChunks(into effects: inout [Effect]) {
    guard let current = download else { return }
    for peer in peers.available(now) {
      guard let number = download?.missing.first else { return }
      download?.missing.removeFirst()
      ask(.askChunk(height: current.manifest.height, snapshot: current.id, number: UInt32(number)), peer, into: &effects)
    }
    guard !current.storing.isEmpty || download?.missing.isEmpty == false else { return }
    if peers.everybodyLacks, !isChunkOpen, current.storing.isEmpty {
      // The manifest was a lie, or the snapshot is too old by now.
      abandon(into: &effects)
    } else if now.milliseconds(since: current.progressAt) >= settings.stallMs {
      chooseAnew(into: &effects)
    }
  }

  mutating func take(
    chunk number: Int, of snapshot: Digest, _ bytes: [UInt8]?, from peer: ReplicaID, into effects: inout [Effect]
  ) {
    // It may be of a download that was given up.
    guard phase == .fetching, download?.id == snapshot else { return }
    guard let bytes else {
      download?.putBack(number)
      return peers.noteLacking(peer)
    }
    download?.storing[number] = peer
    effects.append(.store(number, bytes))
  }

  mutating func noteStored(_ number: Int, into effects: inout [Effect]) {
    if let peer = download?.storing.removeValue(forKey: number) { peers.noteGood(peer) }
    download?.progressAt = now
    finishIfComplete(into: &effects)
  }

  mutating func noteRefused(_ number: Int?, _ error: SnapshotError, into effects: inout [Effect]) {
    guard let current = download else { return }
    guard let number else {
      // The host cannot import at all.
      return stop(.snapshot(error), into: &effects)
    }
    guard let peer = current.storing[number] else { return }
    download?.storing[number] = nil
    guard case .chunk = error else { return stop(.snapshot(error), into: &effects) }
    download?.putBack(number)
    peers.noteLacking(peer)
    blame(peer, .snapshot(error), into: &effects)
  }

  private mutating func finishIfComplete(into effects: inout [Effect]) {
    guard let current = download, phase == .fetching, current.missing.isEmpty, current.storing.isEmpty, !isChunkOpen else { return }
    phase = .finishing
    effects.append(.finish)
  }

  private var isChunkOpen: Bool {
    peers.open { if case .askChunk = $0 { true } else { false } } > 0
  }

  /// Nobody sends what is missing, and not everybody says why: perhaps the network is cut. What the host has stays, for the same snapshot.
  private mutating func chooseAnew(into effects: inout [Effect]) {
    guard let current = download else { return }
    // Somebody lacks it who is there: then it may be a lie as well.
    if peers.anybodyLacks { abandoned.insert(current.id) }
    download = nil
    peers.begin()
    phase = .choosing
    askForManifests(into: &effects)
  }

  private mutating func abandon(into effects: inout [Effect]) {
    guard let current = download else { return }
    abandoned.insert(current.id)
    download = nil
    peers.begin()
    blame(current.offeredBy, .abandonedSnapshot, into: &effects)
    effects.append(.discard)
    phase = .choosing
    askForManifests(into: &effects)
  }
}

extension StateSync.Download {
  mutating func putBack(_ number: Int) {
    guard !missing.contains(number) else { return }
    missing.insert(number, at: missing.firstIndex { $0 > number } ?? missing.endIndex)
  }
}
