/// One changed record of a block; `value` nil = removed.
public struct RecordChange: Sendable, Hashable {
  /// The record's key.
  public var key: [UInt8]
  /// Its new value.
  public var value: [UInt8]?
}

/// What executing a block gives: a pure function of state and block.
public struct BlockExecution: Sendable {
  /// One receipt per transaction, in order.
  public var receipts: [Receipt]
  /// Changed contract records in key order.
  public var changes: [RecordChange]
  /// Changed index entries in key order.
  public var indexChanges: [RecordChange]
  /// The new values of `changes` by key: blocks on top ask for them again and again.
  let values: [ByteKey: [UInt8]?]
}

/// Why a genesis cannot start a chain.
@nonexhaustive
public enum GenesisError: Error, Hashable, Sendable {
  /// The format version is not one that this code knows.
  case version(found: UInt16, supported: UInt16)
  /// The validators' rule or keys do not fit engine and suite.
  case validators(String)
  /// The genesis activates a contract that this host does not have.
  case unknownContract(ContractName)
  /// The host's contract has another interface than the one that genesis activates.
  case manifestMismatch(ContractName, expected: Digest, found: Digest)
  /// A contract, or identity or access, refuses its part.
  case refused(ContractName, ContractError)
  /// The store failed.
  case store(StoreError)
}

extension GenesisError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .version(let found, let supported): "genesis format \(found); this version reads \(supported)"
    case .validators(let reason): "genesis validators: \(reason)"
    case .unknownContract(let name): "genesis activates contract \(name), which this host does not contain"
    case .manifestMismatch(let name, let expected, let found):
      "contract \(name): genesis activates interface \(expected), this host has \(found); use the version that genesis names"
    case .refused(let name, let error): "contract \(name) refuses its genesis: \(error)"
    case .store(let error): "store: \(error)"
    }
  }
}

/// Runs blocks of calls on a state. What it remembers changes no answer.
public struct Executor: Sendable {
  /// The contracts that this host contains. Which of them run, and in which version, is on-chain state.
  public let registry: ContractRegistry
  /// The chain's genesis.
  public let genesis: Genesis
  /// Its id.
  public let genesisID: GenesisID
  let running: RunningContracts

  /// An executor of the chain of `genesis` with the contracts of this host.
  /// - Throws: `GenesisError` if the genesis is not consistent.
  public init(genesis: Genesis, registry: ContractRegistry) throws(GenesisError) {
    guard genesis.version == Genesis.currentVersion else {
      throw .version(found: genesis.version, supported: Genesis.currentVersion)
    }
    guard genesis.validators.rule == genesis.engine.quorumRule else { throw .validators("rule does not fit the engine") }
    guard genesis.engine != .raft || genesis.validators.members.allSatisfy({ $0.weight == 1 }) else {
      throw .validators("weights on a Raft chain are 1")
    }
    guard genesis.validators.members.allSatisfy({ $0.key.suite == genesis.suite }) else { throw .validators("a key is of another suite") }
    guard genesis.parameters.epochLength > 0 else { throw .validators("an epoch has no heights") }
    self.registry = registry
    self.genesis = genesis
    genesisID = genesis.id
    running = RunningContracts(host: registry, suite: genesis.suite)
  }

  /// The contracts of genesis, out of those of this host.
  /// - Throws: `GenesisError.unknownContract`, `.manifestMismatch`.
  private func contractsOfGenesis() throws(GenesisError) -> ContractRegistry {
    var listed = ActiveContracts(contracts: [])
    for contract in genesis.contracts {
      guard let own = registry.manifest(contract.name) else { throw .unknownContract(contract.name) }
      guard let found = registry.registered(contract.name, manifest: contract.manifest, suite: genesis.suite) else {
        throw .manifestMismatch(contract.name, expected: contract.manifest, found: own.hash(suite: genesis.suite))
      }
      guard !ContractRegistry.isCore(contract.name) else { continue }
      listed.set(
        ActiveContract(contract: contract.name, version: found.version, manifest: contract.manifest, status: .active, since: 0))
    }
    return registry.running(listed, suite: genesis.suite)
  }

  /// The state at height 0.
  /// - Throws: `GenesisError` if this host lacks a contract of genesis, or a contract refuses its part.
  public func executeGenesis() throws(GenesisError) -> BlockExecution {
    let overlay = StateOverlay(base: EmptyState())
    let contracts = try contractsOfGenesis()
    let frame = CallFrame(
      environment: environment(0, genesis.time, contracts), overlay: overlay, transaction: TransactionID(genesisID.digest),
      limits: CallLimits(reads: .max, writes: .max, bytes: .max, steps: .max))
    let platform: [(ContractName, (Genesis, ContractContext) throws(ContractError) -> Void)] = [
      (IdentityContract.name, IdentityContract.initialise), (AccessContract.name, AccessContract.initialise),
      (GovernanceContract.name, GovernanceContract.initialise), (LifecycleContract.name, LifecycleContract.initialise),
    ]
    for (name, initialise) in platform {
      do throws(ContractError) {
        try initialise(genesis, ContractContext(contract: name, caller: .system, frame: frame))
      } catch {
        throw .refused(name, error)
      }
    }
    for activated in genesis.contracts {
      guard let contract = contracts.contract(activated.name) else { throw .unknownContract(activated.name) }
      let context = ContractContext(contract: activated.name, caller: .system, frame: frame)
      do throws(ContractError) {
        try runTyped { try contract.initialise(activated.configuration, context) }
      } catch {
        throw .refused(activated.name, error)
      }
    }
    return result([], overlay)
  }

  /// How many records a call changes, as a guess of the room that a block needs.
  private static let recordsOfCall = 3

  /// Runs `block` on `state`, the state of the height before. A call that throws leaves only its receipt.
  /// - Throws: `ExecutionFault` if the state cannot be read or runs a contract that this host lacks; then nothing may be concluded
  ///   about the block.
  public func execute(_ block: Block, ids: [TransactionID], on state: any StateReader) throws(ExecutionFault) -> BlockExecution {
    let overlay = StateOverlay(base: state, capacity: Self.recordsOfCall * block.transactions.count)
    let (height, time) = (block.header.height, block.header.time)
    var trail = AuditTrail(height: height, time: time, suite: genesis.suite)
    let limits = try limits(at: height, in: state)
    let environment = environment(height, time, try begin(height, time, limits, overlay, on: state, &trail))
    var receipts: [Receipt] = []
    receipts.reserveCapacity(block.transactions.count)
    let callers = KnownCallers()
    for (signed, id) in zip(block.transactions, ids) {
      let receipt = run(signed, id: id, by: callers, limits: limits, environment: environment, overlay: overlay)
      receipts.append(receipt)
      trail.note(receipt, of: signed.transaction, registry: environment.registry) {
        let identity = systemContext(IdentityContract.name, environment, overlay)
        return (try? identity.get(IdentityContract.members, signed.transaction.sender))?.organisation
      }
      if let fault = overlay.fault { throw .store(fault) }
    }
    finish(environment, overlay, &trail)
    if let fault = overlay.fault { throw .store(fault) }
    return result(receipts, overlay)
  }

  /// What the runtime does after a block's last call: validators change, and the audit log grows.
  private func finish(_ environment: CallEnvironment, _ overlay: StateOverlay, _ trail: inout AuditTrail) {
    // Governance refuses what would not rotate when it is proposed; only a store that fails can keep these from happening.
    if genesis.isLastOfEpoch(environment.height) {
      let governance = systemContext(GovernanceContract.name, environment, overlay)
      try? GovernanceContract.rotate(governance)
      trail.note(governance.frame.events, registry: environment.registry)
    }
    trail.close()
    try? AuditContract.append(trail.records, systemContext(AuditContract.name, environment, overlay))
  }

  /// What a call may use at `height`: genesis says it, or a later decision in the state before.
  func limits(at height: BlockHeight, in state: any StateReader) throws(ExecutionFault) -> CallLimits {
    do throws(StoreError) {
      return try ParameterSchedule.read(from: state, genesis: genesis).parameters(at: height).callLimits
    } catch {
      throw .store(error)
    }
  }

  private func run(
    _ signed: SignedTransaction, id: TransactionID, by callers: KnownCallers, limits: CallLimits, environment: CallEnvironment,
    overlay: StateOverlay
  ) -> Receipt {
    let transaction = signed.transaction
    let frame = CallFrame(environment: environment, overlay: overlay, transaction: id, limits: limits)
    let caller: Caller
    do throws(CallRefusal) {
      caller = try callers.caller(signed, frame)
    } catch {
      return .failed(id, error.contractError, meter: frame.meter.reading)
    }
    overlay.beginLayer()
    do throws(ContractError) {
      guard let entry = environment.registry.entry(transaction.contract, transaction.entry) else { throw .unexpected }
      let context = ContractContext(contract: transaction.contract, caller: caller, frame: frame)
      let output = try runTyped { try entry.run(transaction.arguments, context) }
      guard output.count <= Receipt.outputLimit else { throw .limitExceeded("\(Receipt.outputLimit) bytes of output") }
      overlay.commitLayer()
      #if DEBUG
        if LedgerMutation.planted == .hashOrderEvents {
          frame.events = Dictionary(uniqueKeysWithValues: zip(frame.events.indices, frame.events)).map(\.value)
        }
      #endif
      return Receipt(
        transaction: id, status: .succeeded, code: "ok", message: "", events: frame.events, output: output, meter: frame.meter.reading)
    } catch {
      #if DEBUG
        LedgerMutation.planted == .leakingFailedCall ? overlay.commitLayer() : overlay.dropLayer()
      #else
        overlay.dropLayer()
      #endif
      return .failed(id, error, meter: frame.meter.reading)
    }
  }

  /// Answers a declared query on `state`, as of `height` and `time`; without a caller the host asks, who may ask everything.
  public func query(
    _ contract: ContractName, _ query: EntryName, arguments: [UInt8], caller: Caller?, on state: any StateReader, height: BlockHeight,
    time: BlockTime, isHead: Bool = true
  ) throws(ContractError) -> [UInt8] {
    var fault: StoreError?
    return try self.query(
      contract, query, arguments: arguments, caller: caller, on: state, height: height, time: time, isHead: isHead, fault: &fault)
  }

  /// As `query`; `fault` tells whether the state could not be read, so that the error is none of the contract's.
  func query(
    _ contract: ContractName, _ query: EntryName, arguments: [UInt8], caller: Caller?, on state: any StateReader, height: BlockHeight,
    time: BlockTime, isHead: Bool, fault: inout StoreError?
  ) throws(ContractError) -> [UInt8] {
    let frame: CallFrame
    do throws(StoreError) {
      let limits = try ParameterSchedule.read(from: state, genesis: genesis).parameters(at: height).callLimits
      frame = try readFrame(on: state, height: height, time: time, hasIndexes: isHead, limits: limits)
    } catch {
      fault = error
      throw .unexpected
    }
    defer { fault = frame.overlay.fault }
    guard let declared = frame.environment.registry.query(contract, query) else {
      throw .notSupported("query \(contract).\(query)\(frame.environment.registry.whyAbsent(contract))")
    }
    if let caller { try CallCheck(frame: frame).require(caller, contract, query, declared.access) }
    let context = QueryContext(contract: contract, caller: caller ?? .system, frame: frame)
    return try context.answer(declared, of: contract, arguments: arguments)
  }

  /// Who `account` is and whether it may make this call on `state`.
  public func check(
    _ signed: SignedTransaction, on state: any StateReader, height: BlockHeight, time: BlockTime
  ) throws(CallRefusal) -> Caller {
    let frame = try checkFrame(on: state, height: height, time: time)
    return try CallCheck(frame: frame).caller(
      signed.transaction.sender, key: signed.key, contract: signed.transaction.contract, entry: signed.transaction.entry)
  }

  /// The same with the environment and state of a frame made before, and a meter of its own.
  func check(_ signed: SignedTransaction, by callers: KnownCallers, in shared: CallFrame) throws(CallRefusal) -> Caller {
    let frame = CallFrame(
      environment: shared.environment, overlay: shared.overlay, transaction: TransactionID(.zero), limits: genesis.parameters.callLimits)
    return try callers.caller(signed, frame)
  }

  /// The member behind `account` as a caller, for queries.
  public func caller(
    _ account: AccountID, on state: any StateReader, height: BlockHeight, time: BlockTime
  ) throws(CallRefusal) -> Caller {
    try CallCheck(frame: try checkFrame(on: state, height: height, time: time)).caller(account, key: nil)
  }

  /// What a chain in `state` runs, or will run, and this host does not contain; what runs first.
  public func missingContracts(in state: any StateReader) throws(StoreError) -> [MissingContract] {
    let (active, contracts) = try running.registry(in: state)
    let coming = active.pending.filter { !registry.has($0, suite: genesis.suite) }.sorted { $0.from < $1.from }
    return contracts.missing + coming.map { MissingContract($0) }
  }

  private func checkFrame(on state: any StateReader, height: BlockHeight, time: BlockTime) throws(CallRefusal) -> CallFrame {
    do throws(StoreError) {
      return try readFrame(on: state, height: height, time: time)
    } catch {
      throw .unreadable
    }
  }

  func readFrame(
    on state: any StateReader, height: BlockHeight, time: BlockTime, hasIndexes: Bool = true, limits: CallLimits? = nil
  ) throws(StoreError) -> CallFrame {
    CallFrame(
      environment: environment(height, time, try running.registry(in: state).registry, hasIndexes: hasIndexes),
      overlay: StateOverlay(base: state), transaction: TransactionID(.zero), limits: limits ?? genesis.parameters.callLimits)
  }

  func environment(
    _ height: BlockHeight, _ time: BlockTime, _ contracts: ContractRegistry, hasIndexes: Bool = true
  ) -> CallEnvironment {
    CallEnvironment(
      chain: genesis.chain, genesis: genesisID, suite: genesis.suite, height: height, time: time, registry: contracts,
      parameters: genesis.parameters, hasIndexes: hasIndexes)
  }

  func result(_ receipts: [Receipt], _ overlay: StateOverlay) -> BlockExecution {
    BlockExecution(
      receipts: receipts, changes: overlay.changes(.state), indexChanges: overlay.changes(.index), values: overlay.stateValues)
  }
}
