/// Why a query has no answer.
@nonexhaustive
public enum QueryError: Error, Hashable, Sendable {
  /// The asker is not a valid member.
  case caller(CallRefusal)
  /// The contract refused, or has no such query.
  case refused(ContractError)
  /// The height is not kept, or the store failed.
  case ledger(LedgerError)
  /// The answer is not of the expected type: the query is another one than the caller thinks.
  case answer(CanonicalError)
}

extension QueryError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .caller(let refusal): refusal.description
    case .refused(let error): "\(error)"
    case .ledger(let error): error.description
    case .answer(let error): "the answer has another type than expected: \(error)"
    }
  }
}

/// An answer and the state that it was read from.
public struct QueryAnswer<Value: Sendable>: Sendable {
  /// The answer.
  public var value: Value
  /// The height of the state it was read from.
  public var height: BlockHeight
  /// The time of that height's block.
  public var time: BlockTime
}

/// Who asks a query.
public enum Asker: Sendable, Hashable {
  /// The host itself, on its own ledger, with all rights to read.
  case host
  /// A member, with its roles.
  case member(AccountID)
}

extension Ledger {
  /// Asks a declared query, with arguments and answer in canonical bytes.
  ///
  /// - Parameter height: Which state to read; `nil` = the newest. Queries over indexes read only the newest.
  public func query(
    _ contract: ContractName, _ query: EntryName, arguments: [UInt8], by asker: Asker = .host, at height: BlockHeight? = nil
  ) throws(QueryError) -> QueryAnswer<[UInt8]> {
    let outcome: Result<QueryAnswer<[UInt8]>, QueryError>
    do throws(LedgerError) {
      outcome = try atHeight(height) { state, header throws(LedgerError) in
        do throws(QueryError) {
          let caller = try self.caller(asker, state: state, header: header)
          let bytes = try self.ask(contract, query, arguments, caller, state, header)
          return .success(QueryAnswer(value: bytes, height: header.height, time: header.time))
        } catch {
          return .failure(error)
        }
      }
    } catch {
      throw .ledger(error)
    }
    return try outcome.get()
  }

  /// Asks a declared query with typed arguments and answer.
  public func query<Arguments: CanonicalCodable, Answer: CanonicalCodable & Sendable>(
    _ contract: ContractName, _ query: EntryName, _ arguments: Arguments, as: Answer.Type = Answer.self, by asker: Asker = .host,
    at height: BlockHeight? = nil
  ) throws(QueryError) -> Answer {
    let answer = try self.query(contract, query, arguments: arguments.canonicalBytes, by: asker, at: height)
    do throws(CanonicalError) {
      return try Answer(canonicalBytes: answer.value)
    } catch {
      throw .answer(error)
    }
  }

  /// Reads one record of a contract's table as of `height`; `nil` = the newest.
  public func record(_ key: StateKey, at height: BlockHeight? = nil) throws(LedgerError) -> [UInt8]? {
    try atHeight(height) { state, _ throws(LedgerError) in
      try LedgerError.wrap { try state.value(.state, key.bytes) }
    }
  }

  /// How many records a contract's table has as of `height`; `nil` = the newest.
  /// - Complexity: reads them all.
  public func recordCount(
    of contract: ContractName, _ table: TableName, at height: BlockHeight? = nil
  ) throws(LedgerError) -> Int {
    let prefix = StateKey.prefix(contract: contract, table: table)
    return try atHeight(height) { state, _ throws(LedgerError) in
      try LedgerError.wrap {
        var count = 0
        try state.scan(.state, from: prefix, to: successor(of: prefix), reverse: false) { _, _ in
          count += 1
          return true
        }
        return count
      }
    }
  }

  /// What the chain runs, or will run, and this host does not contain, as of the newest block: install it before that height.
  public func missingContracts() throws(LedgerError) -> [MissingContract] {
    try atHeight(nil) { state, _ throws(LedgerError) in try LedgerError.wrap { try self.executor.missingContracts(in: state) } }
  }

  /// Throws `.missingContract` if the state of the newest block runs what this host does not contain.
  static func requireContracts(_ executor: Executor, at height: BlockHeight, store: any KeyValueStore) throws(LedgerError) {
    try reading(store) { reader throws(LedgerError) in
      let state = LedgerState(reader: reader, height: height, isHead: true, suite: executor.genesis.suite)
      let running = try LedgerError.wrap { try executor.running.registry(in: state).registry }
      if let missing = running.missing.first { throw .missingContract(missing) }
    }
  }

  /// Runs `body` on the state of one height, in one snapshot.
  func atHeight<Value>(
    _ height: BlockHeight?, _ body: (LedgerState, BlockHeader) throws(LedgerError) -> Value
  ) throws(LedgerError) -> Value {
    try reading { reader throws(LedgerError) in
      guard let bytes = try LedgerError.wrap({ try reader.get(LedgerTables.meta, LedgerTables.headKey) }) else { throw .empty }
      let record: HeadRecord = try LedgerError.decode(bytes, "head")
      let wanted = height ?? record.height
      let oldest = try Self.height(LedgerTables.oldestStateKey, in: reader) ?? base
      guard wanted >= oldest else { throw notKept(wanted, oldest: oldest, head: record.height) }
      guard wanted <= record.height, let header = try LedgerError.wrap({ try reader.get(LedgerTables.headers, LedgerTables.key(wanted)) })
      else { throw .noSuchHeight(wanted, head: record.height) }
      let state = LedgerState(reader: reader, height: wanted, isHead: wanted == record.height, suite: suite)
      return try body(state, try LedgerError.decode(header, "header \(wanted)"))
    }
  }

  private func caller(_ asker: Asker, state: LedgerState, header: BlockHeader) throws(QueryError) -> Caller? {
    switch asker {
    case .host: return nil
    case .member(let account):
      do throws(CallRefusal) {
        return try executor.caller(account, on: state, height: header.height, time: header.time)
      } catch {
        throw .caller(error)
      }
    }
  }

  private func ask(
    _ contract: ContractName, _ query: EntryName, _ arguments: [UInt8], _ caller: Caller?, _ state: LedgerState, _ header: BlockHeader
  ) throws(QueryError) -> [UInt8] {
    var fault: StoreError?
    let answer: Result<[UInt8], ContractError>
    do throws(ContractError) {
      answer = .success(
        try executor.query(
          contract, query, arguments: arguments, caller: caller, on: state, height: header.height, time: header.time, isHead: state.isHead,
          fault: &fault))
    } catch {
      answer = .failure(error)
    }
    #if DEBUG
      if LedgerMutation.planted == .faultAsRefusal { fault = nil }
    #endif
    // Whatever the contract made of it: without what could not be read there is no answer.
    if let fault { throw .ledger(.store(fault)) }
    do throws(ContractError) {
      return try answer.get()
    } catch {
      throw .refused(error)
    }
  }
}
