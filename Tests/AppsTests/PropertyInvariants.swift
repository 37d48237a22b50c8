import Apps
import ChainCore
import ChainTesting
import Testing

/// Random deals, holds, registrations, splits and merges of units among four firms.
struct PropertyTrade {
  static let firms: [OrganisationID] = ["firm-1", "firm-2", "firm-3", "firm-4"]
  static let fixture: Result<(Parties, ContractSandbox), any Error> = Result {
    let parties = try Parties(domain: RealEstate.domain, organisations: firms)
    let ours: [OrganisationID: [Role]] = ["firm-1": [], "firm-2": [], "firm-3": [], "firm-4": [], Parties.service: []]
    var sandbox = try ContractSandbox(
      [RealEstate()], organisations: ours, authorities: [parties.authority], members: parties.certificates)
    for number in 1...3 { try PropertyScenario.register(number, owner: .organisation(firms[number]), &sandbox) }
    return (parties, sandbox)
  }

  var sandbox: ContractSandbox
  let parties: Parties
  var random: SeededRandom
  var deals: [Digest] = []
  var rights: [RightKey] = []
  /// The numbers of all units there ever were, and of those that are active.
  var units = [1, 2, 3]
  var active = [1, 2, 3]
  var registered = 0
  var (dwellings, splits, merges) = (0, 0, 0)
  var succeeded = 0

  init(seed: UInt64) throws {
    (parties, sandbox) = try Self.fixture.get()
    random = SeededRandom(seed)
  }

  private func caller(_ role: Role) -> Caller { sandbox.caller(OrganisationID(unchecked: "office-\(role)"), roles: [role]) }
  private mutating func firm() -> OrganisationID { Self.firms[random.below(4)] }
  private mutating func unit() throws -> RealEstateUnit { try PropertyScenario.unit(active[random.below(active.count)]) }
  private func owners(_ unit: RealEstateUnit) throws -> [HolderShare] {
    try sandbox.query("property", "rights", unit, as: [Registered<PropertyRight>].self)
      .filter { $0.state == "registered" && $0.content.kind == .ownership }.flatMap(\.content.holders)
  }

  mutating func step() throws {
    do {
      switch random.below(19) {
      case 0, 1, 2: try file()
      case 3...11: try advance()
      case 12: try place()
      case 13:
        guard !rights.isEmpty else { return }
        let key = rights[random.below(rights.count)]
        let by: Caller = random.chance(50) ? caller("registry") : random.chance(50) ? caller("court") : sandbox.caller(firm())
        try sandbox.call("property", "endRight", EndRight(right: key, reason: "r"), as: by)
      case 14: sandbox.time = sandbox.time.advanced(byMilliseconds: UInt64(random.below(100_000)))
      case 15: try random.chance(50) ? split() : merge()
      case 16: try merge()
      default:
        guard let id = deals.last, random.chance(50) else { return }
        try sandbox.call("property", "reject", RejectDeal(deal: id, reason: "r"), as: caller("registry"))
      }
      succeeded += 1
    } catch let error as ContractError {
      guard error != .unexpected, error != .overflow else { throw error }
    }
  }

  /// Halves a unit; now and then with an area too much, which must not go through.
  private mutating func split() throws {
    guard active.count < 6 else { return }
    let number = active[random.below(active.count)]
    let found = try sandbox.query("property", "unit", try PropertyScenario.unit(number), as: Registered<PropertyUnit>?.self)
    guard let area = found?.content.areaCm2 else { return }
    let new = [units.count + 1, units.count + 2]
    let more: UInt64 = random.chance(20) ? 1 : 0
    let children = [
      UnitPart(code: try PropertyScenario.unit(new[0]), areaCm2: area / 2),
      UnitPart(code: try PropertyScenario.unit(new[1]), areaCm2: area - area / 2 + more),
    ]
    try sandbox.call("property", "splitUnit", SplitUnit(code: try PropertyScenario.unit(number), children: children), as: registry)
    #expect(more == 0, "a split made area")
    units += new
    active = active.filter { $0 != number } + new
    splits += 1
  }

  /// Joins two units, which have the same holders or must not be joined.
  private mutating func merge() throws {
    let first = active[random.below(active.count)]
    let wanted = Set(try owners(try PropertyScenario.unit(first)))
    let alike = try active.filter { try $0 != first && Set(owners(try PropertyScenario.unit($0))) == wanted }
    let second = alike.isEmpty || random.chance(20) ? active[random.below(active.count)] : alike[random.below(alike.count)]
    guard first != second else { return }
    let codes = [try PropertyScenario.unit(first), try PropertyScenario.unit(second)]
    let area = try codes.map { try sandbox.query("property", "unit", $0, as: Registered<PropertyUnit>?.self)?.content.areaCm2 ?? 0 }
    let holders = try codes.map { Set(try owners($0)) }
    let child = UnitPart(code: try PropertyScenario.unit(units.count + 1), areaCm2: area[0] + area[1])
    try sandbox.call("property", "mergeUnits", MergeUnits(codes: codes, child: child), as: registry)
    #expect(holders[0] == holders[1], "units of different holders were joined")
    units.append(units.count + 1)
    active = active.filter { $0 != first && $0 != second } + [units.count]
    merges += 1
  }

  private var registry: Caller { sandbox.caller(PropertyScenario.organisation(withRole: "registry"), roles: ["registry"]) }

  private mutating func file() throws {
    let unit = try unit()
    let current = try owners(unit)
    guard !current.isEmpty else { return }
    let giver = current[random.below(current.count)]
    let kinds: [DealKind] = [.sale, .gift, .inheritance, .judicial, .mortgage, .dwelling]
    let kind = kinds[random.below(kinds.count)]
    let acquirer = firm()
    var content = DealContent(
      unit: unit, kind: kind, from: kind.isTransfer ? [giver.holder] : current.map(\.holder), to: [],
      deadline: sandbox.time.advanced(byMilliseconds: 3_000_000))
    if kind == .mortgage {
      content.mortgage = MortgageTerms(mortgagee: acquirer, amountCommitment: .zero, transferBan: random.chance(20))
    } else if kind == .dwelling {
      content.to = [HolderShare(holder: .organisation(acquirer), share: .whole)]
      content.dwellingUntil = sandbox.time.advanced(byMilliseconds: UInt64(random.below(400_000) + 1_000))
    } else {
      guard let part = Share(giver.share.numerator, of: giver.share.denominator * UInt32(random.below(3) + 1)) else { return }
      content.to = [HolderShare(holder: .organisation(acquirer), share: part)]
    }
    // Who dwells there agrees to a mortgage.
    let dwelling =
      kind == .mortgage ? try inForce(unit).filter { $0.kind == .dwelling }.flatMap(\.holders).compactMap(\.holder.organisation) : []
    let concerned = content.from.compactMap(\.organisation) + [acquirer] + (random.chance(50) ? dwelling : [])
    let signers = Self.firms.filter(concerned.contains)
    let consents = random.chance(90) && kind != .judicial ? try parties.consents([], signers, "property", "file", content, sandbox) : []
    let role: Role = kind == .sale ? "housing" : kind == .judicial ? "court" : "registry"
    deals.append(
      try sandbox.call(
        "property", "file", FileDeal(content: content, consents: consents), as: caller(role), returning: Digest.self))
  }

  private mutating func advance() throws {
    guard !deals.isEmpty else { return }
    let id = deals[max(0, deals.count - 1 - random.below(4))]
    guard let deal = try sandbox.query("property", "deal", id, as: Registered<PropertyDeal>?.self) else { return }
    let tax = sandbox.genesis.suite.hash([1])
    switch deal.state.rawValue {
    case "filed" where deal.content.content.kind.isTransfer:
      try sandbox.call("property", "assessTax", AssessTax(deal: id, amountCommitment: tax), as: caller("taxOffice"))
    case "assessed":
      let paid = random.chance(90) ? tax : .zero
      try sandbox.call("property", "payTax", PayTax(deal: id, amountCommitment: paid, receiptDigest: .zero), as: caller("taxOffice"))
    case "filed", "paid": try sandbox.call("property", "acceptDeal", DealCall(deal: id), as: caller("registry"))
    case "accepted": try sandbox.call("property", "examine", ExamineDeal(deal: id, verifications: []), as: caller("registry"))
    default:
      let unit = deal.content.content.unit
      let before = try inForce(unit)
      try sandbox.call("property", "register", RegisterDeal(deal: id, certificateDigest: .zero), as: caller("registry"))
      registered += 1
      if deal.content.content.kind == .dwelling { dwellings += 1 }
      check(deal.content, against: before)
    }
  }

  private func inForce(_ unit: RealEstateUnit) throws -> [PropertyRight] {
    try sandbox.query("property", "rights", unit, as: [Registered<PropertyRight>].self)
      .filter { RealEstate.rights.state(of: $0, at: sandbox.time) == "registered" }.map(\.content)
  }

  /// What was registered had nothing against it in that block.
  private func check(_ deal: PropertyDeal, against before: [PropertyRight]) {
    let content = deal.content
    if content.kind == .judicial {
      let effective = before.filter { $0.kind == .seizure }.min { $0.rank < $1.rank }
      #expect(effective?.placer == deal.filedBy)
    } else {
      #expect(!before.contains { $0.kind == .seizure }, "registered against a seizure")
    }
    #expect(!before.contains { $0.kind == .objection }, "registered against an objection that nobody acknowledged")
    for notice in before where notice.kind == .preNotice {
      let holder = notice.holders[0].holder
      #expect(deal.consenting.contains(holder) || content.to.allSatisfy { $0.holder == holder })
    }
    if content.kind == .dwelling { #expect(!before.contains { $0.kind == .dwelling }, "a second right to dwell") }
    if content.kind.isTransfer {
      #expect(content.kind == .judicial || !before.contains { $0.transferBan }, "registered against a transfer ban")
      #expect(deal.tax != nil && deal.tax == deal.taxPaid)
    }
  }

  private mutating func place() throws {
    let unit = try unit()
    switch random.below(3) {
    case 0:
      let until = sandbox.time.advanced(byMilliseconds: UInt64(random.below(60_000) + 1_000))
      rights.append(
        try sandbox.call(
          "property", "seize", SeizeUnit(unit: unit, orderDigest: .zero, until: until), as: caller("court"), returning: RightKey.self))
    case 1:
      let call = PlaceObjection(unit: unit, objector: .organisation(firm()), basisDigest: sandbox.nextTransaction.digest)
      rights.append(try sandbox.call("property", "objection", call, as: caller("registry"), returning: RightKey.self))
    default:
      let current = try owners(unit).compactMap(\.holder.organisation)
      let holder = firm()
      let content = NoticeContent(unit: unit, holder: .organisation(holder), forRight: .ownership)
      let signers = Self.firms.filter { current.contains($0) || $0 == holder }
      let consents = try parties.consents([], signers, "property", "preNotice", content, sandbox)
      rights.append(
        try sandbox.call(
          "property", "preNotice", PlacePreNotice(content: content, consents: consents), as: caller("registry"),
          returning: RightKey.self))
    }
  }

  func checkInvariants() throws {
    var area: UInt64 = 0
    for number in units {
      let code = try PropertyScenario.unit(number)
      let unit = try #require(try sandbox.query("property", "unit", code, as: Registered<PropertyUnit>?.self))
      guard active.contains(number) else {
        #expect(unit.state == "superseded")
        #expect(try inForce(code).isEmpty, "a right in a unit that is no more")
        continue
      }
      #expect(unit.state == "active")
      area += unit.content.areaCm2
      #expect(try inForce(code).count { $0.kind == .dwelling } <= 1, "two rights to dwell")
      #expect(try Share.sum(try owners(code).map(\.share)) == .whole)
      let ranks = try inForce(code).filter { $0.kind == .mortgage }.map(\.rank)
      #expect(Set(ranks).count == ranks.count, "two mortgages of one rank")
      let open = try deals.compactMap { try sandbox.query("property", "deal", $0, as: Registered<PropertyDeal>?.self) }.filter { deal in
        deal.content.content.unit == code && ["accepted", "examined"].contains(RealEstate.deals.state(of: deal, at: sandbox.time))
      }
      #expect(open.count <= 1, "two deals accepted or examined")
    }
    #expect(area == 3_000_000, "area appeared or vanished")
  }
}

@Suite struct PropertyInvariants {
  @Test func sharesAreWholeAndHoldsHold() throws {
    var (succeeded, registered, dwellings, splits, merges) = (0, 0, 0, 0, 0)
    for seed in UInt64(0)..<40 {
      var trade = try PropertyTrade(seed: seed)
      for step in 0..<250 {
        try trade.step()
        if step.isMultiple(of: 10) { try trade.checkInvariants() }
      }
      succeeded += trade.succeeded
      registered += trade.registered
      dwellings += trade.dwellings
      splits += trade.splits
      merges += trade.merges
    }
    print(
      "property, seeds 0 to 39: \(succeeded) of 10,000 calls went through, \(registered) deals registered, \(dwellings) rights to dwell, "
        + "\(splits) splits, \(merges) merges")
    #expect(succeeded > 3_000 && registered > 80 && dwellings > 5 && splits > 20 && merges > 2)
  }

  @Test func sharesAreExact() throws {
    let third = try #require(Share(2, of: 6))
    #expect(third.denominator == 3 && Share(0, of: 3) == nil && Share(4, of: 3) == nil)
    #expect(try Share.sum([third, third, third]) == .whole)
    #expect(try Share.whole.subtracting(third) == Share(2, of: 3))
    #expect(try third.subtracting(third) == nil)
    expect("overflow") { _ = try third.subtracting(.whole) }
    expect("overflow") { _ = try Share.sum([.whole, third]) }
    let huge = try #require(Share(1, of: .max))
    expect("overflow") { _ = try Share.sum([huge, third, try #require(Share(1, of: .max - 1))]) }
    // Another form of the same value is no value: 2/6 does not decode.
    #expect(throws: CanonicalError.self) { try Share(canonicalBytes: UInt32(2).canonicalBytes + UInt32(6).canonicalBytes) }
  }
}
