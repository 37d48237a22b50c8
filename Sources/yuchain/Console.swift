internal import Foundation

/// Where the command writes: results to standard output, progress and complaints to standard error.
enum Console {
  static func say(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

  static func complain(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

  /// Prints a value as JSON with sorted keys.
  static func json(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    say(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  static func read(_ path: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Misuse("cannot read \(path): check the path and its permissions")
    }
    return Array(data)
  }

  static func write(_ bytes: [UInt8], to path: String, mode: Int = 0o644, replacing: Bool = true) throws {
    if !replacing, FileManager.default.fileExists(atPath: path) { throw Misuse("\(path) exists already; choose another name") }
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes), attributes: [.posixPermissions: mode]) else {
      throw Misuse("cannot write \(path): check the folder and its permissions")
    }
  }
}

/// The command was misused, or could not do what was asked; the text says what to do.
struct Misuse: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
