internal import ChainCore
internal import Consensus

// One step of one replica: its effects are carried out, then every promise is checked.
extension RaftWorld {
  mutating func step(_ index: Int, _ events: [RaftNode.Event]) throws {
    guard var node = replicas[index].node, !events.isEmpty else { return }
    replicas[index].node = nil
    steps += 1
    var effects: [RaftNode.Effect] = []
    node.step(contentsOf: events, into: &effects)
    for event in events.dropLast() { recent.append(.step(index, event, []), at: now) }
    recent.append(.step(index, events[events.count - 1], effects), at: now)
    var appliedSome = false
    for effect in effects { try carryOut(effect, index, node, appliedSome: &appliedSome) }
    let status = node.status
    try check(checker.stepped(index, status, node, disks: disks, pendingFrom: replicas[index].pendingFrom))
    noteRole(index, status)
    mix(UInt64(index) &+ UInt64(effects.count) << 8 &+ status.term.rawValue << 32)
    mix(status.commit.rawValue &+ status.lastIndex.rawValue << 20 &+ status.durable.rawValue << 40)
    replicas[index].node = node
    if appliedSome { try step(index, [.applied(through: replicas[index].applied)]) }
  }

  private mutating func noteRole(_ index: Int, _ status: RaftStatus) {
    if replicas[index].role == .leader, status.role == .follower, status.term == replicas[index].term {
      note(status.configuration.voters.contains(status.id) ? .quorumLost : .leaderRemoved)
    }
    if replicas[index].role != .leader, status.role == .leader, replicas.contains(where: { $0.role == .leader }) { note(.twoLeaders) }
    enter(.role, index)
    if replicas[index].role != .leader, status.role == .leader, !isHealed, random.chance(faults.shortReigns) {
      let ticks = random.below(8)
      if strikes(.shortReign, index, for: ticks) { reign = (index, now + ticks) }
    }
    if replicas[index].role != .leader, status.role == .leader, !isHealed, !hoard[index].isEmpty {
      note(.ambush)
      let isStruck = strikes(.ambush, index, for: hoard[index].count)
      for message in hoard[index] where isStruck { flying[now + 1 + random.below(20), default: []].append(message) }
      hoard[index] = []
    }
    replicas[index].role = status.role
    replicas[index].term = status.term
  }

  private mutating func carryOut(_ effect: RaftNode.Effect, _ index: Int, _ node: RaftNode, appliedSome: inout Bool) throws {
    switch effect {
    case .persist(let batch): persist(batch, index)
    case .send(let message):
      try check(
        checker.promise(message, disk: disks[index], pendingFrom: replicas[index].pendingFrom, node: node, replica: index))
      if case .appendRejected = message.body { note(.rejection) }
      if case .requestVote(_, _, transfer: true) = message.body { note(.transfer) }
      send(message, from: index)
    case .apply(let entries):
      for entry in entries {
        try check(checker.applied(entry, replica: index))
        switch entry.kind {
        case .normal: note(.commit)
        case .configuration: note(checker.membership.isJoint ? .joint : .membership)
        case .noop: break
        }
        if entry.term < node.status.term { note(.oldTermCommitted) }
        replicas[index].applied = entry.index
        mix(entry.index.rawValue &* 31 &+ entry.term.rawValue)
      }
      enter(.apply, index)
      // The state machine writes lazily, and never ahead of what it applied.
      if random.chance(50) { replicas[index].appliedDurable = replicas[index].applied }
      appliedSome = true
    case .proposalPlaced(let id, let first, let term):
      proposals[id]?.first = first
      proposals[id]?.term = term
    case .proposalDropped(let id, let reason): try drop(id, reason, node)
    case .readSnapshotChunk(let meta, let offset, let count, let peer): readChunk(meta, offset, count, peer, index)
    case .storeSnapshotChunk(let meta, let offset, let bytes): try storeChunk(meta, offset, bytes, index)
    case .installSnapshot(let meta): enqueue(.install(meta), index)
    case .readReady(let id, let at): try finishRead(id, at: at, index)
    case .readDropped(let id): try finishRead(id, at: nil, index)
    case .roleChanged(let role, _, _):
      guard role == .leader else { return }
      note(checker.leaderCount == 0 ? .leader : .leaderChange)
      try check(checker.becameLeader(index, node))
    case .fault(let fault): throw failure("replica \(index) stopped: \(fault)")
    @unknown default: throw failure("replica \(index) did what this world does not know: \(effect)")
    }
  }

  private mutating func persist(_ batch: PersistBatch, _ index: Int) {
    if let from = batch.truncateFrom, replicas[index].writing.contains(where: { ($0.batch.entries.last?.index ?? 0) >= from }) {
      note(.overwriteInFlight)
    }
    let earliest = replicas[index].writing.last?.due ?? now
    enter(.disk, index)
    var delay = isHealed ? 1 : random.below(faults.diskDelay + 1)
    if !isHealed, index == slowest { delay += random.below(faults.slowDisk) }
    if !isHealed, delay > 0, !strikes(.slowDisk, index, for: delay) { delay = 0 }
    if delay >= 10 { note(.slowDisk) }
    let free = isHealed ? 0 : replicas[index].diskHangsUntil
    replicas[index].writing.append(Writing(due: max(earliest, free, now + delay), batch: batch))
    mix(batch.sequence)
  }

  private mutating func drop(_ id: ProposalID, _ reason: ProposalDropReason, _ node: RaftNode) throws {
    guard let proposal = proposals[id] else { return }
    var lost = proposal.payloads[...]
    switch reason {
    case .overwritten(let from):
      note(.overwritten)
      // What stands before the first overwritten entry was committed.
      guard let first = proposal.first, from >= first else { throw failure("proposal \(id) overwritten from \(from), where it was not") }
      try check(checker.overwritten(from: from, placedIn: proposal.term, node))
      lost = lost.dropFirst(Int(from.rawValue - first.rawValue))
      if lost.isEmpty { throw failure("proposal \(id) was reported overwritten from \(from), after its end") }
    // It may have been applied: nothing was promised.
    case .coveredBySnapshot: return
    case .uncommittedLimit: note(.refused)
    case .changeInProgress, .termNotCommitted, .invalidChange, .learnerBehind: note(.changeRefused)
    default: break
    }
    for payload in lost { try check(checker.dropped(payload)) }
  }

  private mutating func send(_ message: RaftMessage, from index: Int) {
    guard let target = places[message.to] else { return }
    let link = index * replicas.count + target
    enter(.send, index, target)
    if blocked.contains(link) {
      guard random.chance(faults.keptMessages), strikes(.keptMessage, index, target) else { return }
      note(.keptMessage)
      return arrive(message, at: healsAt + 1 + random.below(faults.delay), link)
    }
    if isHealed { return arrive(message, at: now + 1, link) }
    if isAnswer(message), random.chance(faults.ambushes) {
      if hoard[target].count < 60 {
        hoard[target].append(message)
      } else {
        hoard[target][random.below(60)] = message
      }
    }
    if random.chance(faults.loss), strikes(.loss, index, target) { return note(.loss) }
    arrive(message, at: now + 1 + drawn(faults.delay, as: .delay, index, target), link)
    if random.chance(faults.repetition), strikes(.repetition, index, target) {
      note(.repetition)
      arrive(message, at: now + 1 + random.below(faults.delay), link)
    }
    if random.chance(faults.lateCopies) {
      let ticks = 20 + random.below(200)
      guard strikes(.lateCopy, index, target, for: ticks) else { return }
      note(.lateCopy)
      flying[now + ticks, default: []].append(message)
    }
  }

  private func isAnswer(_ message: RaftMessage) -> Bool {
    switch message.body {
    case .appendAccepted, .voteResponse: true
    default: false
    }
  }

  private mutating func arrive(_ message: RaftMessage, at tick: Int, _ link: Int) {
    if tick < lastArrival[link] { note(.overtaking) }
    lastArrival[link] = tick
    flying[tick, default: []].append(message)
  }
}
