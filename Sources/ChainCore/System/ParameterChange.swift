/// Arguments of `governance.setParameters`: what changes of the numbers that the chain is run by, and from which height on.
///
/// What is left out stays as it is then. The engine's own numbers (`certificateLag`, `idleIntervalMs`, `epochLength`) are fixed by genesis.
public struct ParameterChange: CanonicalRecord, Codable, Hashable {
  /// What one call may use.
  public var callLimits: CallLimits?
  /// The greatest size of a signed transaction in bytes.
  public var transactionBytes: UInt32?
  /// The greatest size of a block in bytes.
  public var blockBytes: UInt32?
  /// The greatest number of transactions in a block.
  public var blockTransactions: UInt32?
  /// For how many heights a transaction may be valid; at most what genesis says, which is how many heights nodes remember.
  public var transactionWindow: UInt64?
  /// The first height at which it counts.
  public var from: BlockHeight

  /// A change; `nil` leaves a number as it is.
  public init(
    callLimits: CallLimits? = nil, transactionBytes: UInt32? = nil, blockBytes: UInt32? = nil, blockTransactions: UInt32? = nil,
    transactionWindow: UInt64? = nil, from: BlockHeight
  ) {
    self.callLimits = callLimits
    self.transactionBytes = transactionBytes
    self.blockBytes = blockBytes
    self.blockTransactions = blockTransactions
    self.transactionWindow = transactionWindow
    self.from = from
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(callLimits:transactionBytes:blockBytes:blockTransactions:transactionWindow:from:), \.callLimits, \.transactionBytes,
    \.blockBytes, \.blockTransactions, \.transactionWindow, \.from)

  /// The numbers after this change.
  public func applied(to parameters: ChainParameters) -> ChainParameters {
    var changed = parameters
    changed.callLimits = callLimits ?? parameters.callLimits
    changed.transactionBytes = transactionBytes ?? parameters.transactionBytes
    changed.blockBytes = blockBytes ?? parameters.blockBytes
    changed.blockTransactions = blockTransactions ?? parameters.blockTransactions
    changed.transactionWindow = transactionWindow ?? parameters.transactionWindow
    return changed
  }
}

/// Within what governance may set a chain's numbers: enough for every call of the platform, so that a change can always be taken back, and
/// no more than a node, its peers and its store bear. Where genesis says more than the upper bound, up to that.
public enum ParameterBounds {
  /// Bytes of a transaction: a revocation list (96 KiB) with its authorities, the update of a client with 128 validators.
  public static let transactionBytes: ClosedRange<UInt32> = 128 * 1024...1 << 20
  /// Bytes of a block; peers take frames of 4 MiB.
  public static let blockBytes: ClosedRange<UInt32> = 128 * 1024...3 << 20
  /// Transactions in a block.
  public static let blockTransactions: ClosedRange<UInt32> = 16...20_000
  /// Heights for which a transaction may be valid: at least this, or what genesis says if that is less.
  public static let shortestWindow: UInt64 = 100
  /// Values read by a call.
  public static let reads: ClosedRange<UInt32> = 5_000...100_000
  /// Values written by a call.
  public static let writes: ClosedRange<UInt32> = 1_000...20_000
  /// Bytes read and written by a call.
  public static let bytes: ClosedRange<UInt64> = 2 << 20...4 << 20
  /// Steps of a call.
  public static let steps: ClosedRange<UInt64> = 500_000...20_000_000

  /// Why numbers are refused; `nil` if they are good. What does not change is not looked at.
  static func fault(in new: ChainParameters, before: ChainParameters, genesis: ChainParameters) -> String? {
    func check<Number: FixedWidthInteger>(
      _ name: String, _ field: KeyPath<ChainParameters, Number>, _ range: ClosedRange<Number>
    ) -> String? {
      let value = new[keyPath: field]
      let upper = max(range.upperBound, genesis[keyPath: field])
      guard value != before[keyPath: field], value < range.lowerBound || value > upper else { return nil }
      return "\(name): \(value); \(range.lowerBound) to \(upper) are possible"
    }
    let window = min(shortestWindow, genesis.transactionWindow)...genesis.transactionWindow
    if let fault = check("reads", \.callLimits.reads, reads) ?? check("writes", \.callLimits.writes, writes)
      ?? check("bytes", \.callLimits.bytes, bytes) ?? check("steps", \.callLimits.steps, steps)
      ?? check("transactionBytes", \.transactionBytes, transactionBytes) ?? check("blockBytes", \.blockBytes, blockBytes)
      ?? check("blockTransactions", \.blockTransactions, blockTransactions) ?? check("transactionWindow", \.transactionWindow, window)
    {
      return fault
    }
    guard new.blockBytes >= new.transactionBytes else {
      return "blockBytes: \(new.blockBytes); a block has to hold a transaction of \(new.transactionBytes) bytes"
    }
    return nil
  }
}

/// The numbers that a chain is run by, at the newest height and soon.
public struct ParameterSchedule: CanonicalRecord, Codable, Hashable {
  /// Numbers and the first height at which they count.
  public struct Step: CanonicalRecord, Codable, Hashable {
    /// The numbers.
    public var parameters: ChainParameters
    /// The first height at which they count.
    public var from: BlockHeight

    /// Puts the parts together.
    public init(parameters: ChainParameters, from: BlockHeight) {
      self.parameters = parameters
      self.from = from
    }

    /// The fields in order.
    public static let layout = Layout(Self.init, \.parameters, \.from)
  }

  /// What counted when the last change was decided.
  public var current: Step
  /// The change that was decided last; it counts from its height on.
  public var next: Step?

  /// Puts the parts together.
  public init(current: Step, next: Step? = nil) {
    self.current = current
    self.next = next
  }

  /// What genesis says, as long as nothing else was decided.
  public init(genesis parameters: ChainParameters) { self.init(current: Step(parameters: parameters, from: 0)) }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.current, \.next)

  /// The numbers that count at `height`, which is not before `current.from`.
  public func parameters(at height: BlockHeight) -> ChainParameters { step(at: height).parameters }

  func step(at height: BlockHeight) -> Step {
    if let next, next.from <= height { return next }
    return current
  }
}

// How a chain's numbers change.
extension GovernanceContract {
  /// The greatest distance of a change from the block that decides it, in heights.
  public static let parametersAheadLimit: UInt64 = 10_000_000

  static let schedule = Table<UInt8, ParameterSchedule>("parameters")
  /// Every change by its first height, those that are over as well: old blocks are checked by the numbers of their time.
  static let pastParameters = Table<UInt64, ParameterSchedule.Step>("pastParameters")

  static func schedule(_ context: QueryContext) throws(ContractError) -> ParameterSchedule {
    try context.get(schedule, 0) ?? ParameterSchedule(genesis: context.frame.environment.parameters)
  }

  /// Decides a change. Nodes check blocks above their head without its state, up to `certificateLag` ahead: the change lies further.
  static func setParameters(_ change: ParameterChange, _ context: ContractContext) throws(ContractError) {
    let genesis = context.frame.environment.parameters
    let before = try schedule(context)
    if let next = before.next, next.from > context.height {
      throw .notAllowed(state: "a change is decided from height \(next.from) on; cancel it first", call: "setParameters")
    }
    let current = before.step(at: context.height)
    let new = change.applied(to: current.parameters)
    guard new != current.parameters else { throw .alreadyExists }
    if let fault = ParameterBounds.fault(in: new, before: current.parameters, genesis: genesis) { throw .badArgument(fault) }
    let earliest = context.height.advanced(by: genesis.certificateLag).next
    guard change.from >= earliest, change.from <= context.height.advanced(by: parametersAheadLimit) else {
      throw .badArgument("from: \(change.from); a height from \(earliest) on, at most \(parametersAheadLimit) ahead")
    }
    let step = ParameterSchedule.Step(parameters: new, from: change.from)
    try context.put(schedule, 0, ParameterSchedule(current: current, next: step))
    try context.put(pastParameters, change.from.rawValue, step)
    try context.emit("governance.parametersSet", step)
  }

  /// Takes a change back before its height. Nodes may check blocks up to `certificateLag` ahead by it already, so not in the last heights.
  static func cancelParameters(_ context: ContractContext) throws(ContractError) {
    let before = try schedule(context)
    guard let next = before.next, next.from > context.height else { throw .notFound }
    guard next.from > context.height.advanced(by: context.frame.environment.parameters.certificateLag) else {
      throw .notAllowed(state: "too late: it counts from height \(next.from) on", call: "cancelParameters")
    }
    try context.put(schedule, 0, ParameterSchedule(current: before.current))
    try context.remove(pastParameters, next.from.rawValue)
    try context.emit("governance.parametersKept", next)
  }

  /// The numbers that counted, count or will count at `height`, as far as that is decided.
  static func parameters(at height: BlockHeight, _ context: QueryContext) throws(ContractError) -> ChainParameters {
    let schedule = try schedule(context)
    guard height < schedule.current.from else { return schedule.parameters(at: height) }
    var found = context.frame.environment.parameters
    var from: UInt64 = 0
    while true {
      let page = try context.range(pastParameters, from: from, limit: 100)
      for (first, step) in page where first <= height.rawValue { found = step.parameters }
      guard page.count == 100, let last = page.last, last.key < height.rawValue else { return found }
      from = last.key + 1
    }
  }
}
