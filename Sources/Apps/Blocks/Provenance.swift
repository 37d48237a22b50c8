public import ChainCore

/// A batch: how much of what there ever was, and what became of it.
public struct Batch: CanonicalRecord, Codable, Hashable {
  /// What kind of thing it is, such as a trade item number: splits and merges keep it.
  public var item: String
  /// The unit that quantities are counted in, such as `g`.
  public var unit: String
  /// How much came into being.
  public var made: UInt64
  /// How much went into other batches or to consumers.
  public var consumed: UInt64
  /// How much was lost.
  public var writtenOff: UInt64
  /// How much was destroyed.
  public var destroyed: UInt64
  /// How much came from other chains.
  public var arrived: UInt64
  /// How much went to other chains.
  public var away: UInt64

  /// Puts the fields together.
  public init(
    item: String, unit: String, made: UInt64, consumed: UInt64 = 0, writtenOff: UInt64 = 0, destroyed: UInt64 = 0, arrived: UInt64 = 0,
    away: UInt64 = 0
  ) {
    self.item = item
    self.unit = unit
    self.made = made
    self.consumed = consumed
    self.writtenOff = writtenOff
    self.destroyed = destroyed
    self.arrived = arrived
    self.away = away
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.item, \.unit, \.made, \.consumed, \.writtenOff, \.destroyed, \.arrived, \.away)

  /// How much is left: made + arrived = left + consumed + written off + destroyed + away, always.
  public var left: UInt64 { made + arrived - consumed - writtenOff - destroyed - away }
}

/// A quantity of a batch.
public struct BatchPart<Key: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// The batch.
  public var batch: Key
  /// How much, at least 1.
  public var quantity: UInt64

  /// Puts the fields together.
  public init(batch: Key, quantity: UInt64) {
    self.batch = batch
    self.quantity = quantity
  }

  /// The fields in order.
  public static var layout: Layout<BatchPart> { Layout(Self.init, \.batch, \.quantity) }
}

/// A batch that comes into being.
public struct NewBatch<Key: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// Its key, unused so far.
  public var batch: Key
  /// What kind of thing it is.
  public var item: String
  /// Its unit.
  public var unit: String
  /// How much, at least 1.
  public var quantity: UInt64

  /// Puts the fields together.
  public init(batch: Key, item: String, unit: String, quantity: UInt64) {
    self.batch = batch
    self.item = item
    self.unit = unit
    self.quantity = quantity
  }

  /// The fields in order.
  public static var layout: Layout<NewBatch> { Layout(Self.init, \.batch, \.item, \.unit, \.quantity) }
}

/// A batch whose neighbours are still to be looked at.
public struct WalkPoint<Key: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// The batch.
  public var batch: Key
  /// The last neighbour that was looked at; `nil` = none was.
  public var after: Key?

  /// Puts the fields together.
  public init(batch: Key, after: Key? = nil) {
    self.batch = batch
    self.after = after
  }

  /// The fields in order.
  public static var layout: Layout<WalkPoint> { Layout(Self.init, \.batch, \.after) }
}

/// How far a walk came.
public struct ProvenanceWalk<Key: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// The batches found, nearest first, without the start.
  public var found: [Key]
  /// Where the next walk goes on; empty = everything is found.
  public var frontier: [WalkPoint<Key>]

  /// Puts the fields together.
  public init(found: [Key], frontier: [WalkPoint<Key>]) {
    self.found = found
    self.frontier = frontier
  }

  /// The fields in order.
  public static var layout: Layout<ProvenanceWalk> { Layout(Self.init, \.found, \.frontier) }
}

/// Batches that come from batches: quantities are conserved, and walks up and down are bounded.
///
/// What comes out of a batch is always a new one, so no batch can descend from itself; an output that exists, or is an input, is refused.
///
/// ```swift
/// let lots = Provenance<String>("lots")
/// try lots.add(NewBatch(batch: "P1", item: "pig", unit: "piece", quantity: 100), context)
/// try lots.split("P1", into: [BatchPart(batch: "P2", quantity: 40), BatchPart(batch: "P3", quantity: 60)], context)
/// let reached = try lots.descendants(from: [WalkPoint(batch: "P1")], limit: 256, context).found
/// ```
public struct Provenance<Key: OrderedKey & ContractValue>: Sendable {
  /// How many batches one call may take in or give out.
  public static var partLimit: Int { 64 }

  /// The batches.
  public let batches: Table<Key, Batch>
  private let outputs: Table<Pair<Key, Key>, UInt64>
  private let inputs: Table<Pair<Key, Key>, UInt64>

  /// Batches in the tables `name`, `name-out` and `name-in`.
  public init(_ name: StaticString) {
    batches = Table(TableName(stringLiteral: name.description))
    outputs = Table(TableName(stringLiteral: name.description + "-out"))
    inputs = Table(TableName(stringLiteral: name.description + "-in"))
  }

  /// A batch that comes from none.
  /// - Throws: `.badArgument`, `.alreadyExists`.
  public func add(_ new: NewBatch<Key>, _ context: ContractContext) throws(ContractError) {
    try Arguments.check(text: new.item, "item")
    try Arguments.check(code: new.unit, "unit")
    guard new.quantity > 0 else { throw .badArgument("quantity: at least 1") }
    try context.require(try context.get(batches, new.batch) == nil, .alreadyExists)
    try context.put(batches, new.batch, Batch(item: new.item, unit: new.unit, made: new.quantity))
  }

  /// Divides some or all of a batch into new ones of the same item and unit; the sum is taken from it exactly.
  public func split(_ source: Key, into parts: [BatchPart<Key>], _ context: ContractContext) throws(ContractError) {
    let batch = try context.require(batches, source)
    let total = try Self.sum(parts.map(\.quantity))
    try derive(
      from: [BatchPart(batch: source, quantity: total)],
      to: parts.map { NewBatch(batch: $0.batch, item: batch.item, unit: batch.unit, quantity: $0.quantity) }, context
    ) { _, _ in }
  }

  /// Joins quantities of batches of one item and unit in a new one.
  public func merge(_ parts: [BatchPart<Key>], into target: Key, _ context: ContractContext) throws(ContractError) {
    guard let first = parts.first else { throw .badArgument("parts: at least one is expected") }
    let batch = try context.require(batches, first.batch)
    let new = NewBatch(batch: target, item: batch.item, unit: batch.unit, quantity: try Self.sum(parts.map(\.quantity)))
    try derive(from: parts, to: [new], context) { (inputs, _) throws(ContractError) in
      guard inputs.allSatisfy({ $0.batch.item == batch.item && $0.batch.unit == batch.unit }) else {
        throw .badArgument("parts: only batches of one item and unit merge")
      }
    }
  }

  /// Makes new batches out of others; `rule` says how much may come out, and throws if it is too much.
  public func transform(
    _ parts: [BatchPart<Key>], into new: [NewBatch<Key>], _ context: ContractContext,
    rule: (_ inputs: [(batch: Batch, quantity: UInt64)], _ outputs: [NewBatch<Key>]) throws(ContractError) -> Void
  ) throws(ContractError) {
    try derive(from: parts, to: new, context, rule: rule)
  }

  /// What becomes of goods that no other batch comes from.
  public enum Ending: Sendable, Hashable {
    /// Sold or used up.
    case consumed
    /// Lost.
    case writtenOff
    /// Destroyed.
    case destroyed
    /// Gone to another chain.
    case away
  }

  /// Takes a quantity out of the batch.
  /// - Throws: `.notFound`, `.badArgument` for more than is left.
  @discardableResult
  public func end(_ part: BatchPart<Key>, as ending: Ending, _ context: ContractContext) throws(ContractError) -> Batch {
    var batch = try context.require(batches, part.batch)
    guard part.quantity > 0, part.quantity <= batch.left else { throw .badArgument("quantity: 1 to \(batch.left) are left") }
    switch ending {
    case .consumed: batch.consumed += part.quantity
    case .writtenOff: batch.writtenOff += part.quantity
    case .destroyed: batch.destroyed += part.quantity
    case .away: batch.away += part.quantity
    }
    try context.put(batches, part.batch, batch)
    return batch
  }

  /// Takes in a quantity that came from another chain, of a batch that is known here or not.
  /// - Throws: `.badArgument` for another item or unit than the batch's, `.overflow`.
  public func arrive(_ new: NewBatch<Key>, _ context: ContractContext) throws(ContractError) {
    guard new.quantity > 0 else { throw .badArgument("quantity: at least 1") }
    var batch = try context.get(batches, new.batch) ?? Batch(item: new.item, unit: new.unit, made: 0)
    guard batch.item == new.item, batch.unit == new.unit else { throw .badArgument("item, unit: not those of the batch") }
    batch.arrived = try Self.sum([batch.arrived, new.quantity])
    // All later sums of the batch stay below this one.
    _ = try Self.sum([batch.made, batch.arrived])
    try context.put(batches, new.batch, batch)
  }

  /// The batches that come from those at `points`, breadth first, at most `limit` of them; go on at the frontier.
  /// - Parameter isKnown: Batches that an earlier walk found are passed over, with all that come from them.
  public func descendants(
    from points: [WalkPoint<Key>], limit: Int, _ context: QueryContext,
    isKnown: (Key) throws(ContractError) -> Bool = { _ in false }
  ) throws(ContractError) -> ProvenanceWalk<Key> {
    try walk(outputs, from: points, limit: limit, context, isKnown: isKnown)
  }

  /// The batches that those at `points` come from, breadth first, at most `limit` of them; go on at the frontier.
  public func ancestors(
    from points: [WalkPoint<Key>], limit: Int, _ context: QueryContext
  ) throws(ContractError) -> ProvenanceWalk<Key> {
    try walk(inputs, from: points, limit: limit, context) { _ in false }
  }

  private func derive(
    from parts: [BatchPart<Key>], to new: [NewBatch<Key>], _ context: ContractContext,
    rule: (_ inputs: [(batch: Batch, quantity: UInt64)], _ outputs: [NewBatch<Key>]) throws(ContractError) -> Void
  ) throws(ContractError) {
    guard (1...Self.partLimit).contains(parts.count), (1...Self.partLimit).contains(new.count) else {
      throw .limitExceeded("1 to \(Self.partLimit) batches in and out")
    }
    guard Set(parts.map(\.batch)).count == parts.count else { throw .badArgument("inputs: a batch is repeated") }
    guard Set(new.map(\.batch)).count == new.count else { throw .badArgument("outputs: a batch is repeated") }
    var taken: [(batch: Batch, quantity: UInt64)] = []
    for part in parts { taken.append((try context.require(batches, part.batch), part.quantity)) }
    try rule(taken, new)
    for part in parts { try end(part, as: .consumed, context) }
    for batch in new {
      try add(batch, context)
      for part in parts {
        try context.put(outputs, Pair(part.batch, batch.batch), part.quantity)
        try context.put(inputs, Pair(batch.batch, part.batch), part.quantity)
      }
    }
  }

  private func walk(
    _ edges: Table<Pair<Key, Key>, UInt64>, from points: [WalkPoint<Key>], limit: Int, _ context: QueryContext,
    isKnown: (Key) throws(ContractError) -> Bool
  ) throws(ContractError) -> ProvenanceWalk<Key> {
    var seen = Set(points.map(\.batch))
    var queue = points[...]
    var found: [Key] = []
    while let point = queue.first, found.count < limit {
      let page = limit - found.count + 1
      // One more than there is room for shows whether the batch has further neighbours.
      let next = try neighbours(edges, of: point, limit: page)
      for key in next.prefix(page - 1) where !seen.contains(key) {
        seen.insert(key)
        guard try !isKnown(key) else { continue }
        found.append(key)
        queue.append(WalkPoint(batch: key))
      }
      if next.count < page {
        queue.removeFirst()
      } else {
        queue[queue.startIndex].after = next[page - 2]
      }
    }
    return ProvenanceWalk(found: found, frontier: Array(queue))

    func neighbours(
      _ edges: Table<Pair<Key, Key>, UInt64>, of point: WalkPoint<Key>, limit: Int
    ) throws(ContractError) -> [Key] {
      guard let after = point.after else { return try context.range(edges, under: point.batch, limit: limit).map(\.key.second) }
      let later = try context.range(edges, from: Pair(point.batch, after), limit: limit + 1)
      return later.filter { $0.key.first == point.batch && $0.key.second != after }.prefix(limit).map(\.key.second)
    }
  }

  static func sum(_ quantities: [UInt64]) throws(ContractError) -> UInt64 {
    var total: UInt64 = 0
    for quantity in quantities {
      let (sum, overflow) = total.addingReportingOverflow(quantity)
      guard !overflow else { throw .overflow }
      total = sum
    }
    return total
  }
}
