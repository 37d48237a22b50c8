internal import ChainCore
internal import Consensus

// What goes wrong: partitions, crashes, pauses; and how a replica comes back.
extension RaftWorld {
  mutating func makeFaults() throws {
    enter(.partition)
    if blocked.isEmpty, random.below(1_000) < faults.partitions {
      try beginPartition()
      enter(.healing)
      healsAt = now + 5 + random.below(80)
    } else if !blocked.isEmpty, now >= healsAt {
      blocked = []
    }
    if let reign, reign.until <= now {
      self.reign = nil
      try endReign(reign.leader)
    }
    if let comeback, comeback.at <= now {
      self.comeback = nil
      if isRunning(comeback.leader) { try step(comeback.leader, [.campaignRequested]) }
    }
    enter(.leaderCrash)
    if faults.leaderCrashes > random.below(1_000), let leader, strikes(.crash, leader) { try crash(leader) }
    for index in replicas.indices where replicas[index].node != nil {
      enter(.member, index)
      if random.below(1_000) < faults.crashes {
        if strikes(.crash, index) { try crash(index) }
      } else if replicas[index].pausedUntil <= now, random.below(1_000) < faults.pauses {
        let ticks = 2 + random.below(40)
        guard strikes(.pause, index, for: ticks) else { continue }
        replicas[index].pausedUntil = now + ticks
        note(.pause)
        log("R\(index) pauses until \(replicas[index].pausedUntil)")
      } else if isRunning(index), random.below(1_000) < faults.campaigns, strikes(.campaign, index) {
        try step(index, [.campaignRequested])
      }
    }
  }

  /// Whose disk is slow now; it moves on after some time.
  var slowest: Int { (replicas.count - now / 100 % replicas.count) % replicas.count }

  private var leader: Int? { replicas.indices.filter { isRunning($0) }.max { leadership($0) < leadership($1) } }

  private func leadership(_ index: Int) -> Term { replicas[index].role == .leader ? replicas[index].term : 0 }

  private mutating func endReign(_ leader: Int) throws {
    guard replicas[leader].node != nil else { return }
    enter(.reign, leader)
    note(.shortReign)
    if random.chance(30) { return try crash(leader) }
    let count = replicas.count
    // With the slow one beside it, what it writes there is overwritten while the disk still has it in work.
    let other = random.chance(50) ? slowest : (leader + 1 + random.below(count - 1)) % count
    let companion = random.chance(70) ? other : leader
    blocked = []
    for inside in leader == companion ? [leader] : [leader, companion] {
      for outside in 0..<count where outside != leader && outside != companion {
        blocked.insert(inside * count + outside)
        blocked.insert(outside * count + inside)
      }
    }
    healsAt = now + 10 + random.below(50)
    if random.chance(50) { replicas[companion].diskHangsUntil = healsAt + 5 + random.below(20) }
    if random.chance(50) {
      // It sleeps through the election of the next, and wakes up cut off: it still believes to lead.
      replicas[leader].pausedUntil = now + 15 + random.below(25)
      healsAt = replicas[leader].pausedUntil + 5 + random.below(15)
      note(.pause)
    }
    // Led again after others overwrote its log, it may still get answers to what it sent then.
    comeback = (leader, healsAt + 10 + random.below(40))
    log("R\(leader) is left alone with R\(companion) until \(healsAt)")
  }

  private mutating func beginPartition() throws {
    // A rotation that differs from run to run, so that not always the same ones are cut off.
    // Half of them begin at the leader: what it had under way is what others must not lose or repeat.
    let shift = (random.chance(50) ? leader : nil) ?? random.below(replicas.count)
    func place(_ index: Int, _ count: Int) -> Int { (index + shift) % count }
    let count = replicas.count
    func cut(_ one: Int, _ other: Int, isOneWay: Bool = false) {
      blocked.insert(place(one, count) * count + place(other, count))
      if !isOneWay { blocked.insert(place(other, count) * count + place(one, count)) }
    }
    switch random.below(6) {
    case 0:
      note(.bridge)
      // Replica 0 sees all; the halves do not see each other.
      for one in 1..<(1 + count / 2) { for other in (1 + count / 2)..<count { cut(one, other) } }
    case 1:
      note(.linkCut)
      for _ in 0...random.below(count) {
        let one = random.below(count)
        cut(one, (one + 1 + random.below(count - 1)) % count, isOneWay: random.chance(50))
      }
    case let kind:
      let size = 1 + random.below(count - 1)
      let isOneWay = kind == 2
      note(isOneWay ? .oneWayPartition : .partition)
      let isReversed = random.chance(50)
      for inside in 0..<size {
        for outside in size..<count { isReversed ? cut(outside, inside, isOneWay: isOneWay) : cut(inside, outside, isOneWay: isOneWay) }
      }
    }
    let links = blocked.sorted().map { "\($0 / count)→\($0 % count)" }.joined(separator: " ")
    guard strikes(.partition, detail: links) else { return blocked = [] }
    log("links cut: \(links)")
    // Some transports notice.
    guard random.chance(30), strikes(.unreachable) else { return }
    for link in blocked.sorted() where isRunning(link / count) {
      try step(link / count, [.peerUnreachable(replicas[link % count].id)])
    }
  }

  mutating func crash(_ index: Int) throws {
    enter(.crash, index)
    let writing = replicas[index].writing
    let kept = random.below(writing.count + 1)
    for item in writing[..<kept] { try write(item.batch, index) }
    if kept > 0 { note(.unreportedWrites) }
    if kept < writing.count { note(.lostWrites) }
    if random.chance(50), disks[index].loseUnsynced() { note(.lostHint) }
    if case .install(let meta) = replicas[index].works.first?.work, kept == writing.count, random.chance(50) {
      _ = try install(meta, index)
    }
    let id = replicas[index].id
    let (applied, durable) = (replicas[index].applied, replicas[index].appliedDurable)
    if durable < applied { note(.appliedAgain) }
    for (read, asked) in reads where asked.replica == index { reads[read] = nil }
    replicas[index] = Replica(id: id, applied: durable, appliedDurable: durable, restartAt: now + 1 + random.below(40))
    log("R\(index) crashes, \(writing.count - kept) writes lost, applied again from \(durable)")
  }

  mutating func restart(_ index: Int) throws {
    enter(.restart, index)
    replicas[index].restartAt = nil
    let disk = disks[index]
    if disk.receipt != nil { note(.resumed) }
    checker.restarted(index, applied: replicas[index].appliedDurable)
    var configuration = limits
    configuration.id = replicas[index].id
    configuration.seed = random.next()
    do {
      replicas[index].node = try RaftNode(
        configuration: configuration,
        restoring: RaftRestoredState(
          configuration: membership, log: disks[index], hardState: disks[index].hard, lastIndex: disks[index].lastIndex,
          applied: replicas[index].appliedDurable, snapshot: disk.snapshot, base: disk.base, receipt: disk.receipt))
    } catch {
      throw failure("replica \(index) does not restart: \(error)")
    }
    log("R\(index) starts with \(disks[index].lastIndex) entries, term \(disks[index].hard.term)")
  }

  /// Makes a batch durable, and checks what it says.
  mutating func write(_ batch: PersistBatch, _ index: Int) throws {
    let disk = disks[index]
    if let from = batch.entries.first?.index, from > disk.lastIndex.next {
      throw failure("replica \(index) writes with a gap before \(from)")
    }
    if batch.base != nil { note(.compaction) }
    if let meta = batch.snapshot {
      try check(checker.fits(meta))
      // Whoever has a snapshot need not apply again what it holds.
      replicas[index].appliedDurable = max(replicas[index].appliedDurable, meta.index)
    }
    if disk.apply(batch) { note(.truncation) }
    var previous = batch.entries.first.flatMap { disk.entry(at: $0.index.previous)?.term } ?? 0
    for entry in batch.entries {
      guard disk.entry(at: entry.index) == entry else { throw failure("replica \(index) writes \(entry.index) without truncating") }
      try check(checker.wrote(entry, previous: previous, replica: index))
      previous = entry.term
    }
    if let hard = batch.hardState { try check(checker.voted(hard, replica: index)) }
  }
}
