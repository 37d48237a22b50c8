public import Apps
public import ChainCore
internal import ChainNode

/// Organisations of the stories, with made-up credit codes.
public enum Party {
  /// 河南省数据局: keeps the directory on the main chain, defines licence types.
  public static let dataOffice: OrganisationID = "11410000MB0A00018K"
  /// 河南省市场监督管理局.
  public static let provincialMarketOffice: OrganisationID = "11410000MB0A00026E"
  /// 郑州市市场监督管理局.
  public static let zhengzhouMarketOffice: OrganisationID = "11410100MB0A010107"
  /// 开封市大数据局.
  public static let kaifengDataBureau: OrganisationID = "11410200MB0A02013W"
  /// 郑州市不动产登记中心.
  public static let zhengzhouRegistry: OrganisationID = "12410100MB0A010291"
  /// 信阳市不动产登记中心.
  public static let xinyangRegistry: OrganisationID = "12411500MB0A15017F"
  /// 河南省税务局.
  public static let taxOffice: OrganisationID = "11410000MB0A000424"
  /// 郑州市住房保障和房地产管理局.
  public static let zhengzhouHousing: OrganisationID = "11410100MB0A01037Y"
  /// A court in Zhengzhou.
  public static let court: OrganisationID = "11410100MB0A01045R"
  /// A notary in Zhengzhou.
  public static let notary: OrganisationID = "12410100MB0A01053H"
  /// A pig farm in Xinyang.
  public static let farm: OrganisationID = "93411500MA9A000108"
  /// An abattoir in Zhengzhou.
  public static let abattoir: OrganisationID = "91410100MA9A00029A"
  /// A cold store in the airport zone.
  public static let coldStore: OrganisationID = "91410173MA9A00037W"
  /// A shop in Zhengzhou.
  public static let shop: OrganisationID = "91410105MA9A000458"
  /// A hospital in Zhengzhou.
  public static let zhengzhouHospital: OrganisationID = "12410100MB0A01061C"
  /// A hospital in Puyang.
  public static let puyangHospital: OrganisationID = "12410900MB0A09012D"
  /// A maker of drugs in Xinxiang.
  public static let drugMaker: OrganisationID = "91410700MA9A00053R"
  /// A bank.
  public static let bank: OrganisationID = "91410000MA9A00061G"
  /// An enterprise in Hebi.
  public static let enterprise: OrganisationID = "91410600MA9A0007X7"
  /// Knows citizens' numbers, and gives references instead.
  public static let identityService: OrganisationID = "identity-service"
  /// Speaks for citizens, with their proofs.
  public static let citizenApp: OrganisationID = "citizen-app"
  /// Looks at everything.
  public static let auditOffice: OrganisationID = "henan-audit-office"
}

/// The chains of the stories.
public enum Place {
  /// The provincial main chain.
  public static let main = HomeChain.main
  /// 郑州.
  public static let zhengzhou: ChainID = "henan/410100"
  /// The airport zone 航空港区.
  public static let airport: ChainID = "henan/410173"
  /// 开封.
  public static let kaifeng: ChainID = "henan/410200"
  /// 濮阳.
  public static let puyang: ChainID = "henan/410900"
  /// 信阳.
  public static let xinyang: ChainID = "henan/411500"
}

/// A citizen of a story. Numbers have birth dates before 1900; nobody bears them.
public struct Citizen: Sendable {
  /// The name: must not show anywhere.
  public let name: String
  /// The number: must not show anywhere.
  public let number: String
  /// The person's own key.
  public let key: PrivateKey
}

/// What the identity service keeps for a story: secrets by domain, and its citizens.
public struct IdentityOffice: Sendable {
  private let secret: [UInt8]
  private let suite: CryptoSuite

  /// An office with a new secret.
  public init(_ suite: CryptoSuite) {
    self.suite = suite
    secret = Digest.random().bytes
  }

  /// A citizen as a domain's contracts know them.
  /// - Throws: `IdentifierError`, `KeyError`.
  public func reference(of citizen: Citizen, in domain: String) throws -> SubjectRef {
    try SubjectRef(
      citizenNumber: citizen.number, domain: domain, key: try suite.hmac(key: secret, message: Array(domain.utf8)).bytes, suite: suite)
  }
}

extension StoryStage {
  /// A citizen with a new key, whose number and name must not show anywhere.
  /// - Throws: `KeyError`.
  public func citizen(_ name: String, number: String) throws -> Citizen {
    keepSecret("name of \(name)", name)
    keepSecret("citizen number of \(name)", number)
    return Citizen(name: name, number: number, key: try PrivateKey.generate(suite))
  }

  /// A citizen's proof for one call on a chain: the identity service vouches for the key, the person signs.
  /// - Throws: `StoryFailure` if the chain has no identity service; `KeyError`.
  public func proof<Arguments: CanonicalCodable & Sendable>(
    of citizen: Citizen, as reference: SubjectRef, domain: String, contract: ContractName, entry: EntryName, arguments: Arguments,
    on chain: ChainID
  ) throws -> SubjectProof {
    try SubjectProof.make(
      SubjectStatement(
        domain: domain, subject: reference, key: citizen.key.publicKey, until: clock.now.advanced(byMilliseconds: 3_600_000)),
      service: try account(Party.identityService, on: chain), person: citizen.key, contract: contract, entry: entry,
      arguments: arguments, random: .random(), genesis: try ledger(chain).genesisID)
  }
}
