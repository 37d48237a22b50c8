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

/// Runs blocks of calls on a state. Holds nothing that changes.
public struct Executor: Sendable {
  /// The contracts that are active on the chain.
  public let registry: ContractRegistry
  /// The chain's genesis.
  public let genesis: Genesis
  /// Its id.
  public let genesisID: GenesisID

  /// An executor of the chain of `genesis` with the contracts of this host.
  /// - Throws: `GenesisError` if the genesis and this host do not fit.
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
    for contract in genesis.contracts {
      guard let manifest = registry.manifest(contract.name) else { throw .unknownContract(contract.name) }
      let found = manifest.hash(suite: genesis.suite)
      guard found == contract.manifest else {
        throw .manifestMismatch(contract.name, expected: contract.manifest, found: found)
      }
    }
    self.registry = registry.activated { Self.isActive($0, in: genesis) }
    self.genesis = genesis
    genesisID = genesis.id
  }

  /// The state at height 0.
  public func executeGenesis() throws(GenesisError) -> BlockExecution {
    let overlay = StateOverlay(base: EmptyState())
    let limits = CallLimits(reads: .max, writes: .max, bytes: .max, steps: .max)
    let frame = CallFrame(
      environment: environment(height: 0, time: genesis.time), overlay: overlay, transaction: TransactionID(genesisID.digest),
      limits: limits)
    func context(_ name: ContractName) -> ContractContext { ContractContext(contract: name, caller: .system, frame: frame) }
    do throws(ContractError) {
      try IdentityContract.initialise(genesis, context(IdentityContract.name))
    } catch {
      throw .refused(IdentityContract.name, error)
    }
    do throws(ContractError) {
      try AccessContract.initialise(genesis, context(AccessContract.name))
    } catch {
      throw .refused(AccessContract.name, error)
    }
    do throws(ContractError) {
      try GovernanceContract.initialise(genesis, context(GovernanceContract.name))
    } catch {
      throw .refused(GovernanceContract.name, error)
    }
    for activated in genesis.contracts {
      guard let contract = registry.contract(activated.name) else { throw .unknownContract(activated.name) }
      do throws(ContractError) {
        try runTyped { try contract.initialise(activated.configuration, context(activated.name)) }
      } catch {
        throw .refused(activated.name, error)
      }
    }
    return result([], overlay)
  }

  /// Runs `block` on `state`, the state of the height before. A call that throws leaves only its receipt.
  /// - Throws: `StoreError` if the state cannot be read; then nothing may be concluded about the block.
  public func execute(_ block: Block, ids: [TransactionID], on state: any StateReader) throws(StoreError) -> BlockExecution {
    let overlay = StateOverlay(base: state)
    let environment = environment(height: block.header.height, time: block.header.time)
    var receipts: [Receipt] = []
    receipts.reserveCapacity(block.transactions.count)
    for (signed, id) in zip(block.transactions, ids) {
      receipts.append(run(signed, id: id, environment: environment, overlay: overlay))
      if let fault = overlay.fault { throw fault }
    }
    if genesis.isLastOfEpoch(block.header.height) { try rotate(environment, overlay) }
    return result(receipts, overlay)
  }

  private func rotate(_ environment: CallEnvironment, _ overlay: StateOverlay) throws(StoreError) {
    let frame = CallFrame(
      environment: environment, overlay: overlay, transaction: TransactionID(.zero),
      limits: CallLimits(reads: .max, writes: .max, bytes: .max, steps: .max))
    // Governance refuses what would not rotate when it is proposed; only a store that fails can keep this from happening.
    try? GovernanceContract.rotate(ContractContext(contract: GovernanceContract.name, caller: .system, frame: frame))
    if let fault = overlay.fault { throw fault }
  }

  private func run(_ signed: SignedTransaction, id: TransactionID, environment: CallEnvironment, overlay: StateOverlay) -> Receipt {
    let transaction = signed.transaction
    let frame = CallFrame(environment: environment, overlay: overlay, transaction: id, limits: genesis.parameters.callLimits)
    let caller: Caller
    do throws(CallRefusal) {
      guard isActive(transaction.contract) else { throw .unknownContract(transaction.contract) }
      caller = try CallCheck(frame: frame).caller(
        transaction.sender, key: signed.key, contract: transaction.contract, entry: transaction.entry)
    } catch {
      return .failed(id, error.contractError, meter: frame.meter.reading)
    }
    overlay.beginLayer()
    do throws(ContractError) {
      guard let entry = registry.entry(transaction.contract, transaction.entry) else { throw .unexpected }
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
    guard isActive(contract), let declared = registry.query(contract, query) else { throw .notSupported("query \(contract).\(query)") }
    if let caller, case .roles(let roles) = declared.access, !roles.contains(where: caller.has) {
      throw .notAuthorised("\(contract).\(query) is for role \(declared.access.text); \(caller.organisation) has \(caller.roleText)")
    }
    let context = QueryContext(
      contract: contract, caller: caller ?? .system, frame: readFrame(on: state, height: height, time: time, hasIndexes: isHead))
    defer { fault = context.frame.overlay.fault }
    return try context.answer(declared, of: contract, arguments: arguments)
  }

  /// Who `account` is and whether it may make this call on `state`.
  public func check(
    _ signed: SignedTransaction, on state: any StateReader, height: BlockHeight, time: BlockTime
  ) throws(CallRefusal) -> Caller {
    guard isActive(signed.transaction.contract) else { throw .unknownContract(signed.transaction.contract) }
    return try CallCheck(frame: readFrame(on: state, height: height, time: time)).caller(
      signed.transaction.sender, key: signed.key, contract: signed.transaction.contract, entry: signed.transaction.entry)
  }

  /// The member behind `account` as a caller, for queries.
  public func caller(
    _ account: AccountID, on state: any StateReader, height: BlockHeight, time: BlockTime
  ) throws(CallRefusal) -> Caller {
    try CallCheck(frame: readFrame(on: state, height: height, time: time)).caller(account, key: nil)
  }

  private func isActive(_ contract: ContractName) -> Bool { Self.isActive(contract, in: genesis) }

  private static func isActive(_ contract: ContractName, in genesis: Genesis) -> Bool {
    [IdentityContract.name, AccessContract.name, GovernanceContract.name].contains(contract)
      || genesis.contracts.contains { $0.name == contract }
  }

  private func readFrame(on state: any StateReader, height: BlockHeight, time: BlockTime, hasIndexes: Bool = true) -> CallFrame {
    CallFrame(
      environment: environment(height: height, time: time, hasIndexes: hasIndexes), overlay: StateOverlay(base: state),
      transaction: TransactionID(.zero),
      limits: genesis.parameters.callLimits)
  }

  private func environment(height: BlockHeight, time: BlockTime, hasIndexes: Bool = true) -> CallEnvironment {
    CallEnvironment(
      chain: genesis.chain, genesis: genesisID, suite: genesis.suite, height: height, time: time, registry: registry, hasIndexes: hasIndexes
    )
  }

  func result(_ receipts: [Receipt], _ overlay: StateOverlay) -> BlockExecution {
    BlockExecution(
      receipts: receipts, changes: overlay.changes(.state).map { RecordChange(key: $0.key, value: $0.value) },
      indexChanges: overlay.changes(.index).map { RecordChange(key: $0.key, value: $0.value) })
  }
}
