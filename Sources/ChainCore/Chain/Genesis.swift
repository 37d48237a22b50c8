/// The engine that orders a chain's blocks.
public enum EngineKind: UInt8, CanonicalEnum, Hashable, Codable, CaseIterable {
  /// Crash faults of less than half the validators.
  case raft = 0
  /// Byzantine faults of less than a third of the weight.
  case simplex = 1

  /// The rule that validator sets of such a chain have.
  public var quorumRule: QuorumRule { self == .raft ? .moreThanHalf : .moreThanTwoThirds }
}

/// What one call may use. Exceeding any fails the call with `.limitExceeded`.
public struct CallLimits: CanonicalRecord, Hashable, Codable {
  /// Values read.
  public var reads: UInt32
  /// Values written or removed.
  public var writes: UInt32
  /// Bytes read and written.
  public var bytes: UInt64
  /// Steps.
  public var steps: UInt64

  /// Puts the fields together.
  public init(reads: UInt32 = 10_000, writes: UInt32 = 2_000, bytes: UInt64 = 4 << 20, steps: UInt64 = 1_000_000) {
    self.reads = reads
    self.writes = writes
    self.bytes = bytes
    self.steps = steps
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.reads, \.writes, \.bytes, \.steps)
}

/// The numbers a chain is run by.
public struct ChainParameters: CanonicalRecord, Hashable, Codable {
  /// What one call may use.
  public var callLimits: CallLimits
  /// The greatest size of a signed transaction in bytes.
  public var transactionBytes: UInt32
  /// The greatest size of a block in bytes.
  public var blockBytes: UInt32
  /// The greatest number of transactions in a block.
  public var blockTransactions: UInt32
  /// For how many heights a transaction may be valid and its id is remembered.
  public var transactionWindow: UInt64
  /// How far execution may run ahead of the newest certificate.
  public var certificateLag: UInt64
  /// After how many milliseconds an idle chain makes an empty block.
  public var idleIntervalMs: UInt64
  /// How many heights an epoch of a Byzantine chain has: validators change between epochs. On a Raft chain each block is one.
  public var epochLength: UInt64

  /// Puts the fields together.
  public init(
    callLimits: CallLimits = CallLimits(), transactionBytes: UInt32 = 256 * 1024, blockBytes: UInt32 = 2 << 20,
    blockTransactions: UInt32 = 5_000, transactionWindow: UInt64 = 1_000, certificateLag: UInt64 = 64, idleIntervalMs: UInt64 = 10_000,
    epochLength: UInt64 = 256
  ) {
    self.callLimits = callLimits
    self.transactionBytes = transactionBytes
    self.blockBytes = blockBytes
    self.blockTransactions = blockTransactions
    self.transactionWindow = transactionWindow
    self.certificateLag = certificateLag
    self.idleIntervalMs = idleIntervalMs
    self.epochLength = epochLength
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init, \.callLimits, \.transactionBytes, \.blockBytes, \.blockTransactions, \.transactionWindow, \.certificateLag, \.idleIntervalMs,
    \.epochLength)
}

/// An organisation at genesis, with its roles on this chain.
public struct GenesisOrganisation: CanonicalRecord, Hashable, Codable {
  /// Its id.
  public var id: OrganisationID
  /// Its name for people.
  public var name: String
  /// Its roles here.
  public var roles: [Role]

  /// Puts the fields together.
  public init(id: OrganisationID, name: String, roles: [Role]) {
    self.id = id
    self.name = name
    self.roles = roles
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.id, \.name, \.roles)
}

/// The roles that an organisation of another chain has here when it calls by packet.
public struct RemoteRoles: CanonicalRecord, Hashable, Codable {
  /// The organisation's chain.
  public var chain: ChainID
  /// The organisation there.
  public var organisation: OrganisationID
  /// Its roles here.
  public var roles: [Role]

  /// Puts the fields together.
  public init(chain: ChainID, organisation: OrganisationID, roles: [Role]) {
    self.chain = chain
    self.organisation = organisation
    self.roles = roles
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.organisation, \.roles)
}

/// A contract that is active from genesis on.
public struct GenesisContract: CanonicalRecord, Hashable, Codable {
  /// Its name.
  public var name: ContractName
  /// The hash of its manifest: a node whose compiled contract differs does not start.
  public var manifest: Digest
  /// What the contract's `initialise` gets; most need nothing.
  public var configuration: [UInt8]

  /// Puts the fields together.
  public init(name: ContractName, manifest: Digest, configuration: [UInt8] = []) {
    self.name = name
    self.manifest = manifest
    self.configuration = configuration
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.name, \.manifest, \.configuration)
}

/// The canonical document that a chain begins with. Its hash is the chain's `GenesisID`.
public struct Genesis: CanonicalRecord, Hashable, Codable {
  /// The version of this format, 1.
  public static let currentVersion: UInt16 = 1

  /// The format version.
  public var version: UInt16
  /// The chain's name.
  public var chain: ChainID
  /// The cryptography.
  public var suite: CryptoSuite
  /// The consensus engine.
  public var engine: EngineKind
  /// The time of header 0.
  public var time: BlockTime
  /// The validators of height 1.
  public var validators: ValidatorSet
  /// DER of the root CAs that members' certificates must lead to.
  public var certificateAuthorities: [[UInt8]]
  /// The organisations and their roles.
  public var organisations: [GenesisOrganisation]
  /// DER of the first members' certificates, administrators among them.
  public var members: [[UInt8]]
  /// Roles of organisations of other chains.
  public var remoteRoles: [RemoteRoles]
  /// The numbers the chain is run by.
  public var parameters: ChainParameters
  /// The contracts active from the start, system contracts left out.
  public var contracts: [GenesisContract]

  /// A genesis of the current version.
  public init(
    chain: ChainID, suite: CryptoSuite, engine: EngineKind, time: BlockTime, validators: ValidatorSet,
    certificateAuthorities: [[UInt8]], organisations: [GenesisOrganisation], members: [[UInt8]], remoteRoles: [RemoteRoles] = [],
    parameters: ChainParameters = ChainParameters(), contracts: [GenesisContract]
  ) {
    self.init(
      version: Self.currentVersion, chain: chain, suite: suite, engine: engine, time: time, validators: validators,
      certificateAuthorities: certificateAuthorities, organisations: organisations, members: members, remoteRoles: remoteRoles,
      parameters: parameters, contracts: contracts)
  }

  private init(
    version: UInt16, chain: ChainID, suite: CryptoSuite, engine: EngineKind, time: BlockTime, validators: ValidatorSet,
    certificateAuthorities: [[UInt8]], organisations: [GenesisOrganisation], members: [[UInt8]], remoteRoles: [RemoteRoles],
    parameters: ChainParameters, contracts: [GenesisContract]
  ) {
    self.version = version
    self.chain = chain
    self.suite = suite
    self.engine = engine
    self.time = time
    self.validators = validators
    self.certificateAuthorities = certificateAuthorities
    self.organisations = organisations
    self.members = members
    self.remoteRoles = remoteRoles
    self.parameters = parameters
    self.contracts = contracts
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(
      version:chain:suite:engine:time:validators:certificateAuthorities:organisations:members:remoteRoles:parameters:contracts:),
    \.version, \.chain, \.suite, \.engine, \.time, \.validators, \.certificateAuthorities, \.organisations, \.members, \.remoteRoles,
    \.parameters, \.contracts)

  /// The chain's genesis id.
  public var id: GenesisID { GenesisID(suite.digest("Genesis", .none, self)) }

  /// Whether validators may change after this height.
  public func isLastOfEpoch(_ height: BlockHeight) -> Bool {
    height > 0 && (engine == .raft || height.rawValue.isMultiple(of: parameters.epochLength))
  }

  /// Header 0, which stands for the genesis state: no transactions, parent = genesis id.
  public var header: BlockHeader {
    BlockHeader(
      chain: chain, height: 0, parent: BlockID(id.digest), time: time, proposer: AccountID(.zero),
      transactionsRoot: MerkleLog.root(of: [], suite: suite))
  }
}
