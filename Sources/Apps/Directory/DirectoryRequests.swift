internal import ChainCore

// Requests for data, and uses under them.

extension DataDirectory {
  var requestEntries: Entries {
    let requests = Self.requests
    return Entries(entries: [
      Entry("apply", by: requests.access("apply")) { (call: ApplyForData, context) -> Digest in try Self.apply(call, context) },
      Entry("approve", by: .member) { (call: ApproveRequest, context) in
        try Self.requireItemOwner(of: call.request, context)
        try requests.move("approve", call.request, context) {
          try $0.content.narrow(fields: call.fields, until: call.until, maxUses: call.maxUses)
        }
      },
      Entry("reject", by: .member) { (call: RequestReason, context) in
        try Arguments.check(code: call.reason, "reason")
        try Self.requireItemOwner(of: call.request, context)
        try requests.move("reject", call.request, context)
      },
      Entry("escalate", by: .member) { (call: RequestCall, context) in
        try requests.move("escalate", call.request, context) { record in
          guard context.time > record.content.answerBy else {
            throw ContractError.notAllowed(state: "applied, answer not overdue", call: "escalate")
          }
        }
      },
      Entry("decide", by: requests.access("decide")) { (call: DecideRequest, context) in
        try Arguments.check(code: call.reason, "reason")
        try requests.move("decide", call.request, context) { record in
          guard call.approve else {
            record.state = "rejected"
            return
          }
          try record.content.narrow(fields: call.fields, until: call.until, maxUses: call.maxUses)
        }
      },
      Entry("withdrawRequest", by: .member) { (call: RequestCall, context) in
        try requests.move("withdrawRequest", call.request, context)
      },
      Entry("revoke", by: .member) { (call: RequestReason, context) in
        try Arguments.check(code: call.reason, "reason")
        let request = try context.require(requests.records, call.request)
        if !context.caller.has("dataOffice"), request.owner != context.caller.organisation {
          try Self.requireItemOwner(of: call.request, context)
        }
        try requests.move("revoke", call.request, context)
      },
      Entry("use", by: .member) { (call: UseData, context) in try Self.use(call, context) },
      Entry("answerUse", by: .member) { (call: AnswerData, context) in try Self.answer(call, context) },
    ])
  }

  private static func apply(_ call: ApplyForData, _ context: ContractContext) throws -> Digest {
    try Arguments.check(code: call.purpose, "purpose")
    try Arguments.check(code: call.basis, "basis")
    guard call.maxUses > 0 else { throw ContractError.badArgument("maxUses: at least 1") }
    guard call.until > context.time, call.answerBy > context.time else {
      throw ContractError.badArgument("until, answerBy: they have passed")
    }
    guard !call.fields.isEmpty, Set(call.fields).count == call.fields.count else {
      throw ContractError.badArgument("fields: different numbers are expected")
    }
    let item = try context.require(items.records, call.item)
    guard item.state == "published" else { throw ContractError.notAllowed(state: item.state.rawValue, call: "apply") }
    guard call.fields.allSatisfy(item.content.content.numbers.contains) else {
      throw ContractError.badArgument("fields: not all are fields of the item")
    }
    guard item.content.share.kind != .refused else { throw ContractError.notAllowed(state: "share refused", call: "apply") }
    try checkCertificate(call.certificate, context)
    let request = DataRequest(
      item: call.item, fields: call.fields, purpose: call.purpose, basis: call.basis, until: call.until, maxUses: call.maxUses,
      answerBy: call.answerBy, certificate: call.certificate, used: 0, lastUse: 0)
    let id = try requests.newID("DataRequest", context)
    let state: RecordState = item.content.share.kind == .unconditional ? "active" : "applied"
    try requests.create("apply", id, request, state: state, context)
    return id
  }

  /// The certificate is that of an active member of the applicant. Members of other chains are known there only.
  private static func checkCertificate(_ serial: [UInt8], _ context: ContractContext) throws(ContractError) {
    guard context.caller.origin == .local else { return }
    let members: [Member] = try context.query("identity", "membersOf", context.caller.organisation)
    let isValid = members.contains {
      $0.serial == serial && $0.status == .active && $0.validFrom <= context.time && context.time <= $0.validUntil
    }
    guard isValid else { throw .badArgument("certificate: no valid certificate of the applicant has this serial number") }
  }

  /// The owner of the item now: after a reorganisation the new owner answers the old requests.
  private static func requireItemOwner(of request: Digest, _ context: ContractContext) throws(ContractError) {
    try requireOwner(of: try context.require(requests.records, request).content.item, context)
  }

  private static func use(_ call: UseData, _ context: ContractContext) throws {
    try Arguments.check(code: call.matter, "matter")
    guard call.count > 0 else { throw ContractError.badArgument("count: at least 1") }
    var request = try context.require(requests.records, call.request)
    guard request.owner == context.caller.organisation else { throw ContractError.notAuthorised("the request is \(request.owner)'s") }
    switch requests.state(of: request, at: context.time) {
    case "active": break
    case "expired": throw ContractError.expired
    case "exhausted": throw ContractError.quota
    case let state: throw ContractError.notAllowed(state: state.rawValue, call: "use")
    }
    let item = try context.require(items.records, request.content.item)
    guard item.state == "published", request.content.fields.allSatisfy(item.content.content.numbers.contains) else {
      throw ContractError.stale(found: item.version)
    }
    guard call.number == request.content.lastUse + 1 else { throw ContractError.stale(found: request.content.lastUse) }
    guard call.count <= request.content.maxUses - request.content.used else { throw ContractError.quota }
    request.content.used += call.count
    request.content.lastUse = call.number
    try requests.rewrite("use", call.request, request, context)
    try uses.create(
      "use", UseKey(request: call.request, number: call.number),
      DataUse(
        item: request.content.item, kind: call.kind, matter: call.matter, about: call.about, question: call.question, count: call.count,
        result: nil, resultDigest: nil), context)
  }

  private static func answer(_ call: AnswerData, _ context: ContractContext) throws {
    let key = UseKey(request: call.request, number: call.number)
    let use = try context.require(uses.records, key)
    let item = try requireOwner(of: use.content.item, context)
    var request = try context.require(requests.records, call.request)
    try uses.move("answerUse", key, context) { record in
      let state = requests.state(of: request, at: context.time)
      // The last use may be answered although it exhausted the request.
      guard call.result == .failed || (state == "active" || state == "exhausted") && item.state == "published" else {
        throw ContractError.notAllowed(state: item.state == "published" ? state.rawValue : item.state.rawValue, call: "answerUse")
      }
      guard (call.result == .delivered) == (call.resultDigest != nil) else {
        throw ContractError.badArgument("resultDigest: a delivery has one, and only a delivery")
      }
      record.content.result = call.result
      record.content.resultDigest = call.resultDigest
    }
    guard call.result == .failed else { return }
    request.content.used -= min(use.content.count, request.content.used)
    try requests.rewrite("answerUse", call.request, request, context)
  }
}

extension DataRequest {
  mutating func narrow(fields: [UInt16]?, until: BlockTime?, maxUses: UInt32?) throws(ContractError) {
    if let fields {
      guard !fields.isEmpty, fields.allSatisfy(self.fields.contains), Set(fields).count == fields.count else {
        throw .badArgument("fields: an approval does not widen the request")
      }
      self.fields = fields
    }
    if let until {
      guard until <= self.until else { throw .badArgument("until: an approval does not widen the request") }
      self.until = until
    }
    if let maxUses {
      guard maxUses > 0, maxUses <= self.maxUses else { throw .badArgument("maxUses: an approval does not widen the request") }
      self.maxUses = maxUses
    }
  }
}
