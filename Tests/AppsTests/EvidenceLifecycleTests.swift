import Apps
import ChainCore
import ChainTesting
import Testing

/// The contract `evidence` in a state of one of its machines.
struct EvidenceScenario: LifecycleScenario {
  static let contract: ContractName = "evidence"
  static let depositor: OrganisationID = "12410100MB0A01053H"
  static let plaintiff: OrganisationID = "91410600MA9A0007X7"
  static let court: OrganisationID = "11410100MB0A01045R"
  static let number = "(2023)豫0105民初1234号"
  static let template: Result<ContractSandbox, any Error> = Result {
    let roles = try Lifecycles.load().roles
    return try ContractSandbox(
      [JudicialEvidence()],
      organisations: foreigners(roles).merging([depositor: ["depositor"], plaintiff: [], court: ["court"]]) { $1 })
  }

  var sandbox: ContractSandbox
  let machine: String
  let isOffered: Bool
  var item: Digest?
  var opened: CaseKey?
  var courtCase: CaseKey { opened ?? CaseKey(court: Self.court, number: Self.number) }
  var submission: SubmissionKey?
  var own: NamedDigest { NamedDigest(algorithm: "sm3", bytes: sandbox.genesis.suite.hash(Array("page".utf8)).bytes) }

  init(machine: String, state: String?, variant: String = "") throws {
    sandbox = try Self.template.get()
    self.machine = machine
    isOffered = machine == "evidence" && state == "offered"
    let holder = sandbox.caller(Self.depositor)
    let court = sandbox.caller(Self.court)
    switch machine {
    case "evidence":
      guard let state else { return }
      try perform("deposit", by: holder)
      if state == "offered" { try perform("offer", by: holder) }
    case "submission":
      try perform("deposit", by: holder)
      try perform("openCase", by: court)
      guard let state else { return }
      try perform("submit", by: holder)
      switch state {
      case "admitted": try perform("admit", by: court)
      case "refused": try perform("refuse", by: court)
      case "withdrawn": try perform("withdraw", by: holder)
      default: break
      }
    default:
      guard let state else { return }
      try perform("openCase", by: court)
      if state == "closed" { try perform("closeCase", by: court) }
    }
  }

  func organisation(in relation: String) -> OrganisationID? {
    switch relation {
    case "holder": machine == "case" ? nil : Self.depositor
    case "offeree": isOffered ? Self.plaintiff : nil
    case "caseCourt": machine == "evidence" ? nil : Self.court
    default: nil
    }
  }

  mutating func perform(_ call: String, by caller: Caller) throws {
    let item = item ?? .zero
    let submission = submission ?? SubmissionKey(evidence: item, number: 1)
    let ruling = sandbox.genesis.suite.hash([1])
    let name = EntryName(unchecked: call)
    switch call {
    case "deposit":
      let id = try sandbox.call("evidence", name, deposit(), as: caller, returning: Digest.self)
      self.item = self.item ?? id
    case "attachToken":
      let token = TimeStampToken(digest: ruling, imprint: own, genTime: sandbox.time)
      try sandbox.call("evidence", name, AttachToken(evidence: item, token: token), as: caller)
    case "offer":
      try sandbox.call(
        "evidence", name, OfferEvidence(evidence: item, to: Self.plaintiff, reason: "handover", recheckedDigest: own), as: caller)
    case "withdrawOffer": try sandbox.call("evidence", name, EvidenceCall(evidence: item), as: caller)
    case "accept": try sandbox.call("evidence", name, AcceptEvidence(evidence: item, recheckedDigest: own), as: caller)
    case "decline": try sandbox.call("evidence", name, DeclineEvidence(evidence: item, reason: "not-mine"), as: caller)
    case "submit":
      let key = try sandbox.call(
        "evidence", name, SubmitEvidence(evidence: item, caseKey: courtCase), as: caller, returning: SubmissionKey.self)
      self.submission = key
    case "withdraw": try sandbox.call("evidence", name, WithdrawSubmission(submission: submission), as: caller)
    case "admit", "refuse":
      try sandbox.call("evidence", name, DecideSubmission(submission: submission, rulingDigest: ruling), as: caller)
    case "openCase":
      let key = try sandbox.call("evidence", name, OpenCase(number: Self.number), as: caller, returning: CaseKey.self)
      opened = opened ?? key
    case "closeCase": try sandbox.call("evidence", name, CloseCase(caseKey: courtCase), as: caller)
    default: throw ContractError.notSupported(call)
    }
  }

  func deposit(nonce: Digest = .zero) -> DepositEvidence {
    DepositEvidence(digests: [own], salted: false, size: 4, mediaType: "text/html", originDigest: nil, nonce: nonce)
  }

  func state() throws -> String? {
    switch machine {
    case "evidence":
      guard let item else { return nil }
      return try sandbox.query("evidence", "item", item, as: Registered<EvidenceItem>?.self)?.state.rawValue
    case "submission":
      guard let submission else { return nil }
      return try sandbox.query("evidence", "submission", submission, as: Registered<Submission>?.self)?.state.rawValue
    default:
      return try sandbox.query("evidence", "courtCase", courtCase, as: Registered<CourtCase>?.self)?.state.rawValue
    }
  }

  /// One submission a case that is not withdrawn. Foreign depositors and courts create records of their own.
  func refusal(creating call: String, by actor: LifecycleActor) -> String? {
    guard call == "submit", let state = try? state(), state != "withdrawn" else { return nil }
    return "alreadyExists"
  }
}

@Suite struct EvidenceLifecycle {
  @Test func everyTriple() throws {
    let counts = try LifecycleOracle.run(EvidenceScenario.self)
    print("evidence: \(counts)")
    #expect(counts.allowed > 15 && counts.total > 500)
  }

  @Test func noOtherCalls() throws { try LifecycleOracle.checkCalls(of: JudicialEvidence()) }
}
