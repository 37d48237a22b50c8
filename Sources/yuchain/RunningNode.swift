internal import ChainCore
internal import ChainNode
internal import Foundation

/// A node that another process runs, asked over its admin socket.
enum RunningNode {
  /// Whether `path` is such a socket, and no directory.
  static func listens(at path: String) -> Bool { AdminClient.isSocket(path) }

  /// Asks, and prints the answer.
  static func ask(_ path: String, _ request: AdminRequest, json: Bool = false) throws {
    let lines: [AdminLine]
    do throws(AdminError) {
      lines = try AdminClient.ask(path, request) { Console.complain($0) }
    } catch {
      switch error {
      case .refuted: throw Refusal(error)
      default: throw Misuse("\(error)")
      }
    }
    if json {
      return try Console.json(Dictionary(lines.map { ($0.name, $0.value) }) { first, _ in first })
    }
    let width = lines.map(\.name.count).max() ?? 0
    for line in lines { Console.say(line.name.padding(toLength: max(width, 10) + 2, withPad: " ", startingAt: 0) + line.value) }
  }

  /// The path as the node, whose working directory is another one, has to know it.
  static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
