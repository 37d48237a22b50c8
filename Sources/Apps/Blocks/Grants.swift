public import ChainCore

/// A permission to use fields of a record: who gave it to whom, what for, until when and how often.
public struct Grant: CanonicalRecord, Codable, Hashable {
  /// The record that it is about, by the text of its key.
  public var record: String
  /// The organisation that may use it.
  public var grantee: OrganisationID
  /// The chain where it may: uses are counted there only.
  public var granteeChain: ChainID
  /// The fields.
  public var fields: [String]
  /// A code for what.
  public var purpose: String
  /// Until when.
  public var until: BlockTime
  /// How often.
  public var maxUses: UInt32
  /// How often it was used on the chain that holds the grant.
  public var used: UInt32

  /// Puts the fields together.
  public init(
    record: String, grantee: OrganisationID, granteeChain: ChainID, fields: [String], purpose: String, until: BlockTime, maxUses: UInt32,
    used: UInt32 = 0
  ) {
    self.record = record
    self.grantee = grantee
    self.granteeChain = granteeChain
    self.fields = fields
    self.purpose = purpose
    self.until = until
    self.maxUses = maxUses
    self.used = used
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.record, \.grantee, \.granteeChain, \.fields, \.purpose, \.until, \.maxUses, \.used)
}

/// Grants of one contract: given, used within their bounds, revoked.
public struct Grants: Sendable {
  /// The life of a grant; expired and exhausted are derived.
  public let registry: Registry<Digest, Grant>

  /// Grants in the registry `name`, whose rows say who gives and revokes.
  public init(_ name: StaticString, _ transitions: [Transition]) {
    registry = Registry(
      name, transitions,
      derive: { grant, time in Self.state(of: grant, used: grant.content.used, at: time) })
  }

  /// The state of a grant at `time` of which `used` uses are counted.
  public static func state(of grant: Registered<Grant>, used: UInt32, at time: BlockTime) -> RecordState {
    guard grant.state == "active" else { return grant.state }
    if time > grant.content.until { return "expired" }
    return used >= grant.content.maxUses ? "exhausted" : "active"
  }

  /// Checks a new grant's arguments.
  /// - Throws: `.badArgument` naming the field.
  public static func check(_ grant: Grant) throws(ContractError) {
    try Arguments.check(names: grant.fields, "fields")
    try Arguments.check(code: grant.purpose, "purpose")
    guard grant.maxUses > 0 else { throw .badArgument("maxUses: at least 1") }
  }

  /// Checks that the grant lets `user` on `chain` use `fields` of `record` once more.
  ///
  /// - Throws: `.notAuthorised` if it names somebody or something else, `.notAllowed` if revoked, `.expired`, `.quota`.
  public static func check(
    _ grant: Registered<Grant>, lets user: OrganisationID, on chain: ChainID, use fields: [String], of record: String, used: UInt32,
    at time: BlockTime, call: String
  ) throws(ContractError) {
    guard grant.content.record == record else { throw .notAuthorised("the grant is about another record") }
    guard grant.content.grantee == user, grant.content.granteeChain == chain else {
      throw .notAuthorised("the grant is for \(grant.content.grantee) on \(grant.content.granteeChain)")
    }
    guard fields.allSatisfy(grant.content.fields.contains) else { throw .notAuthorised("the grant does not cover these fields") }
    switch state(of: grant, used: used, at: time) {
    case "active": return
    case "expired": throw .expired
    case "exhausted": throw .quota
    default: throw .notAllowed(state: grant.state.rawValue, call: call)
    }
  }

  /// Checks a use on this chain and counts it.
  /// - Throws: `.notFound`, and as `check(_:lets:on:use:of:used:at:call:)`.
  public func use(
    _ id: Digest, of record: String, fields: [String], call: EntryName, _ context: ContractContext
  ) throws(ContractError) {
    var grant = try context.require(registry.records, id)
    try Self.check(
      grant, lets: context.caller.organisation, on: context.chain, use: fields, of: record, used: grant.content.used, at: context.time,
      call: call.rawValue)
    grant.content.used += 1
    try registry.rewrite(call, id, grant, context)
  }
}
