public import ChainCore

// Keys, and arguments of items and revisions of `DataDirectory`.

/// A use: its request and number, from 1.
public struct UseKey: CanonicalRecord, OrderedKey, Codable {
  /// The request.
  public var request: Digest
  /// The number.
  public var number: UInt64

  /// Puts the fields together.
  public init(request: Digest, number: UInt64) {
    self.request = request
    self.number = number
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.request, \.number)

  /// Appends the parts.
  public func encodeKey(into bytes: inout [UInt8]) {
    request.encodeKey(into: &bytes)
    number.encodeKey(into: &bytes)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let request = Digest(key: &bytes), let number = UInt64(key: &bytes) else { return nil }
    self.init(request: request, number: number)
  }
}

/// Arguments of `directory.saveItem`.
public struct SaveItem: CanonicalRecord, Codable, Hashable {
  /// The item's code, unused so far.
  public var code: String
  /// What people call it.
  public var title: String
  /// The division it belongs to, six digits.
  public var division: String
  /// The contract of the owner's chain that answers uses.
  public var port: ContractName?
  /// The serial number of the owner's encryption certificate.
  public var certificate: [UInt8]
  /// The condition of sharing.
  public var share: SharePolicy
  /// The list it stands on.
  public var list: ItemList
  /// How often the data are renewed, in days.
  public var updateDays: UInt32
  /// The fields, in the clear or sealed.
  public var content: ItemContent

  /// Puts the fields together.
  public init(
    code: String, title: String, division: String, port: ContractName? = nil, certificate: [UInt8], share: SharePolicy, list: ItemList,
    updateDays: UInt32, content: ItemContent
  ) {
    self.code = code
    self.title = title
    self.division = division
    self.port = port
    self.certificate = certificate
    self.share = share
    self.list = list
    self.updateDays = updateDays
    self.content = content
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.code, \.title, \.division, \.port, \.certificate, \.share, \.list, \.updateDays, \.content)
}

/// Arguments of `directory.editItem` and `revise`.
public struct ChangeItem: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String
  /// The version that the caller read.
  public var expectedVersion: UInt64
  /// What changes.
  public var changes: ItemChanges

  /// Puts the fields together.
  public init(code: String, expectedVersion: UInt64, changes: ItemChanges) {
    self.code = code
    self.expectedVersion = expectedVersion
    self.changes = changes
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.expectedVersion, \.changes)
}

/// Arguments of `directory.submit` and `publish`.
public struct ItemVersionCall: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String
  /// The version that the caller read.
  public var expectedVersion: UInt64

  /// Puts the fields together.
  public init(code: String, expectedVersion: UInt64) {
    self.code = code
    self.expectedVersion = expectedVersion
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.expectedVersion)
}

/// Arguments of `directory.returnItem`, `suspend` and `retire`.
public struct ItemReason: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(code: String, reason: String) {
    self.code = code
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.reason)
}

/// Arguments of `directory.resume`.
public struct ItemCode: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String

  /// Puts the fields together.
  public init(code: String) {
    self.code = code
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code)
}

/// Arguments of `directory.reassign`.
public struct ReassignItem: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String
  /// The department that takes it over, with its requests and uses.
  public var newOwner: OrganisationID
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(code: String, newOwner: OrganisationID, reason: String) {
    self.code = code
    self.newOwner = newOwner
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.newOwner, \.reason)
}

/// Arguments of `directory.addDataset`.
public struct AddDataset: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String
  /// One more than the last.
  public var number: UInt64
  /// The root over the rows' commitments (RFC 9162).
  public var root: Digest
  /// The number of rows.
  public var rows: UInt64
  /// As of when.
  public var asOf: BlockTime
  /// The digest of the sealed locator.
  public var locator: Digest
  /// The data themselves, if they stand on chain.
  public var body: DatasetBody

  /// Puts the fields together.
  public init(code: String, number: UInt64, root: Digest, rows: UInt64, asOf: BlockTime, locator: Digest, body: DatasetBody) {
    self.code = code
    self.number = number
    self.root = root
    self.rows = rows
    self.asOf = asOf
    self.locator = locator
    self.body = body
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.number, \.root, \.rows, \.asOf, \.locator, \.body)
}

/// Arguments of `directory.proposeRevision`.
public struct ProposeRevision: CanonicalRecord, Codable, Hashable {
  /// The item's code.
  public var code: String
  /// The version of the item that the caller read.
  public var baseVersion: UInt64
  /// What is to change.
  public var changes: ItemChanges

  /// Puts the fields together.
  public init(code: String, baseVersion: UInt64, changes: ItemChanges) {
    self.code = code
    self.baseVersion = baseVersion
    self.changes = changes
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.code, \.baseVersion, \.changes)
}

/// Arguments of `directory.approveRevision`.
public struct RevisionCall: CanonicalRecord, Codable, Hashable {
  /// The revision.
  public var revision: Digest

  /// Puts the fields together.
  public init(revision: Digest) {
    self.revision = revision
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.revision)
}

/// Arguments of `directory.rejectRevision`.
public struct RejectRevision: CanonicalRecord, Codable, Hashable {
  /// The revision.
  public var revision: Digest
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(revision: Digest, reason: String) {
    self.revision = revision
    self.reason = reason
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.revision, \.reason)
}
