/// One version of a contract, as it is proposed to the chain's organisations: interface, code and audit by their digests.
public struct ContractVersion: CanonicalRecord, Codable, Hashable {
  /// The contract.
  public var contract: ContractName
  /// The number that the compiled contract states as its `version`.
  public var version: UInt32
  /// The hash of its manifest: a node runs only a contract of this interface under the name.
  public var manifest: Digest
  /// The digest of the code that was audited, such as of its source archive: for people who build and compare. Nodes cannot check it.
  public var code: Digest
  /// The digest of the audit report, if there is one.
  public var audit: Digest?
  /// What `initialise` gets, if the contract is new; empty for a later version.
  public var configuration: [UInt8]

  /// Puts the fields together.
  public init(
    contract: ContractName, version: UInt32, manifest: Digest, code: Digest, audit: Digest? = nil, configuration: [UInt8] = []
  ) {
    self.contract = contract
    self.version = version
    self.manifest = manifest
    self.code = code
    self.audit = audit
    self.configuration = configuration
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(contract:version:manifest:code:audit:configuration:), \.contract, \.version, \.manifest, \.code, \.audit, \.configuration)
}

/// Names a version of a contract.
public struct ContractVersionID: CanonicalRecord, Codable, Hashable {
  /// The contract.
  public var contract: ContractName
  /// The version.
  public var version: UInt32
  /// Puts the fields together.
  public init(contract: ContractName, version: UInt32) {
    self.contract = contract
    self.version = version
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.contract, \.version)
}

/// Arguments of `contracts.approve`.
public struct ApproveVersion: CanonicalRecord, Codable, Hashable {
  /// The contract.
  public var contract: ContractName
  /// The version.
  public var version: UInt32
  /// What was proposed, by its digest (`ContractVersion.digest`): who votes knows what for.
  public var proposed: Digest
  /// The first height at which it runs; above that of the execution.
  public var from: BlockHeight
  /// Puts the fields together.
  public init(contract: ContractName, version: UInt32, proposed: Digest, from: BlockHeight) {
    self.contract = contract
    self.version = version
    self.proposed = proposed
    self.from = from
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.contract, \.version, \.proposed, \.from)
}

extension ContractVersion {
  /// What a vote to approve this version names.
  public func digest(genesis: GenesisID, suite: CryptoSuite) -> Digest { suite.digest("ContractVersion", genesis, self) }

  /// The call that governance makes to approve this version.
  public func approval(from height: BlockHeight, genesis: GenesisID, suite: CryptoSuite) -> GovernedCall {
    GovernedCall(
      LifecycleContract.name, "approve",
      ApproveVersion(contract: contract, version: version, proposed: digest(genesis: genesis, suite: suite), from: height))
  }
}

/// What became of a version.
public struct VersionRecord: CanonicalRecord, Codable, Hashable {
  /// Where a version stands.
  public enum State: UInt8, CanonicalEnum, Codable, Hashable {
    /// Organisations look at it.
    case proposed = 0
    /// It will run from a height on.
    case approved = 1
    /// It runs, or is frozen with its contract.
    case active = 2
    /// A later version runs in its place.
    case upgraded = 3
    /// Its contract was retired.
    case retired = 4
    /// Its start or its migration failed; the version before runs on.
    case failed = 5
    /// It was taken back.
    case withdrawn = 6
  }

  /// The version.
  public var version: ContractVersion
  /// Where it stands.
  public var state: State
  /// The organisation that proposed it; `nil` for versions of genesis.
  public var proposer: OrganisationID?
  /// The height since which it stands there; of an approved one, the height from which it will run.
  public var since: BlockHeight

  /// Puts the fields together.
  public init(version: ContractVersion, state: State, proposer: OrganisationID?, since: BlockHeight) {
    self.version = version
    self.state = state
    self.proposer = proposer
    self.since = since
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.version, \.state, \.proposer, \.since)
}

/// Whether a contract takes calls and answers queries.
public enum ContractStatus: UInt8, CanonicalEnum, Codable, Hashable {
  /// Both.
  case active = 0
  /// Queries only.
  case frozen = 1
  /// Neither, for ever; its records stay.
  case retired = 2
}

/// A contract of the chain and the version of it that runs.
public struct ActiveContract: CanonicalRecord, Codable, Hashable {
  /// The contract.
  public var contract: ContractName
  /// The version that runs, or ran last.
  public var version: UInt32
  /// The hash of that version's manifest.
  public var manifest: Digest
  /// What it answers to.
  public var status: ContractStatus
  /// The height since which version and status are these.
  public var since: BlockHeight

  /// Puts the fields together.
  public init(contract: ContractName, version: UInt32, manifest: Digest, status: ContractStatus, since: BlockHeight) {
    self.contract = contract
    self.version = version
    self.manifest = manifest
    self.status = status
    self.since = since
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.contract, \.version, \.manifest, \.status, \.since)
}

/// A version that will run.
public struct PendingVersion: CanonicalRecord, Codable, Hashable {
  /// The contract.
  public var contract: ContractName
  /// The version.
  public var version: UInt32
  /// The hash of its manifest.
  public var manifest: Digest
  /// The first height at which it runs.
  public var from: BlockHeight

  /// Puts the fields together.
  public init(contract: ContractName, version: UInt32, manifest: Digest, from: BlockHeight) {
    self.contract = contract
    self.version = version
    self.manifest = manifest
    self.from = from
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.contract, \.version, \.manifest, \.from)
}

/// What runs on a chain: one record, read before each block.
public struct ActiveContracts: CanonicalRecord, Codable, Hashable {
  /// The contracts by name; those of the platform that every chain has are left out.
  public var contracts: [ActiveContract]
  /// Versions that will run, by contract.
  public var pending: [PendingVersion]

  /// Puts the parts together.
  public init(contracts: [ActiveContract], pending: [PendingVersion] = []) {
    self.contracts = contracts
    self.pending = pending
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.contracts, \.pending)

  /// The contract of this name.
  public subscript(_ name: ContractName) -> ActiveContract? { contracts.first { $0.contract == name } }

  /// Puts a contract in its place.
  mutating func set(_ contract: ActiveContract) {
    contracts.removeAll { $0.contract == contract.contract }
    contracts.append(contract)
    contracts.sort { $0.contract < $1.contract }
  }
}

/// A version that this host does not contain.
public struct MissingContract: Error, Hashable, Sendable {
  /// The contract.
  public var contract: ContractName
  /// The version that the chain runs, or will run.
  public var version: UInt32
  /// The hash of that version's manifest.
  public var manifest: Digest
  /// From which height on it runs.
  public var from: BlockHeight

  /// Puts the parts together.
  public init(contract: ContractName, version: UInt32, manifest: Digest, from: BlockHeight) {
    self.contract = contract
    self.version = version
    self.manifest = manifest
    self.from = from
  }
}

extension MissingContract: CustomStringConvertible {
  /// The sentence for a person, with what to install.
  public var description: String {
    "from height \(from) on contract \(contract) runs in version \(version) (interface \(manifest)), which this host does not contain: "
      + "install a host that contains it and start again; no later block was executed"
  }
}
