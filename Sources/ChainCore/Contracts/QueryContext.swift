/// What is the same for every call of a block.
struct CallEnvironment: Sendable {
  var chain: ChainID
  var genesis: GenesisID
  var suite: CryptoSuite
  var height: BlockHeight
  var time: BlockTime
  var registry: ContractRegistry
  /// The numbers of genesis.
  var parameters: ChainParameters
  /// Whether this is the newest state: indexes are kept for it only.
  var hasIndexes: Bool
}

/// What all contexts of one call share.
final class CallFrame {
  let environment: CallEnvironment
  let overlay: StateOverlay
  let transaction: TransactionID
  var meter: Meter
  var events: [Event] = []
  var depth = 0
  /// The packet that the running call came by, and whether its answer was left open.
  var packet: (ticket: PacketTicket, isLeftOpen: Bool)?

  init(environment: CallEnvironment, overlay: StateOverlay, transaction: TransactionID, limits: CallLimits) {
    self.environment = environment
    self.overlay = overlay
    self.transaction = transaction
    meter = Meter(limits: limits)
  }
}

/// What a query sees: its contract's tables at one height, who asks, and other contracts' declared queries.
///
/// Lives for one call and belongs to one thread; it cannot be kept.
public class QueryContext {
  /// How many queries and dispatches may nest.
  public static let depthLimit = 8

  /// The contract whose tables these are.
  public let contract: ContractName
  /// Who calls.
  public let caller: Caller
  let frame: CallFrame

  init(contract: ContractName, caller: Caller, frame: CallFrame) {
    self.contract = contract
    self.caller = caller
    self.frame = frame
  }

  /// The chain.
  public var chain: ChainID { frame.environment.chain }
  /// The chain's genesis id.
  public var genesis: GenesisID { frame.environment.genesis }
  /// The chain's suite.
  public var suite: CryptoSuite { frame.environment.suite }
  /// The height of the block that runs; of a query, the height it reads.
  public var height: BlockHeight { frame.environment.height }
  /// The time of that block.
  public var time: BlockTime { frame.environment.time }

  /// Throws `error` unless `condition` holds.
  public func require(_ condition: Bool, _ error: @autoclosure () -> ContractError) throws(ContractError) {
    guard condition else { throw error() }
  }

  /// Counts steps of a loop against the call's limit.
  public func charge(_ steps: UInt64) throws(ContractError) { try frame.meter.charge(steps) }

  /// The record under `key`, if any.
  public func get<Key, Value>(_ table: Table<Key, Value>, _ key: Key) throws(ContractError) -> Value? {
    try record(StateKey(contract: contract, table: table.name, key: key).bytes)
  }

  /// The record under a state key, if any.
  func record<Value: CanonicalCodable & Sendable>(_ stateKey: [UInt8]) throws(ContractError) -> Value? {
    let bytes = try frame.overlay.value(.state, stateKey)
    try frame.meter.read(bytes: stateKey.count + (bytes?.count ?? 0))
    guard let bytes else { return nil }
    do {
      return try frame.overlay.decoded.value(bytes, of: stateKey, as: Value.self)
    } catch {
      throw .unexpected
    }
  }

  /// The record under `key`.
  /// - Throws: `.notFound` if there is none.
  public func require<Key, Value>(_ table: Table<Key, Value>, _ key: Key) throws(ContractError) -> Value {
    guard let value = try get(table, key) else { throw .notFound }
    return value
  }

  /// Records in key order, from `from` (included) to `to` (excluded), at most `limit`.
  public func range<Key, Value>(
    _ table: Table<Key, Value>, from: Key? = nil, to: Key? = nil, reverse: Bool = false, limit: Int
  ) throws(ContractError) -> [(key: Key, value: Value)] {
    let prefix = StateKey.prefix(contract: contract, table: table.name)
    let start = from.map { prefix + $0.keyBytes } ?? prefix
    let end = to.map { prefix + $0.keyBytes } ?? successor(of: prefix)
    return try collect(from: start, to: end, prefix: prefix, reverse: reverse, limit: limit)
  }

  /// Records whose composite key begins with `first`, in key order.
  public func range<First, Second, Value>(
    _ table: Table<Pair<First, Second>, Value>, under first: First, reverse: Bool = false, limit: Int
  ) throws(ContractError) -> [(key: Pair<First, Second>, value: Value)] {
    let prefix = StateKey.prefix(contract: contract, table: table.name)
    let start = prefix + first.keyBytes
    return try collect(from: start, to: successor(of: start), prefix: prefix, reverse: reverse, limit: limit)
  }

  /// Records whose key in the declared index `index` equals `key`, in order of their own keys.
  public func range<Key, Value, IndexKey: OrderedKey>(
    _ table: Table<Key, Value>, index: TableName, equals key: IndexKey, limit: Int
  ) throws(ContractError) -> [(key: Key, value: Value)] {
    guard frame.environment.hasIndexes else { throw .notSupported("index \(table.name).\(index) at a past height") }
    let start = Self.indexPrefix(contract: contract, table: table.name, index: index) + key.keyBytes
    var found: [Key] = []
    var malformed = false
    try frame.overlay.scan(.index, from: start, to: successor(of: start), reverse: false) { bytes, _ in
      var rest = bytes[start.count...]
      guard found.count < limit else { return false }
      guard let key = Key(key: &rest), rest.isEmpty else {
        malformed = true
        return false
      }
      found.append(key)
      return true
    }
    guard !malformed else { throw .unexpected }
    var records: [(key: Key, value: Value)] = []
    for key in found { records.append((key, try require(table, key))) }
    return records
  }

  /// Asks a declared query of another contract, with the same caller, height and meter.
  public func query<Arguments: ContractValue, Result: ContractValue>(
    _ contract: ContractName, _ query: EntryName, _ arguments: Arguments, as: Result.Type = Result.self
  ) throws(ContractError) -> Result {
    guard let declared = frame.environment.registry.query(contract, query) else {
      throw .notSupported("query \(contract).\(query)\(frame.environment.registry.whyAbsent(contract))")
    }
    let bytes = try answer(declared, of: contract, arguments: arguments.canonicalBytes)
    do {
      return try Result(canonicalBytes: bytes)
    } catch {
      throw .unexpected
    }
  }

  func answer(_ query: Query, of contract: ContractName, arguments: [UInt8]) throws(ContractError) -> [UInt8] {
    guard frame.depth < Self.depthLimit else { throw .tooDeep }
    frame.depth += 1
    defer { frame.depth -= 1 }
    let context = QueryContext(contract: contract, caller: caller, frame: frame)
    return try runTyped { try query.run(arguments, context) }
  }

  private func collect<Key: OrderedKey, Value: CanonicalCodable>(
    from start: [UInt8], to end: [UInt8]?, prefix: [UInt8], reverse: Bool, limit: Int
  ) throws(ContractError) -> [(key: Key, value: Value)] {
    var raw: [(key: [UInt8], value: [UInt8])] = []
    if limit > 0 {
      try frame.overlay.scan(.state, from: start, to: end, reverse: reverse) { key, value in
        raw.append((key, value))
        return raw.count < limit
      }
    }
    var records: [(key: Key, value: Value)] = []
    for (bytes, value) in raw {
      try frame.meter.read(bytes: bytes.count + value.count)
      var rest = bytes[prefix.count...]
      guard let key = Key(key: &rest), rest.isEmpty else { throw .unexpected }
      records.append((key, try decode(value, as: Value.self)))
    }
    return records
  }

  private func decode<Value: CanonicalCodable>(_ bytes: [UInt8], as: Value.Type) throws(ContractError) -> Value {
    do {
      return try Value(canonicalBytes: bytes)
    } catch {
      throw .unexpected
    }
  }

  static func indexPrefix(contract: ContractName, table: TableName, index: TableName) -> [UInt8] {
    var writer = CanonicalWriter(reservingCapacity: 64)
    contract.encode(into: &writer)
    table.encode(into: &writer)
    index.encode(into: &writer)
    return writer.bytes
  }
}

/// Runs contract code; an error that is not a `ContractError` becomes `.unexpected`, without text.
func runTyped<Value>(_ body: () throws -> Value) throws(ContractError) -> Value {
  do {
    return try body()
  } catch let error as ContractError {
    throw error
  } catch {
    throw .unexpected
  }
}

/// The least byte string greater than all that begin with `prefix`, or `nil` if there is none.
func successor(of prefix: [UInt8]) -> [UInt8]? {
  var bytes = prefix
  while let last = bytes.popLast() {
    if last < 0xff { return bytes + [last + 1] }
  }
  return nil
}
