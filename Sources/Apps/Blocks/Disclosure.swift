public import ChainCore

/// What a contract knows of hidden content: the root over its fields, the digest of its envelope, and who maintains it.
public struct HiddenContent: CanonicalRecord, Codable, Hashable {
  /// The root over the salted fields (`FieldCommitments`), if there are any.
  public var fieldRoot: Digest?
  /// The names of the fields, in order.
  public var schema: [String]
  /// The type that the leaves are bound to.
  public var type: String
  /// The digest of the sealed envelope, if there is one.
  public var envelope: Digest?
  /// The organisation whose key service wraps the envelope's key.
  public var custodian: OrganisationID

  /// Puts the fields together.
  public init(fieldRoot: Digest?, schema: [String], type: String, envelope: Digest?, custodian: OrganisationID) {
    self.fieldRoot = fieldRoot
    self.schema = schema
    self.type = type
    self.envelope = envelope
    self.custodian = custodian
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.fieldRoot, \.schema, \.type, \.envelope, \.custodian)
}

/// A content key wrapped to one reader, as the chain records it.
public struct KeyWrap: CanonicalRecord, Codable, Hashable {
  /// The reader's organisation.
  public var reader: OrganisationID
  /// The serial number of the encryption certificate that it is wrapped to.
  public var certificate: [UInt8]
  /// The digest of the wrap's bytes.
  public var digest: Digest
  /// When it was recorded.
  public var time: BlockTime
  /// When it was revoked: no later wrap of this content goes to the reader. Nothing is unread by that.
  public var revoked: BlockTime?

  /// Puts the fields together.
  public init(reader: OrganisationID, certificate: [UInt8], digest: Digest, time: BlockTime, revoked: BlockTime? = nil) {
    self.reader = reader
    self.certificate = certificate
    self.digest = digest
    self.time = time
    self.revoked = revoked
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.reader, \.certificate, \.digest, \.time, \.revoked)
}

/// Hidden content of one contract: commitments to fields, sealed envelopes, wraps of their keys, and revocation.
///
/// ```swift
/// let hidden = Disclosure<String>("hidden")
/// try hidden.commit(key, HiddenContent(fieldRoot: root, schema: schema, type: "permit", envelope: envelope.digest(suite: suite),
///                                      custodian: context.caller.organisation), context)
/// try hidden.wrap(key, to: reader, certificate: serial, digest: wrapDigest, context)   // after the access was recorded
/// let values = try hidden.open(key, shown, context)                                    // chosen fields against the root
/// ```
public struct Disclosure<Key: OrderedKey & ContractValue>: Sendable {
  private let contents: Table<Key, HiddenContent>
  private let wraps: Table<Pair<Key, OrganisationID>, KeyWrap>

  /// Hidden content in the tables `name` and `name-wraps`.
  public init(_ name: StaticString) {
    contents = Table(TableName(stringLiteral: name.description))
    wraps = Table(TableName(stringLiteral: name.description + "-wraps"))
  }

  /// Records hidden content under a key that is unused so far.
  /// - Throws: `.alreadyExists`, `.badArgument` for a root without schema or the reverse.
  public func commit(_ key: Key, _ content: HiddenContent, _ context: ContractContext) throws(ContractError) {
    guard (content.fieldRoot == nil) == content.schema.isEmpty else { throw .badArgument("schema: a root has one, and only a root") }
    guard content.fieldRoot != nil || content.envelope != nil else { throw .badArgument("envelope: root or envelope is expected") }
    try context.require(try context.get(contents, key) == nil, .alreadyExists)
    try context.put(contents, key, content)
  }

  /// The content under a key.
  public func content(_ key: Key, _ context: QueryContext) throws(ContractError) -> HiddenContent? { try context.get(contents, key) }

  /// Records that the custodian wrapped the content's key to a reader. Once per reader; again only after a revocation was lifted by
  /// a new grant, which the contract checks: `renewing`.
  /// - Throws: `.notFound`, `.notAuthorised` unless the caller is the custodian, `.alreadyExists`, `.notAllowed` once revoked.
  public func wrap(
    _ key: Key, to reader: OrganisationID, certificate: [UInt8], digest: Digest, renewing: Bool = false, _ context: ContractContext
  ) throws(ContractError) {
    let content = try context.require(contents, key)
    guard content.custodian == context.caller.organisation else { throw .notAuthorised("\(content.custodian) keeps the key") }
    if let earlier = try context.get(wraps, Pair(key, reader)) {
      guard renewing else {
        throw earlier.revoked == nil ? .alreadyExists : .notAllowed(state: "revoked", call: "wrap")
      }
    }
    try context.put(
      wraps, Pair(key, reader), KeyWrap(reader: reader, certificate: certificate, digest: digest, time: context.time))
  }

  /// Marks a reader's wrap as revoked: later wraps are refused. What was read stays read.
  /// - Throws: `.notFound`, `.notAuthorised` unless the caller is the custodian.
  public func revoke(_ key: Key, from reader: OrganisationID, _ context: ContractContext) throws(ContractError) {
    let content = try context.require(contents, key)
    guard content.custodian == context.caller.organisation else { throw .notAuthorised("\(content.custodian) keeps the key") }
    var wrap = try context.require(wraps, Pair(key, reader))
    if wrap.revoked == nil { wrap.revoked = context.time }
    try context.put(wraps, Pair(key, reader), wrap)
  }

  /// The wraps of a content's key, by reader.
  public func wraps(of key: Key, _ context: QueryContext) throws(ContractError) -> [KeyWrap] {
    try context.range(wraps, under: key, limit: 1_000).map(\.value)
  }

  /// The values of chosen fields, verified against the root on chain.
  /// - Throws: `.notFound`, `.badArgument` naming the field that is not what was committed.
  public func open(_ key: Key, _ fields: DisclosedFields, _ context: QueryContext) throws(ContractError) -> [String: String] {
    let content = try context.require(contents, key)
    guard let root = content.fieldRoot, fields.type == content.type else { throw .badArgument("fields: they are of another type") }
    try context.charge(UInt64(fields.fields.count) * 10)
    do throws(DisclosureError) {
      return try fields.verify(root: root, schema: content.schema, suite: context.suite)
    } catch {
      throw .badArgument("fields: \(error)")
    }
  }
}
