public import ChainCore

/// Where a chain stands, as a relayer sees it.
public struct EndpointStatus: Sendable, Hashable {
  /// The newest executed height.
  public var head: BlockHeight
  /// The newest height with a certificate; `nil` if there is none yet.
  public var certified: BlockHeight?

  /// Puts the fields together.
  public init(head: BlockHeight, certified: BlockHeight?) {
    self.head = head
    self.certified = certified
  }
}

/// Why a node did not answer a relayer. It tries again with its next tick.
@nonexhaustive
public enum EndpointError: Error, Hashable, Sendable {
  /// The node cannot be reached, or cannot read its store.
  case unreachable(String)
  /// The node does not keep this height any more, or not yet.
  case notKept(BlockHeight)
  /// The query was refused.
  case refused(String)
  /// The answer has another form than expected: the versions do not fit.
  case malformed(String)
  /// The node takes no more transactions now.
  case busy
  /// The transaction is waiting or committed already: nothing to do.
  case alreadySubmitted
}

extension EndpointError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .unreachable(let why): "not reachable: \(why)"
    case .notKept(let height): "height \(height) is not kept"
    case .refused(let why): "refused: \(why)"
    case .malformed(let why): "unexpected answer: \(why)"
    case .busy: "busy"
    case .alreadySubmitted: "submitted already"
    }
  }
}

/// A node of a chain, as a relayer uses it: in this process or far away.
public protocol ChainEndpoint: Sendable {
  /// The chain.
  var chain: ChainID { get }
  /// Its genesis.
  var genesis: GenesisID { get }
  /// Its suite.
  var suite: CryptoSuite { get }
  /// Its parameters, which bound transactions.
  var parameters: ChainParameters { get }
  /// Where it stands.
  func status() async throws(EndpointError) -> EndpointStatus
  /// Header and certificate of a certified height.
  func lightBlock(at height: BlockHeight) async throws(EndpointError) -> LightBlock
  /// An earlier height in the history of a later one.
  func history(of height: BlockHeight, under later: BlockHeight) async throws(EndpointError) -> HistoryProof
  /// How the validators of this generation passed on to later ones, oldest first, as far as that is certified; at most `limit`.
  func handovers(after generation: UInt64, limit: Int) async throws(EndpointError) -> [Handover]
  /// Records or absences in the state of one height, in the order of `keys`.
  func prove(_ keys: [StateKey], at height: BlockHeight) async throws(EndpointError) -> [RecordProof]
  /// Asks a query of `xc` in the state of one height; `nil` = the newest. Canonical bytes in and out.
  func query(_ name: EntryName, _ arguments: [UInt8], at height: BlockHeight?) async throws(EndpointError) -> [UInt8]
  /// Hands a transaction in. That it was taken does not mean that it was executed.
  func submit(_ transaction: SignedTransaction) async throws(EndpointError)
}

extension ChainEndpoint {
  /// Asks a query of `xc` with typed arguments and answer.
  func ask<Answer: CanonicalCodable>(
    _ name: EntryName, _ arguments: some CanonicalCodable, at height: BlockHeight?, as: Answer.Type = Answer.self
  ) async throws(EndpointError) -> Answer {
    let bytes = try await query(name, arguments.canonicalBytes, at: height)
    do throws(CanonicalError) {
      return try Answer(canonicalBytes: bytes)
    } catch {
      throw .malformed("\(name): \(error)")
    }
  }
}

/// A ledger in this process as an endpoint; how transactions are handed in is the host's.
public struct LedgerEndpoint: ChainEndpoint {
  /// The ledger.
  public let ledger: Ledger
  private let take: @Sendable (SignedTransaction) async throws(EndpointError) -> Void

  /// An endpoint of `ledger`; `submit` puts a transaction into the node's pool.
  public init(_ ledger: Ledger, submit: @escaping @Sendable (SignedTransaction) async throws(EndpointError) -> Void) {
    self.ledger = ledger
    take = submit
  }

  /// The chain.
  public var chain: ChainID { ledger.genesis.chain }
  /// Its genesis.
  public var genesis: GenesisID { ledger.genesisID }
  /// Its suite.
  public var suite: CryptoSuite { ledger.suite }
  /// Its parameters for the next block.
  public var parameters: ChainParameters { ledger.parameters }

  /// Where it stands.
  public func status() async throws(EndpointError) -> EndpointStatus {
    let certified = ledger.newestCertified
    return EndpointStatus(head: ledger.head.height, certified: certified == 0 ? nil : certified)
  }

  /// Header and certificate of a certified height.
  public func lightBlock(at height: BlockHeight) async throws(EndpointError) -> LightBlock {
    try Self.reading { () throws(LedgerError) -> LightBlock? in
      guard let certificate = try ledger.certificate(at: height) else { return nil }
      return LightBlock(header: try ledger.header(at: height), certificate: certificate)
    } orNotKept: {
      height
    }
  }

  /// An earlier height in the history of a later one.
  public func history(of height: BlockHeight, under later: BlockHeight) async throws(EndpointError) -> HistoryProof {
    try Self.reading { () throws(LedgerError) -> HistoryProof? in
      try ledger.proveHistory(of: height, under: later)
    } orNotKept: {
      height
    }
  }

  /// How the validators of this generation passed on to later ones.
  public func handovers(after generation: UInt64, limit: Int) async throws(EndpointError) -> [Handover] {
    do throws(LedgerError) {
      return try ledger.handovers(after: generation, limit: limit)
    } catch {
      throw .unreachable("\(error)")
    }
  }

  /// Records or absences in the state of one height.
  public func prove(_ keys: [StateKey], at height: BlockHeight) async throws(EndpointError) -> [RecordProof] {
    try Self.reading { () throws(LedgerError) -> [RecordProof]? in
      var proofs: [RecordProof] = []
      for key in keys { proofs.append(try ledger.proveRecord(key, at: height)) }
      return proofs
    } orNotKept: {
      height
    }
  }

  /// Asks a query of `xc`.
  public func query(_ name: EntryName, _ arguments: [UInt8], at height: BlockHeight?) async throws(EndpointError) -> [UInt8] {
    do throws(QueryError) {
      return try ledger.query(CrossChainState.contract, name, arguments: arguments, at: height).value
    } catch {
      throw .refused("\(name): \(error)")
    }
  }

  /// Hands a transaction to the host's pool.
  public func submit(_ transaction: SignedTransaction) async throws(EndpointError) { try await take(transaction) }

  private static func reading<Value>(
    _ body: () throws(LedgerError) -> Value?, orNotKept height: () -> BlockHeight
  ) throws(EndpointError) -> Value {
    let value: Value?
    do throws(LedgerError) {
      value = try body()
    } catch {
      switch error {
      case .noSuchHeight(let height, _), .belowSnapshot(let height, _): throw .notKept(height)
      default: throw .unreachable("\(error)")
      }
    }
    guard let value else { throw .notKept(height()) }
    return value
  }
}
