public import ChainCore

/// One step of a saga: a call on another chain, and the call that undoes it.
public struct SagaStep: CanonicalRecord, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// The entry of the same contract there; its arguments are a `SagaCall`.
  public var call: EntryName
  /// The arguments within.
  public var arguments: [UInt8]
  /// The entry that undoes it, with the same arguments; `nil` = it cannot be undone, and is the last.
  public var compensation: EntryName?

  /// Puts the parts together.
  public init(chain: ChainID, call: EntryName, arguments: [UInt8], compensation: EntryName?) {
    self.chain = chain
    self.call = call
    self.arguments = arguments
    self.compensation = compensation
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.call, \.arguments, \.compensation)
}

/// Names one step, done or undone, for ever: what makes repeating it harmless.
public struct SagaStepID: CanonicalRecord, OrderedKey, Codable, Hashable {
  /// The chain that runs the saga.
  public var chain: ChainID
  /// The saga's number there.
  public var saga: UInt64
  /// The step.
  public var step: UInt32
  /// Whether it is undone.
  public var isCompensation: Bool

  /// Puts the parts together.
  public init(chain: ChainID, saga: UInt64, step: UInt32, isCompensation: Bool) {
    self.chain = chain
    self.saga = saga
    self.step = step
    self.isCompensation = isCompensation
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.saga, \.step, \.isCompensation)

  /// Appends the parts.
  public func encodeKey(into bytes: inout [UInt8]) {
    chain.encodeKey(into: &bytes)
    saga.encodeKey(into: &bytes)
    UInt64(step).encodeKey(into: &bytes)
    bytes.append(isCompensation ? 1 : 0)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let chain = ChainID(key: &bytes), let saga = UInt64(key: &bytes), let step = UInt64(key: &bytes),
      let step = UInt32(exactly: step),
      let flag = bytes.popFirst(), flag < 2
    else { return nil }
    self.init(chain: chain, saga: saga, step: step, isCompensation: flag == 1)
  }
}

/// Arguments of the entries that a saga calls.
public struct SagaCall: CanonicalRecord, Codable, Hashable {
  /// Which step it is.
  public var id: SagaStepID
  /// The step's own arguments.
  public var arguments: [UInt8]

  /// Puts the parts together.
  public init(id: SagaStepID, arguments: [UInt8]) {
    self.id = id
    self.arguments = arguments
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.id, \.arguments)
}

/// Where a saga stands.
public enum SagaStatus: UInt8, CanonicalEnum, Hashable, Codable {
  /// Steps are done one after the other.
  case running = 0
  /// A step failed: those before it are undone, the last one first.
  case compensating = 1
  /// All steps are done.
  case done = 2
  /// Everything is undone.
  case undone = 3
}

/// A saga and how far it is.
public struct SagaRecord: CanonicalRecord, Codable, Hashable {
  /// Its steps.
  public var steps: [SagaStep]
  /// How many of them are done.
  public var completed: UInt32
  /// Where it stands.
  public var status: SagaStatus
  /// Whether a packet is under way.
  public var isWaiting: Bool

  /// Puts the parts together.
  public init(steps: [SagaStep], completed: UInt32 = 0, status: SagaStatus = .running, isWaiting: Bool = false) {
    self.steps = steps
    self.completed = completed
    self.status = status
    self.isWaiting = isWaiting
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.steps, \.completed, \.status, \.isWaiting)

  /// The step that is due, if any: the next one, or the compensation of the last one that is done.
  var due: (index: UInt32, isCompensation: Bool)? {
    switch status {
    case .running: completed < steps.count ? (completed, false) : nil
    case .compensating: completed > 0 ? (completed - 1, true) : nil
    case .done, .undone: nil
    }
  }

  /// Takes in how the due step's packet ended. A compensation that failed stays due: it must succeed in the end.
  mutating func settle(_ hasSucceeded: Bool) {
    isWaiting = false
    switch (status, hasSucceeded) {
    case (.running, true):
      completed += 1
      if Int(completed) == steps.count { status = .done }
    case (.running, false):
      #if DEBUG
        if RelayMutation.sagaNotUndone.isPlanted { return status = .undone }
      #endif
      status = completed > 0 ? .compensating : .undone
    case (.compensating, true):
      completed -= 1
      if completed == 0 { status = .undone }
    default: break
    }
  }
}

/// Sagas, as a building block of a contract: steps on other chains, one after the other, between which people may decide; if one fails, those
/// before it are undone in reverse. For what takes longer than a lock may: see `TransactionParticipant` otherwise.
///
/// The contract calls `start`, `advance` from its own entries and `settled` from `packetSettled`; at the receiving end, `once`.
public struct Sagas: Sendable {
  /// The greatest number of steps.
  public static let stepLimit = 16

  private let records: Table<UInt64, SagaRecord>
  private let packets: Table<Pair<ChainID, UInt64>, UInt64>
  private let seen: Table<SagaStepID, Bool>

  /// Tables of the contract that uses the block.
  public init(records: TableName = "sagas", packets: TableName = "saga-packets", seen: TableName = "saga-steps") {
    self.records = Table(records)
    self.packets = Table(packets)
    self.seen = Table(seen)
  }

  /// Begins saga `number`; `advance` takes the first step.
  public func start(_ number: UInt64, _ steps: [SagaStep], _ context: ContractContext) throws(ContractError) {
    guard (1...Self.stepLimit).contains(steps.count) else { throw .badArgument("steps: 1 to \(Self.stepLimit)") }
    guard steps.dropLast().allSatisfy({ $0.compensation != nil }) else {
      throw .badArgument("steps: what cannot be undone comes last")
    }
    guard try context.get(records, number) == nil else { throw .alreadyExists }
    try context.put(records, number, SagaRecord(steps: steps))
  }

  /// Sends what is due: the next step, or the next compensation.
  /// - Throws: `.notAllowed` if it is over, or a packet is under way.
  public func advance(_ number: UInt64, _ context: ContractContext) throws(ContractError) {
    var saga = try context.require(records, number)
    guard !saga.isWaiting, let due = saga.due else { throw .notAllowed(state: saga.isWaiting ? "waiting" : "over", call: "advance") }
    let step = saga.steps[Int(due.index)]
    guard let call = due.isCompensation ? step.compensation : step.call else { throw .unexpected }
    let id = SagaStepID(chain: context.chain, saga: number, step: due.index, isCompensation: due.isCompensation)
    let sent = try context.send(
      OutgoingPacket(
        to: step.chain, port: context.contract, call: call, payload: SagaCall(id: id, arguments: step.arguments).canonicalBytes))
    saga.isWaiting = true
    try context.put(records, number, saga)
    try context.put(packets, Pair(step.chain, sent.sequence), number)
  }

  /// Gives up: what is done is undone. For people who decide between steps.
  public func abandon(_ number: UInt64, _ context: ContractContext) throws(ContractError) {
    var saga = try context.require(records, number)
    guard saga.status == .running, !saga.isWaiting else { throw .notAllowed(state: saga.isWaiting ? "waiting" : "over", call: "abandon") }
    saga.settle(false)
    try context.put(records, number, saga)
  }

  /// Takes in how a packet of a saga ended.
  /// - Returns: The saga's number and record; `nil` if the packet is of none.
  public func settled(
    _ packet: SettledPacket, _ context: ContractContext
  ) throws(ContractError) -> (number: UInt64, saga: SagaRecord)? {
    let place = Pair(packet.destination, packet.packet.sequence)
    guard let number = try context.get(packets, place) else { return nil }
    try context.remove(packets, place)
    var saga = try context.require(records, number)
    var hasSucceeded = false
    if case .succeeded = packet.outcome { hasSucceeded = true }
    saga.settle(hasSucceeded)
    try context.put(records, number, saga)
    return (number, saga)
  }

  /// Where a saga stands.
  public func saga(_ number: UInt64, _ context: QueryContext) throws(ContractError) -> SagaRecord? { try context.get(records, number) }

  /// At the receiving end: whether this step was not seen before. A repeated one is answered as done and does nothing.
  public func once(_ id: SagaStepID, _ context: ContractContext) throws(ContractError) -> Bool {
    guard case .remote(let chain, _) = context.caller.origin, chain == id.chain else {
      throw .notAuthorised("a saga's step comes by a packet of its own chain")
    }
    guard try context.get(seen, id) == nil else { return false }
    try context.put(seen, id, true)
    return true
  }
}
