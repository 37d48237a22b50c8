/// The two ordered spaces of a chain's records.
public enum StateSpace: UInt8, Sendable, Hashable {
  /// Contract records: proven by the state tree.
  case state = 0
  /// Index entries and counts: derived from the records, unproven.
  case index = 1
}

/// Where records are read from: a ledger at one height, or nothing.
public protocol StateReader {
  /// The value of `key`, if any.
  func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]?
  /// Calls `body` with keys and values in `from..<to` in order until it returns `false`.
  func scan(_ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool) throws(StoreError)
}

/// A state without records.
public struct EmptyState: StateReader, Sendable {
  /// The empty state.
  public init() {}
  /// Nothing.
  public func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { nil }
  /// Nothing.
  public func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(StoreError) {}
}

/// Uncommitted changes on top of a state, in nested layers: a block, its calls, and calls within calls.
///
/// All changes stand in one map a space; a layer remembers what it replaced, so that dropping it brings that back.
/// A failing read of the store is kept in `fault` and ends the block, not the call: no receipt may depend on a disk.
final class StateOverlay {
  private struct Changes {
    var values: [ByteKey: [UInt8]?] = [:]
    /// The changed keys in order, once a range was asked for: a call that asks for one record is not to pay for all changes of its block.
    var order: SortedChunks<Void>?
  }

  private struct Replaced {
    let space: StateSpace
    let key: ByteKey
    /// What the layer below had; `nil` if nothing was changed there.
    let before: [UInt8]??
  }

  private let base: any StateReader
  private var state = Changes()
  private var index = Changes()
  /// What open layers replaced, in order, and where each layer begins.
  private var replaced: [Replaced] = []
  private var layers: [Int] = []
  private(set) var fault: StoreError?
  /// What was decoded before, of any layer.
  var decoded = DecodedRecords()
  /// Counts changes, dropped ones too, of records of the contracts that decide who may call: identity and access.
  private(set) var callerChanges = 0

  private static let callerPrefixes = [IdentityContract.name, AccessContract.name].map { StateKey.prefix(contract: $0) }

  /// - Parameter capacity: How many records will be changed, about.
  init(base: any StateReader, capacity: Int = 0) {
    self.base = base
    state.values.reserveCapacity(capacity)
  }

  /// Opens a layer that `commitLayer` keeps or `dropLayer` forgets.
  func beginLayer() { layers.append(replaced.count) }

  func commitLayer() {
    layers.removeLast()
    if layers.isEmpty { replaced.removeAll(keepingCapacity: true) }
  }

  func dropLayer() {
    let start = layers.removeLast()
    while replaced.count > start {
      let last = replaced.removeLast()
      update(last.space) { changes in
        if let before = last.before {
          changes.values.updateValue(before, forKey: last.key)
        } else {
          changes.values.removeValue(forKey: last.key)
          changes.order?.remove(last.key.bytes)
        }
      }
    }
  }

  func value(_ space: StateSpace, _ key: [UInt8]) throws(ContractError) -> [UInt8]? {
    if let change = changes(in: space).values[ByteKey(key)] { return change }
    do {
      return try base.value(space, key)
    } catch {
      fault = fault ?? error
      throw .unexpected
    }
  }

  func set(_ space: StateSpace, _ key: [UInt8], _ value: [UInt8]?) {
    let place = ByteKey(key)
    let before = update(space) { changes in
      let before = changes.values.updateValue(value, forKey: place)
      if before == nil { changes.order?.set(key, ()) }
      return before
    }
    if !layers.isEmpty { replaced.append(Replaced(space: space, key: place, before: before)) }
    if space == .state, Self.callerPrefixes.contains(where: { key.starts(with: $0) }) { callerChanges += 1 }
  }

  /// Calls `body` in key order over base and layers until it returns `false`.
  func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(ContractError) {
    let values = changes(in: space).values
    #if DEBUG
      let isTurned = reverse != (LedgerMutation.planted == .turnedRanges)
      var walk = order(of: space).walk(from: from, to: to, reverse: isTurned)
    #else
      var walk = order(of: space).walk(from: from, to: to, reverse: reverse)
    #endif
    var next = walk.next()?.key
    var goesOn = true
    func take(_ key: [UInt8]) {
      if let value = values[ByteKey(key)] ?? nil { goesOn = body(key, value) }
      next = walk.next()?.key
    }
    do {
      try base.scan(space, from: from, to: to, reverse: reverse) { key, value in
        while goesOn, let change = next, reverse ? ByteKey.precedes(key, change) : ByteKey.precedes(change, key) { take(change) }
        guard goesOn else { return false }
        if let change = next, change == key { take(change) } else { goesOn = body(key, value) }
        return goesOn
      }
    } catch {
      fault = fault ?? error
      throw .unexpected
    }
    while goesOn, let change = next { take(change) }
  }

  /// What the layers changed of the contracts' records.
  var stateValues: [ByteKey: [UInt8]?] { state.values }

  /// What the layers changed, in key order.
  func changes(_ space: StateSpace) -> [RecordChange] {
    var pairs = changes(in: space).values.map { RecordChange(key: $0.key.bytes, value: $0.value) }
    pairs.sort { ByteKey.precedes($0.key, $1.key) }
    return pairs
  }

  private func changes(in space: StateSpace) -> Changes {
    switch space {
    case .state: state
    case .index: index
    }
  }

  private func update<Value>(_ space: StateSpace, _ body: (inout Changes) -> Value) -> Value {
    switch space {
    case .state: body(&state)
    case .index: body(&index)
    }
  }

  /// The changed keys in order.
  private func order(of space: StateSpace) -> SortedChunks<Void> {
    if let known = changes(in: space).order { return known }
    var order = SortedChunks<Void>()
    for key in changes(in: space).values.keys { order.set(key.bytes, ()) }
    update(space) { $0.order = order }
    return order
  }
}
