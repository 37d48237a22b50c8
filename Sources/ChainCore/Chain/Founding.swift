/// What a chain is to be founded with: for trials, demonstrations and tests. A province founds its chain with keys of several parties.
public struct FoundingPlan: Sendable {
  /// The chain's name.
  public var chain: ChainID
  /// The cryptography.
  public var suite: CryptoSuite
  /// The consensus engine.
  public var engine: EngineKind
  /// The organisations that run a validator each, all of weight 1; one that runs several is listed as often.
  public var validators: [OrganisationID]
  /// The organisations with their names and roles. The platform's and the validators' are added if they are missing.
  public var organisations: [GenesisOrganisation]
  /// Members that exist from the start: for each organisation here, people's names.
  public var members: [(organisation: OrganisationID, name: String)]
  /// Roles of organisations of other chains.
  public var remoteRoles: [RemoteRoles]
  /// The contracts, all active; of several versions of one the first.
  public var contracts: [any Contract]
  /// Contracts, or versions of them, that the host contains and governance may activate later.
  public var dormant: [any Contract] = []
  /// What contracts get at genesis, by name; that of `governance` is the canonical bytes of `[RuleSetting]`.
  public var configurations: [ContractName: [UInt8]]
  /// The numbers the chain is run by.
  public var parameters: ChainParameters
  /// The time of genesis.
  public var time: BlockTime

  /// A plan; everything but name, contracts and time has a default.
  public init(
    chain: ChainID, suite: CryptoSuite = .guomi, engine: EngineKind = .raft,
    validators: [OrganisationID] = Array(repeating: Founding.platform, count: 3), organisations: [GenesisOrganisation] = [],
    members: [(organisation: OrganisationID, name: String)] = [], remoteRoles: [RemoteRoles] = [], contracts: [any Contract],
    configurations: [ContractName: [UInt8]] = [:], parameters: ChainParameters = ChainParameters(), time: BlockTime
  ) {
    self.chain = chain
    self.suite = suite
    self.engine = engine
    self.validators = validators
    self.organisations = organisations
    self.members = members
    self.remoteRoles = remoteRoles
    self.contracts = contracts
    self.configurations = configurations
    self.parameters = parameters
    self.time = time
  }
}

/// Why a plan founds no chain.
@nonexhaustive
public enum FoundingError: Error, Hashable, Sendable {
  /// Two contracts, or two entries of one, have the same name.
  case registry(RegistryError)
  /// A key could not be made.
  case key(KeyError)
  /// A certificate could not be made.
  case certificate(CertificateError)
  /// The validators form no set.
  case validators(ValidatorSetError)
}

extension FoundingError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .registry(let error): "contracts: \(error)"
    case .key(let error): error.description
    case .certificate(let error): error.description
    case .validators(let error): "validators: \(error)"
    }
  }
}

/// A founded chain: genesis, and every secret of its beginning in one hand.
public struct Founding: Sendable {
  /// The organisation that admits members and, by default, runs the validators.
  public static let platform: OrganisationID = "platform"
  /// Certificates of a founding end in the year 2096.
  public static let validUntil: BlockTime = 4_000_000_000_000

  /// The chain's genesis.
  public let genesis: Genesis
  /// Its contracts.
  public let registry: ContractRegistry
  /// The root that issues members' certificates.
  public let authority: CertificateAuthority
  /// The validators' keys, in the order of the set.
  public let validatorKeys: [PrivateKey]
  /// The platform's administrator, who admits members.
  public let administrator: Account
  private let members: [String: Account]

  /// Founds a chain.
  /// - Parameter makeKey: Gives the key of each purpose; new random keys by default.
  public init(
    _ plan: FoundingPlan, makeKey: ((_ purpose: String) throws(KeyError) -> PrivateKey)? = nil
  ) throws(FoundingError) {
    var issued: UInt64 = 1
    func key(_ purpose: String) throws(FoundingError) -> PrivateKey {
      do throws(KeyError) {
        guard let makeKey else { return try PrivateKey.generate(plan.suite) }
        return try makeKey(purpose)
      } catch {
        throw .key(error)
      }
    }
    do throws(RegistryError) { registry = try ContractRegistry(plan.contracts + plan.dormant) } catch { throw .registry(error) }
    let rootKey = try key("root")
    do throws(CertificateError) {
      authority = try CertificateAuthority.root(
        .init(organisation: Self.platform.rawValue, commonName: "root of \(plan.chain)"), key: rootKey, from: 0, until: Self.validUntil)
    } catch {
      throw .certificate(error)
    }
    administrator = Account(organisation: Self.platform, key: try key("\(Self.platform)/administrator"))
    var accounts: [String: Account] = [:]
    var certificates: [[UInt8]] = []
    for (organisation, name) in [(Self.platform, "administrator")] + plan.members {
      let isFounder = organisation == Self.platform && name == "administrator"
      let account = isFounder ? administrator : Account(organisation: organisation, key: try key("\(organisation)/\(name)"))
      issued += 1
      do throws(CertificateError) {
        certificates.append(
          try authority.issue(
            .init(organisation: organisation.rawValue, commonName: name), publicKey: account.key.publicKey, serial: issued, from: 0,
            until: Self.validUntil
          ).der)
      } catch {
        throw .certificate(error)
      }
      accounts["\(organisation)/\(name)"] = account
    }
    members = accounts
    var seats: [(key: PrivateKey, organisation: OrganisationID)] = []
    for (index, organisation) in plan.validators.enumerated() { seats.append((try key("validator \(index)"), organisation)) }
    seats.sort { $0.key.publicKey < $1.key.publicKey }
    validatorKeys = seats.map(\.key)
    let set: ValidatorSet
    do throws(ValidatorSetError) {
      set = try ValidatorSet(
        generation: 1, rule: plan.engine.quorumRule,
        members: seats.map { Validator(key: $0.key.publicKey, weight: 1, organisation: $0.organisation) })
    } catch {
      throw .validators(error)
    }
    var active: [GenesisContract] = []
    let governance = plan.configurations[GovernanceContract.name] == nil ? [] : [GovernanceContract.name]
    for name in governance + plan.contracts.map({ type(of: $0).name }) {
      // Of several versions the first one listed is active.
      guard !active.contains(where: { $0.name == name }), let manifest = registry.manifest(name) else { continue }
      active.append(
        GenesisContract(name: name, manifest: manifest.hash(suite: plan.suite), configuration: plan.configurations[name] ?? []))
    }
    genesis = Genesis(
      chain: plan.chain, suite: plan.suite, engine: plan.engine, time: plan.time, validators: set,
      certificateAuthorities: [authority.certificate.der], organisations: Self.organisations(plan), members: certificates,
      remoteRoles: plan.remoteRoles, parameters: plan.parameters, contracts: active)
  }

  /// The member of the plan with this name.
  public func member(_ organisation: OrganisationID, _ name: String) -> Account? { members["\(organisation)/\(name)"] }

  private static func organisations(_ plan: FoundingPlan) -> [GenesisOrganisation] {
    var listed: [OrganisationID: GenesisOrganisation] = [:]
    for organisation in plan.organisations { listed[organisation.id] = organisation }
    for id in plan.validators + plan.members.map(\.organisation) + [platform] where listed[id] == nil {
      listed[id] = GenesisOrganisation(id: id, name: id.rawValue, roles: [])
    }
    func give(_ role: Role, to id: OrganisationID) {
      if listed[id]?.roles.contains(role) == false { listed[id]?.roles.append(role) }
    }
    give(.administrator, to: platform)
    for id in plan.validators { give(.validator, to: id) }
    return listed.values.sorted { $0.id < $1.id }
  }
}
