public import ChainCore

// Arguments and records of the whole life of a grant: `Grants.entries(grantor:)`.

/// Arguments of `requestGrant`: the caller asks to use fields of a record.
public struct RequestGrant: CanonicalRecord, Codable, Hashable {
  /// The record, by the text of its key.
  public var record: String
  /// The fields.
  public var fields: [String]
  /// A code for what.
  public var purpose: String
  /// Until when.
  public var until: BlockTime
  /// How often.
  public var maxUses: UInt32

  /// Puts the fields together.
  public init(record: String, fields: [String], purpose: String, until: BlockTime, maxUses: UInt32) {
    self.record = record
    self.fields = fields
    self.purpose = purpose
    self.until = until
    self.maxUses = maxUses
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.record, \.fields, \.purpose, \.until, \.maxUses)
}

/// Arguments of `approveGrant`; what is given narrows the request, and never widens it.
public struct ApproveGrant: CanonicalRecord, Codable, Hashable {
  /// The grant.
  public var grant: Digest
  /// Fewer fields.
  public var fields: [String]?
  /// An earlier end.
  public var until: BlockTime?
  /// Fewer uses.
  public var maxUses: UInt32?

  /// Puts the fields together.
  public init(grant: Digest, fields: [String]? = nil, until: BlockTime? = nil, maxUses: UInt32? = nil) {
    self.grant = grant
    self.fields = fields
    self.until = until
    self.maxUses = maxUses
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.grant, \.fields, \.until, \.maxUses)
}

/// Arguments of `rejectGrant` and `revokeGrant`.
public struct CloseGrant: CanonicalRecord, Codable, Hashable {
  /// The grant.
  public var grant: Digest
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(grant: Digest, reason: String) {
    self.grant = grant
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.grant, \.reason)
}

/// Arguments of `useGrant`.
public struct UseGrant: CanonicalRecord, Codable, Hashable {
  /// The grant.
  public var grant: Digest
  /// The number of this use: one more than the last.
  public var number: UInt64
  /// The fields that are used.
  public var fields: [String]
  /// For which matter: a code.
  public var matter: String

  /// Puts the fields together.
  public init(grant: Digest, number: UInt64, fields: [String], matter: String) {
    self.grant = grant
    self.number = number
    self.fields = fields
    self.matter = matter
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.grant, \.number, \.fields, \.matter)
}

/// Arguments of `answerGrant`.
public struct AnswerUse: CanonicalRecord, Codable, Hashable {
  /// The grant.
  public var grant: Digest
  /// The number of the use.
  public var number: UInt64
  /// The digest of the data that were released; `nil` = none were, and the use is given back.
  public var resultDigest: Digest?

  /// Puts the fields together.
  public init(grant: Digest, number: UInt64, resultDigest: Digest? = nil) {
    self.grant = grant
    self.number = number
    self.resultDigest = resultDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.grant, \.number, \.resultDigest)
}

/// One use of a grant, written before the data leave their owner.
public struct GrantUse: CanonicalRecord, Codable, Hashable {
  /// Who used it.
  public var user: OrganisationID
  /// The fields.
  public var fields: [String]
  /// For which matter.
  public var matter: String
  /// When it was counted.
  public var asked: BlockTime
  /// When the owner of the data answered.
  public var answered: BlockTime?
  /// The digest of what was released.
  public var resultDigest: Digest?

  /// Puts the fields together.
  public init(user: OrganisationID, fields: [String], matter: String, asked: BlockTime, answered: BlockTime?, resultDigest: Digest?) {
    self.user = user
    self.fields = fields
    self.matter = matter
    self.asked = asked
    self.answered = answered
    self.resultDigest = resultDigest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.user, \.fields, \.matter, \.asked, \.answered, \.resultDigest)
}
