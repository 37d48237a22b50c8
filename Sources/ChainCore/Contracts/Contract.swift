/// What a department writes: entries that change state, queries that read it, and nothing else.
///
/// The code sees only its context. It must be a pure function of context and arguments: no clock, randomness, floating
/// point, hash-order iteration, or input and output.
public protocol Contract: Sendable {
  /// The name that transactions call it by.
  static var name: ContractName { get }

  /// The version of the code, from 1. It grows with every change that could make any call or query answer otherwise.
  static var version: UInt32 { get }

  /// The entries, queries and tables with indexes. Permissions, JSON forms and the audited manifest are derived from them.
  @EntriesBuilder var entries: Entries { get }

  /// Sets up the contract's tables at genesis from its configuration there.
  func initialise(_ configuration: [UInt8], _ context: ContractContext) throws

  /// Takes over the records of version `version`, before the first block that runs this one. Throwing leaves that version running.
  ///
  /// May use 16 times what a call may; larger tables are better changed record by record when they are next written. A table whose
  /// indexes change needs its records removed and put again.
  func migrate(from version: UInt32, _ context: ContractContext) throws

  /// Learns what became of a packet that the contract sent. Throwing reverts the settlement, to be tried again later.
  func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws
}

extension Contract {
  /// Most contracts take no configuration: anything but none is refused.
  public func initialise(_ configuration: [UInt8], _ context: ContractContext) throws {
    guard configuration.isEmpty else { throw ContractError.badArgument("\(Self.name) takes no configuration") }
  }

  /// A first version.
  public static var version: UInt32 { 1 }

  /// A contract that does not say how it takes over records of another version takes over none.
  public func migrate(from version: UInt32, _ context: ContractContext) throws {
    throw ContractError.notSupported("\(Self.name) does not migrate from version \(version)")
  }

  /// Most contracts send no packets.
  public func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {}
}

/// Who may call an entry or query, as far as roles tell; relations to a record are checked by the code.
public enum Access: Sendable, Hashable {
  /// Any valid member, and any organisation of another chain that arrives by packet.
  case member
  /// Members of organisations with any of these roles.
  case roles([Role])
  /// Only other contracts of the system, by dispatch.
  case system
  /// Only an approved proposal of `governance`, when it is executed.
  case governance

  /// Members of organisations with this role.
  public static func role(_ role: Role) -> Access { .roles([role]) }

  /// The form in the manifest.
  var text: String {
    switch self {
    case .member: "member"
    case .roles(let roles): roles.map(\.rawValue).sorted().joined(separator: "|")
    case .system: "system"
    case .governance: "governance"
    }
  }
}

/// A value that the chain encodes canonically and gateways show as JSON.
public typealias ContractValue = CanonicalCodable & Codable & Sendable

/// The result of entries that give none.
public struct NoResult: CanonicalRecord, Codable, Hashable {
  /// The one value.
  public init() {}
  /// Nothing.
  public static let layout = Layout(Self.init)
}

/// A call that changes state.
public struct Entry: Sendable {
  /// The name in transactions.
  public let name: EntryName
  /// Who may call it.
  public let access: Access
  /// The type of the arguments, for JSON.
  public let argumentsType: any ContractValue.Type
  /// The type of the result, for JSON.
  public let resultType: any ContractValue.Type
  let run: @Sendable ([UInt8], ContractContext) throws -> [UInt8]

  /// An entry without a result.
  public init<Arguments: ContractValue>(
    _ name: EntryName, by access: Access, _ body: @escaping @Sendable (Arguments, ContractContext) throws -> Void
  ) {
    self.init(name, by: access) { (arguments: Arguments, context: ContractContext) -> NoResult in
      try body(arguments, context)
      return NoResult()
    }
  }

  /// An entry with a result, which the receipt holds.
  public init<Arguments: ContractValue, Result: ContractValue>(
    _ name: EntryName, by access: Access, _ body: @escaping @Sendable (Arguments, ContractContext) throws -> Result
  ) {
    self.name = name
    self.access = access
    argumentsType = Arguments.self
    resultType = Result.self
    run = { bytes, context in
      let arguments = try decodeArguments(bytes, as: Arguments.self)
      return try body(arguments, context).canonicalBytes
    }
  }
}

/// A question that changes nothing, answered from any height still kept.
public struct Query: Sendable {
  /// The name in requests.
  public let name: EntryName
  /// Who may ask.
  public let access: Access
  /// The type of the question, for JSON.
  public let argumentsType: any ContractValue.Type
  /// The type of the answer, for JSON.
  public let resultType: any ContractValue.Type
  let run: @Sendable ([UInt8], QueryContext) throws -> [UInt8]

  /// A query; whoever may read the chain may ask unless `by` says otherwise.
  public init<Arguments: ContractValue, Result: ContractValue>(
    _ name: EntryName, by access: Access = .member, _ body: @escaping @Sendable (Arguments, QueryContext) throws -> Result
  ) {
    self.name = name
    self.access = access
    argumentsType = Arguments.self
    resultType = Result.self
    run = { bytes, context in
      let arguments = try decodeArguments(bytes, as: Arguments.self)
      return try body(arguments, context).canonicalBytes
    }
  }
}

private func decodeArguments<Arguments: ContractValue>(_ bytes: [UInt8], as: Arguments.Type) throws(ContractError) -> Arguments {
  do {
    return try Arguments(canonicalBytes: bytes)
  } catch {
    throw .badArgument("arguments: \(error)")
  }
}

/// The entries, queries and indexed tables of a contract or of a building block.
public struct Entries: Sendable {
  /// Calls, in order of declaration.
  public var entries: [Entry]
  /// Questions, in order of declaration.
  public var queries: [Query]
  /// The tables with indexes that they write.
  public var indexed: [IndexedTable]

  /// Puts lists together.
  public init(entries: [Entry] = [], queries: [Query] = [], indexed: [IndexedTable] = []) {
    self.entries = entries
    self.queries = queries
    self.indexed = indexed
  }

  /// Joins several.
  public init(_ parts: [Entries]) {
    self.init(entries: parts.flatMap(\.entries), queries: parts.flatMap(\.queries), indexed: parts.flatMap(\.indexed))
  }
}

/// Lets a contract list entries, queries, tables with indexes and the entries of its building blocks.
@resultBuilder
public enum EntriesBuilder {
  /// One call.
  public static func buildExpression(_ entry: Entry) -> Entries { Entries(entries: [entry]) }
  /// One question.
  public static func buildExpression(_ query: Query) -> Entries { Entries(queries: [query]) }
  /// A table with indexes.
  public static func buildExpression(_ table: IndexedTable) -> Entries { Entries(indexed: [table]) }
  /// The entries of a block.
  public static func buildExpression(_ entries: Entries) -> Entries { entries }
  /// All of them.
  public static func buildBlock(_ parts: Entries...) -> Entries { Entries(parts) }
  /// A part that may be absent.
  public static func buildOptional(_ part: Entries?) -> Entries { part ?? Entries() }
  /// Parts of a loop.
  public static func buildArray(_ parts: [Entries]) -> Entries { Entries(parts) }
}
