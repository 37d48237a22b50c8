internal import ChainCore
internal import Consensus

// Crashes, power cuts and partitions.
extension SimplexWorld {
  mutating func makeFaults() throws {
    enter(.partition)
    if blocked.isEmpty, random.below(1_000) < faults.partitions {
      beginPartition()
    } else if !blocked.isEmpty, now >= healsAt {
      blocked = []
    }
    enter(.powerCut)
    if random.below(10_000) < faults.powerCuts, strikes(.powerCut) {
      note(.powerCut)
      for index in members.indices where members[index].node != nil { crash(index, for: 1 + random.below(40)) }
    }
    enter(.member)
    if random.below(10_000) < faults.crashes {
      let index = random.below(members.count)
      if members[index].node != nil {
        let ticks = 1 + random.below(random.chance(35) ? 3_000 : 200)
        if strikes(.crash, index, for: ticks) { crash(index, for: ticks) }
      }
    }
    enter(.idle)
    if faults.isIdle, random.below(1_000) < 5 {
      let index = random.below(members.count)
      let isStruck = strikes(.idle, index)
      if isStruck { members[index].hasWork.toggle() }
      if isStruck, members[index].node != nil { try step(index, .workPending(members[index].hasWork)) }
    }
  }

  mutating func crash(_ index: Int, for ticks: Int) {
    enter(.crash, index)
    note(.crash)
    if members[index].disk.writing.contains(where: { $0.batch.mustSync }) { note(.lostVote) }
    let given = members[index].disk.ledger.count
    members[index].disk.crash(&random)
    if members[index].disk.ledger.count < given { note(.ledgerBehind) }
    if !members[index].isLiar { checker.crashed(index, ledger: members[index].disk.ledger.count) }
    members[index].node = nil
    members[index].life += 1
    members[index].restartAt = now + ticks
    trace.append(.note("M\(index) crashes for \(ticks)"), at: now)
  }

  mutating func restart(_ index: Int) throws {
    enter(.restart, index)
    members[index].restartAt = nil
    members[index].life += 1
    var records = members[index].disk.journal
    if members[index].isLiar, !members[index].isTwin, members[index].life > 1, random.chance(50), strikes(.amnesia, index) {
      note(.amnesia)
      records = []
      members[index].disk.journal = []
    }
    let last = members[index].disk.ledger.last
    let known = records.contains { record in
      guard case .certificate(let certificate) = record, case .finalize(let proposal) = certificate.statement else { return false }
      return proposal.view == last?.view
    }
    if last != nil, !known { note(.ledgerAhead) }
    var configuration = SimplexConfiguration(
      id: members[index].id, genesis: genesis, suite: .international, epoch: 0, validators: set, root: root, lastHeight: lastHeight)
    configuration.delayMs = UInt64(delay)
    configuration.delayLimitMs = UInt64(Self.delayLimit)
    configuration.idleIntervalMs = UInt64(Self.idleInterval)
    configuration.viewRetention = 32
    configuration.skipViews = 8
    configuration.backfillLimit = faults.smallBackfill ? 4 : 256
    #if DEBUG
      if !members[index].isLiar { configuration.mutation = mutation }
    #endif
    do {
      members[index].node = try SimplexNode(
        configuration: configuration,
        restoring: SimplexRestoredState(records: records, ledger: last?.reference ?? root, ledgerView: last?.view ?? 0))
    } catch {
      throw failure("M\(index) does not start: \(error)")
    }
    members[index].view = 0
    members[index].final = 0
    trace.append(.note("M\(index) starts at height \(last?.reference.height ?? 0) with \(records.count) records"), at: now)
    try step(index, .workPending(members[index].hasWork))
  }

  private mutating func beginPartition() {
    let count = members.count
    var outside: Set<Int> = []
    let isOneWay = random.chance(25)
    let isBridge = count > 2 && random.chance(20)
    let size = 1 + random.below(max(1, count / 2))
    while outside.count < size { outside.insert(random.below(count)) }
    let bridge = random.below(count)
    for from in 0..<count {
      for to in 0..<count where from != to && outside.contains(from) != outside.contains(to) {
        if isBridge, from == bridge || to == bridge { continue }
        if isOneWay, outside.contains(to) { continue }
        blocked.insert(from * count + to)
      }
    }
    note(isOneWay ? .oneWay : isBridge ? .bridge : .partition)
    healsAt = now + 20 + random.below(1_200)
    guard strikes(.partition, detail: "\(outside.sorted()) until \(healsAt)") else { return blocked = [] }
    trace.append(.note("cut off: \(outside.sorted()) until \(healsAt)"), at: now)
  }
}
