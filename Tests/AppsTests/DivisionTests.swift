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
    var municipalSubchains: [Listed]
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
    let zone = try #require(published.functionalZones.first { $0.code == ours.joining.code })
    #expect(zone.name == ours.joining.name && zone.parent == ours.joining.parent)
  }
}
