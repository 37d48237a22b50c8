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
    let changes = changed(space, from: from, to: to, reverse: reverse)
    var next = 0
    var goesOn = true
    func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
      reverse ? ByteKey.precedes(right, left) : ByteKey.precedes(left, right)
    }
    do {
      try base.scan(space, from: from, to: to, reverse: reverse) { key, value in
        while goesOn, next < changes.count, precedes(changes[next].key, key) {
          if let changed = changes[next].value { goesOn = body(changes[next].key, changed) }
          next += 1
        }
        guard goesOn else { return false }
        if next < changes.count, changes[next].key == key {
          if let changed = changes[next].value { goesOn = body(key, changed) }
          next += 1
        } else {
          goesOn = body(key, value)
        }
        return goesOn
      }
    } catch {
      fault = fault ?? error
      throw .unexpected
    }
    while goesOn, next < changes.count {
      if let changed = changes[next].value { goesOn = body(changes[next].key, changed) }
      next += 1
    }
  }

  private func changed(
    _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool
  ) -> [(key: [UInt8], value: [UInt8]?)] {
    var merged: [ByteKey: [UInt8]?] = [:]
    var order = orders[space] ?? SortedChunks()
    if orders[space] == nil {
      for place in layers[0].keys where place.space == space { order.set(place.key, []) }
      orders[space] = order
    }
    order.scan(from: from, to: to, reverse: false) { entry in
      let place = Place(space, entry.key)
      if let change = layers[0][place] { merged[place.bytes] = .some(change) }
      return true
    }
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
    guard layers.count == 1 else { return changed(space, from: [], to: nil, reverse: false) }
    var pairs: [(key: [UInt8], value: [UInt8]?)] = []
    for (place, value) in layers[0] where place.space == space { pairs.append((place.key, value)) }
    #if DEBUG
      if LedgerMutation.planted == .unsortedWrites { return pairs }
    #endif
    pairs.sort { ByteKey.precedes($0.key, $1.key) }
    return pairs
  }
}
