public import ChainCore

/// A call to forward: the entry of the same contract on another chain, with its arguments.
public struct ForwardCall: CanonicalRecord, Codable, Hashable {
  /// The chain that runs the call.
  public var chain: ChainID
  /// The entry there.
  public var call: EntryName
  /// The canonical bytes of its arguments.
  public var arguments: [UInt8]

  /// Names chain, entry and arguments.
  public init(to chain: ChainID, _ call: EntryName, _ arguments: some CanonicalCodable) {
    self.init(chain: chain, call: call, arguments: arguments.canonicalBytes)
  }

  init(chain: ChainID, call: EntryName, arguments: [UInt8]) {
    self.chain = chain
    self.call = call
    self.arguments = arguments
  }

  /// The fields in order.
  public static let layout = Layout(Self.init(chain:call:arguments:), \.chain, \.call, \.arguments)
}

/// A forwarded call and how it ended.
public struct ForwardedCall: CanonicalRecord, Codable, Hashable {
  /// Who forwarded it.
  public var organisation: OrganisationID
  /// The entry on the other chain.
  public var call: EntryName
  /// `nil` as long as it is under way; `ok`, the code of the error there, `timedOut` or `rejected`.
  public var result: String?
  /// Of one that succeeded: the digest of what it returned.
  public var output: Digest?

  /// Puts the fields together.
  public init(organisation: OrganisationID, call: EntryName, result: String? = nil, output: Digest? = nil) {
    self.organisation = organisation
    self.call = call
    self.result = result
    self.output = output
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.organisation, \.call, \.result, \.output)
}

/// Asks for a forwarded call: the packet that carries it.
public struct ForwardedQuestion: CanonicalRecord, Codable, Hashable {
  /// The chain that runs it.
  public var chain: ChainID
  /// The packet's number on its lane, as `forward` returned it.
  public var sequence: UInt64

  /// Names chain and number.
  public init(chain: ChainID, sequence: UInt64) {
    self.chain = chain
    self.sequence = sequence
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.sequence)
}

/// A contract whose organisations may also call the same contract on other chains, by packet, and see how each call ended.
///
/// The other chain knows them by chain and organisation, and gives them the roles that it gives (`RemoteRoles`): forwarding gives no right.
/// ```swift
/// let contracts: [any Contract] = [Forwarding(DataDirectory())]
/// // by transaction: directory.forward(ForwardCall(to: "henan/main", "apply", application)) returns the packet
/// ```
public struct Forwarding<Base: Contract>: Contract {
  /// That of the contract it extends: packets come from the same contract only.
  public static var name: ContractName { Base.name }
  /// That of the contract it extends.
  public static var version: UInt32 { Base.version }
  private static var forwarded: Table<Pair<ChainID, UInt64>, ForwardedCall> { Table("forwarded-calls") }
  private let base: Base

  /// Extends a contract.
  public init(_ base: Base) { self.base = base }

  /// The contract's own, `forward` and the query `forwarded`.
  public var entries: Entries {
    base.entries
    Entry("forward", by: .member) { (call: ForwardCall, context) -> SentPacket in
      let sent = try context.send(
        OutgoingPacket(to: call.chain, port: Self.name, call: call.call, payload: call.arguments))
      try context.put(
        Self.forwarded, Pair(call.chain, sent.sequence), ForwardedCall(organisation: context.caller.organisation, call: call.call))
      return sent
    }
    Query("forwarded") { (question: ForwardedQuestion, context) -> ForwardedCall? in
      try context.get(Self.forwarded, Pair(question.chain, question.sequence))
    }
  }

  /// Sets up the contract that it extends.
  public func initialise(_ configuration: [UInt8], _ context: ContractContext) throws { try base.initialise(configuration, context) }

  /// As the contract that it extends.
  public func migrate(from version: UInt32, _ context: ContractContext) throws { try base.migrate(from: version, context) }

  /// Records how a forwarded call ended; packets of the contract itself are its own affair.
  public func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {
    let key = Pair(packet.destination, packet.packet.sequence)
    guard var call = try context.get(Self.forwarded, key) else { return try base.packetSettled(packet, context) }
    switch packet.outcome {
    case .succeeded(let output): (call.result, call.output) = ("ok", output)
    case .answered: call.result = "ok"
    case .failed(let code, _): call.result = code
    case .timedOut: call.result = "timedOut"
    case .rejected: call.result = "rejected"
    case .adjudicated: call.result = "adjudicated"
    }
    try context.put(Self.forwarded, key, call)
  }
}
