public import ChainCore

/// An organisation's consent to one call: a member signs it, as a person does.
public struct MemberConsent: CanonicalRecord, Codable, Hashable {
  /// The member that signs for its organisation.
  public var member: AccountID
  /// Its signature over the consent (`SubjectConsent`).
  public var signature: Signature
  /// The random bytes of the consent.
  public var random: Digest

  /// Puts the parts together.
  public init(member: AccountID, signature: Signature, random: Digest) {
    self.member = member
    self.signature = signature
    self.random = random
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.member, \.signature, \.random)
}

/// How a party shows that it agrees.
public enum ConsentProof: CanonicalCodable, Codable, Hashable, Sendable {
  /// A person, vouched for by the identity service.
  case person(SubjectProof)
  /// An organisation, by a member of this chain.
  case organisation(MemberConsent)

  /// Appends the variant and its value.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .person(let proof):
      writer.writeVariant(0)
      proof.encode(into: &writer)
    case .organisation(let consent):
      writer.writeVariant(1)
      consent.encode(into: &writer)
    }
  }

  /// Reads the variant and its value.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "ConsentProof") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .person(try SubjectProof(from: &reader))
      case 1: .organisation(try MemberConsent(from: &reader))
      default: nil
      }
    }
  }
}

/// A party of a matter and its consent to one call.
public struct PartyConsent: CanonicalRecord, Codable, Hashable {
  /// Who agrees.
  public var party: Subject
  /// How it shows that.
  public var proof: ConsentProof

  /// Puts the parts together.
  public init(party: Subject, proof: ConsentProof) {
    self.party = party
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.party, \.proof)

  /// The consent of an organisation, signed by a member of it.
  public static func make<Arguments: CanonicalCodable & Sendable>(
    _ organisation: OrganisationID, member: Account, contract: ContractName, entry: EntryName, arguments: Arguments, random: Digest,
    genesis: GenesisID
  ) throws(KeyError) -> PartyConsent {
    let consent = SubjectConsent(contract: contract, entry: entry, arguments: arguments, random: random)
    let signature = try member.key.sign(consent.digest(genesis: genesis, suite: member.key.suite))
    return PartyConsent(
      party: .organisation(organisation), proof: .organisation(MemberConsent(member: member.id, signature: signature, random: random)))
  }
}

extension SubjectProofs {
  /// Checks the consents to one call, each good once, and returns whose they are.
  /// - Throws: as `redeem(_:of:entry:arguments:_:)`; `.badArgument` for a party named twice.
  public func redeem<Arguments: CanonicalCodable & Sendable>(
    _ consents: [PartyConsent], entry: EntryName, arguments: Arguments, _ context: ContractContext
  ) throws(ContractError) -> [Subject] {
    let parties = consents.map(\.party)
    guard Set(parties).count == parties.count, parties.count <= 64 else { throw .badArgument("consents: at most 64 different parties") }
    for consent in consents {
      switch (consent.party, consent.proof) {
      case (.person(let person), .person(let proof)):
        _ = try redeem(proof, of: person, entry: entry, arguments: arguments, context)
      case (.organisation(let organisation), .organisation(let proof)):
        try redeem(proof, of: organisation, entry: entry, arguments: arguments, context)
      default: throw .badArgument("consents: the proof is of another kind than the party")
      }
    }
    return parties
  }

  private func redeem<Arguments: CanonicalCodable & Sendable>(
    _ proof: MemberConsent, of organisation: OrganisationID, entry: EntryName, arguments: Arguments, _ context: ContractContext
  ) throws(ContractError) {
    guard let member = try context.member(proof.member), member.organisation == organisation, member.status == .active,
      member.validFrom <= context.time, context.time <= member.validUntil
    else { throw .notAuthorised("the consent is not signed by a valid member of \(organisation)") }
    try context.charge(100)
    let id = SubjectConsent(contract: context.contract, entry: entry, arguments: arguments, random: proof.random)
      .digest(genesis: context.genesis, suite: context.suite)
    guard member.key.verify(proof.signature, of: id) else { throw .notAuthorised("the member's signature is not valid for this call") }
    try remember(id, context)
  }
}
