// Approved versions begin to run before the first transaction of their height.
extension Executor {
  /// The contracts that run in a block, after the versions that are due at its height began to.
  func begin(
    _ height: BlockHeight, _ time: BlockTime, _ limits: CallLimits, _ overlay: StateOverlay, on state: any StateReader,
    _ trail: inout AuditTrail
  ) throws(ExecutionFault) -> ContractRegistry {
    let (active, running): (ActiveContracts, ContractRegistry)
    do throws(StoreError) {
      (active, running) = try self.running.registry(in: state)
    } catch {
      throw .store(error)
    }
    if let missing = running.missing.first { throw .missingContract(missing) }
    let due = active.pending.filter { $0.from <= height }
    guard !due.isEmpty else { return running }
    var (now, contracts) = (active, running)
    for pending in due {
      if pending.contract == ContractRegistry.platformName {
        guard registry.has(pending, suite: genesis.suite) else { throw .missingContract(MissingContract(pending)) }
        now.pending.removeAll { $0 == pending }
        contracts = contracts.changed(platform: pending.version)
        startPlatform(pending, after: active[pending.contract], environment(height, time, contracts), overlay, &trail)
        if let fault = overlay.fault { throw .store(fault) }
        now.set(
          ActiveContract(
            contract: pending.contract, version: pending.version, manifest: pending.manifest, status: .active, since: height))
        continue
      }
      guard
        let new = registry.registered(
          pending.contract, version: pending.version, manifest: pending.manifest, suite: genesis.suite)
      else {
        throw .missingContract(MissingContract(pending))
      }
      now.pending.removeAll { $0 == pending }
      let candidate = contracts.replacing(pending.contract, by: new)
      let started = start(new, in: pending, after: active[pending.contract], limits, environment(height, time, candidate), overlay, &trail)
      if let fault = overlay.fault { throw .store(fault) }
      if started {
        contracts = candidate
        now.set(
          ActiveContract(
            contract: pending.contract, version: pending.version, manifest: pending.manifest,
            status: active[pending.contract]?.status ?? .active, since: height))
      }
    }
    let context = systemContext(LifecycleContract.name, environment(height, time, contracts), overlay)
    // The meter has no limits here, so only a store that fails can keep this from happening.
    try? context.put(LifecycleContract.active, SingleKey(), now)
    if let fault = overlay.fault { throw .store(fault) }
    return contracts
  }

  /// Starts one version: sets up a new contract, or migrates the records of the version before; whole or not at all.
  private func start(
    _ new: ContractRegistry.Registered, in pending: PendingVersion, after old: ActiveContract?, _ limits: CallLimits,
    _ environment: CallEnvironment, _ overlay: StateOverlay, _ trail: inout AuditTrail
  ) -> Bool {
    let limits = limits.times(LifecycleContract.migrationFactor)
    let frame = CallFrame(environment: environment, overlay: overlay, transaction: TransactionID(.zero), limits: limits)
    let lifecycle = systemContext(LifecycleContract.name, environment, overlay)
    let id = ContractVersionID(contract: pending.contract, version: pending.version)
    overlay.beginLayer()
    do throws(ContractError) {
      let record = try lifecycle.require(LifecycleContract.versions, Pair(pending.contract, pending.version))
      let context = ContractContext(contract: pending.contract, caller: .system, frame: frame)
      if let old {
        try runTyped { try new.contract.migrate(from: old.version, context) }
        let before = try lifecycle.require(LifecycleContract.versions, Pair(pending.contract, old.version))
        try LifecycleContract.move(before, to: .upgraded, since: environment.height, lifecycle)
      } else {
        try runTyped { try new.contract.initialise(record.version.configuration, context) }
      }
      try LifecycleContract.move(record, to: .active, since: environment.height, lifecycle)
      try lifecycle.emit("contracts.activated", id)
      overlay.commitLayer()
      trail.note(lifecycle.frame.events, registry: environment.registry)
      return true
    } catch {
      overlay.dropLayer()
      let report = systemContext(LifecycleContract.name, environment, overlay)
      try? note(failure: error, of: id, report)
      trail.note(report.frame.events, registry: environment.registry)
      return false
    }
  }

  private func note(failure: ContractError, of id: ContractVersionID, _ context: ContractContext) throws(ContractError) {
    let record = try context.require(LifecycleContract.versions, Pair(id.contract, id.version))
    try LifecycleContract.move(record, to: .failed, since: context.height, context)
    try context.emit("contracts.failed", FailedActivation(version: id, code: failure.code, message: String(failure.message.prefix(64))))
  }

  /// A context of the runtime itself, without limits.
  func systemContext(_ contract: ContractName, _ environment: CallEnvironment, _ overlay: StateOverlay) -> ContractContext {
    let frame = CallFrame(
      environment: environment, overlay: overlay, transaction: TransactionID(.zero),
      limits: CallLimits(reads: .max, writes: .max, bytes: .max, steps: .max))
    return ContractContext(contract: contract, caller: .system, frame: frame)
  }
}

/// Why a version did not start: what the audit log's record is about.
struct FailedActivation: CanonicalRecord {
  var version: ContractVersionID
  var code: String
  var message: String
  static let layout = Layout(Self.init, \.version, \.code, \.message)
}

extension CallLimits {
  /// As many calls' worth, as far as the numbers go.
  fileprivate func times(_ factor: UInt32) -> CallLimits {
    func times<Number: FixedWidthInteger>(_ number: Number) -> Number {
      let (product, overflow) = number.multipliedReportingOverflow(by: Number(factor))
      return overflow ? .max : product
    }
    return CallLimits(reads: times(reads), writes: times(writes), bytes: times(bytes), steps: times(steps))
  }
}
