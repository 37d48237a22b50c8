import Foundation

/// A folder of its own under `YUCHAIN_BENCH_FOLDER`, or the system's temporary one; removed at the end.
final class Folder: Sendable {
  let path: String

  init() throws {
    let parent = ProcessInfo.processInfo.environment["YUCHAIN_BENCH_FOLDER"] ?? NSTemporaryDirectory()
    path = (parent as NSString).appendingPathComponent("yuchain-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// A folder inside.
  func folder(_ name: String) throws -> String {
    let inner = (path as NSString).appendingPathComponent(name)
    try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: true)
    return inner
  }
}

/// A number from the environment.
func setting(_ name: String, _ usual: Int) -> Int {
  ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
}
