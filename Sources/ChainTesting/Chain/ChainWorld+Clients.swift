internal import ChainCore
internal import ChainNode
internal import Consensus

// Clients: open-loop calls to any node; who hears nothing gives the same transaction to another.
extension ChainWorld {
  mutating func call() throws {
    let call = workload.next(&random)
    guard let clerk = founding.member(call.organisation, "clerk") else { throw failure("\(call.organisation) has no clerk") }
    let height = BlockHeight(UInt64(chain.count))
    let signed = try Transaction(
      chain: founding.genesis.chain, sender: clerk.id, contract: call.contract, entry: call.entry, arguments: call.arguments,
      salt: random.next(), validUntilHeight: height.advanced(by: 400)
    ).signed(by: clerk.key, genesis: validators[0].ledger.genesisID)
    let id = signed.id(genesis: validators[0].ledger.genesisID, suite: .international)
    let first = desk()
    guard strikes(.call, first) else { return }
    calls[id] = Call(signed: signed, validator: first, after: answered)
    noteCall(id, call)
    open += 1
    try submit(id)
    enter(.retry)
    schedule(.retry(id), in: 1_500 + random.below(1_000))
  }

  /// A validator whom clients know: those with a seat, as far as the chain is known.
  mutating func desk() -> Int {
    guard faults.changes > 0 else { return random.below(validators.count) }
    let seats = newestSeats.current.members.compactMap { places[$0.replica(suite: .international)] }
    return seats.isEmpty ? 0 : seats[random.below(seats.count)]
  }

  mutating func submit(_ id: TransactionID) throws {
    guard let call = calls[id], var core = validators[call.validator].core else { return }
    let index = call.validator
    var effects: [NodeCore.Effect] = []
    do throws(AdmissionError) {
      try core.submit(try validators[index].ledger.admit(call.signed), into: &effects)
      log("N\(index) takes transaction \(id)")
      noteKnown(id, index)
    } catch {
      switch error {
      case .alreadyCommitted:
        note(.repeatedTransaction)
        if !validators[index].isLiar { answer(id) }
      case .alreadyWaiting, .busy: note(.repeatedTransaction)
      default: throw failure("N\(index) refuses a good transaction: \(error)")
      }
    }
    validators[index].core = core
    try carryOut(effects, index)
  }

  /// Gives a validator a transaction that others made, who care for it themselves.
  /// - Returns: Why it is refused, if it is.
  mutating func take(_ signed: SignedTransaction, _ id: TransactionID, at index: Int) throws -> AdmissionError? {
    guard var core = validators[index].core else { return nil }
    guests.insert(id)
    var effects: [NodeCore.Effect] = []
    var refusal: AdmissionError?
    do throws(AdmissionError) {
      try core.submit(try validators[index].ledger.admit(signed), into: &effects)
    } catch {
      refusal = error
    }
    validators[index].core = core
    try carryOut(effects, index)
    return refusal
  }

  /// From now on the chain has to order it: an honest validator has it.
  private mutating func noteKnown(_ id: TransactionID, _ index: Int) {
    guard !validators[index].isLiar, calls[id]?.isKnown == false, committed[id] == nil else { return }
    calls[id]?.isKnown = true
    if waiting == 0 { lastBlockAt = now }
    waiting += 1
  }

  mutating func retry(_ id: TransactionID) throws {
    guard let call = calls[id], !call.isAnswered else { return }
    enter(.retry)
    note(.retry)
    let next = desk()
    calls[id]?.validator = next
    try submit(id)
    schedule(.retry(id), in: 1_000 + random.below(1_000))
  }

  /// A client hears that its call is in a block.
  mutating func answer(_ id: TransactionID) {
    guard let call = calls[id], !call.isAnswered, let place = committed[id] else { return }
    calls[id]?.isAnswered = true
    open -= 1
    answered = max(answered, place)
    noteAnswer(id, place)
  }
}

/// Where a transaction stands in the chain.
struct CallPlace: Comparable {
  var height: BlockHeight
  var index: UInt32

  static func < (left: CallPlace, right: CallPlace) -> Bool { (left.height, left.index) < (right.height, right.index) }
}
