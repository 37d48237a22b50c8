import Apps
import ChainCore
import ChainTesting
import Testing

/// People are references that only the identity service can make, and they consent once to one call.
@Suite struct Subjects {
  let world: LicenceScenario

  init() throws { world = try LicenceScenario(machine: "grant", state: nil, variant: "person") }

  var content: GrantContent {
    GrantContent(
      licence: world.number, verifier: "bureau", verifierChain: world.sandbox.genesis.chain, fields: ["name"], purpose: "p1",
      until: world.sandbox.time.advanced(byMilliseconds: 1_000_000), maxUses: 2)
  }

  /// Grants with `proof` as a citizen's agent.
  @discardableResult
  func grant(_ proof: SubjectProof, _ content: GrantContent? = nil, in sandbox: inout ContractSandbox) throws -> Digest {
    try sandbox.call(
      "licence", "grant", GiveGrant(content: content ?? self.content, proof: proof), as: sandbox.caller(LicenceScenario.agent),
      returning: Digest.self)
  }

  func refused(_ proof: SubjectProof, _ content: GrantContent? = nil, _ location: SourceLocation = #_sourceLocation) {
    var sandbox = world.sandbox
    expect("notAuthorised", location) { try grant(proof, content, in: &sandbox) }
    #expect(sandbox.records == world.sandbox.records, sourceLocation: location)
  }

  @Test func referencesOfTwoDomainsOrKeysDoNotLink() throws {
    let key = [UInt8](repeating: 7, count: 32)
    func reference(_ number: String, _ domain: String, _ key: [UInt8], _ suite: CryptoSuite = .guomi) throws -> SubjectRef {
      try SubjectRef(citizenNumber: number, domain: domain, key: key, suite: suite)
    }
    let number = "410105188501010014"
    let all = [
      try reference(number, "licence", key), try reference(number, "medical", key), try reference(number, "licence", key + [0, 1]),
      try reference(number, "licence", key, .international),
    ]
    #expect(Set(all).count == all.count)
    #expect(try reference(number, "licence", key) == all[0])
    let message: [UInt8] = [7] + Array("licence".utf8) + [18] + Array(number.utf8)
    #expect(all[0].digest == (try CryptoSuite.guomi.hmac(key: key, message: message)))
    #expect(throws: IdentifierError.self) { try reference("410105188501010015", "licence", key) }
  }

  @Test func aConsentIsGoodOnce() throws {
    var sandbox = world.sandbox
    let proof = try world.proof("grant", content)
    let id = try grant(proof, content, in: &sandbox)
    #expect(try sandbox.query("licence", "grantRecord", id, as: Registered<Grant>?.self) != nil)
    let before = sandbox.records
    let agreed = content
    expect("alreadyExists") { try grant(proof, agreed, in: &sandbox) }
    #expect(sandbox.records == before)
  }

  @Test func aConsentIsForThisCallOnly() throws {
    var other = content
    other.maxUses = 3
    refused(try world.proof("grant", content), other)
    refused(try world.proof("revokeGrant", content), content)
    var proof = try world.proof("grant", content)
    proof.random = .zero
    refused(proof)
  }

  @Test func onlyThePersonAndTheServiceCanMakeIt() throws {
    let people = world.people
    let suite = CryptoSuite.guomi
    let stranger = try PrivateKey(suite: suite, secret: suite.hash([4]).bytes)
    func proof(
      domain: String = "licence", subject: SubjectRef? = nil, service: Account? = nil, person: PrivateKey? = nil, until: BlockTime? = nil
    ) throws -> SubjectProof {
      let person = person ?? people.person
      let statement = SubjectStatement(
        domain: domain, subject: subject ?? people.reference, key: person.publicKey, until: until ?? world.sandbox.time)
      return try SubjectProof.make(
        statement, service: service ?? people.service, person: person, contract: "licence", entry: "grant", arguments: content,
        random: .zero, genesis: world.sandbox.genesis.id)
    }
    var sandbox = world.sandbox
    try grant(try proof(), content, in: &sandbox)
    refused(try proof(domain: "medical"))
    refused(try proof(subject: SubjectRef(suite.hash([8]))))
    refused(try proof(until: BlockTime(world.sandbox.time.rawValue - 1)))
    // A service that the chain does not know; another's key under the service's account; another person's signature.
    refused(try proof(service: Account(organisation: LicenceScenario.service, key: stranger)))
    refused(try proof(service: Account(id: people.service.id, organisation: LicenceScenario.service, key: stranger)))
    var swapped = try proof()
    swapped.signature = try proof(person: stranger).signature
    refused(swapped)
    swapped = try proof()
    swapped.statement.key = stranger.publicKey
    refused(swapped)
  }

  /// The certificate of the service's member ends at 4·10¹² ms.
  @Test func anExpiredCertificateVouchesForNobody() throws {
    var late = world
    late.sandbox.time = 3_999_999_999_999
    func proof() throws -> (SubjectProof, GrantContent) {
      var content = content
      content.until = late.sandbox.time.advanced(byMilliseconds: 1_000)
      return (try late.proof("grant", content), content)
    }
    var (consent, agreed) = try proof()
    var copy = late.sandbox
    try grant(consent, agreed, in: &copy)
    late.sandbox.time = 4_000_000_000_001
    (consent, agreed) = try proof()
    expect("notAuthorised") { try grant(consent, agreed, in: &late.sandbox) }
  }

  @Test func anAgentNeedsAProof() throws {
    var sandbox = world.sandbox
    let content = content
    expect("notAuthorised") {
      try sandbox.call("licence", "grant", GiveGrant(content: content), as: sandbox.caller(LicenceScenario.agent))
    }
  }
}

/// The digest of a file finds its deposits, the earliest first.
@Suite struct AnchorOrder {
  @Test func theEarliestDepositComesFirst() throws {
    var world = try EvidenceScenario(machine: "evidence", state: "deposited")
    let own = try #require(Digest(world.own.bytes))
    let first = try #require(world.item)
    let copier = world.sandbox.caller("91410000MA9A00061G", roles: ["depositor"])
    try world.sandbox.call("evidence", "deposit", world.deposit(nonce: own), as: copier)
    let found = try world.sandbox.query("evidence", "byDigest", own, as: [Anchor].self)
    #expect(found.map(\.depositor) == [EvidenceScenario.depositor, copier.organisation])
    #expect(found.first?.record == first.hex && found[0].height < found[1].height && found[0].time < found[1].time)
    #expect(try world.sandbox.query("evidence", "byDigest", Digest.zero, as: [Anchor].self).isEmpty)
  }
}
