public import ChainCore

/// A record and what the registry knows of it.
public struct Registered<Content: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// The stored state; `Registry.state(of:at:)` gives the one that counts at a time.
  public var state: RecordState
  /// The organisation that created the record.
  public var owner: OrganisationID
  /// Counts every write, from 1.
  public var version: UInt64
  /// The time of the last write.
  public var changedAt: BlockTime
  /// What the contract keeps.
  public var content: Content

  /// Puts the fields together.
  public init(state: RecordState, owner: OrganisationID, version: UInt64, changedAt: BlockTime, content: Content) {
    self.state = state
    self.owner = owner
    self.version = version
    self.changedAt = changedAt
    self.content = content
  }

  /// The fields in order.
  public static var layout: Layout<Registered> { Layout(Self.init, \.state, \.owner, \.version, \.changedAt, \.content) }

  /// Appends the fields in the order of `layout`: a generic type would make its key paths anew each time.
  public func encode(into writer: inout CanonicalWriter) {
    state.encode(into: &writer)
    owner.encode(into: &writer)
    version.encode(into: &writer)
    changedAt.encode(into: &writer)
    content.encode(into: &writer)
  }

  /// Reads the fields in the order of `layout`.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    let state = try RecordState(from: &reader)
    let owner = try OrganisationID(from: &reader)
    let version = try UInt64(from: &reader)
    let changedAt = try BlockTime(from: &reader)
    let content = try Content(from: &reader)
    reader.leave()
    self.init(state: state, owner: owner, version: version, changedAt: changedAt, content: content)
  }
}

/// One write to a record: the history is linked by hashes, so none can be left out.
public struct RegistryChange: CanonicalRecord, Codable, Hashable {
  /// The call.
  public var call: EntryName
  /// The stored state after it.
  public var state: RecordState
  /// Who called.
  public var account: AccountID
  /// The caller's organisation.
  public var organisation: OrganisationID
  /// When.
  public var height: BlockHeight
  /// The block's time.
  public var time: BlockTime
  /// The hash of the content after it.
  public var content: Digest
  /// The hash of the change before; zero for the first.
  public var previous: Digest

  /// Puts the fields together.
  public init(
    call: EntryName, state: RecordState, account: AccountID, organisation: OrganisationID, height: BlockHeight, time: BlockTime,
    content: Digest, previous: Digest
  ) {
    self.call = call
    self.state = state
    self.account = account
    self.organisation = organisation
    self.height = height
    self.time = time
    self.content = content
    self.previous = previous
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.call, \.state, \.account, \.organisation, \.height, \.time, \.content, \.previous)
}

/// What every call that writes a record emits: `contract.call {key, version}`.
public struct RecordChanged<Key: ContractValue>: CanonicalRecord, Codable {
  /// The record's key.
  public var key: Key
  /// Its version after the call.
  public var version: UInt64

  /// Names the record.
  public init(key: Key, version: UInt64) {
    self.key = key
    self.version = version
  }

  /// The fields in order.
  public static var layout: Layout<RecordChanged> { Layout(Self.init, \.key, \.version) }

  /// Appends the fields in the order of `layout`: a generic type would make its key paths anew each time.
  public func encode(into writer: inout CanonicalWriter) {
    key.encode(into: &writer)
    version.encode(into: &writer)
  }

  /// Reads the fields in the order of `layout`.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    let key = try Key(from: &reader)
    let version = try UInt64(from: &reader)
    reader.leave()
    self.init(key: key, version: version)
  }
}

/// Records that live by a table of transitions: create, move, amend, with checks in one order and a linked history.
///
/// Order of checks: role, arguments (the caller's code), existence, relation, state, version, holds, guards. Nothing is ever removed.
///
/// ```swift
/// let permits = Registry<String, Permit>("permits", [
///   .create("file", to: "valid", by: .role("department")),
///   .move("revoke", from: ["valid"], to: "revoked", by: .owner, .role(.supervisor)),
/// ], holds: Holds("permit-holds"))
/// var entries: Entries { permits.entries }
/// ```
public struct Registry<Key: OrderedKey & ContractValue, Content: ContractValue & Hashable>: Sendable {
  /// The name, which its tables begin with.
  public let name: String
  /// The record's life.
  public let transitions: [Transition]
  /// The records.
  public let records: Table<Key, Registered<Content>>
  /// Their histories, from 1.
  public let history: Table<Pair<Key, UInt64>, RegistryChange>
  /// What blocks calls on records until its placer releases it, if the registry has holds.
  public let holds: Holds<Key>?
  private let derive: @Sendable (Registered<Content>, BlockTime) -> RecordState
  private let relate: @Sendable (String, Registered<Content>, Key, Caller) -> Bool

  /// A registry in the tables `name` and `name-history`.
  ///
  /// - Parameters:
  ///   - indexes: Of the table of records.
  ///   - holds: Looked at before the guards of every call on a record.
  ///   - derive: The state that counts at a time, where it is not the stored one (expiry).
  ///   - relations: Whether a caller stands in the named relation to a record.
  public init(
    _ name: StaticString, _ transitions: [Transition], indexes: [TableIndex<Key, Registered<Content>>] = [], holds: Holds<Key>? = nil,
    derive: @escaping @Sendable (Registered<Content>, BlockTime) -> RecordState = { record, _ in record.state },
    relations: @escaping @Sendable (_ relation: String, Registered<Content>, Key, Caller) -> Bool = { _, _, _, _ in false }
  ) {
    self.name = name.description
    self.transitions = transitions
    records = Table(TableName(stringLiteral: name.description), indexes: indexes)
    history = Table(TableName(stringLiteral: name.description + "-history"))
    self.holds = holds
    self.derive = derive
    relate = relations
  }

  /// The row of `call`. A call that the table does not have is a bug of the contract.
  /// - Throws: `.notSupported`.
  public func transition(_ call: EntryName) throws(ContractError) -> Transition {
    guard let transition = transitions.first(where: { $0.call == call }) else { throw .notSupported("call \(call) of \(name)") }
    return transition
  }

  /// Who may call as far as roles tell.
  public func access(_ call: EntryName) -> Access { transitions.first { $0.call == call }?.access ?? .system }

  /// The state that counts at `time`.
  public func state(of record: Registered<Content>, at time: BlockTime) -> RecordState { derive(record, time) }

  /// Creates a record.
  ///
  /// - Parameters:
  ///   - state: Instead of the row's.
  ///   - owner: Instead of the caller's organisation.
  ///   - guards: The checks that come last; they see the context only.
  /// - Throws: `.alreadyExists`, and what the guards throw.
  @discardableResult
  public func create(
    _ call: EntryName, _ key: Key, _ content: Content, state: RecordState? = nil, owner: OrganisationID? = nil,
    _ context: ContractContext, guards: () throws -> Void = {}
  ) throws -> Registered<Content> {
    let transition = try transition(call)
    try context.require(try context.get(records, key) == nil, .alreadyExists)
    guard let state = state ?? transition.to else { throw ContractError.notSupported("creating without a state") }
    try guards()
    let record = Registered(
      state: state, owner: owner ?? context.caller.organisation, version: 1, changedAt: context.time, content: content)
    try write(call, key, record, context)
    return record
  }

  /// Changes a record: checks relation, state and version, runs `change`, writes record and history, emits the event.
  ///
  /// - Parameters:
  ///   - expectedVersion: What the caller worked from; another one is `.stale`.
  ///   - state: The state that counts, where records besides this one decide; otherwise the derived one.
  ///   - change: Guards, then changes to content or state; the row's target state is set before it runs.
  /// - Throws: `.notFound`, `.notAuthorised`, `.notAllowed`, `.stale`, `.held`, and what `change` throws.
  @discardableResult
  public func move(
    _ call: EntryName, _ key: Key, expectedVersion: UInt64? = nil, state: RecordState? = nil, _ context: ContractContext,
    change: (inout Registered<Content>) throws -> Void = { _ in }
  ) throws -> Registered<Content> {
    let transition = try transition(call)
    var record = try context.require(records, key)
    try check(transition, record, key, state: state, context)
    if let expectedVersion, expectedVersion != record.version { throw ContractError.stale(found: record.version) }
    if let holds { try holds.check(call, on: key, context) }
    if let to = transition.to { record.state = to }
    try change(&record)
    record.version += 1
    record.changedAt = context.time
    try write(call, key, record, context)
    return record
  }

  /// Writes a new record that a call of another record brings about, with its history, without an event.
  /// - Throws: `.alreadyExists`.
  @discardableResult
  public func insert(
    _ call: EntryName, _ key: Key, _ content: Content, state: RecordState, owner: OrganisationID? = nil, _ context: ContractContext
  ) throws(ContractError) -> Registered<Content> {
    try context.require(try context.get(records, key) == nil, .alreadyExists)
    let record = Registered(
      state: state, owner: owner ?? context.caller.organisation, version: 1, changedAt: context.time, content: content)
    try store(call, key, record, context)
    return record
  }

  /// Writes what a call changes outside the table of transitions, such as a counter: a new version with its history, without an event.
  ///
  /// Version and history always go together: a write past them would leave a gap that stops every later one.
  public func rewrite(
    _ call: EntryName, _ key: Key, _ record: Registered<Content>, _ context: ContractContext
  ) throws(ContractError) {
    var record = record
    record.version += 1
    record.changedAt = context.time
    try store(call, key, record, context)
  }

  /// Checks that the caller may make this call on the record, and that its state allows it.
  public func check(
    _ transition: Transition, _ record: Registered<Content>, _ key: Key, state: RecordState? = nil, _ context: QueryContext
  ) throws(ContractError) {
    guard transition.by.contains(where: { isActor($0, record, key, context.caller) }) else {
      throw .notAuthorised("\(transition.call) of \(name) is not for \(context.caller.organisation)")
    }
    let state = state ?? derive(record, context.time)
    guard transition.from.contains(state) else { throw .notAllowed(state: state.rawValue, call: transition.call.rawValue) }
  }

  private func isActor(_ actor: Actor, _ record: Registered<Content>, _ key: Key, _ caller: Caller) -> Bool {
    switch actor {
    case .role(let role): caller.has(role)
    case .owner: caller.organisation == record.owner
    case .relation(let name): relate(name, record, key, caller)
    case .checked: true
    }
  }

  private func write(_ call: EntryName, _ key: Key, _ record: Registered<Content>, _ context: ContractContext) throws(ContractError) {
    try store(call, key, record, context)
    try context.emit("\(context.contract).\(call)", RecordChanged(key: key, version: record.version))
  }

  private func store(_ call: EntryName, _ key: Key, _ record: Registered<Content>, _ context: ContractContext) throws(ContractError) {
    var previous = Digest.zero
    if record.version > 1 {
      let last = try context.require(history, Pair(key, record.version - 1))
      previous = context.suite.digest("RegistryChange", context.genesis, last)
    }
    try context.put(records, key, record)
    try context.put(
      history, Pair(key, record.version),
      RegistryChange(
        call: call, state: record.state, account: context.caller.account, organisation: context.caller.organisation,
        height: context.height, time: context.time, content: context.suite.digest("RegistryContent", context.genesis, record.content),
        previous: previous))
  }
}
