internal import ChainCore
internal import Consensus

// Fetching blocks above the head: one peer at a time, each answer with a certificate of its last block.

extension StateSync {
  mutating func askForBlocks(into effects: inout [Effect]) {
    guard executing == nil, peers.open({ if case .askBlocks = $0 { true } else { false } }) == 0 else { return }
    guard let target, headHeight < target.checkpoint.height else { return askForStatus(into: &effects) }
    guard let peer = peers.available(now).first else {
      // Nobody has these blocks: other peers, or more of them, may come.
      if !peers.anyMayHaveIt { phase = .idle(until: now.advanced(byMilliseconds: settings.statusMs)) }
      return
    }
    ask(.askBlocks(from: headHeight.next), peer, into: &effects)
  }

  mutating func take(
    _ blocks: [Block], _ certificate: CheckpointCertificate?, from peer: ReplicaID, into effects: inout [Effect]
  ) {
    guard phase == .following, executing == nil else { return }
    guard !blocks.isEmpty else { return peers.noteLacking(peer) }
    // The engine may have executed some of them meanwhile.
    let ahead = Array(blocks.drop { $0.header.height <= headHeight })
    guard let first = ahead.first else { return }
    guard let certificate, first.header.height == headHeight.next, links(ahead, to: certificate) else {
      peers.noteLacking(peer)
      return blame(peer, .blocks, into: &effects)
    }
    do throws(CheckpointCertificateError) {
      try certificate.verify(in: validators(signing: certificate.checkpoint.height), genesis: genesisID, suite: genesis.suite)
    } catch {
      peers.noteLacking(peer)
      return blame(peer, .certificate(error), into: &effects)
    }
    // A quorum's chain stands on another block than this ledger's head.
    guard first.header.parent == headID else { return stop(.ledger(.diverged(headHeight)), into: &effects) }
    executing = certificate.checkpoint.height
    effects.append(.execute(ahead, certificate))
  }

  /// Whether each block is the parent of the next, the last is the certificate's, and transactions are those of the headers: then a quorum
  /// stands for all of them.
  private func links(_ blocks: [Block], to certificate: CheckpointCertificate) -> Bool {
    var expected = certificate.checkpoint.blockID
    var height = certificate.checkpoint.height
    for block in blocks.reversed() {
      guard block.header.height == height, block.header.id(genesis: genesisID, suite: genesis.suite) == expected else { return false }
      guard Block.transactionsRoot(of: block.transactions, genesis: genesisID, suite: genesis.suite) == block.header.transactionsRoot
      else { return false }
      expected = block.header.parent
      height = height.previous
    }
    return true
  }

  /// The id that the next block's parent must have.
  private var headID: BlockID { head?.id ?? genesis.header.id(genesis: genesisID, suite: genesis.suite) }

  mutating func noteHead(_ block: BlockReference, into effects: inout [Effect]) {
    if head.map({ block.height > $0.height }) ?? true { head = block }
    noteLedger()
    if executing == nil, phase != .finishing { hasEngineMoved = true }
    if let executing, block.height >= executing {
      self.executing = nil
      // From now on the engine can fill what is left.
      isUrgent = false
    }
    guard phase == .finishing else { return }
    download = nil
    peers.begin()
    phase = .following
  }

  mutating func noteFailed(_ failure: SyncFailure, into effects: inout [Effect]) {
    stop(failure, into: &effects)
  }
}
