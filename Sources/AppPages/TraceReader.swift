public import Apps
internal import ChainCore

/// Words that are not on chain: what codes mean to consumers, as whoever runs the page says.
public struct TraceNames: Sendable {
  /// Products by trade item number, 14 digits.
  public var products: [String: String]
  /// Classes of goods by code.
  public var classes: [String: String]
  /// Reasons by code.
  public var reasons: [String: String]
  /// Organisations by code, where the chain knows no name besides it.
  public var organisations: [String: String]

  /// Puts the lists together.
  public init(
    products: [String: String] = [:], classes: [String: String] = [:], reasons: [String: String] = [:],
    organisations: [String: String] = [:]
  ) {
    self.products = products
    self.classes = classes
    self.reasons = reasons
    self.organisations = organisations
  }
}

/// Collects what chains say of a lot, proven record by record.
public struct TraceReader: Sendable {
  /// How many writes of one stock are looked through.
  private static let historyLimit: UInt64 = 200

  let states: [VerifiedState]
  let names: TraceNames

  /// Reads from the chains that the goods may have been on; the first is the one where the code leads to.
  public init(_ states: [VerifiedState], names: TraceNames = TraceNames()) {
    self.states = states
    self.names = names
  }

  /// The page of a lot, or `nil` if none of the chains knows it.
  /// - Parameter link: The Digital Link that its label carries.
  /// - Throws: `PageError`, `LedgerError`.
  public func page(of key: LotKey, link: String) throws -> TracePage? {
    var known: [(state: VerifiedState, lot: TraceLot, batch: Batch)] = []
    for state in states {
      guard let lot = try state.read(AgriTrace.name, AgriTrace.lotRecords, key) else { continue }
      guard let batch = try state.read(AgriTrace.name, AgriTrace.lots.batches, key) else { continue }
      known.append((state, lot, batch))
    }
    guard let (first, lot, batch) = known.first else { return nil }
    let product = names.products[key.gtin.text]
    let goods = names.classes[lot.goodsClass] ?? lot.goodsClass
    var page = TracePage(
      product: product ?? goods, goods: goods, gtin: key.gtin.text, lot: key.lot, link: link, maker: try name(of: lot.maker, first),
      unit: batch.unit)
    for (state, lot, batch) in known {
      page.proofs.append(
        TracePage.Proof(
          chain: state.chain.rawValue, height: state.height.rawValue, time: state.time, block: state.blockID.digest.hex,
          signers: state.signers, members: state.members))
      page.left += batch.left
      if lot.birthplace == nil {
        page.made = batch.made
        let before = try state.list(AgriTrace.name, "origins", key, of: LotKey.self)
        page.origins += try origins(before + [key], state)
        for ancestor in before {
          guard let lot = try state.read(AgriTrace.name, AgriTrace.lotRecords, ancestor) else { continue }
          page.inspections += try inspections(.lot(ancestor), of: names.classes[lot.goodsClass] ?? lot.goodsClass, state)
        }
      }
      page.recalls += try recalls(of: lot, state)
      page.inspections += try inspections(.lot(key), of: goods, state)
      page.holds += try holds(.lot(key), state)
      let keys = try state.list(AgriTrace.name, "stockKeys", key, of: StockKey.self)
      page.route += try route(keys, state)
      for pallet in Set(keys.compactMap(\.pallet)).sorted(by: { $0.text < $1.text }) {
        page.inspections += try inspections(.pallet(pallet), of: goods, state)
        page.holds += try holds(.pallet(pallet), state)
        try temperature(of: pallet, state, &page)
      }
      if let found = try state.read(AgriTrace.name, AgriTrace.classes.records, lot.goodsClass)?.content.limit { page.limit = found }
    }
    page.route = merged(page.route)
    page.route.sort { ($0.time, $0.height) < ($1.time, $1.height) }
    page.inspections.sort { $0.time < $1.time }
    return page
  }

  private func name(of organisation: OrganisationID, _ state: VerifiedState) throws -> TracePage.Party {
    let code = try? UnifiedCreditCode(organisation.rawValue)
    let division = code.flatMap { try? Division(of: $0) }
    let known = try state.name(of: organisation).flatMap { $0 == organisation.rawValue ? nil : $0 }
    return TracePage.Party(
      name: known ?? names.organisations[organisation.rawValue] ?? organisation.rawValue, code: organisation.rawValue,
      place: division?.municipality.name)
  }

  /// The lot itself and what it was made of, oldest first: who made each, where.
  private func origins(_ lots: [LotKey], _ state: VerifiedState) throws -> [TracePage.Origin] {
    var found: [TracePage.Origin] = []
    for ancestor in lots {
      guard let lot = try state.read(AgriTrace.name, AgriTrace.lotRecords, ancestor) else { continue }
      let site = try state.read(AgriTrace.name, AgriTrace.sites.records, lot.site)
      let division = site.flatMap { try? Division($0.content.division) }
      let party = try name(of: lot.maker, state)
      let birth = try state.read(
        AgriTrace.name, AgriTrace.stock.history, Pair(StockKey(lot: ancestor, holder: lot.maker, pallet: nil), 1))
      found.append(
        TracePage.Origin(
          lot: ancestor.lot, goods: names.classes[lot.goodsClass] ?? lot.goodsClass, maker: party.name,
          place: division?.municipality.name ?? party.place, gln: lot.site.text, time: birth?.time, height: state.height.rawValue))
    }
    return found.sorted { ($0.time?.rawValue ?? 0) < ($1.time?.rawValue ?? 0) }
  }

  private func recalls(of lot: TraceLot, _ state: VerifiedState) throws -> [TracePage.Notice] {
    try lot.recalls.compactMap { id in
      guard let recall = try state.read(AgriTrace.name, AgriTrace.recalls.records, id), recall.state != "lifted" else { return nil }
      return TracePage.Notice(
        reason: names.reasons[recall.content.reason] ?? recall.content.reason, by: try name(of: recall.owner, state).name,
        time: recall.changedAt, height: state.height.rawValue)
    }
  }

  private func inspections(_ thing: TraceThing, of goods: String, _ state: VerifiedState) throws -> [TracePage.Inspection] {
    var found: [TracePage.Inspection] = []
    while found.count < 100 {
      // The first number without a record is proven too: none is left out.
      guard let report = try state.read(AgriTrace.name, AgriTrace.inspections, Pair(thing, UInt64(found.count) + 1)) else { break }
      found.append(
        TracePage.Inspection(
          goods: goods, inspector: try name(of: report.inspector, state).name, passed: report.passed, report: report.reportDigest.hex,
          time: report.time,
          height: state.height.rawValue))
    }
    return found
  }

  private func holds(_ thing: TraceThing, _ state: VerifiedState) throws -> [TracePage.Notice] {
    let last = try state.read(AgriTrace.name, AgriTrace.holds.ranks, thing) ?? 0
    var found: [TracePage.Notice] = []
    for rank in 0..<min(last, Self.historyLimit) {
      guard let hold = try state.read(AgriTrace.name, AgriTrace.holds.active, Pair(thing, rank + 1)) else { continue }
      guard hold.isInForce(at: state.time) else { continue }
      found.append(
        TracePage.Notice(
          reason: names.reasons[hold.kind] ?? hold.kind, by: try name(of: hold.by, state).name, time: hold.placed,
          height: state.height.rawValue))
    }
    return found
  }

  private func temperature(of pallet: SSCC, _ state: VerifiedState, _ page: inout TracePage) throws {
    guard let found = try state.read(AgriTrace.name, AgriTrace.pallets, pallet) else { return }
    page.readings += found.readings
    if let time = found.lastReading, page.lastReading.map({ $0.time < time }) ?? true {
      page.lastReading = TracePage.Reading(time: time, value: found.lastValue)
    }
    for named in try state.list(AgriTrace.name, "excursions", pallet, of: ColdExcursion.self) {
      let key = Pair(pallet, named.crossedAt.rawValue)
      guard let proven = try state.read(AgriTrace.name, AgriTrace.excursions, key) else { continue }
      page.excursions.append(
        TracePage.Excursion(
          pallet: pallet.text, time: proven.crossedAt, seconds: proven.seconds, greatest: proven.greatest, isGap: proven.isGap,
          height: state.height.rawValue))
    }
  }

  /// One stop an organisation, also if it had the goods on several chains.
  private func merged(_ stops: [TracePage.Stop]) -> [TracePage.Stop] {
    var found: [TracePage.Stop] = []
    for stop in stops {
      guard let index = found.firstIndex(where: { $0.code == stop.code }) else {
        found.append(stop)
        continue
      }
      found[index].did.merge(stop.did) { min($0, $1) }
      if stop.time < found[index].time {
        (found[index].time, found[index].chain, found[index].height) = (stop.time, stop.chain, stop.height)
      }
    }
    return found
  }

  /// Who had the goods, from when on, and what was done with them, by the history of all stock of the lot.
  private func route(_ keys: [StockKey], _ state: VerifiedState) throws -> [TracePage.Stop] {
    var stops: [OrganisationID: TracePage.Stop] = [:]
    for key in keys {
      var number: UInt64 = 1
      while number <= Self.historyLimit, let change = try state.read(AgriTrace.name, AgriTrace.stock.history, Pair(key, number)) {
        number += 1
        let party = try name(of: key.holder, state)
        var stop =
          stops[key.holder]
          ?? TracePage.Stop(
            name: party.name, code: party.code, place: party.place, chain: state.chain.rawValue, time: change.time,
            height: state.height.rawValue, did: [:])
        stop.time = min(stop.time, change.time)
        // The shipper's stock, too, is written when the consignee receives.
        if change.call == "receive", number > 2, stop.did["receive"] == nil { continue }
        let first = stop.did[change.call.rawValue]
        stop.did[change.call.rawValue] = first.map { min($0, change.time) } ?? change.time
        stops[key.holder] = stop
      }
    }
    return stops.values.sorted { ($0.time, $0.name) < ($1.time, $1.name) }
  }
}
