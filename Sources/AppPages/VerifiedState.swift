internal import Apps
public import ChainCore
public import CrossChain

/// A chain's state as a quorum of its validators certified it: each record that is read is proven under their signatures.
///
/// ```swift
/// let state = try VerifiedState(ledger, anchor: anchor)
/// let page = try TraceReader([state]).page(of: lot)
/// ```
public struct VerifiedState: Sendable {
  /// The chain.
  public let chain: ChainID
  /// The certified height.
  public let height: BlockHeight
  /// The time of its block.
  public let time: BlockTime
  /// Its block.
  public let blockID: BlockID
  /// How many validators signed.
  public let signers: Int
  /// How many there are.
  public let members: Int

  private let ledger: Ledger
  private let stateRoot: Digest

  /// The newest certified height of a ledger, verified from the anchor's validators on.
  /// - Throws: `PageError.notCertified`, `.anchor`, and what the failed check throws.
  public init(_ ledger: Ledger, anchor: TrustAnchor) throws {
    guard let certificate = try ledger.newestCertificate() else { throw PageError.notCertified }
    let checkpoint = certificate.checkpoint
    var known = anchor.validators
    for handover in try ledger.handovers(after: known.generation) where known.generation < certificate.generation {
      try handover.verify(from: known, genesis: anchor.genesis, suite: anchor.suite)
      known = handover.next
    }
    guard known.generation == certificate.generation, checkpoint.chain == anchor.chain else {
      throw PageError.anchor(ChainSet(chain: checkpoint.chain.rawValue, generation: certificate.generation))
    }
    try certificate.verify(in: known, genesis: anchor.genesis, suite: anchor.suite)
    let header = try ledger.header(at: checkpoint.height)
    guard header.id(genesis: anchor.genesis, suite: anchor.suite) == checkpoint.blockID else {
      throw PageError.notProven("the block's header")
    }
    self.ledger = ledger
    (chain, height, time, blockID) = (checkpoint.chain, checkpoint.height, header.time, checkpoint.blockID)
    (signers, members, stateRoot) = (certificate.signers.count, known.members.count, checkpoint.stateRoot)
  }

  /// A record, or its proven absence.
  /// - Throws: `PageError.notProven`, `LedgerError`.
  func read<Key, Value>(_ contract: ContractName, _ table: Table<Key, Value>, _ key: Key) throws -> Value? {
    let place = StateKey(contract: contract, table: table.name, key: key)
    let proof = try ledger.proveRecord(place, at: height)
    guard proof.key == place.bytes else { throw PageError.notProven("\(contract).\(table.name)") }
    do throws(ProofError) {
      try proof.verify(stateRoot: stateRoot, suite: ledger.suite)
    } catch {
      throw PageError.notProven("\(contract).\(table.name)")
    }
    return try proof.value.map { try Value(canonicalBytes: $0) }
  }

  /// Where to look: what a query names is proven record by record afterwards.
  func list<Question: CanonicalCodable, Key: CanonicalCodable & Sendable>(
    _ contract: ContractName, _ query: EntryName, _ question: Question, of: Key.Type
  ) throws -> [Key] {
    try ledger.query(contract, query, question, as: [Key].self, at: height)
  }

  /// The organisation's name as this chain knows it.
  func name(of organisation: OrganisationID) throws -> String? {
    try read("identity", Table<OrganisationID, Organisation>("organisations"), organisation)?.name
  }
}
