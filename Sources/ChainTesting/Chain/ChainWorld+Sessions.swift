internal import ChainCore
internal import ChainNode

/// What the clients of a `RegisterWorkload` know.
struct ChainSessions {
  /// A client: what it has seen.
  struct Session {
    /// The height of the last answer, to a call or a read.
    var seen: BlockHeight = 0
    /// What each register that never goes down showed last.
    var counters: [UInt64: UInt64] = [:]
  }

  typealias Entry = HistoryEntry<Registers.Operation, UInt64>

  var sessions = Array(repeating: Session(), count: 4)
  /// All calls of all clients, without outcome until it is told.
  var calls: [Entry] = []
  var places: [TransactionID: Int] = [:]
  /// All reads of one node's certified state, as each client heard them.
  var reads: [Entry] = []
  /// What blocks did: the outcome of each call, and each register's values by height.
  var outcomes: [TransactionID: UInt64] = [:]
  var values: [UInt64: [(height: BlockHeight, value: UInt64)]] = [:]

  mutating func begin(_ id: TransactionID, _ call: Entry) {
    places[id] = calls.count
    calls.append(call)
  }

  func value(of register: UInt64, at height: BlockHeight) -> UInt64 {
    values[register]?.last { $0.height <= height }?.value ?? 0
  }
}

// Clients that read: each passes the height of its last answer, and a node whose certified state is older does not answer.
extension ChainWorld {
  mutating func noteCall(_ id: TransactionID, _ call: ChainCall) {
    guard sessions != nil, let operation = RegisterWorkload.operation(call) else { return }
    let client = random.below(4)
    sessions?.begin(id, ChainSessions.Entry(client: client, unknown: operation, called: now))
  }

  /// The first node to execute a block tells what its calls returned.
  mutating func noteOutcome(_ receipt: Receipt, at height: BlockHeight) throws {
    guard let place = sessions?.places[receipt.transaction], let operation = sessions?.calls[place].operation else { return }
    guard let outcome = try? UInt64(canonicalBytes: receipt.output) else { throw failure("a register call returned no number") }
    sessions?.outcomes[receipt.transaction] = outcome
    let value = if case .swap(_, let new) = operation { new } else { outcome }
    sessions?.values[operation.register, default: []].append((height, value))
  }

  /// A client hears the outcome of its call: from now on it must not read less.
  mutating func noteAnswer(_ id: TransactionID, _ place: CallPlace) {
    guard let entry = sessions?.places[id], let outcome = sessions?.outcomes[id], var call = sessions?.calls[entry] else { return }
    call.outcome = outcome
    call.returned = now
    sessions?.calls[entry] = call
    if let seen = sessions?.sessions[call.client].seen { sessions?.sessions[call.client].seen = max(seen, place.height) }
    if case .add(let register, _) = call.operation, register >= RegisterWorkload.counters {
      let before = sessions?.sessions[call.client].counters[register] ?? 0
      sessions?.sessions[call.client].counters[register] = max(before, outcome)
    }
  }

  /// Some client reads a register at some node.
  mutating func read() throws {
    enter(.read)
    let client = random.below(4)
    let index = random.below(validators.count)
    let register = UInt64(random.below(Int(RegisterWorkload.registers)))
    guard validators[index].core != nil, !validators[index].isLiar, let session = sessions?.sessions[client] else { return }
    let ledger = validators[index].ledger
    let height = min(ledger.newestCertified, ledger.head.height)
    guard height > 0 else { return }
    let value: UInt64
    do { value = try ledger.query("registers", "value", register, at: height) } catch {
      throw failure("N\(index) cannot read certified height \(height): \(error)")
    }
    mix(value &+ height.rawValue << 32)
    if let expected = sessions?.value(of: register, at: height), expected != value {
      throw failure("N\(index) reads \(value) from register \(register) at height \(height), where it is \(expected)")
    }
    // What a client without a height would be told.
    sessions?.reads.append(ChainSessions.Entry(client: client, .read(register), value, called: now, returned: now))
    guard height >= session.seen else { return note(.readWaits) }
    note(height.rawValue < UInt64(chain.count) ? .olderRead : .sessionRead)
    sessions?.sessions[client].seen = height
    guard register >= RegisterWorkload.counters else { return }
    if let before = session.counters[register], value < before {
      throw failure("a client reads \(value) from register \(register) at height \(height), after it knew \(before)")
    }
    sessions?.sessions[client].counters[register] = value
  }

  /// Whether the calls, as their clients saw them, are linearizable; `nil` with another workload than `RegisterWorkload`.
  /// - Parameter withReads: Counts the reads of single nodes' certified state among them, which are not promised to be.
  public func linearizability(withReads: Bool = false, stepLimit: Int = 1_000_000) -> LinearizabilityVerdict<UInt64>? {
    guard let sessions else { return nil }
    return LinearizabilityChecker(Registers(), stepLimit: stepLimit).check(sessions.calls + (withReads ? sessions.reads : []))
  }

  func checkCalls() throws {
    switch linearizability() {
    case nil, .linearizable: return
    case .broken(let register, let order, let stuck):
      let call = sessions?.calls[stuck]
      throw failure("calls to register \(register) are not linearizable: \(order.count) fit, \(call.map { "\($0)" } ?? "one") does not")
    case .gaveUp(let register, let steps): throw failure("calls to register \(register) were not decided within \(steps) steps")
    }
  }
}
