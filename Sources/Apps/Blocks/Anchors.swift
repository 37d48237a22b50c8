public import ChainCore

/// A file's digest on chain: it existed at the block's time, as deposited by somebody.
public struct Anchor: CanonicalRecord, Codable, Hashable {
  /// The digest by the chain's suite.
  public var digest: Digest
  /// The organisation that deposited it.
  public var depositor: OrganisationID
  /// The record that it belongs to, by the text of its key.
  public var record: String
  /// The height of its block.
  public var height: BlockHeight
  /// The block's time.
  public var time: BlockTime

  /// Puts the fields together.
  public init(digest: Digest, depositor: OrganisationID, record: String, height: BlockHeight, time: BlockTime) {
    self.digest = digest
    self.depositor = depositor
    self.record = record
    self.height = height
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.digest, \.depositor, \.record, \.height, \.time)
}

/// Anchored digests of one contract, found again by digest; the first of several is the earliest.
///
/// ```swift
/// let drawings = Anchors("drawings")
/// try drawings.deposit(call.digest, record: call.project, context)   // in an entry
/// try drawings.earliest(digest, context)?.depositor                  // in a query
/// ```
public struct Anchors: Sendable {
  /// How many anchors of one digest a query returns.
  public static let answerLimit = 100

  private let anchors: Table<Pair<Digest, UInt64>, Anchor>

  /// Anchors in the table `name`.
  public init(_ name: StaticString) { anchors = Table(TableName(stringLiteral: name.description)) }

  /// Anchors `digest` for `record` in the name of the caller's organisation.
  public func deposit(_ digest: Digest, record: String, _ context: ContractContext) throws(ContractError) {
    let last = try context.range(anchors, under: digest, reverse: true, limit: 1).first
    let number = (last?.key.second ?? 0) + 1
    try context.put(
      anchors, Pair(digest, number),
      Anchor(
        digest: digest, depositor: context.caller.organisation, record: record, height: context.height, time: context.time))
  }

  /// The anchors of `digest`, earliest first.
  public func find(_ digest: Digest, _ context: QueryContext) throws(ContractError) -> [Anchor] {
    try context.range(anchors, under: digest, limit: Self.answerLimit).map(\.value)
  }

  /// The first deposit of `digest`, if any: whoever deposited it had the file at that time.
  public func earliest(_ digest: Digest, _ context: QueryContext) throws(ContractError) -> Anchor? {
    try context.range(anchors, under: digest, limit: 1).first?.value
  }
}
