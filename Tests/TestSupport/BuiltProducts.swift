public import Foundation

/// Programs of this package that tests start.
public enum BuiltProducts {
  /// There is no such program beside the tests.
  public struct Missing: Error {
    /// Its name.
    public let name: String
  }

  /// The program `name` beside the running tests.
  public static func executable(_ name: String) throws -> URL {
    var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    for _ in 0..<6 {
      let found = folder.appending(path: name)
      if FileManager.default.isExecutableFile(atPath: found.path), !found.hasDirectoryPath { return found }
      folder.deleteLastPathComponent()
    }
    for configuration in ["debug", "release"] {
      let found = Vectors.root.appending(path: ".build/\(configuration)/\(name)")
      if FileManager.default.isExecutableFile(atPath: found.path) { return found }
    }
    throw Missing(name: name)
  }
}
