import Apps
import ChainCore
import ChainTesting
import CrossChain
import Testing

// The calls of `property` with arguments that are right for the world and the caller.

extension PropertyScenario {
  /// The unit that a creating call is about: the tracked one as long as the world has no record yet, else the spare one.
  private var target: RealEstateUnit { get throws { try Self.unit(startState == nil || deal == nil && right == nil ? 1 : 2) } }

  mutating func perform(_ call: String, by caller: Caller) throws {
    let name = EntryName(unchecked: call)
    let unit = try Self.unit(1)
    switch call {
    case "registerUnit":
      let code = try Self.unit(isRegistered ? 3 : 1)
      let arguments = RegisterUnit(
        code: code, parcel: "p1", areaCm2: 1_000_000, use: "dwelling",
        holders: [HolderShare(holder: .organisation(Self.firm), share: .whole)], basisDigest: .zero)
      try sandbox.call("property", name, arguments, as: caller)
      isRegistered = true
    case "splitUnit":
      let children = [4, 5].map { (try? Self.unit($0)).map { UnitPart(code: $0, areaCm2: 500_000) } }.compactMap { $0 }
      try sandbox.call("property", name, SplitUnit(code: unit, children: children), as: caller)
    case "mergeUnits":
      let child = UnitPart(code: try Self.unit(6), areaCm2: 2_000_000)
      try sandbox.call("property", name, MergeUnits(codes: [unit, try Self.unit(2)], child: child), as: caller)
    case "extinguish": try sandbox.call("property", name, ExtinguishUnit(code: unit, reason: "demolished"), as: caller)
    case "preNotice", "objection", "seize", "setTerm", "endRight": try changeRight(name, caller)
    case "grantLookup", "lookup", "revokeLookup": try look(name, caller)
    default: try advance(name, caller)
    }
  }

  private mutating func advance(_ call: EntryName, _ caller: Caller) throws {
    let id = deal ?? .zero
    switch call {
    case "file": try file(caller)
    case "assessTax": try sandbox.call("property", call, AssessTax(deal: id, amountCommitment: tax), as: caller)
    case "payTax": try sandbox.call("property", call, PayTax(deal: id, amountCommitment: tax, receiptDigest: .zero), as: caller)
    case "acceptDeal": try sandbox.call("property", call, DealCall(deal: id), as: caller)
    case "examine":
      try sandbox.call("property", call, ExamineDeal(deal: id, verifications: isPersons ? answers(id) : []), as: caller)
    case "register": try sandbox.call("property", call, RegisterDeal(deal: id, certificateDigest: .zero), as: caller)
    case "reject": try sandbox.call("property", call, RejectDeal(deal: id, reason: "r1"), as: caller)
    default:
      let signs = ["housing", "registry", "court"].contains { caller.has($0) } && kind != "judicial"
      let proofs =
        signs ? try parties.consents(isPersons ? ["A", "B"] : [], isPersons ? [] : [Self.firm], "property", "withdraw", id, sandbox) : []
      try sandbox.call("property", call, WithdrawDeal(deal: id, proofs: proofs), as: caller)
    }
  }

  private var tax: Digest { sandbox.genesis.suite.hash([5]) }

  private mutating func file(_ caller: Caller) throws {
    let unit = try target
    let isSpare = try unit == Self.unit(2)
    let persons = isPersons && !isSpare
    let from: Subject = persons ? .person(parties.person("A")) : .organisation(Self.firm)
    let to = HolderShare(holder: persons ? .person(parties.person("B")) : .organisation(Self.bank), share: .whole)
    var content = DealContent(
      unit: unit, kind: .sale, from: [from], to: [to], deadline: sandbox.time.advanced(byMilliseconds: 10_000_000))
    if caller.has("court") {
      content.kind = .judicial
      let order = SeizeUnit(unit: unit, orderDigest: .zero, until: sandbox.time.advanced(byMilliseconds: 50_000_000))
      try sandbox.call("property", "seize", order, as: caller)
    } else if caller.has("registry") {
      if variant == "right-dwelling" {
        content.kind = .dwelling
        content.dwellingUntil = sandbox.time.advanced(byMilliseconds: 1_000_000)
      } else {
        content.kind = .mortgage
        content.to = []
        content.mortgage = MortgageTerms(mortgagee: Self.bank, amountCommitment: .zero, transferBan: true)
      }
    }
    var consents: [PartyConsent] = []
    if caller.has("housing") || caller.has("registry") {
      let isSale = content.kind == .sale
      consents = try parties.consents(
        persons ? (isSale ? ["A", "B"] : ["A"]) : [], persons ? (isSale ? [] : [Self.bank]) : [Self.firm, Self.bank], "property", "file",
        content, sandbox)
    }
    let id = try sandbox.call(
      "property", "file", FileDeal(content: content, consents: consents), as: caller, returning: Digest.self)
    deal = deal ?? id
  }

  /// What the main chain's directory answered: identities of both, marriage of the seller.
  func answers(_ deal: Digest, without left: Int? = nil, result: UseResult = .match) -> [ProvenAnswer] {
    let wanted = [("identity", "A"), ("identity", "B"), ("marriage", "A")]
    return wanted.enumerated().filter { $0.offset != left }.map { index, answer in
      let use = UseKey(request: sandbox.genesis.suite.hash([UInt8(index)]), number: 1)
      let content = DataUse(
        item: answer.0, kind: .verify, matter: deal.hex, about: parties.person(answer.1).digest, question: .zero, count: 1,
        result: result, resultDigest: nil)
      let record = Registered(state: "answered", owner: "registry", version: 2, changedAt: 0, content: content)
      let empty = RecordProof(key: [], value: nil, proof: StateProof(end: .empty, siblings: []))
      let proof = RemoteProof(
        relay: "henan/relay", steps: [], pin: nil, checkpoint: empty, past: nil,
        record: RecordProof(
          key: StateKey(contract: "directory", table: "uses", key: use).bytes, value: record.canonicalBytes,
          proof: StateProof(end: .present, siblings: [])))
      return ProvenAnswer(use: use, proof: proof)
    }
  }

  private mutating func changeRight(_ call: EntryName, _ caller: Caller) throws {
    let unit = try target
    let key = try right ?? RightKey(unit: Self.unit(1), number: 99)
    var made: RightKey?
    switch call {
    case "preNotice":
      let content = NoticeContent(unit: unit, holder: .organisation(Self.bank), forRight: .ownership)
      let consents =
        caller.has("registry") ? try parties.consents([], [Self.firm, Self.bank], "property", "preNotice", content, sandbox) : []
      made = try sandbox.call(
        "property", call, PlacePreNotice(content: content, consents: consents), as: caller, returning: RightKey.self)
    case "objection":
      let basis = sandbox.nextTransaction.digest
      made = try sandbox.call(
        "property", call, PlaceObjection(unit: unit, objector: .organisation("neighbour"), basisDigest: basis), as: caller,
        returning: RightKey.self)
    case "seize":
      let until = sandbox.time.advanced(byMilliseconds: 100_000_000)
      made = try sandbox.call(
        "property", call, SeizeUnit(unit: unit, orderDigest: .zero, until: until), as: caller, returning: RightKey.self)
    case "setTerm":
      let until: BlockTime? = kind == "objection" ? nil : sandbox.time.advanced(byMilliseconds: kind == "seizure" ? 300_000_000 : 5_000)
      try sandbox.call("property", call, SetTerm(right: key, until: until, basisDigest: .zero), as: caller)
    default:
      var proof: PartyConsent?
      if kind == "dwelling", caller.has("registry") {
        proof = try parties.consents([], [Self.bank], "property", "endRight", key, sandbox).first
      }
      try sandbox.call("property", call, EndRight(right: key, reason: "r1", proof: proof), as: caller)
    }
    right = right ?? made
  }

  private mutating func look(_ call: EntryName, _ caller: Caller) throws {
    let id = lookup ?? .zero
    let signs = isPersons && caller.has("citizenAgent")
    switch call {
    case "grantLookup":
      let content = LookupContent(
        unit: try Self.unit(1), grantee: "bureau", statements: ["freeOfSeizure"], until: sandbox.time.advanced(byMilliseconds: 1_000_000),
        maxUses: 2)
      let proof = signs ? try parties.proof("A", "property", call, content, sandbox) : nil
      let id = try sandbox.call("property", call, GrantLookup(content: content, proof: proof), as: caller, returning: Digest.self)
      lookup = lookup ?? id
    case "lookup": try sandbox.call("property", call, LookUp(grant: id, statement: "freeOfSeizure"), as: caller)
    default:
      let proof = signs && caller.organisation != "agent" ? try parties.proof("A", "property", call, id, sandbox) : nil
      try sandbox.call("property", call, RevokeLookup(grant: id, proof: proof), as: caller)
    }
  }
}

@Suite struct PropertyLifecycle {
  @Test func everyTriple() throws {
    let counts = try LifecycleOracle.run(PropertyScenario.self)
    print("property: \(counts)")
    #expect(counts.allowed > 60 && counts.total > 5_000)
  }

  @Test func noOtherCalls() throws { try LifecycleOracle.checkCalls(of: RealEstate()) }
}

@Suite struct PropertyExamination {
  /// A deal of persons is examined with every answer that its kind needs, each a match of this deal, from main.
  @Test func everyAnswerIsNeeded() throws {
    let world = try PropertyScenario(machine: "deal", state: "accepted", variant: "deal-sale")
    let deal = try #require(world.deal)
    let registry = world.sandbox.caller(PropertyScenario.otherRegistry)
    func examine(_ code: String?, _ answers: [ProvenAnswer]) throws {
      var copy = world
      let before = copy.sandbox.records
      guard let code else {
        try copy.sandbox.call("property", "examine", ExamineDeal(deal: deal, verifications: answers), as: registry)
        return #expect(try copy.state() == "examined")
      }
      expect(code) { try copy.sandbox.call("property", "examine", ExamineDeal(deal: deal, verifications: answers), as: registry) }
      #expect(copy.sandbox.records == before)
    }
    let all = world.answers(deal)
    for left in all.indices { try examine("badArgument", world.answers(deal, without: left)) }
    try examine("badArgument", [])
    try examine("badArgument", world.answers(deal, result: .mismatch))
    try examine("badArgument", world.answers(.zero))
    try examine("badArgument", Array(repeating: all[0], count: 257))
    var misplaced = all
    misplaced[0].use.number = 2
    try examine("badArgument", misplaced)
    try examine(nil, all)
    try examine(nil, all.reversed())
  }
}
