internal import Logging
internal import Synchronization

/// Every line that a story's nodes log.
final class LineLog: Sendable {
  private let kept = Mutex<[String]>([])

  var all: [String] { kept.withLock { $0 } }
  func keep(_ line: String) { kept.withLock { $0.append(line) } }
}

/// Logs to a `LineLog`, at every level.
struct LineHandler: LogHandler {
  let lines: LineLog
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level = .trace
  var metadataProvider: Logger.MetadataProvider?

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) { lines.keep("\(event.level) \(event.message) \(event.metadata ?? [:])") }
}
