internal import Apps
internal import ChainCore
internal import Foundation

/// The demonstration's input files.
struct DemoInput {
  struct TypeEntry: Decodable {
    var code: LicenceTypeCode
    var name: String
    var fields: [String]
    var issuers: [UnifiedCreditCode]
    var bases: [String]
    var validityRule: String
    var holder: String
  }

  struct LicenceEntry: Decodable {
    var identifier: LicenceIdentifier
    var organisation: UnifiedCreditCode?
    var citizenNumber: String?
    var validFrom: String
    var validUntil: String?
    var fields: [String: String]
  }

  struct Document {
    var name: String
    var bytes: [UInt8]
    var origin: [UInt8]?
    var mediaType: String { name.hasSuffix(".html") ? "text/html" : "text/plain" }
  }

  var types: [TypeEntry]
  var licences: [LicenceEntry]
  var documents: [Document]

  /// Reads a folder like `Examples/Henan`.
  init(folder: String) throws {
    guard FileManager.default.fileExists(atPath: folder) else {
      throw Misuse("no input at \(folder): run from the project's folder, or name one with --input")
    }
    types = try Self.decode("\(folder)/licence-types.json")
    licences = try Self.decode("\(folder)/licences.json")
    for licence in licences {
      guard (licence.organisation == nil) != (licence.citizenNumber == nil) else {
        throw Misuse("licences.json: \(licence.identifier) needs either organisation or citizenNumber")
      }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/documents").sorted()
    documents = try names.filter { !$0.hasSuffix(".origin.json") }.map { name in
      let origin = "\(name).origin.json"
      return Document(
        name: name, bytes: try Console.read("\(folder)/documents/\(name)"),
        origin: names.contains(origin) ? try Console.read("\(folder)/documents/\(origin)") : nil)
    }
    guard licences.count >= 2, !types.isEmpty, !documents.isEmpty else {
      throw Misuse("\(folder) needs at least two licences, a type and a document")
    }
  }

  /// Lets these organisations issue licences of all types that organisations hold, besides those that may already.
  mutating func letIssue(_ offices: [OrganisationID]) throws {
    for index in types.indices where types[index].holder != "person" {
      for office in offices where !types[index].issuers.contains(where: { $0.organisation == office }) {
        types[index].issuers.append(try UnifiedCreditCode(office.rawValue))
      }
    }
  }

  private static func decode<Value: Decodable>(_ path: String) throws -> Value {
    do {
      return try JSONDecoder().decode(Value.self, from: Data(try Console.read(path)))
    } catch let error as Misuse {
      throw error
    } catch {
      throw Misuse("\(path): \(error)")
    }
  }
}

/// Dates of the input: a day begins at 00:00 and ends at 24:00 in UTC+8.
enum InputDate {
  static func time(_ day: String, isEnd: Bool = false) throws -> BlockTime {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withFullDate, .withDashSeparatorInDate]
    formatter.timeZone = TimeZone(secondsFromGMT: 8 * 3_600)
    guard let date = formatter.date(from: day), date.timeIntervalSince1970 >= 0 else { throw Misuse("\(day) is no date like 2023-11-06") }
    let begin = UInt64(date.timeIntervalSince1970) * 1_000
    return BlockTime(isEnd ? begin + 86_399_999 : begin)
  }
}
