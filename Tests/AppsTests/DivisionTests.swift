import Apps
import ChainCore
import Foundation
import TestSupport
import Testing

/// The divisions that the demonstration gives chains to are those that the province has.
@Suite struct Divisions {
  struct Listed: Decodable, Equatable {
    var chain: String
    var code: String
    var name: String
  }

  struct Published: Decodable {
    struct Zone: Decodable {
      var code: String
      var name: String
      var parent: String
    }
    struct Province: Decodable { var code, name: String }
    var province: Province
    var municipalSubchains: [Listed]
    var counties: [Zone]
    var functionalZones: [Zone]
  }

  struct Ours: Decodable {
    struct Joining: Decodable {
      var code: String
      var name: String
      var parent: String
    }
    var subchains: [Listed]
    var joining: Joining
  }

  func ours() throws -> Ours {
    try JSONDecoder().decode(Ours.self, from: Data(contentsOf: Vectors.root.appending(path: "Examples/Henan/divisions.json")))
  }

  @Test func nineteenWithTheirHomeChains() throws {
    let ours = try ours()
    #expect(ours.subchains.count == 19 && Set(ours.subchains.map(\.code)).count == 19)
    for listed in ours.subchains { #expect(HomeChain.of(division: listed.code)?.rawValue == listed.chain, "\(listed.name)") }
  }

  @Test func asPublished() throws {
    guard let data = Vectors.shared("domain/henan-divisions.json") else { return }
    let published = try JSONDecoder().decode(Published.self, from: data)
    let ours = try ours()
    #expect(ours.subchains == published.municipalSubchains)
    // The value type has the same 19 under their names, and the province.
    #expect(Division.municipalities.map(\.division.code) == published.municipalSubchains.map(\.code).sorted())
    for listed in published.municipalSubchains {
      let division = try Division(listed.code)
      #expect(division.name == listed.name && division.homeChain.rawValue == listed.chain && division.municipality == division)
    }
    let province = try Division(published.province.code)
    #expect(province.name == published.province.name && province.homeChain == HomeChain.main && province.municipality == province)
    for part in published.counties + published.functionalZones {
      let division = try Division(part.code)
      // Two of them have chains of their own: the airport zone and Jiyuan.
      let own = published.municipalSubchains.first { $0.code == part.code }
      #expect(division.homeChain.rawValue == own?.chain ?? "henan/\(part.parent)", "\(part.name)")
      #expect(division.municipality.code == own?.code ?? part.parent && division.name == own?.name, "\(part.name)")
    }
    print(
      "henan-divisions: province, \(published.municipalSubchains.count) with a chain, \(published.counties.count) counties, "
        + "\(published.functionalZones.count) zones lead to their chains")
    let zone = try #require(published.functionalZones.first { $0.code == ours.joining.code })
    #expect(zone.name == ours.joining.name && zone.parent == ours.joining.parent)
  }

  /// An organisation's code names its home; nothing that is no division of Henan is one.
  @Test func ofOrganisationsAndRefused() throws {
    #expect(try Division(of: try UnifiedCreditCode("91410105MA9A000458")).municipality.name == "郑州市")
    for code in ["", "41", "4101000", "41010a", "４１０１００", "110000", "-41000"] {
      #expect(throws: IdentifierError.self, "\(code)") { try Division(code) }
    }
    var organisations = 0
    if let data = Vectors.shared("domain/identifiers.json"),
      let file = try JSONSerialization.jsonObject(with: data) as? [String: Any],
      let codes = (file["unifiedCreditCode"] as? [String: Any])?["valid"] as? [[String: Any]]
    {
      for item in codes {
        guard let text = item["value"] as? String else { continue }
        let code = try UnifiedCreditCode(text)
        let division = String(Array(text)[2..<8])
        #expect((try? Division(of: code))?.code == (division.hasPrefix("41") ? division : nil))
        organisations += 1
      }
      #expect(organisations > 0)
    }
    print("henan-divisions: \(organisations) organisations with their homes")
  }
}
