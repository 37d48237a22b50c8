import ChainCore
import Foundation
import TestSupport

/// The vector files: the shared ones if they are there, and always the small copies.
enum GuomiFiles {
  static func each<File: Decodable>(_ name: String, as: File.Type, _ body: (File, _ isShared: Bool) throws -> Void) throws {
    try body(JSONDecoder().decode(File.self, from: Vectors.bundled("gm/\(name)")), false)
    if let data = Vectors.shared("gm/\(name)") { try body(JSONDecoder().decode(File.self, from: data), true) }
  }
}

/// Bytes of a hexadecimal string in JSON.
struct Hexes: Decodable {
  var bytes: [UInt8]
  init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let bytes = [UInt8](hex: text) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text))
    }
    self.bytes = bytes
  }
}
