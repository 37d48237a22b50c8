public import ChainCore

// What `DataExchange` keeps, and the arguments of its calls.

/// What an applicant asks another chain's organisation for.
public struct ExchangeScope: CanonicalRecord, Codable, Hashable {
  /// The organisation that owns the data, and its chain.
  public var owner: OrganisationID
  /// The owner's chain.
  public var chain: ChainID
  /// The item's code in the directory, and the version that the applicant read.
  public var item: String
  /// That version.
  public var itemVersion: UInt64
  /// The numbers of the fields.
  public var fields: [UInt16]
  /// A code for what.
  public var purpose: String
  /// Until when data may be sent.
  public var until: BlockTime
  /// The serial number of the applicant's encryption certificate.
  public var certificate: [UInt8]

  /// Puts the fields together.
  public init(
    owner: OrganisationID, chain: ChainID, item: String, itemVersion: UInt64, fields: [UInt16], purpose: String, until: BlockTime,
    certificate: [UInt8]
  ) {
    self.owner = owner
    self.chain = chain
    self.item = item
    self.itemVersion = itemVersion
    self.fields = fields
    self.purpose = purpose
    self.until = until
    self.certificate = certificate
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.owner, \.chain, \.item, \.itemVersion, \.fields, \.purpose, \.until, \.certificate)
}

/// A request as the applicant's chain knows it.
public struct ExchangeRequest: CanonicalRecord, Codable, Hashable {
  /// What is asked for.
  public var scope: ExchangeScope
  /// The digest of the sealed data that arrived.
  public var data: Digest?
  /// By what the receipt is answered, until it is.
  public var ticket: PacketTicket?

  /// Puts the fields together.
  public init(scope: ExchangeScope, data: Digest? = nil, ticket: PacketTicket? = nil) {
    self.scope = scope
    self.data = data
    self.ticket = ticket
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.scope, \.data, \.ticket)
}

/// A request as the owner's chain knows it.
public struct ExchangeOrder: CanonicalRecord, Codable, Hashable {
  /// What is asked for.
  public var scope: ExchangeScope
  /// Who asks, and on which chain.
  public var applicant: OrganisationID
  /// The applicant's chain.
  public var chain: ChainID
  /// By what the approval is answered, until it is.
  public var ticket: PacketTicket?
  /// The digest of the sealed data that were sent.
  public var data: Digest?

  /// Puts the fields together.
  public init(scope: ExchangeScope, applicant: OrganisationID, chain: ChainID, ticket: PacketTicket?, data: Digest? = nil) {
    self.scope = scope
    self.applicant = applicant
    self.chain = chain
    self.ticket = ticket
    self.data = data
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.scope, \.applicant, \.chain, \.ticket, \.data)
}

/// What travels: the data sealed, and the content's key wrapped to the applicant's certificate.
public struct SealedData: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest
  /// The sealed data. Their associated bytes: `SealedData.associated`.
  public var envelope: SealedEnvelope
  /// The content's key, wrapped.
  public var wrap: [UInt8]
  /// The serial number of the certificate that it is wrapped to.
  public var certificate: [UInt8]

  /// Puts the parts together.
  public init(request: Digest, envelope: SealedEnvelope, wrap: [UInt8], certificate: [UInt8]) {
    self.request = request
    self.envelope = envelope
    self.wrap = wrap
    self.certificate = certificate
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.envelope, \.wrap, \.certificate)

  /// What an envelope is bound to: another request, item version or certificate does not open it.
  public static func associated(request: Digest, itemVersion: UInt64, certificate: [UInt8]) -> [UInt8] {
    request.canonicalBytes + itemVersion.canonicalBytes + certificate.canonicalBytes
  }
}

/// Arguments of `exchange.requested`, which comes by packet only.
public struct ExchangeAsk: CanonicalRecord, Codable, Hashable {
  /// The request's id on the applicant's chain.
  public var request: Digest
  /// What is asked for.
  public var scope: ExchangeScope

  /// Names request and scope.
  public init(request: Digest, scope: ExchangeScope) {
    self.request = request
    self.scope = scope
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.scope)
}

/// Arguments of `exchange.decide`.
public struct DecideExchange: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest
  /// Whether the data may be sent.
  public var approve: Bool
  /// Why not: a code. An approval has none.
  public var reason: String?

  /// Names request and decision.
  public init(request: Digest, approve: Bool, reason: String? = nil) {
    self.request = request
    self.approve = approve
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.approve, \.reason)
}

/// Arguments of `exchange.confirm`.
public struct ConfirmData: CanonicalRecord, Codable, Hashable {
  /// The request.
  public var request: Digest
  /// Whether the data could be opened.
  public var opened: Bool

  /// Names request and result.
  public init(request: Digest, opened: Bool) {
    self.request = request
    self.opened = opened
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.opened)
}
