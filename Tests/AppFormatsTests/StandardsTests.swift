import AppFormats
import Apps
import ChainCore
import ChainTesting
import Foundation
import TestSupport
import Testing

@Suite struct DigitalLinks {
  struct File: Decodable {
    struct Valid: Decodable {
      var uri: String
      var primary: String
      var elements, attributes, otherQuery: [String: String]
    }
    struct Invalid: Decodable { var uri, why: String }
    var valid: [Valid]
    var invalid: [Invalid]
  }

  @Test func publishedLinks() throws {
    guard let data = Vectors.shared("domain/gs1-digital-link.json") else { return }
    let file = try JSONDecoder().decode(File.self, from: data)
    func map(_ elements: [DigitalLink.Element]) -> [String: String] {
      Dictionary(elements.map { ($0.key, $0.value) }) { first, _ in first }
    }
    for item in file.valid {
      let link = try DigitalLink(item.uri)
      #expect(link.primary == item.primary && map(link.elements) == item.elements, "\(item.uri)")
      #expect(map(link.attributes) == item.attributes && map(link.otherQuery) == item.otherQuery, "\(item.uri)")
      let again = try DigitalLink(link.uri)
      #expect(again.elements == link.elements && again.attributes == link.attributes && again.uri == link.uri)
    }
    for item in file.invalid {
      #expect(throws: DigitalLinkError.self, "\(item.uri): \(item.why)") { try DigitalLink(item.uri) }
    }
    print("gs1-digital-link: \(file.valid.count) valid, \(file.invalid.count) refused")
  }

  @Test func aLotsLinkLeadsBackToIt() throws {
    let lot = LotKey(gtin: try GTIN("16923456780016"), lot: "A/17+%?")
    let link = try DigitalLink(stem: "https://trace.example.org", lot: lot)
    #expect(link.lot == lot && link.uri == "https://trace.example.org/01/16923456780016/10/A%2F17%2B%25%3F")
    #expect(try DigitalLink(link.uri).lot == lot)
    for uri in [
      "", "https://", "https:///01/09506000134352", "https://a/01/09506000134352#x", "https://a/01/09506000134352?99=1",
      "https://a/01/09506000134352?17=230101&17=230101", "https://a/01/09506000134352/10", "https://a/01/09506000134352?17=230230",
    ] {
      #expect(throws: DigitalLinkError.self, "\(uri)") { try DigitalLink(uri) }
    }
  }
}

@Suite struct EPCISEvents {
  struct Item {
    var id: String
    var bytes: [UInt8]
  }
  static func load() throws -> (events: [Item], invalid: [Item])? {
    guard let data = Vectors.shared("domain/epcis-events.json") else { return nil }
    let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    func items(_ name: String) throws -> [Item] {
      try #require(file[name] as? [[String: Any]]).map { item in
        Item(
          id: try #require(item["id"] as? String),
          bytes: Array(try JSONSerialization.data(withJSONObject: try #require(item["event"]), options: [.sortedKeys])))
      }
    }
    return (try items("events"), try items("invalid"))
  }

  @Test func publishedEvents() throws {
    guard let (events, invalid) = try Self.load() else { return }
    var calls: [String: String] = [:]
    for item in events {
      let event = try EPCISEvent(item.bytes, suite: .guomi)
      #expect(event.projection.digest == CryptoSuite.guomi.hash(item.bytes))
      calls[item.id] = event.call.rawValue
    }
    #expect(
      calls == [
        "farm-commission": "commission", "farm-quarantine-inspection": "inspect", "farm-ship": "ship", "abattoir-receive": "receive",
        "abattoir-loss": "destroy", "slaughter-transform": "transform", "lab-inspection": "inspect", "pack-pallet": "pack",
        "attach-logger": "observe", "cold-ship": "ship", "cold-sensor-ok": "readings", "cold-sensor-excursion": "readings",
        "cold-receive": "receive", "unpack": "unpack", "sale-transaction": "ship", "shop-receive": "receive", "recall": "recall",
        "error-declaration": "correct",
      ])
    // What only the chain can refuse: a yield, and the time of a block.
    let forTheChain = ["mass-gain", "time-far-future"]
    for item in invalid where !forTheChain.contains(item.id) {
      #expect(throws: EPCISError.self, "\(item.id)") { try EPCISEvent(item.bytes, suite: .guomi) }
    }
    for item in invalid where forTheChain.contains(item.id) {
      let event = try EPCISEvent(item.bytes, suite: .guomi)
      #expect(throws: ContractError.self, "\(item.id)") { try Self.submit(event) }
    }
    print("epcis-events: \(events.count) valid, \(invalid.count) refused, \(forTheChain.count) of them by the contract")
  }

  /// Brings an event to a chain where a farm has its pigs.
  static func submit(_ event: EPCISEvent) throws {
    let farm: OrganisationID = "93411500MA9A000108"
    var sandbox = try ContractSandbox([AgriTrace()], organisations: [farm: ["producer"]], time: 1_699_000_000_000)
    let regulator = sandbox.caller("office", roles: ["regulator"])
    try sandbox.call("agritrace", "defineClass", DefineClass(code: "pig", unit: "piece", ratios: []), as: regulator)
    let ratio = InputRatio(input: "pig", numerator: 80_000, denominator: 1)
    try sandbox.call("agritrace", "defineClass", DefineClass(code: "pork", unit: "g", ratios: [ratio]), as: regulator)
    let site = RegisterSite(gln: try GLN("6923456000018"), organisation: farm, gs1Prefix: "6923456", division: "411500")
    try sandbox.call("agritrace", "registerSite", site, as: regulator)
    let lot = try #require(event.quantities.first)
    let birth = TraceEvent(
      id: "birth", type: "ObjectEvent", action: "ADD", step: "commissioning", disposition: "", place: nil, time: 1, digest: .zero)
    let commission = CommissionLot(
      lot: lot.lot, quantity: lot.amount, goodsClass: "pig", site: site.gln, event: event.call == "commission" ? event.projection : birth)
    try sandbox.call("agritrace", "commission", commission, as: sandbox.caller(farm))
    guard event.call == "transform" else { return }
    let call = TransformStock(
      inputs: [StockPart(stock: StockKey(lot: lot.lot, holder: farm, pallet: nil), quantity: lot.amount)],
      outputs: event.outputs.map { NewLot(lot: $0.lot, goodsClass: "pork", quantity: $0.amount) }, event: event.projection)
    try sandbox.call("agritrace", "transform", call, as: sandbox.caller(farm))
  }

  /// The same call with 7,500 kg from 99 pigs goes through: it is the yield that is refused.
  @Test func anHonestYieldIsTaken() throws {
    guard let (events, _) = try Self.load() else { return }
    let item = try #require(events.first { $0.id == "slaughter-transform" })
    try Self.submit(try EPCISEvent(item.bytes, suite: .guomi))
  }

  @Test func quantitiesAndReadingsAreWholeNumbers() throws {
    guard let (events, _) = try Self.load() else { return }
    func event(_ id: String) throws -> EPCISEvent { try EPCISEvent(try #require(events.first { $0.id == id }).bytes, suite: .guomi) }
    #expect(try event("slaughter-transform").outputs.map(\.amount) == [4_000_000, 3_500_000])
    #expect(try event("farm-commission").quantities.map(\.unit) == ["piece"])
    let readings = try event("cold-sensor-excursion").readings
    #expect(readings.map(\.value) == [-172, -128, -186] && readings.first?.time == 1_698_915_600_000)
    #expect(try event("cold-ship").pallets.map(\.text) == ["006923456000000016"])
    #expect(try event("farm-ship").destination?.text == "6923456000025")
    #expect(try event("error-declaration").corrections?.count == 1)
  }

  @Test func strangeFormsAreRefused() throws {
    let text =
      #"{"type":"ObjectEvent","eventID":"e","eventTime":"2023-11-01T08:00:00+08:00","eventTimeZoneOffset":"+08:00","action":"ADD"X}"#
    func read(_ more: String) throws -> EPCISEvent {
      try EPCISEvent(Array(text.replacingOccurrences(of: "X", with: more).utf8), suite: .guomi)
    }
    _ = try read("")
    _ = try read(#","ex:note":"extension""#)
    let quantity = #","quantityList":[{"epcClass":"https://a/01/06923456780019/10/L","quantity":Q}]"#
    #expect(try read(quantity.replacingOccurrences(of: "Q", with: "3")).quantities.first?.amount == 3)
    for more in [
      #","surprise":1"#, #","action":"DELETE""#, #","ilmd":{"a":1,"a":2}"#, quantity.replacingOccurrences(of: "Q", with: "0"),
      quantity.replacingOccurrences(of: "Q", with: "1.5"), quantity.replacingOccurrences(of: "Q", with: "1e30"),
      quantity.replacingOccurrences(of: "Q", with: #"1,"uom":"PND""#),
    ] {
      #expect(throws: EPCISError.self, "\(more)") { try read(more) }
    }
    for bytes in [[], Array("[]".utf8), Array("{".utf8), [0xff], Array(repeating: UInt8(ascii: "["), count: 10_000)] as [[UInt8]] {
      #expect(throws: EPCISError.self) { try EPCISEvent(bytes, suite: .guomi) }
    }
  }
}

@Suite struct FHIRDocuments {
  @Test func publishedResources() throws {
    guard let data = Vectors.shared("domain/fhir-r4.json") else { return }
    let file = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let resources = try #require(file["resources"] as? [[String: Any]]) + [try #require(file["bundle"] as? [String: Any])]
    let salt = Digest.random()
    for resource in resources {
      let bytes = Array(try JSONSerialization.data(withJSONObject: resource, options: [.sortedKeys]))
      let document = try FHIRDocument(bytes)
      #expect(document.resourceType == resource["resourceType"] as? String && document.id == resource["id"] as? String)
      let digest = document.digest(salt: salt, suite: .guomi)
      #expect(FHIRDocument.matches(bytes, salt: salt, digest: digest, suite: .guomi))
      var changed = bytes
      changed[bytes.count / 2] ^= 1
      #expect(!FHIRDocument.matches(changed, salt: salt, digest: digest, suite: .guomi))
      if document.resourceType == "Observation" { #expect(document.codes.first?.system == "http://loinc.org" && document.subject != nil) }
      if document.resourceType == "Bundle" { #expect(document.entries.contains("DiagnosticReport")) }
    }
    print("fhir-r4: \(resources.count) resources")
    for text in [
      "{}", #"{"resourceType":"x","id":"1"}"#, #"{"resourceType":"Patient","id":"1 2"}"#, #"{"resourceType":"Patient","id":"1","id":"2"}"#,
    ] {
      #expect(throws: FHIRError.self, "\(text)") { try FHIRDocument(Array(text.utf8)) }
    }
  }
}
