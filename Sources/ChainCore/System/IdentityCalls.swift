/// Arguments of `identity.register`.
public struct RegisterMember: CanonicalRecord, Codable, Hashable {
  /// DER of the member's certificate, then of any intermediate authorities, root left out.
  public var certificates: [[UInt8]]
  /// Names the certificates.
  public init(certificates: [[UInt8]]) { self.certificates = certificates }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.certificates)
}

/// Arguments of `identity.renew`: a new certificate for the key that the member has.
public struct RenewMember: CanonicalRecord, Codable, Hashable {
  /// Whose certificate is renewed.
  public var account: AccountID
  /// DER of the new certificate, then of any intermediate authorities, root left out.
  public var certificates: [[UInt8]]
  /// Puts the fields together.
  public init(account: AccountID, certificates: [[UInt8]]) {
    self.account = account
    self.certificates = certificates
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.account, \.certificates)
}

/// What a member's old key signs so that a new one takes its place.
public struct KeyRotation: CanonicalRecord, Codable, Hashable {
  /// Whose key changes; the account stays.
  public var account: AccountID
  /// The key until now.
  public var old: PublicKey
  /// The key from now on.
  public var new: PublicKey
  /// Puts the fields together.
  public init(account: AccountID, old: PublicKey, new: PublicKey) {
    self.account = account
    self.old = old
    self.new = new
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.account, \.old, \.new)

  /// The digest that the old key signs.
  public func digest(genesis: GenesisID, suite: CryptoSuite) -> Digest { suite.digest("KeyRotation", genesis, self) }
}

/// Arguments of `identity.rotate`: a new key for an account, with its certificate.
public struct RotateKey: CanonicalRecord, Codable, Hashable {
  /// Whose key changes.
  public var account: AccountID
  /// DER of the new key's certificate, then of any intermediate authorities, root left out.
  public var certificates: [[UInt8]]
  /// The old key's signature of the `KeyRotation`.
  public var signature: Signature
  /// Puts the fields together.
  public init(account: AccountID, certificates: [[UInt8]], signature: Signature) {
    self.account = account
    self.certificates = certificates
    self.signature = signature
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.account, \.certificates, \.signature)
}

/// Arguments of `identity.suspend`, `.revoke` and `.expel`.
public struct RevokeMember: CanonicalRecord, Codable, Hashable {
  /// Who may not act any more.
  public var account: AccountID
  /// A reason code, such as `left` or `keyCompromised`; at most 64 bytes.
  public var reason: String
  /// Names member and reason.
  public init(account: AccountID, reason: String) {
    self.account = account
    self.reason = reason
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.account, \.reason)
}

/// Arguments of `identity.importRevocations`: what an authority says of the certificates that it issued.
public struct ImportRevocations: CanonicalRecord, Codable, Hashable {
  /// DER of the list.
  public var list: [UInt8]
  /// DER of the authority that issued it, if that is no root, then of its issuer, and so on; root left out.
  public var authorities: [[UInt8]]
  /// Puts the fields together.
  public init(list: [UInt8], authorities: [[UInt8]] = []) {
    self.list = list
    self.authorities = authorities
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.list, \.authorities)
}

/// The newest revocation list of an authority.
public struct ImportedRevocations: CanonicalRecord, Codable, Hashable {
  /// The authority: the hash of its key.
  public var issuer: Digest
  /// The list's number, big-endian.
  public var number: [UInt8]
  /// From when it was valid.
  public var thisUpdate: BlockTime
  /// When the next one is due. The list counts until then and after.
  public var nextUpdate: BlockTime
  /// The height at which it was imported.
  public var height: BlockHeight
  /// How many members it revoked when it was imported.
  public var revoked: UInt32
  /// How many members it suspended when it was imported.
  public var suspended: UInt32
  /// Puts the fields together.
  public init(
    issuer: Digest, number: [UInt8], thisUpdate: BlockTime, nextUpdate: BlockTime, height: BlockHeight, revoked: UInt32,
    suspended: UInt32
  ) {
    self.issuer = issuer
    self.number = number
    self.thisUpdate = thisUpdate
    self.nextUpdate = nextUpdate
    self.height = height
    self.revoked = revoked
    self.suspended = suspended
  }
  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.issuer, \.number, \.thisUpdate, \.nextUpdate, \.height, \.revoked, \.suspended)
}

/// A root authority of the chain.
public struct RootAuthority: CanonicalRecord, Codable, Hashable {
  /// Its number, which it keeps.
  public var number: UInt32
  /// DER of its certificate.
  public var certificate: [UInt8]
  /// How many members that are not revoked hang on it.
  public var members: UInt64
  /// Puts the fields together.
  public init(number: UInt32, certificate: [UInt8], members: UInt64) {
    self.number = number
    self.certificate = certificate
    self.members = members
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.number, \.certificate, \.members)
}

/// An organisation and whether its members may act.
public struct OrganisationStanding: CanonicalRecord, Codable, Hashable {
  /// The organisation.
  public var organisation: Organisation
  /// Whether governance suspended it.
  public var isSuspended: Bool
  /// Puts the fields together.
  public init(organisation: Organisation, isSuspended: Bool) {
    self.organisation = organisation
    self.isSuspended = isSuspended
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.organisation, \.isSuspended)
}

/// Who issued the certificate that a member has now.
struct MemberIssue: CanonicalRecord, Hashable {
  /// The number of the root that it leads to.
  var root: UInt32
  /// The hash of the key that signed it.
  var issuer: Digest
  static let layout = Layout(Self.init, \.root, \.issuer)
}

/// A revocation list as it is kept: who registers later is looked up in it.
struct StoredRevocations: CanonicalRecord {
  var summary: ImportedRevocations
  var list: [UInt8]
  static let layout = Layout(Self.init, \.summary, \.list)
}
