import Apps
import ChainCore
import ChainTesting

/// People and organisations that can sign: an identity service, persons under references, and members with certificates.
struct Parties {
  static let suite = CryptoSuite.guomi
  let domain: String
  let authority: [UInt8]
  /// DER of the members' certificates, and their accounts by organisation.
  let certificates: [[UInt8]]
  let accounts: [OrganisationID: Account]
  let serials: [OrganisationID: [UInt8]]

  static let service: OrganisationID = "identity-office"

  init(domain: String, organisations: [OrganisationID]) throws {
    self.domain = domain
    let root = try PrivateKey(suite: Self.suite, secret: Self.suite.hash([1]).bytes)
    let issuer = try CertificateAuthority.root(
      .init(organisation: "root", commonName: "root"), key: root, from: 0, until: 4_000_000_000_000)
    authority = issuer.certificate.der
    var certificates: [[UInt8]] = []
    var accounts: [OrganisationID: Account] = [:]
    var serials: [OrganisationID: [UInt8]] = [:]
    for (index, organisation) in ([Self.service] + organisations).enumerated() {
      let key = try PrivateKey(suite: Self.suite, secret: Self.suite.hash(Array("member \(organisation)".utf8)).bytes)
      let certificate = try issuer.issue(
        .init(organisation: organisation.rawValue, commonName: "clerk"), publicKey: key.publicKey, serial: UInt64(index) + 2, from: 0,
        until: 4_000_000_000_000)
      certificates.append(certificate.der)
      accounts[organisation] = Account(organisation: organisation, key: key)
      serials[organisation] = certificate.serial
    }
    self.certificates = certificates
    self.accounts = accounts
    self.serials = serials
  }

  /// A person by any name; the same name is the same person.
  func person(_ name: String) -> SubjectRef { SubjectRef(Self.suite.hash(Array("\(domain)/\(name)".utf8))) }

  private func key(_ name: String) throws -> PrivateKey {
    try PrivateKey(suite: Self.suite, secret: Self.suite.hash(Array("person \(name)".utf8)).bytes)
  }

  /// A person's consent to one call, vouched for by the identity service.
  func proof(
    _ name: String, _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable & Sendable, _ sandbox: ContractSandbox
  ) throws -> SubjectProof {
    guard let service = accounts[Self.service] else { throw ContractError.notFound }
    let person = try key(name)
    let statement = SubjectStatement(
      domain: domain, subject: self.person(name), key: person.publicKey, until: sandbox.time.advanced(byMilliseconds: 60_000))
    return try SubjectProof.make(
      statement, service: service, person: person, contract: contract, entry: entry, arguments: arguments,
      random: random(name, sandbox), genesis: sandbox.genesis.id)
  }

  /// Fresh for each person and call: equal consents have equal ids, and are good once.
  private func random(_ name: String, _ sandbox: ContractSandbox) -> Digest {
    Self.suite.hash(sandbox.nextTransaction.digest.bytes + Array(name.utf8))
  }

  /// The consents of persons by name and of organisations with members.
  func consents(
    _ persons: [String], _ organisations: [OrganisationID], _ contract: ContractName, _ entry: EntryName,
    _ arguments: some CanonicalCodable & Sendable, _ sandbox: ContractSandbox
  ) throws -> [PartyConsent] {
    var consents: [PartyConsent] = []
    for name in persons {
      let proof = try proof(name, contract, entry, arguments, sandbox)
      consents.append(PartyConsent(party: .person(person(name)), proof: .person(proof)))
    }
    for organisation in organisations {
      guard let member = accounts[organisation] else { throw ContractError.notFound }
      consents.append(
        try PartyConsent.make(
          organisation, member: member, contract: contract, entry: entry, arguments: arguments,
          random: random(organisation.rawValue, sandbox), genesis: sandbox.genesis.id))
    }
    return consents
  }
}
