/// Whether a member may act.
public enum MemberStatus: UInt8, CanonicalEnum, Hashable, Codable {
  /// It may, within its certificate's validity.
  case active = 0
  /// It may never again.
  case revoked = 1
  /// It may not until it is resumed.
  case suspended = 2
}

/// A person or machine of an organisation, admitted by certificate.
public struct Member: CanonicalRecord, Hashable, Codable {
  /// The account: the hash of its first key.
  public var account: AccountID
  /// The organisation in the certificate.
  public var organisation: OrganisationID
  /// The common name in the certificate.
  public var name: String
  /// The key that signs now.
  public var key: PublicKey
  /// The certificate's serial number, big-endian.
  public var serial: [UInt8]
  /// From when the certificate is valid.
  public var validFrom: BlockTime
  /// Until when the certificate is valid.
  public var validUntil: BlockTime
  /// Whether the member may act.
  public var status: MemberStatus

  /// Puts the fields together.
  public init(
    account: AccountID, organisation: OrganisationID, name: String, key: PublicKey, serial: [UInt8], validFrom: BlockTime,
    validUntil: BlockTime, status: MemberStatus
  ) {
    self.account = account
    self.organisation = organisation
    self.name = name
    self.key = key
    self.serial = serial
    self.validFrom = validFrom
    self.validUntil = validUntil
    self.status = status
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.account, \.organisation, \.name, \.key, \.serial, \.validFrom, \.validUntil, \.status)
}

extension Member {
  /// Whether it is active and its certificate valid at `time`.
  func mayAct(at time: BlockTime) -> Bool { status == .active && validFrom <= time && time <= validUntil }
}

/// An organisation of the chain.
public struct Organisation: CanonicalRecord, Hashable, Codable {
  /// Its id.
  public var id: OrganisationID
  /// Its name for people.
  public var name: String

  /// Puts the fields together.
  public init(id: OrganisationID, name: String) {
    self.id = id
    self.name = name
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.id, \.name)
}

extension Role {
  /// Admits and revokes members.
  public static let administrator: Role = "administrator"
  /// Runs validators.
  public static let validator: Role = "validator"
  /// Submits proofs and packets.
  public static let relayer: Role = "relayer"
  /// Reads everything that is recorded for audit.
  public static let auditor: Role = "auditor"
  /// Supervises and stops.
  public static let supervisor: Role = "supervisor"
  /// Vouches for citizens' keys.
  public static let identityService: Role = "identityService"
}
