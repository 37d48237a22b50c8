public import Apps
public import ChainCore
internal import Foundation

/// Why a JSON text is no EPCIS event that the chain takes.
@nonexhaustive
public enum EPCISError: Error, Hashable, Sendable {
  /// It is not JSON of this form; says what is missing or wrong.
  case form(String)
  /// A field is unknown: neither EPCIS 2.0's nor an extension with a prefix.
  case unknownField(String)
  /// A key stands twice in one object.
  case repeatedKey(String)
  /// A word is not one of the standard's vocabulary; names field and word.
  case vocabulary(String, String)
  /// A number, time or identifier is not valid; names the field.
  case value(String, String)
}

extension EPCISError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .form(let what): "not an EPCIS 2.0 event: \(what)"
    case .unknownField(let key): "the field \(key) is neither of EPCIS 2.0 nor an extension"
    case .repeatedKey(let key): "the key \(key) stands twice"
    case .vocabulary(let field, let word): "\(field): \(word) is not a word of the standard"
    case .value(let field, let why): "\(field): \(why)"
    }
  }
}

/// An EPCIS 2.0 event (GS1 EPCIS 2.0.1, JSON) with the typed projection that goes on chain. The bytes stay off chain, as they are.
public struct EPCISEvent: Hashable, Sendable {
  /// The greatest event that is read, in bytes.
  public static let byteLimit = 256 * 1024

  /// A quantity of a lot, in whole units: grams for KGM and GRM, millilitres for LTR and MLT, pieces without a unit.
  public struct Quantity: Hashable, Sendable {
    /// The lot.
    public let lot: LotKey
    /// How much.
    public let amount: UInt64
    /// `g`, `ml` or `piece`.
    public let unit: String
  }

  /// What the call carries: id, words, place, time, and the digest of the bytes as submitted.
  public let projection: TraceEvent
  /// The lots of the event, or those that go in.
  public let quantities: [Quantity]
  /// The lots that come out of a transformation.
  public let outputs: [Quantity]
  /// The pallets named.
  public let pallets: [SSCC]
  /// Temperatures, in order as reported.
  public let readings: [Reading]
  /// The place of the party that goods are on their way to, if the event says so.
  public let destination: GLN?
  /// The ids of events that correct it, if it is declared wrong.
  public let corrections: [String]?
  /// The call of `AgriTrace` that the event stands for; the gateway adds what the event lacks.
  public let call: EntryName

  /// Reads an event and checks it against the standard and the chain's stricter rules.
  public init(_ bytes: [UInt8], suite: CryptoSuite) throws(EPCISError) {
    guard bytes.count <= Self.byteLimit else { throw .form("more than \(Self.byteLimit) bytes") }
    let form = try Self.decode(bytes)
    guard EPCISTerms.types.contains(form.type) else { throw .vocabulary("type", form.type) }
    if form.type != "TransformationEvent" {
      guard let action = form.action, ["ADD", "OBSERVE", "DELETE"].contains(action) else { throw .vocabulary("action", form.action ?? "") }
    } else if form.action != nil {
      throw .form("a transformation has no action")
    }
    if let step = form.bizStep, !EPCISTerms.steps.contains(step) { throw .vocabulary("bizStep", step) }
    if let word = form.disposition, !EPCISTerms.dispositions.contains(word) { throw .vocabulary("disposition", word) }
    try Self.checkStructure(form)
    let time = try EPCISTime.parse(form.eventTime, "eventTime")
    try EPCISTime.checkOffset(form.eventTimeZoneOffset)
    let all = (form.quantityList ?? []) + (form.childQuantityList ?? []) + (form.inputQuantityList ?? [])
    quantities = try Self.map(all) { (item) throws(EPCISError) in try Self.quantity(item) }
    outputs = try Self.map(form.outputQuantityList ?? []) { (item) throws(EPCISError) in try Self.quantity(item) }
    let names = (form.epcList ?? []) + (form.parentID.map { [$0] } ?? [])
    pallets = try Self.map(names) { (name) throws(EPCISError) in try Self.link(name, "epc").pallet }.compactMap { $0 }
    readings = try Self.readings(form.sensorElementList ?? [])
    destination = try form.destinationList?.first.map { (item) throws(EPCISError) in try Self.party(item.destination) }
    if let correction = form.errorDeclaration { _ = try EPCISTime.parse(correction.declarationTime, "declarationTime") }
    corrections = form.errorDeclaration.map { $0.correctiveEventIDs ?? [] }
    let place = try (form.bizLocation ?? form.readPoint).map { (place) throws(EPCISError) in
      guard let gln = try Self.link(place.id, "readPoint").place else { throw .value("readPoint", "a location (414) is expected") }
      return gln
    }
    projection = TraceEvent(
      id: form.eventID, type: form.type, action: form.action ?? "", step: form.bizStep ?? "other", disposition: form.disposition ?? "",
      place: place, time: time, digest: suite.hash(bytes))
    call = Self.call(form)
  }

  private static func decode(_ bytes: [UInt8]) throws(EPCISError) -> EPCISForm {
    let form: EPCISForm
    do {
      form = try JSONDecoder().decode(EPCISForm.self, from: Data(bytes))
    } catch DecodingError.keyNotFound(let key, _) {
      throw .form("\(key.stringValue) is missing")
    } catch {
      throw .form("a field has another type, or it is no JSON")
    }
    if let key = UniqueKeys.firstRepeated(bytes) { throw .repeatedKey(key) }
    guard let keys = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] else { throw .form("no object") }
    for key in keys.keys.sorted() where !EPCISTerms.fields.contains(key) && !key.contains(":") { throw .unknownField(key) }
    guard !form.eventID.isEmpty, form.eventID.utf8.count <= 128 else { throw .value("eventID", "1 to 128 bytes are expected") }
    return form
  }

  private static func checkStructure(_ form: EPCISForm) throws(EPCISError) {
    switch form.type {
    case "AggregationEvent", "AssociationEvent":
      guard form.parentID != nil || form.action == "OBSERVE" else { throw .form("ADD and DELETE need a parentID") }
    case "TransformationEvent":
      let hasInput = !(form.inputEPCList ?? []).isEmpty || !(form.inputQuantityList ?? []).isEmpty
      let hasOutput = !(form.outputEPCList ?? []).isEmpty || !(form.outputQuantityList ?? []).isEmpty
      guard hasInput && hasOutput || form.transformationID != nil && (hasInput || hasOutput) else {
        throw .form("without a transformationID inputs and outputs are needed")
      }
    default: break
    }
  }

  private static func map<Item, Value>(
    _ items: [Item], _ body: (Item) throws(EPCISError) -> Value
  ) throws(EPCISError) -> [Value] {
    var values: [Value] = []
    for item in items { values.append(try body(item)) }
    return values
  }

  private static func link(_ text: String, _ field: String) throws(EPCISError) -> DigitalLink {
    do throws(DigitalLinkError) {
      return try DigitalLink(text)
    } catch {
      throw .value(field, "\(error)")
    }
  }

  /// A party's location stands as (417), which is no key of a thing: its number is checked alone.
  private static func party(_ text: String) throws(EPCISError) -> GLN {
    guard let number = text.split(separator: "/").last, let gln = try? GLN(String(number)) else {
      throw .value("destination", "a party's location number is expected")
    }
    return gln
  }

  private static func quantity(_ item: EPCISForm.Quantity) throws(EPCISError) -> Quantity {
    guard let lot = try link(item.epcClass, "epcClass").lot else { throw .value("epcClass", "trade item and lot (01, 10) are expected") }
    guard let amount = item.quantity, amount > 0 else { throw .value("quantity", "greater than zero") }
    let units: [String: (String, Decimal)] = ["KGM": ("g", 1_000), "GRM": ("g", 1), "LTR": ("ml", 1_000), "MLT": ("ml", 1)]
    guard let (unit, factor) = item.uom.map({ units[$0] }) ?? ("piece", 1) else {
      throw .value("uom", "KGM, GRM, LTR, MLT or none")
    }
    return Quantity(lot: lot, amount: try whole(amount * factor, "quantity"), unit: unit)
  }

  /// A decimal number that is whole, exactly.
  private static func whole(_ number: Decimal, _ field: String) throws(EPCISError) -> UInt64 {
    guard number >= 0, number < Decimal(Int64.max), let whole = UInt64(number.description) else {
      throw .value(field, "a whole number of the smallest unit is expected")
    }
    return whole
  }

  private static func readings(_ sensors: [EPCISForm.Sensor]) throws(EPCISError) -> [Reading] {
    var readings: [Reading] = []
    for sensor in sensors {
      for report in sensor.sensorReport where report.type == "Temperature" {
        // A report without a value tells of an alarm; the contract finds those itself.
        guard let value = report.value else { continue }
        guard report.uom == "CEL" else { throw .value("sensorReport.uom", "CEL is expected") }
        guard let time = report.time ?? sensor.sensorMetadata?.time else { throw .value("sensorReport.time", "it is missing") }
        let tenths = try whole((value < 0 ? -value : value) * 10, "sensorReport.value")
        guard tenths <= 10_000 else { throw .value("sensorReport.value", "at most 1,000 degrees") }
        readings.append(Reading(time: try EPCISTime.parse(time, "sensorReport.time"), value: Int32(tenths) * (value < 0 ? -1 : 1)))
      }
    }
    return readings
  }

  private static func call(_ form: EPCISForm) -> EntryName {
    if form.errorDeclaration != nil { return "correct" }
    switch (form.type, form.action ?? "", form.bizStep ?? "", form.disposition ?? "") {
    case ("TransformationEvent", _, _, _): return "transform"
    case ("AggregationEvent", "ADD", _, _): return "pack"
    case ("AggregationEvent", "DELETE", _, _): return "unpack"
    case ("ObjectEvent", "ADD", _, _): return "commission"
    case ("ObjectEvent", "DELETE", _, let word): return word == "destroyed" ? "destroy" : "writeOff"
    case ("ObjectEvent", _, _, "recalled"): return "recall"
    case ("ObjectEvent", _, "inspecting", let word): return word == "non_conformant" ? "inspectFail" : "inspect"
    case ("ObjectEvent", _, "sensor_reporting", _): return "readings"
    case ("ObjectEvent", _, "receiving", _): return "receive"
    case ("ObjectEvent", _, "shipping", _), ("TransactionEvent", _, "shipping", _): return "ship"
    default: return "observe"
    }
  }
}

/// Times of EPCIS: ISO 8601 with a zone, which may not be left out.
enum EPCISTime {
  static func parse(_ text: String, _ field: String) throws(EPCISError) -> BlockTime {
    guard let match = text.wholeMatch(of: /(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?(?:Z|([+-])(\d\d):(\d\d))/) else {
      throw .value(field, "a time with zone, such as 2023-11-01T08:00:00+08:00")
    }
    func number(_ text: Substring?) -> Int { text.flatMap { Int($0) } ?? 0 }
    let (year, month, day) = (number(match.1), number(match.2), number(match.3))
    let (hour, minute, second) = (number(match.4), number(match.5), number(match.6))
    let (zoneHour, zoneMinute) = (number(match.9), number(match.10))
    let isLeap = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    guard (1970...9999).contains(year), (1...12).contains(month), day >= 1, day <= days[month - 1], hour < 24, minute < 60, second < 60,
      zoneHour <= 14, zoneMinute < 60
    else { throw .value(field, "it is no date or time of day") }
    let before = (1970..<year).reduce(0) { $0 + ($1.isMultiple(of: 4) && !$1.isMultiple(of: 100) || $1.isMultiple(of: 400) ? 366 : 365) }
    let whole = ((before + days[..<(month - 1)].reduce(0, +) + day - 1) * 24 + hour) * 60 + minute
    let zone = (zoneHour * 60 + zoneMinute) * (match.8 == "-" ? -1 : 1)
    let fraction = match.7.map { Int($0 + String(repeating: "0", count: 3 - $0.count)) ?? 0 } ?? 0
    let milliseconds = ((whole - zone) * 60 + second) * 1_000 + fraction
    guard milliseconds >= 0 else { throw .value(field, "it lies before 1970") }
    return BlockTime(UInt64(milliseconds))
  }

  static func checkOffset(_ text: String) throws(EPCISError) {
    guard text.wholeMatch(of: /[+-](0\d|1[0-4]):[0-5]\d/) != nil else { throw .value("eventTimeZoneOffset", "±hh:mm is expected") }
  }
}
