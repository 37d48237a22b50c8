internal import ChainCore

// What is missing is asked of one peer after the other; what others miss is given, within limits.

extension SimplexNode {
  /// How many blocks are asked for at once when catching up.
  static var blocksAtOnce: UInt8 { 32 }
  /// After so long another peer is asked: not the grown D, or nothing would be here before the view is over.
  var fetchMs: UInt64 { max(2 * configuration.delayMs, delayMs / 4) }
  /// How many fetches of one peer are answered within D.
  static var fetchLimit: Int { 128 }

  private var needs: [Need] {
    var found: [Need] = []
    if let missing = missingOutput { found.append(missing) }
    guard let state = views[current] else { return leaderNeeds + found }
    if let proposal = state.proposal, state.ownNotarize == nil, !state.ownNullify {
      if blocks[proposal.blockID] == nil { found.append(.block(BlockReference(height: 0, id: proposal.blockID))) }
      if case .missing(let more) = parent(at: proposal.parentView, below: current) { found += more }
    }
    return found + leaderNeeds
  }

  private var leaderNeeds: [Need] {
    guard let voter, leaders.leader(of: current) == voter, timersFrom != nil else { return [] }
    var view = min(highestNotarized, current.previous)
    while view > final, views[view]?.certified == nil { view = view.previous }
    if case .missing(let needs) = parent(at: max(view, final), below: current) { return needs }
    return []
  }

  /// Asks for what is missing: each thing of one peer at a time, one thing outstanding per peer.
  mutating func fetchWhatIsMissing() {
    let needs = needs
    if needs.isEmpty, attempts.isEmpty { return }
    for peer in peers.indices {
      guard let request = peers[peer].request else { continue }
      if !needs.contains(request.need) || now.milliseconds(since: request.at) >= fetchMs { peers[peer].request = nil }
    }
    attempts = attempts.filter { needs.contains($0.key) }
    for need in needs where !peers.contains(where: { $0.request?.need == need }) {
      guard let peer = nextPeer(for: need) else { continue }
      peers[peer].request = (need, now)
      switch need {
      case .view(let view): send(.fetchView(view), to: peer)
      case .block(let reference): send(.fetchBlocks(reference, count: Self.blocksAtOnce), to: peer)
      }
    }
  }

  /// The leader first, who should have it, then the others in turn.
  private mutating func nextPeer(for need: Need) -> Int? {
    let first = leaders.leader(of: current)
    for _ in replicas.indices {
      let attempt = attempts[need, default: 0]
      attempts[need] = attempt + 1
      let peer = (first + attempt) % replicas.count
      if replicas[peer] != configuration.id, peers[peer].request == nil { return peer }
    }
    return nil
  }

  /// Takes blocks that were asked for; each is checked against the id that the one above names.
  mutating func receive(_ found: [Block], from peer: Int) {
    guard let first = found.first else { return refuse(.unasked) }
    if case .block? = peers[peer].request?.need { peers[peer].request = nil }
    // An answer may be late, when another was asked already: what counts is that it is still needed.
    let firstID = id(of: first)
    let isNeeded = needs.contains { if case .block(let reference) = $0 { reference.id == firstID } else { false } }
    guard isNeeded else { return refuse(.unasked) }
    var expected = firstID
    for block in found {
      guard blocks[expected] == nil else { break }
      guard id(of: block) == expected, isWhole(block) else { return refuse(.wrongBlock) }
      guard block.header.height > output.height else { break }
      blocks[expected] = block
      expected = block.header.parent
    }
  }

  private mutating func mayFetch(_ peer: Int) -> Bool {
    if now.milliseconds(since: peers[peer].countedFrom) >= delayMs {
      peers[peer].countedFrom = now
      peers[peer].fetches = 0
    }
    guard peers[peer].fetches < Self.fetchLimit else {
      refuse(.fetchFlood)
      return false
    }
    peers[peer].fetches += 1
    return true
  }

  mutating func serve(_ view: View, to peer: Int) {
    guard mayFetch(peer) else { return }
    sendCertificates(of: view, to: peer)
  }

  private mutating func sendCertificates(of view: View, to peer: Int) {
    if view <= final, let finalization { return send(.certificate(finalization), to: peer) }
    guard let state = views[view] else { return }
    for kind in VoteKind.allCases {
      if let certificate = state[certificate: kind] { send(.certificate(certificate), to: peer) }
    }
  }

  mutating func serve(_ reference: BlockReference, count: Int, to peer: Int) {
    guard count > 0, mayFetch(peer) else { return }
    var found: [Block] = []
    var bytes = 0
    var id = reference.id
    while found.count < min(count, SimplexMessage.blockLimit), let block = blocks[id] {
      bytes += block.transactions.reduce(0) { $0 + $1.transaction.arguments.count + 256 }
      guard found.isEmpty || bytes <= 2 << 20 else { break }
      found.append(block)
      id = block.header.parent
    }
    if !found.isEmpty {
      send(.blocks(found), to: peer)
    } else if reference.height <= output.height {
      out.append(.provide(reference, count: min(count, SimplexMessage.blockLimit), to: replicas[peer]))
    }
  }

  /// Who still votes in a view that this replica left is told what ended it; not each time.
  mutating func answerLate(_ view: View, to peer: Int) {
    if let last = peers[peer].answered, last.view == view, now.milliseconds(since: last.at) < delayMs { return }
    peers[peer].answered = (view, now)
    sendCertificates(of: view, to: peer)
  }
}
