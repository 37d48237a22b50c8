public import ChainCore

/// 数据共享: sealed data between departments of two chains, under a request that their owner approved (`CrossChain.md`, data sharing).
///
/// A request goes to the owner's chain by packet; the approval is its late answer. The data go back by a packet under the request's id, sealed
/// to the certificate that the request names; whether they could be opened is the late answer to that. The relay sees digests and sizes.
public struct DataExchange: Contract {
  /// `exchange`.
  public static let name: ContractName = "exchange"

  /// Requests on the applicant's chain.
  public static let requests = Registry<Digest, ExchangeRequest>(
    "requests",
    [
      .create("request", to: "asked", by: .role("department")),
      // Data may overtake the approval.
      .move("delivered", from: ["asked", "approved"], to: "arrived", by: .checked),
      .move("confirm", from: ["arrived"], to: "opened", by: .owner),
    ])

  /// Requests on the owner's chain.
  public static let orders = Registry<Digest, ExchangeOrder>(
    "orders",
    [
      .create("requested", to: "waiting", by: .role("department")),
      .move("decide", from: ["waiting"], to: "approved", by: .relation("dataOwner")),
      .move("deliver", from: ["approved"], to: "sent", by: .relation("dataOwner")),
    ],
    derive: { record, time in record.state == "approved" && time > record.content.scope.until ? "expired" : record.state },
    relations: { _, record, _, caller in caller.origin == .local && caller.organisation == record.content.scope.owner })

  /// Sealed data that arrived, by request.
  static let inbox = Table<Digest, SealedData>("inbox")
  /// Which request a packet belongs to, by destination and number.
  static let packets = Table<Pair<ChainID, UInt64>, Digest>("packets")

  /// The contract.
  public init() {}

  /// All calls and questions.
  public var entries: Entries {
    let (requests, orders) = (Self.requests, Self.orders)
    return Entries(
      entries: [
        Entry("request", by: requests.access("request")) { (scope: ExchangeScope, context) -> Digest in try Self.request(scope, context) },
        Entry("requested", by: orders.access("requested")) { (ask: ExchangeAsk, context) in try Self.requested(ask, context) },
        Entry("decide", by: .member) { (call: DecideExchange, context) in try Self.decide(call, context) },
        Entry("deliver", by: .member) { (data: SealedData, context) in try Self.deliver(data, context) },
        Entry("delivered", by: .member) { (data: SealedData, context) in try Self.delivered(data, context) },
        Entry("confirm", by: .member) { (call: ConfirmData, context) in try Self.confirm(call, context) },
      ],
      queries: [
        Query("request") { (id: Digest, context) -> Registered<ExchangeRequest>? in try context.get(requests.records, id) },
        Query("order") { (id: Digest, context) -> Registered<ExchangeOrder>? in try context.get(orders.records, id) },
        Query("data") { (id: Digest, context) -> SealedData? in try context.get(Self.inbox, id) },
      ])
  }

  private static func request(_ scope: ExchangeScope, _ context: ContractContext) throws -> Digest {
    try check(scope)
    guard scope.until > context.time else { throw ContractError.badArgument("until: it has passed") }
    guard try isCertificate(scope.certificate, of: context.caller.organisation, context) else {
      throw ContractError.badArgument("certificate: no valid certificate of the applicant has this serial number")
    }
    let id = try requests.newID("ExchangeRequest", context)
    try requests.create("request", id, ExchangeRequest(scope: scope), context)
    try send("requested", id, ExchangeAsk(request: id, scope: scope), to: scope.chain, context)
    return id
  }

  private static func check(_ scope: ExchangeScope) throws(ContractError) {
    try Arguments.check(code: scope.item, "item")
    try Arguments.check(code: scope.purpose, "purpose")
    guard (1...256).contains(scope.fields.count), Set(scope.fields).count == scope.fields.count else {
      throw .badArgument("fields: 1 to 256 different numbers are expected")
    }
    guard (1...32).contains(scope.certificate.count) else { throw .badArgument("certificate: a serial number is expected") }
  }

  private static func isCertificate(
    _ serial: [UInt8], of organisation: OrganisationID, _ context: QueryContext
  ) throws(ContractError) -> Bool {
    let members: [Member] = try context.query("identity", "membersOf", organisation)
    return members.contains {
      $0.serial == serial && $0.status == .active && $0.validFrom <= context.time && context.time <= $0.validUntil
    }
  }

  private static func send(
    _ call: EntryName, _ request: Digest, _ payload: some CanonicalCodable, to chain: ChainID, sealedTo: [UInt8]? = nil,
    _ context: ContractContext
  ) throws(ContractError) {
    let sent = try context.send(
      OutgoingPacket(to: chain, port: name, call: call, payload: payload.canonicalBytes, requestID: request, sealedTo: sealedTo))
    try context.put(packets, Pair(chain, sent.sequence), request)
  }

  private static func requested(_ ask: ExchangeAsk, _ context: ContractContext) throws {
    guard case .remote(let chain, _) = context.caller.origin else { throw ContractError.notAuthorised("requests come by packet") }
    try check(ask.scope)
    guard ask.scope.chain == context.chain else { throw ContractError.badArgument("chain: the owner is on another one") }
    let order = ExchangeOrder(
      scope: ask.scope, applicant: context.caller.organisation, chain: chain, ticket: try context.answerLater())
    try orders.create("requested", ask.request, order, context)
  }

  private static func decide(_ call: DecideExchange, _ context: ContractContext) throws {
    guard call.approve == (call.reason == nil) else { throw ContractError.badArgument("reason: a refusal has one, and only a refusal") }
    if let reason = call.reason { try Arguments.check(code: reason, "reason") }
    try orders.move("decide", call.request, context) { record in
      guard let ticket = record.content.ticket else { throw ContractError.unexpected }
      record.content.ticket = nil
      if !call.approve { record.state = "rejected" }
      try context.answer(
        ticket, with: call.approve ? .succeeded(record.content.scope.canonicalBytes) : .failed(code: "rejected", message: call.reason ?? "")
      )
    }
  }

  private static func deliver(_ data: SealedData, _ context: ContractContext) throws {
    try orders.move("deliver", data.request, context) { record in
      let scope = record.content.scope
      guard data.certificate == scope.certificate else {
        throw ContractError.badArgument("certificate: the request names another one")
      }
      record.content.data = data.envelope.digest(suite: context.suite)
      try send("delivered", data.request, data, to: record.content.chain, sealedTo: data.certificate, context)
    }
  }

  private static func delivered(_ data: SealedData, _ context: ContractContext) throws {
    guard case .remote(let chain, _) = context.caller.origin else { throw ContractError.notAuthorised("data come by packet") }
    let owner = context.caller.organisation
    try requests.move("delivered", data.request, context) { record in
      let scope = record.content.scope
      guard scope.chain == chain, scope.owner == owner else { throw ContractError.notAuthorised("the request went to somebody else") }
      guard data.certificate == scope.certificate, try isCertificate(data.certificate, of: record.owner, context) else {
        throw ContractError.badArgument("certificate: it is not the applicant's valid one")
      }
      record.content.data = data.envelope.digest(suite: context.suite)
      record.content.ticket = try context.answerLater()
    }
    try context.put(inbox, data.request, data)
  }

  private static func confirm(_ call: ConfirmData, _ context: ContractContext) throws {
    try requests.move("confirm", call.request, context) { record in
      guard let ticket = record.content.ticket else { throw ContractError.unexpected }
      record.content.ticket = nil
      if !call.opened { record.state = "failed" }
      try context.answer(ticket, with: call.opened ? .succeeded([]) : .failed(code: "failed", message: "the data could not be opened"))
    }
  }

  /// An approval or refusal arrived, or the receipt of data.
  public func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {
    guard let id = try context.get(Self.packets, Pair(packet.destination, packet.packet.sequence)) else { return }
    var succeeded = false
    if case .succeeded = packet.outcome { succeeded = true }
    if packet.call == "requested" {
      var record = try context.require(Self.requests.records, id)
      guard record.state == "asked" else { return }
      record.state = succeeded ? "approved" : "rejected"
      try Self.requests.rewrite("decided", id, record, context)
    } else {
      var record = try context.require(Self.orders.records, id)
      record.state = succeeded ? "opened" : "failed"
      try Self.orders.rewrite("confirmed", id, record, context)
    }
  }
}
