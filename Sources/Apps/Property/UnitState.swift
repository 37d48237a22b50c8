internal import ChainCore

/// A unit with its rights in force and its deals under way, as of this block.
struct UnitState {
  typealias Right = (key: RightKey, right: Registered<PropertyRight>)

  let code: RealEstateUnit
  /// The rights in force, by number.
  let rights: [Right]
  /// The deals under way.
  let deals: [(id: Digest, deal: Registered<PropertyDeal>)]
  /// The unit without rights and deals that have lapsed.
  let pruned: PropertyUnit

  init(_ code: RealEstateUnit, _ unit: PropertyUnit, _ context: QueryContext) throws(ContractError) {
    var rights: [Right] = []
    for number in unit.rights {
      let key = RightKey(unit: code, number: number)
      let right = try context.require(RealEstate.rights.records, key)
      if RealEstate.rights.state(of: right, at: context.time) == "registered" { rights.append((key, right)) }
    }
    var deals: [(id: Digest, deal: Registered<PropertyDeal>)] = []
    for id in unit.deals {
      let deal = try context.require(RealEstate.deals.records, id)
      if RealEstate.underWay.contains(RealEstate.deals.state(of: deal, at: context.time)) { deals.append((id, deal)) }
    }
    var pruned = unit
    pruned.rights = rights.map(\.key.number)
    pruned.deals = deals.map(\.id)
    self.code = code
    self.rights = rights
    self.deals = deals
    self.pruned = pruned
  }

  /// The rights of a kind, least rank first.
  func rights(_ kind: RightKind) -> [Right] {
    rights.filter { $0.right.content.kind == kind }.sorted {
      ($0.right.content.rank, $0.key.number) < ($1.right.content.rank, $1.key.number)
    }
  }

  /// The seizure that is in effect: of those in force the first by rank. The others wait (轮候查封).
  var seizure: Right? { rights(.seizure).first }

  /// The owners and their shares.
  var owners: [HolderShare] { rights(.ownership).flatMap(\.right.content.holders) }

  /// The rank that the next right of a kind gets.
  func nextRank(_ kind: RightKind) throws(ContractError) -> UInt32 {
    let (rank, overflow) = (rights(kind).last?.right.content.rank ?? 0).addingReportingOverflow(1)
    guard !overflow else { throw .overflow }
    return rank
  }

  /// For units that end: no deal under way, no right of another kind.
  func requireNothingBut(_ kinds: [RightKind], call: String) throws(ContractError) {
    for kind in [RightKind.seizure, .preNotice, .objection, .mortgage, .dwelling] where !kinds.contains(kind) {
      guard rights(kind).isEmpty else { throw .held(by: "\(kind)") }
    }
    guard deals.isEmpty else { throw .held(by: "deal") }
  }

  /// The table of conflicts: what stands against a deal, first of seizure, pre-notice, objection, transfer ban, dwelling, mortgage, deal.
  ///
  /// - Parameters:
  ///   - consenting: Who agreed to the deal.
  ///   - accepting: The deal's own id from acceptance on: no other may be accepted or examined beside it.
  /// - Throws: `.held`, or `.notAuthorised` if a court transfers what another court's seizure holds.
  func checkConflicts(
    _ deal: DealContent, consenting: [Subject], filedBy: OrganisationID, accepting: Digest? = nil
  ) throws(ContractError) {
    if deal.kind == .judicial {
      guard seizure?.right.content.placer == filedBy else {
        throw .notAuthorised("only the court of the effective seizure transfers the unit")
      }
    } else if seizure != nil {
      throw .held(by: "seizure")
    }
    for (_, notice) in rights(.preNotice) {
      let holders = notice.content.holders.map(\.holder)
      let isFulfilled = deal.kind.isTransfer && deal.to.allSatisfy { holders.contains($0.holder) }
      guard isFulfilled || holders.allSatisfy(consenting.contains) else { throw .held(by: "preNotice") }
    }
    try checkObjections(acknowledged: deal.acknowledges, acquirers: deal.acquirers, consenting: consenting)
    let mortgages = rights(.mortgage)
    if deal.kind.isTransfer, deal.kind != .judicial, mortgages.contains(where: { $0.right.content.transferBan }) {
      throw .held(by: "transferBan")
    }
    if deal.kind == .dwelling {
      guard rights(.dwelling).isEmpty else { throw .held(by: "dwelling") }
      guard mortgages.flatMap(\.right.content.holders).allSatisfy({ consenting.contains($0.holder) }) else { throw .held(by: "mortgage") }
    }
    guard let accepting else { return }
    for (id, other) in deals where id != accepting && (other.state == "accepted" || other.state == "examined") {
      throw .held(by: "deal")
    }
  }

  /// An objection stands against whoever does not show that it knows of it.
  func checkObjections(acknowledged: [UInt64], acquirers: [Subject], consenting: [Subject]) throws(ContractError) {
    for (key, _) in rights(.objection) {
      guard acknowledged.contains(key.number), acquirers.allSatisfy(consenting.contains) else { throw .held(by: "objection") }
    }
  }
}

extension DealContent {
  /// Who gets something by the deal.
  var acquirers: [Subject] {
    to.map(\.holder) + (kind == .mortgage ? mortgage.map { [.organisation($0.mortgagee)] } ?? [] : [])
  }

  /// Whose consent the deal needs: those who give, but for an inheritance or a court's order, those who get, and the lender.
  var mustConsent: [Subject] {
    guard kind != .judicial else { return [] }
    var parties = kind == .inheritance ? [] : from
    parties += to.map(\.holder)
    if let mortgage { parties.append(.organisation(mortgage.mortgagee)) }
    return parties
  }

  func check(at time: BlockTime) throws(ContractError) {
    guard (1...64).contains(from.count), Set(from).count == from.count else { throw .badArgument("from: 1 to 64 different owners") }
    guard to.count <= 64, Set(to.map(\.holder)).count == to.count else { throw .badArgument("to: at most 64 different holders") }
    guard acknowledges.count <= 64 else { throw .badArgument("acknowledges: at most 64 objections") }
    switch kind {
    case .mortgage: guard to.isEmpty, mortgage != nil else { throw .badArgument("mortgage: a mortgage has terms, and nobody gets shares") }
    case .dwelling:
      guard to.count == 1, to[0].share == .whole, mortgage == nil else { throw .badArgument("to: one dweller, whole, without a mortgage") }
    default: guard !to.isEmpty else { throw .badArgument("to: somebody gets the shares") }
    }
    guard dwellingUntil == nil || kind == .dwelling else { throw .badArgument("dwellingUntil: only of a right to dwell") }
    guard deadline > time else { throw .badArgument("deadline: it has passed") }
  }

  /// Who owns the unit after the transfer. One giver may keep a rest; several give all they have.
  func owners(after current: [HolderShare]) throws(ContractError) -> [HolderShare] {
    let giving = current.filter { from.contains($0.holder) }
    guard giving.count == from.count else { throw .badArgument("from: not all are owners of the unit") }
    guard let given = try Share.sum(to.map(\.share)), let had = try Share.sum(giving.map(\.share)) else { throw .unexpected }
    var rest: Share?
    if given != had {
      guard giving.count == 1 else { throw .badArgument("to: several owners give all that they have") }
      do throws(ContractError) {
        rest = try had.subtracting(given)
      } catch {
        throw .badArgument("to: more than \(had) is given")
      }
    }
    var owners = current.filter { !from.contains($0.holder) }
    if let rest, let giver = giving.first { owners.append(HolderShare(holder: giver.holder, share: rest)) }
    for new in to {
      if let place = owners.firstIndex(where: { $0.holder == new.holder }) {
        guard let sum = try Share.sum([owners[place].share, new.share]) else { throw .unexpected }
        owners[place].share = sum
      } else {
        owners.append(new)
      }
    }
    return owners
  }
}
