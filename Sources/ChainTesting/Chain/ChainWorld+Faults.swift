internal import ChainCore
internal import ChainNode
internal import Consensus

// Restarts, power cuts, partitions.
extension ChainWorld {
  mutating func makeFaults() {
    let isWhole = blocked.isEmpty && validators.allSatisfy { $0.core != nil }
    if !blocked.isEmpty, now >= healsAt { blocked = [] }
    enter(.member)
    if random.below(10_000) < faults.restarts, isWhole {
      // One at a time: what a chain promises to bear.
      let index = random.below(validators.count)
      let milliseconds = 50 + random.below(1_500)
      if strikes(.crash, index, for: milliseconds) { stop(index, for: milliseconds) }
    }
    enter(.powerCut)
    if random.below(100_000) < faults.powerCuts, strikes(.powerCut) {
      note(.powerCut)
      for index in validators.indices { stop(index, for: 20 + random.below(500)) }
    }
    enter(.partition)
    if random.below(10_000) < faults.partitions, isWhole {
      note(.partition)
      let outside = random.below(validators.count)
      for other in validators.indices where other != outside {
        blocked.insert(outside * validators.count + other)
        if random.chance(80) { blocked.insert(other * validators.count + outside) }
      }
      healsAt = now + 100 + random.below(3_000)
      guard strikes(.partition, detail: "N\(outside) until \(healsAt)") else { return blocked = [] }
      log("N\(outside) is cut off until \(healsAt)")
    }
  }

  private mutating func stop(_ index: Int, for milliseconds: Int) {
    guard validators[index].core != nil else { return }
    note(.restart)
    validators[index].core = nil
    validators[index].life += 1
    validators[index].restartAt = now + milliseconds
    log("N\(index) stops for \(milliseconds) ms")
  }

  /// Starts a node from its stores.
  mutating func start(_ index: Int) throws {
    enter(.restart, index)
    validators[index].restartAt = nil
    validators[index].life += 1
    validators[index].writeDue = now
    validators[index].startedAt = now
    validators[index].undecided = []
    (validators[index].executions, validators[index].heldSync, validators[index].executionDue) = ([], [], now)
    validators[index].steward = Steward(account: founding.administrator, key: validators[index].key)
    validators[index].catchUp = NodeSync(
      validators[index].ledger, key: validators[index].key.publicKey, store: validators[index].store,
      peers: validators.map(\.id).filter { $0 != validators[index].id })
    let life = validators[index].life
    let ledger = validators[index].ledger
    do {
      let engine = try EngineFactory.make(
        ledger: ledger, id: validators[index].id, store: validators[index].votes,
        firstEpoch: validators[index].hasJournal ? nil : 0, logLength: faults.logLength, seed: random.next())
      var core = NodeCore(
        genesis: founding.genesis, id: validators[index].id, engine: engine, certified: ledger.newestCertified,
        executed: ledger.head.height, seats: ledger.head.seats, signers: ledger.validators(signing: ledger.newestCertified.next),
        schedule: ledger.head.schedule)
      var effects: [NodeCore.Effect] = []
      var open: [Checkpoint] = []
      var height = ledger.newestCertified.next
      while height <= ledger.head.height {
        open.append(try ledger.checkpoint(at: height))
        height = height.next
      }
      core.resume(open, sets: ledger.sets(signingAfter: ledger.newestCertified.next), into: &effects)
      validators[index].core = core
      try carryOut(effects, index)
    } catch let failure as CheckFailure {
      throw failure
    } catch {
      throw failure("N\(index) does not start: \(error)")
    }
    enter(.clock, index)
    schedule(.tick(index, life: life), in: 1 + random.below(Self.tickMs))
    log("N\(index) starts at height \(ledger.head.height)")
  }
}
