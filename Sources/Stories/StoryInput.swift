internal import ChainCore
internal import Foundation

/// The data that stories are told with: a folder like `Examples/Stories`.
struct StoryInput {
  let folder: String

  func bytes(_ name: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
      throw StoryFailure(story: "", reason: "cannot read \(folder)/\(name): run from the project's folder, or name the stories' folder")
    }
    return Array(data)
  }

  /// A JSON object, for data whose parts have to stay as they are written.
  func object(_ name: String) throws -> [String: Any] {
    guard let object = try JSONSerialization.jsonObject(with: Data(bytes(name))) as? [String: Any] else {
      throw StoryFailure(story: "", reason: "\(folder)/\(name) is no JSON object")
    }
    return object
  }

  func decode<Value: Decodable>(_ name: String, as: Value.Type) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(try bytes(name)))
  }

  /// The bytes of a part of a JSON document.
  static func json(_ value: Any) throws -> [UInt8] {
    Array(try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes]))
  }
}

/// Time-stamp responses of `rfc3161.json`.
struct StampSamples: Decodable {
  struct Sample: Decodable {
    var id: String
    var response: String
    var data: String
  }
  var caCertificate: String
  var tests: [Sample]

  func sample(_ id: String) throws -> (response: [UInt8], data: [UInt8]) {
    guard let found = tests.first(where: { $0.id == id }), let response = [UInt8](hex: found.response), let data = [UInt8](hex: found.data)
    else { throw StoryFailure(story: "evidence", reason: "rfc3161.json has no \(id)") }
    return (response, data)
  }
}
