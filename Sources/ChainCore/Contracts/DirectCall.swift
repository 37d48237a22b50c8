/// One entry called without transaction or signature: how sandboxes test a contract.
package struct DirectCall: Sendable {
  /// The contract.
  package var contract: ContractName
  /// The entry.
  package var entry: EntryName
  /// The canonical bytes of the arguments.
  package var arguments: [UInt8]
  /// Who calls; roles are taken as they are.
  package var caller: Caller
  /// The id that stands for the transaction.
  package var transaction: TransactionID

  /// Puts the fields together.
  package init(contract: ContractName, entry: EntryName, arguments: [UInt8], caller: Caller, transaction: TransactionID) {
    self.contract = contract
    self.entry = entry
    self.arguments = arguments
    self.caller = caller
    self.transaction = transaction
  }
}

/// What a direct call did.
package struct DirectResult: Sendable {
  /// The canonical bytes of the result.
  package var output: [UInt8]
  /// What it emitted.
  package var events: [Event]
  /// Changed contract records in key order.
  package var changes: [RecordChange]
  /// Changed index entries in key order.
  package var indexChanges: [RecordChange]
}

extension Executor {
  /// Runs one entry on `state` as of `height` and `time`.
  /// - Throws: what a receipt would say; then nothing changed.
  package func call(
    _ call: DirectCall, on state: any StateReader, height: BlockHeight, time: BlockTime
  ) throws(ContractError) -> DirectResult {
    let contracts: ContractRegistry
    do throws(StoreError) {
      contracts = try running.registry(in: state).registry
    } catch {
      throw .unexpected
    }
    guard let entry = contracts.entry(call.contract, call.entry) else {
      throw .notSupported("entry \(call.contract).\(call.entry)\(contracts.whyAbsent(call.contract))")
    }
    let overlay = StateOverlay(base: state)
    let frame = CallFrame(
      environment: environment(height, time, contracts), overlay: overlay, transaction: call.transaction,
      limits: genesis.parameters.callLimits)
    try CallCheck(frame: frame).requireCall(call.caller, call.contract, call.entry, entry.access)
    let context = ContractContext(contract: call.contract, caller: call.caller, frame: frame)
    let output = try runTyped { try entry.run(call.arguments, context) }
    guard output.count <= Receipt.outputLimit else { throw .limitExceeded("\(Receipt.outputLimit) bytes of output") }
    let changes = result([], overlay)
    return DirectResult(output: output, events: frame.events, changes: changes.changes, indexChanges: changes.indexChanges)
  }
}
