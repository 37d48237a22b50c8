public import ChainCore

/// One chain in one process: every validator's key is here, and each block is final as soon as it is made.
///
/// Real keys, certificates, ledger and certificates of a quorum, without consensus: to test contracts, proofs and clients.
///
/// ```swift
/// var chain = try SoloChain([MyContract()], organisations: ["city-hall": ["department"]])
/// let clerk = try chain.member("city-hall")
/// let receipt = try chain.call("mine", "file", FileNote(text: "one"), by: clerk)
/// ```
public struct SoloChain: Sendable {
  /// The chain's ledger.
  public let ledger: Ledger
  /// Every secret of the chain's beginning.
  public let founding: Founding
  /// The time of the next block.
  public var time: BlockTime
  /// Keys of validators that joined later; without its key a validator of the set does not sign.
  public var joinedKeys: [PrivateKey] = []
  private let seed: UInt64
  private var salt: UInt64 = 0
  private var serial: UInt64 = 1_000

  /// The validators' keys, in the order of the set.
  public var validatorKeys: [PrivateKey] { founding.validatorKeys }
  /// The administrator.
  public var administrator: Account { founding.administrator }
  /// The chain's suite.
  public var suite: CryptoSuite { ledger.suite }
  /// The chain's genesis.
  public var genesis: Genesis { ledger.genesis }

  /// Starts a chain with `contracts` and organisations with their roles.
  ///
  /// - Parameters:
  ///   - validators: How many; all have weight 1.
  ///   - operators: Who runs each of them instead of the platform alone.
  ///   - dormant: Contracts, or versions of them, that the host contains and governance may activate.
  ///   - seed: Makes the keys, so that two chains of one seed are equal.
  ///   - time: The time of genesis, ms since 1970.
  public init(
    _ contracts: [any Contract], chain: ChainID = "henan/410100", suite: CryptoSuite = .guomi, engine: EngineKind = .raft,
    organisations: [OrganisationID: [Role]] = [:], remote: [RemoteRoles] = [], configurations: [ContractName: [UInt8]] = [:],
    parameters: ChainParameters = ChainParameters(), validators: Int = 3, operators: [OrganisationID]? = nil,
    store: any KeyValueStore = MemoryStore(), dormant: [any Contract] = [],
    seed: UInt64 = 1, time: BlockTime = 1_700_000_000_000
  ) throws {
    var plan = FoundingPlan(
      chain: chain, suite: suite, engine: engine, validators: operators ?? Array(repeating: Founding.platform, count: validators),
      organisations: organisations.map { GenesisOrganisation(id: $0.key, name: $0.key.rawValue, roles: $0.value) },
      remoteRoles: remote, contracts: contracts, configurations: configurations, parameters: parameters, time: time)
    plan.dormant = dormant
    founding = try Founding(plan) { purpose throws(KeyError) in
      try PrivateKey(suite: suite, secret: suite.hash(Array("solo \(chain) \(seed) \(purpose)".utf8)).bytes)
    }
    self.seed = seed
    ledger = try Ledger(store: store, genesis: founding.genesis, contracts: founding.registry)
    self.time = max(time, ledger.head.header.time).advanced(byMilliseconds: 1_000)
  }

  /// A member of `organisation`, registered by certificate if it is not yet; `name` tells members apart.
  public mutating func member(_ organisation: OrganisationID, named name: String = "clerk") throws -> Account {
    let key = try PrivateKey(suite: suite, secret: suite.hash(Array("solo \(genesis.chain) \(seed) \(organisation)/\(name)".utf8)).bytes)
    let account = Account(organisation: organisation, key: key)
    if let _: Member = try ledger.query(IdentityContract.name, "member", account.id, as: Member?.self) { return account }
    serial += 1
    let certificate = try founding.authority.issue(
      .init(organisation: organisation.rawValue, commonName: name), publicKey: key.publicKey, serial: serial, from: 0,
      until: 4_000_000_000_000)
    let receipt = try call(
      IdentityContract.name, "register", RegisterMember(certificates: [certificate.der]), by: administrator)
    guard receipt.status == .succeeded else { throw SoloChainError.refused(receipt) }
    return account
  }

  /// A transaction that the next blocks may take.
  public mutating func sign(
    _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable, by account: Account
  ) throws(KeyError) -> SignedTransaction {
    salt += 1
    return try account.sign(
      contract, entry, arguments, chain: genesis.chain, genesis: ledger.genesisID,
      validUntil: ledger.head.height.advanced(by: min(100, genesis.parameters.transactionWindow / 2)), salt: salt)
  }

  /// Calls an entry in a block of its own, certified, and returns the receipt.
  @discardableResult
  public mutating func call(
    _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable, by account: Account
  ) throws -> Receipt {
    let signed = try sign(contract, entry, arguments, by: account)
    try makeBlock([signed])
    return try ledger.receipt(signed.id(genesis: ledger.genesisID, suite: suite))
  }

  /// Makes, executes and certifies the next block.
  @discardableResult
  public mutating func makeBlock(_ transactions: [SignedTransaction] = []) throws -> CheckpointCertificate {
    let head = ledger.head
    let block = Block(
      on: head.header, parentID: head.blockID, time: time, proposer: suite.accountID(of: validatorKeys[0].publicKey),
      transactions: transactions, genesis: ledger.genesisID, suite: suite)
    time = time.advanced(byMilliseconds: 1_000)
    let checkpoint = try ledger.commit(block, position: block.header.height.rawValue)
    let certificate = try certify(checkpoint)
    try ledger.add(certificate)
    return certificate
  }

  /// The signatures over `checkpoint` of all validators whose height it is, or of those at `signers`.
  public func certify(_ checkpoint: Checkpoint, signers: [Int]? = nil) throws(KeyError) -> CheckpointCertificate {
    let digest = checkpoint.digest(genesis: ledger.genesisID, suite: suite)
    let set = ledger.validators(signing: checkpoint.height)
    let keys = validatorKeys + joinedKeys
    var signatures: [(index: Int, signature: Signature)] = []
    for index in signers ?? Array(set.members.indices) {
      guard let key = keys.first(where: { $0.publicKey == set.members[index].key }) else { continue }
      signatures.append((index, try key.sign(digest)))
    }
    return CheckpointCertificate(checkpoint: checkpoint, set: set, signatures: signatures)
  }
}

/// Why a solo chain did not do what was asked.
public enum SoloChainError: Error, Hashable, Sendable {
  /// The call failed; the receipt says why.
  case refused(Receipt)
  /// No organisation has a vote.
  case noVoters
}
