/// What an entry sees: everything a query does, and the means to change its own contract's records.
public final class ContractContext: QueryContext {
  /// The transaction that runs; calls that arrive in one packet batch share it.
  public var transaction: TransactionID { frame.transaction }

  /// Stores `value` under `key`.
  public func put<Key, Value>(_ table: Table<Key, Value>, _ key: Key, _ value: Value) throws(ContractError) {
    let stateKey = try checkedKey(table, key)
    let bytes = value.canonicalBytes
    try frame.meter.write(bytes: stateKey.count + bytes.count)
    if table.isIndexed {
      try reindex(table, key, old: try record(stateKey), new: value)
    }
    frame.overlay.set(.state, stateKey, bytes)
  }

  /// Removes the record under `key`, if any.
  public func remove<Key, Value>(_ table: Table<Key, Value>, _ key: Key) throws(ContractError) {
    let stateKey = try checkedKey(table, key)
    try frame.meter.write(bytes: stateKey.count)
    if table.isIndexed, let old: Value = try record(stateKey) {
      try reindex(table, key, old: old, new: nil)
    }
    frame.overlay.set(.state, stateKey, nil)
  }

  /// Tells the outside that `name` happened. Only what everybody may see belongs here.
  public func emit(_ name: String, _ value: some CanonicalCodable) throws(ContractError) {
    let payload = value.canonicalBytes
    try frame.meter.write(bytes: payload.count)
    frame.events.append(Event(contract: contract, name: name, payload: payload))
  }

  /// Sends a call to a contract on another chain, through the chain's one `PacketSender`.
  /// - Throws: `.notSupported` on a chain without one; what the sender refuses.
  public func send(_ packet: OutgoingPacket) throws(ContractError) -> SentPacket {
    guard let (name, sender) = frame.environment.registry.packetSender else {
      throw .notSupported("sending packets: the chain has no cross-chain module")
    }
    let context = ContractContext(contract: name, caller: .system, frame: frame)
    return try sender.send(packet, from: contract, by: caller, context)
  }

  /// Leaves the answer to the packet that this call came by open: its sender waits until `answer(_:with:)`. It never times out any more.
  /// - Returns: What to answer by; keep it in a table.
  /// - Throws: `.notAllowed` in a call that came by no packet.
  public func answerLater() throws(ContractError) -> PacketTicket {
    guard case .remote = caller.origin, let packet = frame.packet else {
      throw .notAllowed(state: "called without a packet", call: "answerLater")
    }
    frame.packet = (packet.ticket, true)
    return packet.ticket
  }

  /// Answers a packet that this contract received earlier and left open. There is one answer, and it is final.
  /// - Throws: `.notFound` if no open packet of this contract has the ticket; `.notSupported` on a chain without a cross-chain module.
  public func answer(_ ticket: PacketTicket, with answer: LateAnswer) throws(ContractError) {
    guard let (name, sender) = frame.environment.registry.packetSender else {
      throw .notSupported("answering packets: the chain has no cross-chain module")
    }
    let context = ContractContext(contract: name, caller: .system, frame: frame)
    try sender.answer(ticket, with: answer, from: contract, context)
  }

  /// Calls an entry of another contract as `caller`, in a layer of its own: if it throws, nothing of it stays.
  ///
  /// Only system contracts may, and only to contracts that are none: others get `.notSupported`.
  package func dispatch(
    _ contract: ContractName, _ entry: EntryName, _ arguments: [UInt8], as caller: Caller
  ) throws(ContractError) -> [UInt8] {
    try requireSystem()
    guard !frame.environment.registry.isSystem(contract) else { throw .notSupported("\(contract) belongs to the platform and is no port") }
    guard let declared = frame.environment.registry.entry(contract, entry) else {
      throw .notSupported("entry \(contract).\(entry)\(frame.environment.registry.whyAbsent(contract))")
    }
    try CallCheck(frame: frame).requireCall(caller, contract, entry, declared.access)
    return try inOwnLayer(contract, as: caller) { context throws(ContractError) in
      try runTyped { try declared.run(arguments, context) }
    }
  }

  /// Calls what a packet asks for as `caller`: an entry, or a query if there is no entry of the name. Only system contracts may.
  /// - Parameter mayAsk: Whether queries may be asked by packets.
  package func deliver(
    _ ticket: PacketTicket, to contract: ContractName, _ name: EntryName, _ arguments: [UInt8], as caller: Caller, mayAsk: Bool
  ) throws(ContractError) -> PacketReply {
    try requireSystem()
    let registry = frame.environment.registry
    if registry.entry(contract, name) == nil, let query = registry.query(contract, name) {
      guard !registry.isSystem(contract) else { throw .notSupported("\(contract) belongs to the platform and is no port") }
      guard mayAsk else { throw .notSupported("query \(contract).\(name) by packet") }
      try CallCheck(frame: frame).require(caller, contract, name, query.access)
      return .answer(
        try inOwnLayer(contract, as: caller) { context throws(ContractError) in
          try context.answer(query, of: contract, arguments: arguments)
        })
    }
    frame.packet = (ticket, false)
    defer { frame.packet = nil }
    let output = try dispatch(contract, name, arguments, as: caller)
    return frame.packet?.isLeftOpen == true ? .later : .result(output)
  }

  /// Tells a contract what became of its packet, in a layer of its own. Only system contracts may.
  package func settle(_ packet: SettledPacket, port: ContractName) throws(ContractError) {
    try requireSystem()
    let registry = frame.environment.registry
    switch registry.halt(of: port) {
    case .frozen: throw .notAllowed(state: "frozen", call: "settlement of \(port)")
    // Nobody is left to learn of it, and the lane must not wait for ever.
    case .retired: return
    case .active, nil: break
    }
    guard let contract = registry.contract(port) else { throw .notSupported("contract \(port)") }
    try inOwnLayer(port, as: .system) { context throws(ContractError) in
      try runTyped { try contract.packetSettled(packet, context) }
    }
  }

  /// Runs `body` on this contract's tables in a layer of its own: if it throws, nothing of it stays. Only system contracts may.
  package func attempt<Value>(_ body: (ContractContext) throws(ContractError) -> Value) throws(ContractError) -> Value {
    try requireSystem()
    return try inOwnLayer(contract, as: caller, body)
  }

  /// Runs `body` with a meter of its own, as if it were a transaction: what stands beside it in a batch can't make it fail.
  /// What it used is added to the receipt's meter. Only system contracts may.
  package func metered<Value>(_ body: () throws(ContractError) -> Value) throws(ContractError) -> Value {
    try requireSystem()
    let outer = frame.meter
    frame.meter = Meter(limits: outer.limits)
    defer { frame.meter = outer.adding(frame.meter.reading) }
    return try body()
  }

  /// Makes a call that governance decided, in a layer of its own. Only the contract `governance` may.
  package func govern(_ call: GovernedCall, as caller: Caller) throws(ContractError) {
    let entry = try governedEntry(call)
    try CallCheck(frame: frame).requireCall(caller, call.contract, call.entry, entry.access)
    try inOwnLayer(call.contract, as: caller) { context throws(ContractError) in
      _ = try runTyped { try entry.run(call.arguments, context) }
    }
  }

  /// The entry that a governed call names.
  /// - Throws: `.notSupported` if there is none, `.badArgument` if governance does not decide about it.
  package func governedEntry(_ call: GovernedCall) throws(ContractError) -> Entry {
    guard contract == GovernanceContract.name else { throw .notSupported("governed calls from \(contract)") }
    guard let entry = frame.environment.registry.entry(call.contract, call.entry) else {
      throw .notSupported("entry \(call.contract).\(call.entry)")
    }
    guard entry.access == .governance else {
      throw .badArgument("calls: \(call.contract).\(call.entry) is for \(entry.access.text), not for governance")
    }
    return entry
  }

  /// Runs `body` in a layer that is dropped: nothing of it stays but what it used and what it throws. Only system contracts may.
  package func rehearse(_ body: (ContractContext) throws(ContractError) -> Void) throws(ContractError) {
    try requireSystem()
    let events = frame.events.count
    frame.overlay.beginLayer()
    defer {
      frame.overlay.dropLayer()
      frame.events.removeSubrange(events...)
    }
    try body(self)
  }

  private func requireSystem() throws(ContractError) {
    guard frame.environment.registry.isSystem(contract) else { throw .notSupported("calls between contracts") }
  }

  private func inOwnLayer<Value>(
    _ contract: ContractName, as caller: Caller, _ body: (ContractContext) throws(ContractError) -> Value
  ) throws(ContractError) -> Value {
    guard frame.depth < Self.depthLimit else { throw .tooDeep }
    frame.depth += 1
    defer { frame.depth -= 1 }
    let events = frame.events.count
    frame.overlay.beginLayer()
    do throws(ContractError) {
      let value = try body(ContractContext(contract: contract, caller: caller, frame: frame))
      frame.overlay.commitLayer()
      return value
    } catch {
      frame.overlay.dropLayer()
      frame.events.removeSubrange(events...)
      throw error
    }
  }

  private func checkedKey<Key, Value>(_ table: Table<Key, Value>, _ key: Key) throws(ContractError) -> [UInt8] {
    let bytes = StateKey(contract: contract, table: table.name, key: key).bytes
    guard bytes.count <= StateKey.byteLimit else { throw .badArgument("key in \(table.name) exceeds \(StateKey.byteLimit) bytes") }
    // Who imports a snapshot rebuilds the indexes of declared tables: entries of others would be missing there.
    guard !table.isIndexed || frame.environment.registry.indexed(contract, table.name) != nil else {
      throw .notSupported("indexes of table \(table.name): list IndexedTable(\(table.name)) among the contract's entries")
    }
    return bytes
  }

  private func reindex<Key, Value>(
    _ table: Table<Key, Value>, _ key: Key, old: Value?, new: Value?
  ) throws(ContractError) {
    let record = key.keyBytes
    for index in table.indexes {
      let prefix = Self.indexPrefix(contract: contract, table: table.name, index: index.name)
      let before = old.map { index.keys(key, $0) } ?? []
      let after = new.map { index.keys(key, $0) } ?? []
      for bytes in before where !after.contains(bytes) { frame.overlay.set(.index, prefix + bytes + record, nil) }
      for bytes in after where !before.contains(bytes) {
        let place = prefix + bytes + record
        guard place.count <= StateKey.byteLimit else {
          throw .badArgument("index key in \(table.name) exceeds \(StateKey.byteLimit) bytes")
        }
        frame.overlay.set(.index, place, IndexedTable.mark)
      }
    }
  }
}

extension Caller {
  var roleText: String { roles.isEmpty ? "none" : roles.map(\.rawValue).joined(separator: ", ") }
}
