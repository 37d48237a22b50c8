public import ChainCore

/// What an identity service says of a person's key.
public struct SubjectStatement: CanonicalRecord, Codable, Hashable {
  /// The domain, such as `licence`.
  public var domain: String
  /// The person.
  public var subject: SubjectRef
  /// The person's key.
  public var key: PublicKey
  /// Until when the statement holds.
  public var until: BlockTime

  /// Puts the fields together.
  public init(domain: String, subject: SubjectRef, key: PublicKey, until: BlockTime) {
    self.domain = domain
    self.subject = subject
    self.key = key
    self.until = until
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.domain, \.subject, \.key, \.until)
}

/// What a person signs: the call and its arguments without proofs, and 32 random bytes.
public struct SubjectConsent<Arguments: CanonicalCodable & Sendable>: CanonicalRecord {
  /// The contract called.
  public var contract: ContractName
  /// The entry called.
  public var entry: EntryName
  /// Its arguments, proofs left out.
  public var arguments: Arguments
  /// 32 random bytes, so that equal consents differ.
  public var random: Digest

  /// Puts the fields together.
  public init(contract: ContractName, entry: EntryName, arguments: Arguments, random: Digest) {
    self.contract = contract
    self.entry = entry
    self.arguments = arguments
    self.random = random
  }

  /// The fields in order.
  public static var layout: Layout<SubjectConsent> { Layout(Self.init, \.contract, \.entry, \.arguments, \.random) }

  /// What the person signs, and the id of the consent.
  public func digest(genesis: GenesisID, suite: CryptoSuite) -> Digest { suite.digest("SubjectConsent", genesis, self) }
}

/// A person's consent to one call, brought by a citizen's agent: the identity service vouches for the key, the person signs the call.
/// Good once: an agent can neither invent nor replay it.
public struct SubjectProof: CanonicalRecord, Codable, Hashable {
  /// The identity service's statement.
  public var statement: SubjectStatement
  /// The member of the identity service that signed the statement.
  public var service: AccountID
  /// Its signature over the statement.
  public var serviceSignature: Signature
  /// The person's signature over the consent.
  public var signature: Signature
  /// The random bytes of the consent.
  public var random: Digest

  /// Puts the parts together.
  public init(
    statement: SubjectStatement, service: AccountID, serviceSignature: Signature, signature: Signature, random: Digest
  ) {
    self.statement = statement
    self.service = service
    self.serviceSignature = serviceSignature
    self.signature = signature
    self.random = random
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.statement, \.service, \.serviceSignature, \.signature, \.random)

  /// What the identity service signs.
  public static func statementDigest(_ statement: SubjectStatement, genesis: GenesisID, suite: CryptoSuite) -> Digest {
    suite.digest("SubjectStatement", genesis, statement)
  }

  /// A proof made by a service's member and a person, for one call.
  public static func make<Arguments: CanonicalCodable & Sendable>(
    _ statement: SubjectStatement, service: Account, person: PrivateKey, contract: ContractName, entry: EntryName, arguments: Arguments,
    random: Digest, genesis: GenesisID
  ) throws(KeyError) -> SubjectProof {
    let suite = person.suite
    let consent = SubjectConsent(contract: contract, entry: entry, arguments: arguments, random: random)
    return SubjectProof(
      statement: statement, service: service.id,
      serviceSignature: try service.key.sign(statementDigest(statement, genesis: genesis, suite: suite)),
      signature: try person.sign(consent.digest(genesis: genesis, suite: suite)), random: random)
  }
}

/// Checks persons' proofs and remembers the ids of what was signed, in a table of the contract.
public struct SubjectProofs: Sendable {
  /// The domain of the contract's references.
  public let domain: String
  private let used: Table<Digest, BlockHeight>

  /// Keeps ids in the table `subject-proofs`.
  public init(domain: String) {
    self.domain = domain
    used = Table("subject-proofs")
  }

  /// Checks that `subject` agreed to this call and never used the consent before; returns its id.
  /// - Throws: `.notAuthorised` with the failed check, `.alreadyExists` for a used consent.
  public func redeem<Arguments: CanonicalCodable & Sendable>(
    _ proof: SubjectProof, of subject: SubjectRef, entry: EntryName, arguments: Arguments, _ context: ContractContext
  ) throws(ContractError) -> Digest {
    let statement = proof.statement
    guard statement.domain == domain, statement.subject == subject else {
      throw .notAuthorised("the proof is about another person or domain")
    }
    guard context.time <= statement.until else { throw .notAuthorised("the identity service's statement has expired") }
    guard let member = try context.member(proof.service), member.status == .active,
      member.validFrom <= context.time, context.time <= member.validUntil,
      try context.organisation(member.organisation, has: .identityService)
    else { throw .notAuthorised("the statement is not signed by an identity service of this chain") }
    try context.charge(100)
    let digest = SubjectProof.statementDigest(statement, genesis: context.genesis, suite: context.suite)
    guard member.key.verify(proof.serviceSignature, of: digest) else {
      throw .notAuthorised("the identity service's signature is not valid")
    }
    let id = SubjectConsent(contract: context.contract, entry: entry, arguments: arguments, random: proof.random)
      .digest(genesis: context.genesis, suite: context.suite)
    guard statement.key.suite == context.suite, statement.key.verify(proof.signature, of: id) else {
      throw .notAuthorised("the person's signature is not valid for this call")
    }
    try remember(id, context)
    return id
  }

  /// A consent is good once.
  func remember(_ id: Digest, _ context: ContractContext) throws(ContractError) {
    guard try context.get(used, id) == nil else { throw .alreadyExists }
    try context.put(used, id, context.height)
  }
}
