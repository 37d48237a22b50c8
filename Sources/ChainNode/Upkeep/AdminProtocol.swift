public import ChainCore

/// What an operator asks of a running node over its admin socket. Paths are the node's.
public enum AdminRequest: CanonicalCodable, Hashable, Sendable {
  /// The greatest length of a path in bytes.
  public static let pathLimit = 1_024

  /// Where the ledger stands.
  case status
  /// A backup into an empty directory.
  case backup(to: String)
  /// An archive: from, through, MiB a file, and whether the ledger notes it.
  case archive(to: String, from: UInt64?, through: UInt64?, fileMiB: UInt32, isNoted: Bool)
  /// A snapshot of a height, or of the newest certified one.
  case snapshot(to: String, height: UInt64?)
  /// Pruning to so many states and blocks; without both, by the node's own policy.
  case prune(states: UInt64?, blocks: UInt64?)
  /// Blocks executed again and compared.
  case verify

  /// Appends the case.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .status: writer.writeVariant(0)
    case .backup(let path):
      writer.writeVariant(1)
      path.encode(into: &writer)
    case .archive(let path, let from, let through, let fileMiB, let isNoted):
      writer.writeVariant(2)
      path.encode(into: &writer)
      from.encode(into: &writer)
      through.encode(into: &writer)
      fileMiB.encode(into: &writer)
      isNoted.encode(into: &writer)
    case .snapshot(let path, let height):
      writer.writeVariant(3)
      path.encode(into: &writer)
      height.encode(into: &writer)
    case .prune(let states, let blocks):
      writer.writeVariant(4)
      states.encode(into: &writer)
      blocks.encode(into: &writer)
    case .verify: writer.writeVariant(5)
    }
  }

  /// Reads the case.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "AdminRequest") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .status
      case 1: .backup(to: try String(from: &reader))
      case 2:
        .archive(
          to: try String(from: &reader), from: try UInt64?(from: &reader), through: try UInt64?(from: &reader),
          fileMiB: try UInt32(from: &reader), isNoted: try Bool(from: &reader))
      case 3: .snapshot(to: try String(from: &reader), height: try UInt64?(from: &reader))
      case 4: .prune(states: try UInt64?(from: &reader), blocks: try UInt64?(from: &reader))
      case 5: .verify
      default: nil
      }
    }
  }

  /// What is wrong with it; `nil` if nothing is.
  var fault: String? {
    switch self {
    case .status, .verify: return nil
    case .prune(let states, let blocks):
      return states == 0 || blocks == 0 ? "the newest state and block always stay: give numbers above 0" : nil
    case .archive(_, _, _, let fileMiB, _) where !(1...1_048_576).contains(fileMiB): return "MiB a file: 1 to 1048576"
    case .backup(let path), .archive(let path, _, _, _, _), .snapshot(let path, _):
      guard path.hasPrefix("/"), path.utf8.count <= Self.pathLimit, !path.utf8.contains(0) else {
        return "path: an absolute one of at most \(Self.pathLimit) bytes"
      }
      return nil
    }
  }
}

/// A named line of what a node answers.
public struct AdminLine: CanonicalRecord, Hashable {
  /// What it is.
  public var name: String
  /// Its value, for people.
  public var value: String

  /// Puts the parts together.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }

  /// The fields in order.
  public static let layout = Layout(Self.init(_:_:), \.name, \.value)
}

/// What a node says on its admin socket: any number of `progress`, then one of the others.
enum AdminAnswer: CanonicalCodable, Hashable, Sendable {
  case progress(String)
  case done([AdminLine])
  /// It was asked in vain: misuse, busy, or the node could not.
  case failed(String)
  /// What was verified does not hold.
  case refuted(String)

  func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .progress(let text):
      writer.writeVariant(0)
      text.encode(into: &writer)
    case .done(let lines):
      writer.writeVariant(1)
      lines.encode(into: &writer)
    case .failed(let text):
      writer.writeVariant(2)
      text.encode(into: &writer)
    case .refuted(let text):
      writer.writeVariant(3)
      text.encode(into: &writer)
    }
  }

  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "AdminAnswer") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .progress(try String(from: &reader))
      case 1: .done(try [AdminLine](from: &reader))
      case 2: .failed(try String(from: &reader))
      case 3: .refuted(try String(from: &reader))
      default: nil
      }
    }
  }
}

/// Why the admin socket did not do what was asked.
@nonexhaustive
public enum AdminError: Error, Hashable, Sendable {
  /// The path is too long for a socket, at most 100 bytes.
  case path(String)
  /// A node listens there already.
  case inUse(String)
  /// Something else is at the path.
  case foreign(String)
  /// Nobody listens there: is the node running?
  case notListening(String)
  /// The system refused.
  case system(String)
  /// The other side broke the protocol or went away.
  case protocolBroken(String)
  /// The node says why not.
  case failed(String)
  /// What was verified does not hold.
  case refuted(String)
}

extension AdminError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .path(let path): "\(path): a socket's path has at most 100 bytes; choose a shorter one"
    case .inUse(let path): "\(path): a node listens there already"
    case .foreign(let path): "\(path) is no socket; choose another path"
    case .notListening(let path): "\(path): nobody listens; start the node"
    case .system(let what): what
    case .protocolBroken(let what): "admin socket: \(what)"
    case .failed(let why): why
    case .refuted(let why): why
    }
  }
}
