internal import Apps
internal import ChainCore
internal import Foundation

/// A division with a chain of its own.
struct Division: Decodable {
  var chain: ChainID
  var code: String
  /// As the province writes it.
  var name: String
  var english: String

  /// The name that people use: what stands in brackets, if anything does.
  var shortName: String {
    guard let open = name.firstIndex(of: "（"), let close = name.lastIndex(of: "）") else { return name }
    return String(name[name.index(after: open)..<close])
  }
}

extension Division {
  /// Whom the plain demonstration is about.
  static let two = [
    Division(chain: DemoNetwork.zhengzhouID, code: "410100", name: "郑州市", english: "Zhengzhou"),
    Division(chain: DemoNetwork.kaifengID, code: "410200", name: "开封市", english: "Kaifeng"),
  ]
}

/// The divisions that `--topology henan` gives chains to.
struct Divisions: Decodable {
  var province: Province
  /// Those that have one from the start.
  var subchains: [Division]
  /// The one that gets its chain while the others work.
  var joining: Division

  struct Province: Decodable {
    var code: String
    var name: String
    var english: String
  }

  /// Reads `divisions.json` of a folder like `Examples/Henan`.
  init(folder: String) throws {
    let path = "\(folder)/divisions.json"
    do {
      self = try JSONDecoder().decode(Divisions.self, from: Data(try Console.read(path)))
    } catch let error as Misuse {
      throw error
    } catch {
      throw Misuse("\(path): \(error)")
    }
    let chains = (subchains + [joining]).map(\.chain)
    guard Set(chains).count == chains.count, subchains.count >= 3 else {
      throw Misuse("\(path): at least three subchains with different names are expected")
    }
    guard chains.contains(DemoNetwork.zhengzhouID), chains.contains(DemoNetwork.kaifengID) else {
      throw Misuse("\(path): \(DemoNetwork.zhengzhouID) and \(DemoNetwork.kaifengID) tell the story and must be there")
    }
  }
}

/// A city of the demonstration and its offices, with made-up credit codes.
struct DemoCity {
  let division: Division
  /// Issues licences.
  let marketOffice: OrganisationID
  /// Verifies licences of other cities.
  let bureau: OrganisationID
  /// An enterprise that holds a licence.
  let enterprise: OrganisationID
  /// Deposits evidence.
  let notary: OrganisationID

  init(_ division: Division) throws {
    self.division = division
    marketOffice = try Self.organisation("11\(division.code)MB0A01010")
    bureau = try Self.organisation("11\(division.code)MB0A02013")
    enterprise = try Self.organisation("91\(division.code)MA9A10001")
    notary = try Self.organisation("12\(division.code)MB0A01053")
  }

  var chain: ChainID { division.chain }
  /// Both names, for people.
  var label: String { "\(division.shortName) \(division.english)" }

  /// A unified credit code is its first 17 characters and the one that checks them.
  private static func organisation(_ beginning: String) throws -> OrganisationID {
    for check in "0123456789ABCDEFGHJKLMNPQRTUWXY" {
      if let code = try? UnifiedCreditCode(beginning + String(check)) { return code.organisation }
    }
    throw Misuse("\(beginning) begins no unified credit code")
  }
}
