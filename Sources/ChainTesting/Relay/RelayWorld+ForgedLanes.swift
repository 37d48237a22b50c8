internal import ChainCore
internal import CrossChain

// What the thief tells of lanes: marks that nobody proved, packets before their turn, ends that nobody recorded.
extension RelayWorld {
  /// A settled mark for the relay, or a forgotten one for a destination, higher than it is.
  mutating func forgedMark() throws -> RelayThief.Forgery? {
    guard let track = pick({ $0.end == nil }) ?? pick({ _ in true }), let source = place(track.header.lane.source) else { return nil }
    let lane = track.header.lane
    let mark = track.header.sequence + UInt64(random.below(3))
    if random.chance(50) {
      guard let (height, update) = try ground(source, on: 0) else { return nil }
      let proof = try chains[source].ledger.proveRecord(CrossChainState.laneOutKey(lane), at: height)
      var state = proof.value.flatMap { try? LaneOut(canonicalBytes: $0) } ?? LaneOut()
      state.settledBelow = max(state.settledBelow, mark)
      return forgery(
        0, "prune",
        PruneSettled(
          source: lane.source, height: height, update: update, lanes: [ProvenSettled(lane: lane, state: state, proof: proof.proof)]))
    }
    guard let destination = place(lane.destination), let (height, update) = try ground(0, on: destination) else { return nil }
    let proof = try chains[0].ledger.proveRecord(CrossChainState.relayLaneKey(lane), at: height)
    var state = proof.value.flatMap { try? RelayLane(canonicalBytes: $0) } ?? RelayLane()
    state.prunedBelow = max(state.prunedBelow, mark)
    return forgery(
      destination, "prune",
      PruneArrivals(height: height, update: update, lanes: [ProvenPruned(lane: lane, state: state, proof: proof.proof)]))
  }

  /// A true packet of an ordered lane that has to wait for another one.
  mutating func earlyTurn() throws -> RelayThief.Forgery? {
    let packets = packets
    let waiting = pick { track in
      let earlier = PacketKey(lane: track.header.lane, sequence: track.header.sequence - 1)
      return track.header.isOrdered && track.isRelayed && !track.isReceived && !track.isExpired && track.end == nil
        && packets[earlier].map { !$0.isReceived && $0.end == nil } ?? false
    }
    guard let track = waiting, let destination = place(track.header.lane.destination), let source = place(track.header.lane.source),
      let (height, update) = try ground(0, on: destination),
      let packet = try chains[source].ledger.query(CrossChainState.contract, "packet", track.header.key, as: Packet?.self)
    else { return nil }
    let proof = try chains[0].ledger.proveRecord(CrossChainState.relayedKey(track.header.key), at: height).proof
    return forgery(
      destination, "receive", ReceivePackets(height: height, update: update, packets: [ProvenPacket(packet: packet, proof: proof)]))
  }

  /// The end of a packet that the relay has not ended.
  mutating func forgedSkip() throws -> RelayThief.Forgery? {
    guard let track = pick({ $0.header.isOrdered && !$0.isReceived && !$0.isExpired && $0.end == nil }),
      let destination = place(track.header.lane.destination), let (height, update) = try ground(0, on: destination)
    else { return nil }
    let proof = try chains[0].ledger.proveRecord(CrossChainState.outcomeKey(track.header.key), at: height).proof
    let evidence = OutcomeEvidence.recorded(.timedOut, StateProof(end: .present, siblings: proof.siblings))
    return forgery(
      destination, "skip",
      SkipPackets(height: height, update: update, packets: [ProvenOutcome(key: track.header.key, evidence: evidence)]))
  }
}
