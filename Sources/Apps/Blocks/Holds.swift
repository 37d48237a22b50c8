public import ChainCore

/// Something that blocks calls on a record until its placer releases it: a seizure, a quarantine, an audit.
public struct Hold: CanonicalRecord, Codable, Hashable {
  /// What kind of hold it is: `ContractError.held` names it.
  public var kind: String
  /// The organisation that placed it, and alone may release it.
  public var by: OrganisationID
  /// A code for why, or the digest of an order.
  public var reference: String
  /// The calls that it blocks.
  public var blocks: [EntryName]
  /// When it was placed.
  public var placed: BlockTime
  /// When it ends by itself, if it does.
  public var until: BlockTime?

  /// Puts the fields together.
  public init(kind: String, by: OrganisationID, reference: String, blocks: [EntryName], placed: BlockTime, until: BlockTime? = nil) {
    self.kind = kind
    self.by = by
    self.reference = reference
    self.blocks = blocks
    self.placed = placed
    self.until = until
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.kind, \.by, \.reference, \.blocks, \.placed, \.until)

  /// Whether it counts at `time`.
  public func isInForce(at time: BlockTime) -> Bool { until.map { time <= $0 } ?? true }
}

/// A hold that its placer released.
public struct ReleasedHold: CanonicalRecord, Codable, Hashable {
  /// The hold.
  public var hold: Hold
  /// When it was released.
  public var released: BlockTime

  /// Puts the fields together.
  public init(hold: Hold, released: BlockTime) {
    self.hold = hold
    self.released = released
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.hold, \.released)
}

/// Holds on the records of one registry, in order of rank. A registry that is made with them asks them before every call.
///
/// ```swift
/// let holds = Holds<String>("permit-holds")
/// let rank = try holds.place("audit", reference: "A-17", blocking: ["transfer"], on: key, context)
/// try holds.release(rank, of: key, context)         // only by the organisation that placed it
/// ```
public struct Holds<Key: OrderedKey & ContractValue>: Sendable {
  /// How many holds a record may have at a time: every call looks through them.
  public static var limit: Int { 64 }

  package let active: Table<Pair<Key, UInt64>, Hold>
  private let released: Table<Pair<Key, UInt64>, ReleasedHold>
  package let ranks: Table<Key, UInt64>

  /// Holds in the tables `name`, `name-released` and `name-ranks`.
  public init(_ name: StaticString) {
    active = Table(TableName(stringLiteral: name.description))
    released = Table(TableName(stringLiteral: name.description + "-released"))
    ranks = Table(TableName(stringLiteral: name.description + "-ranks"))
  }

  /// Places a hold in the name of the caller's organisation, behind those that are there; returns its rank.
  /// - Throws: `.limitExceeded` for more than `limit` at a time.
  @discardableResult
  public func place(
    _ kind: String, reference: String, blocking calls: [EntryName], until: BlockTime? = nil, on key: Key, _ context: ContractContext
  ) throws(ContractError) -> UInt64 {
    guard try all(on: key, context).count < Self.limit else { throw .limitExceeded("\(Self.limit) holds a record") }
    let rank = (try context.get(ranks, key) ?? 0) + 1
    try context.put(ranks, key, rank)
    let hold = Hold(
      kind: kind, by: context.caller.organisation, reference: reference, blocks: calls, placed: context.time, until: until)
    try context.put(active, Pair(key, rank), hold)
    return rank
  }

  /// Releases a hold. Its record stays, among the released ones.
  /// - Parameter anyone: Whether others than the placer may; the contract has checked them.
  /// - Throws: `.notFound`, `.notAuthorised`.
  public func release(_ rank: UInt64, of key: Key, byAnyone anyone: Bool = false, _ context: ContractContext) throws(ContractError) {
    let hold = try context.require(active, Pair(key, rank))
    guard anyone || hold.by == context.caller.organisation else { throw .notAuthorised("\(hold.by) placed the hold") }
    try context.remove(active, Pair(key, rank))
    try context.put(released, Pair(key, rank), ReleasedHold(hold: hold, released: context.time))
  }

  /// The hold of this rank while it is not released.
  public func hold(_ rank: UInt64, of key: Key, _ context: QueryContext) throws(ContractError) -> Hold? {
    try context.get(active, Pair(key, rank))
  }

  /// The holds that are not released, least rank first; some may have ended by themselves.
  public func all(on key: Key, _ context: QueryContext) throws(ContractError) -> [(rank: UInt64, hold: Hold)] {
    try context.range(active, under: key, limit: Self.limit).map { ($0.key.second, $0.value) }
  }

  /// The hold of least rank that is in force.
  public func first(on key: Key, _ context: QueryContext) throws(ContractError) -> (rank: UInt64, hold: Hold)? {
    try all(on: key, context).first { $0.hold.isInForce(at: context.time) }
  }

  /// Checks that no hold in force blocks `call`.
  /// - Throws: `.held` with the kind of the first that does.
  public func check(_ call: EntryName, on key: Key, _ context: QueryContext) throws(ContractError) {
    for (_, hold) in try all(on: key, context) where hold.isInForce(at: context.time) && hold.blocks.contains(call) {
      throw .held(by: hold.kind)
    }
  }
}
