import ChainCore
@testable import CrossChain

/// Light blocks of a chain without a ledger: any heights, roots and signers.
struct SyntheticChain {
  let chain: ChainID
  let genesis: GenesisID
  let suite: CryptoSuite
  var keys: [PrivateKey]
  var set: ValidatorSet

  init(chain: ChainID, genesis: GenesisID, suite: CryptoSuite, keys: [PrivateKey], set: ValidatorSet) {
    self.chain = chain
    self.genesis = genesis
    self.suite = suite
    self.keys = keys
    self.set = set
  }

  /// A chain of `validators` members whose keys come from `seed`.
  init(_ chain: ChainID = "henan/410100", suite: CryptoSuite = .international, validators: Int = 4, seed: String = "a") throws {
    let keys = try Self.keys(validators, suite: suite, seed: seed)
    let set = try Self.set(of: keys, generation: 1)
    self.init(chain: chain, genesis: GenesisID(suite.hash(Array("genesis \(chain)".utf8))), suite: suite, keys: keys, set: set)
  }

  static func keys(_ count: Int, suite: CryptoSuite, seed: String) throws -> [PrivateKey] {
    try (0..<count).map { try PrivateKey(suite: suite, secret: suite.hash(Array("\(seed) \($0)".utf8)).bytes) }
      .sorted { $0.publicKey < $1.publicKey }
  }

  static func set(of keys: [PrivateKey], generation: UInt64, rule: QuorumRule = .moreThanTwoThirds) throws -> ValidatorSet {
    try ValidatorSet(
      generation: generation, rule: rule, members: keys.map { Validator(key: $0.publicKey, weight: 1, organisation: "o") })
  }

  func digest(_ text: String) -> Digest { suite.hash(Array(text.utf8)) }

  func header(_ height: BlockHeight, time: BlockTime, salt: String = "") -> BlockHeader {
    BlockHeader(
      chain: chain, height: height, parent: height == 0 ? BlockID(genesis.digest) : BlockID(digest("parent \(height)\(salt)")),
      time: time, proposer: AccountID(.zero), transactionsRoot: digest("transactions \(height)"))
  }

  func checkpoint(
    _ header: BlockHeader, stateRoot: Digest? = nil, historyRoot: Digest, naming next: ValidatorSet? = nil
  ) -> Checkpoint {
    Checkpoint(
      chain: chain, height: header.height, blockID: header.id(genesis: genesis, suite: suite),
      stateRoot: stateRoot ?? digest("state \(header.height)"), receiptsRoot: digest("receipts \(header.height)"),
      historyRoot: historyRoot, validatorSetHash: (next ?? set).hash(genesis: genesis, suite: suite))
  }

  func certify(_ checkpoint: Checkpoint, signers: [Int]? = nil) throws -> CheckpointCertificate {
    let digest = checkpoint.digest(genesis: genesis, suite: suite)
    var signatures: [(index: Int, signature: Signature)] = []
    for index in signers ?? Array(keys.indices) { signatures.append((index, try keys[index].sign(digest))) }
    return CheckpointCertificate(checkpoint: checkpoint, set: set, signatures: signatures)
  }

  func block(
    _ height: BlockHeight, time: BlockTime, stateRoot: Digest? = nil, historyRoot: Digest, naming next: ValidatorSet? = nil,
    signers: [Int]? = nil, salt: String = ""
  ) throws -> LightBlock {
    let header = header(height, time: time, salt: salt)
    let checkpoint = checkpoint(header, stateRoot: stateRoot, historyRoot: historyRoot, naming: next)
    return LightBlock(header: header, certificate: try certify(checkpoint, signers: signers))
  }

  /// A history of `to` leaves in which `leaf` has its place; all others are noise.
  func history(extending leaf: HistoryLeaf, to: BlockHeight) throws -> (root: Digest, proof: HistoryProof) {
    var leaves: [Digest] = []
    for height in 0..<to.rawValue {
      leaves.append(
        height == leaf.height.rawValue
          ? MerkleLog.leafHash(leaf.canonicalBytes, suite: suite) : MerkleLog.leafHash(height.canonicalBytes, suite: suite))
    }
    let log = MemoryLog(leaves, suite: suite)
    let path = try log.inclusionProof(index: leaf.height.rawValue, size: to.rawValue)
    return (log.root, HistoryProof(leaf: leaf, path: path))
  }

  /// A history of 2^`level` leaves, too many to make: `leaf` stands at its place among invented siblings.
  func vastHistory(extending leaf: HistoryLeaf, level: Int) -> (root: Digest, size: BlockHeight, proof: HistoryProof) {
    let size = UInt64(1) << UInt64(level)
    var digest = MerkleLog.leafHash(leaf.canonicalBytes, suite: suite)
    var path: [Digest] = []
    for step in 0..<level {
      let sibling = self.digest("sibling \(step)")
      path.append(sibling)
      let isRight = leaf.height.rawValue >> UInt64(step) & 1 == 1
      digest = suite.hash([1] + (isRight ? sibling.bytes + digest.bytes : digest.bytes + sibling.bytes))
    }
    return (
      digest, BlockHeight(size), HistoryProof(leaf: leaf, path: InclusionProof(index: leaf.height.rawValue, size: size, path: path))
    )
  }

  /// The chain's registration from a genesis block at `time`.
  func registration(time: BlockTime = 1_000_000, threshold: QuorumRule = .moreThanTwoThirds) -> ChainRegistration {
    let header = header(0, time: time)
    return ChainRegistration(
      chain: chain, genesis: genesis, suite: suite, faultModel: .byzantine, threshold: threshold,
      trusted: TrustedStart(header: header, checkpoint: checkpoint(header, historyRoot: MerkleLog.emptyRoot(suite: suite)), set: set),
      organisation: "o")
  }

  /// An update of `client` to one height.
  func update(
    _ client: ClientRecord, to height: BlockHeight, time: BlockTime, naming next: ValidatorSet? = nil, signers: [Int]? = nil
  ) throws -> ClientUpdate {
    let history = try history(extending: client.latest.leaf, to: height)
    let block = try block(height, time: time, historyRoot: history.root, naming: next, signers: signers)
    return ClientUpdate(steps: [UpdateStep(block: block, nextSet: next)], history: history.proof)
  }
}
