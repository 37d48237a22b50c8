public import ChainCore

/// 司法存证: deposited files by digest, their custody, and their submission to courts.
///
/// The chain proves that a file was unaltered since its deposit, and no more (online litigation rules 2021, art. 16 to 19).
public struct JudicialEvidence: Contract {
  /// `evidence`.
  public static let name: ContractName = "evidence"
  /// How far a token's time may lie after the block's, in milliseconds.
  public static let tokenLeadMs: UInt64 = 2_000

  /// Files by evidence id.
  public static let items = Registry<Digest, EvidenceItem>(
    "items",
    [
      .create("deposit", to: "deposited", by: .role("depositor")),
      .move("attachToken", from: ["deposited"], by: .relation("holder")),
      .move("offer", from: ["deposited"], to: "offered", by: .relation("holder")),
      .move("withdrawOffer", from: ["offered"], to: "deposited", by: .relation("holder")),
      .move("accept", from: ["offered"], to: "deposited", by: .relation("offeree")),
      .move("decline", from: ["offered"], to: "deposited", by: .relation("offeree")),
    ],
    indexes: [TableIndex("holder") { _, record in record.content.holder }],
    relations: { relation, record, _, caller in
      relation == "holder" ? caller.organisation == record.content.holder : caller.organisation == record.content.offeree
    })

  /// Cases by court and number.
  public static let cases = Registry<CaseKey, CourtCase>(
    "cases",
    [
      .create("openCase", to: "open", by: .role("court")),
      .move("closeCase", from: ["open"], to: "closed", by: .owner),
    ])

  /// Submissions by file and number.
  public static let submissions = Registry<SubmissionKey, Submission>(
    "submissions",
    [
      .create("submit", to: "submitted", by: .checked),
      .move("withdraw", from: ["submitted"], to: "withdrawn", by: .relation("submitter")),
      .move("admit", from: ["submitted"], to: "admitted", by: .relation("caseCourt")),
      .move("refuse", from: ["submitted"], to: "refused", by: .relation("caseCourt")),
    ],
    indexes: [TableIndex("case") { _, record in record.content.caseKey }],
    relations: { relation, record, _, caller in
      relation == "caseCourt" ? caller.organisation == record.content.caseKey.court : caller.organisation == record.content.submitter
    })

  package static let custody = Table<Pair<Digest, UInt64>, CustodyEntry>("custody")
  static let offers = Table<Digest, Offer>("offers")
  static let anchors = Anchors("by-digest")

  /// The contract.
  public init() {}

  /// The id of a file: H(depositor, own digest, nonce).
  public static func evidenceID(
    depositor: OrganisationID, digest: Digest, nonce: Digest, genesis: GenesisID, suite: CryptoSuite
  ) -> Digest {
    suite.digest("Evidence", genesis, EvidenceIdentity(depositor: depositor, digest: digest, nonce: nonce))
  }

  /// The name that digests of `suite` have here.
  public static func algorithm(of suite: CryptoSuite) -> String { suite == .guomi ? "sm3" : "sha256" }

  /// All calls and questions.
  public var entries: Entries {
    IndexedTable(Self.items.records)
    IndexedTable(Self.submissions.records)
    itemEntries
    courtEntries
    queries
  }

  private var itemEntries: Entries {
    let items = Self.items
    return Entries(entries: [
      Entry("deposit", by: items.access("deposit")) { (call: DepositEvidence, context) -> Digest in try Self.deposit(call, context) },
      Entry("attachToken", by: items.access("attachToken")) { (call: AttachToken, context) in
        try items.move("attachToken", call.evidence, context) { record in
          guard record.content.token == nil else { throw ContractError.alreadyExists }
          try Self.check(call.token, of: record.content.digests, context)
          record.content.token = call.token
        }
      },
      Entry("offer", by: items.access("offer")) { (call: OfferEvidence, context) in
        try Arguments.check(code: call.reason, "reason")
        try items.move("offer", call.evidence, context) { record in
          try Self.check(rechecked: call.recheckedDigest, of: record.content.digests)
          guard call.to != record.content.holder else { throw ContractError.badArgument("to: the holder has it already") }
          guard try Self.openSubmission(of: call.evidence, context) == nil else {
            throw ContractError.notAllowed(state: "submitted", call: "offer")
          }
          record.content.offeree = call.to
          try context.put(Self.offers, call.evidence, Offer(to: call.to, reason: call.reason))
        }
      },
      Entry("withdrawOffer", by: items.access("withdrawOffer")) { (call: EvidenceCall, context) in
        try items.move("withdrawOffer", call.evidence, context) { try Self.closeOffer(call.evidence, &$0, context) }
      },
      Entry("accept", by: items.access("accept")) { (call: AcceptEvidence, context) in
        try items.move("accept", call.evidence, context) { record in
          try Self.check(rechecked: call.recheckedDigest, of: record.content.digests)
          let offer = try context.require(Self.offers, call.evidence)
          let from = record.content.holder
          record.content.holder = context.caller.organisation
          try Self.closeOffer(call.evidence, &record, context)
          try Self.handOver(
            call.evidence, from: from, to: record.content.holder, reason: offer.reason, rechecked: call.recheckedDigest, context)
        }
      },
      Entry("decline", by: items.access("decline")) { (call: DeclineEvidence, context) in
        try Arguments.check(code: call.reason, "reason")
        try items.move("decline", call.evidence, context) { try Self.closeOffer(call.evidence, &$0, context) }
      },
    ])
  }

  private static func deposit(_ call: DepositEvidence, _ context: ContractContext) throws -> Digest {
    guard (1...4).contains(call.digests.count), Set(call.digests.map(\.algorithm)).count == call.digests.count else {
      throw ContractError.badArgument("digests: 1 to 4 of different algorithms are expected")
    }
    for digest in call.digests {
      guard let length = digestLengths.first(where: { $0.name == digest.algorithm })?.bytes, digest.bytes.count == length else {
        throw ContractError.badArgument("digests: \(digest.algorithm) is unknown or has another length")
      }
    }
    try Arguments.check(text: call.mediaType, "mediaType", limit: 100)
    let ownName = algorithm(of: context.suite)
    guard let own = call.digests.first(where: { $0.algorithm == ownName }).flatMap({ Digest($0.bytes) }) else {
      throw ContractError.badArgument("digests: \(ownName), the chain's own, is missing")
    }
    let depositor = context.caller.organisation
    let id = evidenceID(depositor: depositor, digest: own, nonce: call.nonce, genesis: context.genesis, suite: context.suite)
    let item = EvidenceItem(
      digests: call.digests, salted: call.salted, size: call.size, mediaType: call.mediaType, originDigest: call.originDigest,
      depositor: depositor, holder: depositor, token: call.token)
    try items.create("deposit", id, item, context) {
      if let token = call.token { try check(token, of: call.digests, context) }
    }
    for digest in call.digests {
      guard let key = Digest(digest.bytes.prefix(32)) else { continue }
      try anchors.deposit(key, record: id.hex, context)
    }
    try handOver(id, from: nil, to: depositor, reason: "deposit", rechecked: NamedDigest(algorithm: ownName, bytes: own.bytes), context)
    return id
  }

  private static let digestLengths: [(name: String, bytes: Int)] = [("sm3", 32), ("sha256", 32), ("sha384", 48), ("sha512", 64)]

  private static func check(
    _ token: TimeStampToken, of digests: [NamedDigest], _ context: ContractContext
  ) throws(ContractError) {
    guard digests.contains(token.imprint) else { throw .badArgument("token: its imprint is none of the deposited digests") }
    guard token.genTime <= context.time.advanced(byMilliseconds: tokenLeadMs) else {
      throw .badArgument("token: its time lies after this block's")
    }
  }

  private static func check(rechecked: NamedDigest, of digests: [NamedDigest]) throws(ContractError) {
    guard digests.contains(rechecked) else { throw .badArgument("recheckedDigest: it is none of the deposited digests") }
  }

  private static func closeOffer(
    _ id: Digest, _ record: inout Registered<EvidenceItem>, _ context: ContractContext
  ) throws(ContractError) {
    record.content.offeree = nil
    try context.remove(offers, id)
  }

  private static func handOver(
    _ id: Digest, from: OrganisationID?, to: OrganisationID, reason: String, rechecked: NamedDigest, _ context: ContractContext
  ) throws(ContractError) {
    let last = try context.range(custody, under: id, reverse: true, limit: 1).first
    let previous = last.map { context.suite.digest("CustodyEntry", context.genesis, $0.value) } ?? .zero
    try context.put(
      custody, Pair(id, (last?.key.second ?? 0) + 1),
      CustodyEntry(from: from, to: to, reason: reason, rechecked: rechecked, time: context.time, previous: previous))
  }
}

private struct EvidenceIdentity: CanonicalRecord {
  var depositor: OrganisationID
  var digest: Digest
  var nonce: Digest
  static let layout = Layout(Self.init, \.depositor, \.digest, \.nonce)
}
