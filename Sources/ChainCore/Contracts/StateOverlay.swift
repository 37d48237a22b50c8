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
/// A failing read of the store is kept in `fault` and ends the block, not the call: no receipt may depend on a disk.
final class StateOverlay {
  private struct Place: Hashable {
    var space: StateSpace
    var bytes: ByteKey

    init(_ space: StateSpace, _ key: [UInt8]) {
      self.space = space
      bytes = ByteKey(key)
    }

    var key: [UInt8] { bytes.bytes }
  }

  private let base: any StateReader
  private var layers: [[Place: [UInt8]?]] = [[:]]
  /// The keys of the block's own layer in order, by space, once a range was asked for: with each call looking at all changes of the calls
  /// before it, a block would cost the square of its length.
  private var orders: [StateSpace: SortedChunks] = [:]
  private(set) var fault: StoreError?

  init(base: any StateReader) { self.base = base }

  /// Opens a layer that `commitLayer` keeps or `dropLayer` forgets.
  func beginLayer() { layers.append([:]) }

  func commitLayer() {
    let top = layers.removeLast()
    if layers.count == 1, !orders.isEmpty {
      for place in top.keys { orders[place.space]?.set(place.key, []) }
    }
    if layers[layers.count - 1].isEmpty {
      layers[layers.count - 1] = top
    } else {
      layers[layers.count - 1].merge(top) { _, new in new }
    }
  }

  func dropLayer() { layers.removeLast() }

  func value(_ space: StateSpace, _ key: [UInt8]) throws(ContractError) -> [UInt8]? {
    let place = Place(space, key)
    for index in layers.indices.reversed() where !layers[index].isEmpty {
      if let change = layers[index][place] { return change }
    }
    do {
      return try base.value(space, key)
    } catch {
      fault = fault ?? error
      throw .unexpected
    }
  }

  func set(_ space: StateSpace, _ key: [UInt8], _ value: [UInt8]?) {
    layers[layers.count - 1][Place(space, key)] = .some(value)
    if layers.count == 1 { orders[space]?.set(key, []) }
  }

  /// Calls `body` in key order over base and layers until it returns `false`.
  func scan(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
  ) throws(ContractError) {
    var changes = PendingChanges(
      block: order(of: space).walk(from: from, to: to, reverse: reverse), call: changedByCalls(space, from: from, to: to, reverse: reverse),
      reverse: reverse)
    var next = changes.next()
    var goesOn = true
    // Only what the caller takes is looked at: a call that asks for one record is not to pay for all changes of its block.
    func take() {
      guard let change = next else { return }
      if let value = change.isOfCall ? change.value : layers[0][Place(space, change.key)] ?? nil { goesOn = body(change.key, value) }
      next = changes.next()
    }
    do {
      try base.scan(space, from: from, to: to, reverse: reverse) { key, value in
        while goesOn, let change = next, changes.precedes(change.key, key) { take() }
        guard goesOn else { return false }
        if let change = next, change.key == key { take() } else { goesOn = body(key, value) }
        return goesOn
      }
    } catch {
      fault = fault ?? error
      throw .unexpected
    }
    while goesOn, next != nil { take() }
  }

  /// The keys of the block's own layer, in order.
  private func order(of space: StateSpace) -> SortedChunks {
    if let known = orders[space] { return known }
    var order = SortedChunks()
    for place in layers[0].keys where place.space == space { order.set(place.key, []) }
    orders[space] = order
    return order
  }

  /// What the running calls changed, in order; the innermost counts.
  private func changedByCalls(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool
  ) -> [(key: [UInt8], value: [UInt8]?)] {
    var merged: [ByteKey: [UInt8]?] = [:]
    for layer in layers.dropFirst() {
      for (place, value) in layer where place.space == space {
        guard !ByteKey.precedes(place.key, from), to.map({ ByteKey.precedes(place.key, $0) }) ?? true else { continue }
        merged[place.bytes] = .some(value)
      }
    }
    var pairs = merged.map { (key: $0.key.bytes, value: $0.value) }
    #if DEBUG
      if LedgerMutation.planted == .unsortedWrites { return pairs }
    #endif
    pairs.sort { reverse ? ByteKey.precedes($1.key, $0.key) : ByteKey.precedes($0.key, $1.key) }
    return pairs
  }

  /// What the one remaining layer changed, in key order.
  func changes(_ space: StateSpace) -> [(key: [UInt8], value: [UInt8]?)] {
    precondition(layers.count == 1, "a call's layer is open")
    var pairs: [(key: [UInt8], value: [UInt8]?)] = []
    for (place, value) in layers[0] where place.space == space { pairs.append((place.key, value)) }
    #if DEBUG
      if LedgerMutation.planted == .unsortedWrites { return pairs }
    #endif
    pairs.sort { ByteKey.precedes($0.key, $1.key) }
    return pairs
  }
}

/// The changes of a block and of its running calls, merged in order.
private struct PendingChanges {
  typealias Change = (key: [UInt8], value: [UInt8]?, isOfCall: Bool)

  private var block: SortedChunks.Walk
  private var nextOfBlock: [UInt8]?
  private let call: [(key: [UInt8], value: [UInt8]?)]
  private var place = 0
  private let reverse: Bool

  init(block: SortedChunks.Walk, call: [(key: [UInt8], value: [UInt8]?)], reverse: Bool) {
    (self.block, self.call, self.reverse) = (block, call, reverse)
    nextOfBlock = self.block.next()?.key
  }

  /// Whether `left` comes first in this direction.
  func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    reverse ? ByteKey.precedes(right, left) : ByteKey.precedes(left, right)
  }

  /// The next change; what a call changed hides what the block did. A value of the block is looked up by whoever wants it.
  mutating func next() -> Change? {
    guard place < call.count else { return takeOfBlock() }
    if let key = nextOfBlock {
      if precedes(key, call[place].key) { return takeOfBlock() }
      if key == call[place].key { nextOfBlock = block.next()?.key }
    }
    defer { place += 1 }
    return (call[place].key, call[place].value, true)
  }

  private mutating func takeOfBlock() -> Change? {
    guard let key = nextOfBlock else { return nil }
    nextOfBlock = block.next()?.key
    return (key, nil, false)
  }
}
