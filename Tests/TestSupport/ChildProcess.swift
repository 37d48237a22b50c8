public import Foundation

/// Programs that tests start and wait for.
public enum ChildProcess {
  /// Runs a program to its end. Blocking.
  /// - Returns: How it ended, and all that it wrote, also as complaints.
  public static func run(
    _ executable: URL, _ arguments: [String], in folder: URL = Vectors.root
  ) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, output)
  }
}
