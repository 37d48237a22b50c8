import ChainCore
import ChainTesting
import Testing

/// Validators change by votes and evidence only, between epochs only, and no change can brick the chain.
@Suite struct GovernanceTests {
  static let operators: [OrganisationID] = ["zhengzhou", "kaifeng", "luoyang", "xinxiang"]

  static func chain(engine: EngineKind = .simplex, epoch: UInt64 = 8) throws -> SoloChain {
    try SoloChain(
      [NotesContract()], suite: .international, engine: engine, organisations: ["city-hall": ["department"]],
      parameters: ChainParameters(epochLength: epoch),
      operators: operators)
  }

  static func key(_ name: String, _ suite: CryptoSuite = .international) throws -> PrivateKey {
    try PrivateKey(suite: suite, secret: suite.hash(Array(name.utf8)).bytes)
  }

  static func seats(_ chain: SoloChain) throws -> ValidatorSeats { try chain.ledger.query("governance", "seats", NoResult()) }

  /// Three of four organisations approve.
  @discardableResult static func pass(
    _ change: ValidatorChange, by operators: [OrganisationID] = operators, _ chain: inout SoloChain
  ) throws -> Receipt {
    let proposed = try chain.call("governance", "propose", ProposeChange(change: change, reason: ""), by: try chain.member(operators[0]))
    guard proposed.status == .succeeded else { return proposed }
    let id = try UInt64(canonicalBytes: proposed.output)
    _ = try chain.call("governance", "vote", CastVote(proposal: id, approves: true), by: try chain.member(operators[1]))
    return try chain.call("governance", "vote", CastVote(proposal: id, approves: true), by: try chain.member(operators[2]))
  }

  static func ready(_ key: PrivateKey, _ chain: SoloChain) throws -> ValidatorReady {
    let certificate = try #require(try chain.ledger.newestCertificate())
    let digest = certificate.checkpoint.digest(genesis: chain.ledger.genesisID, suite: chain.suite)
    return ValidatorReady(key: key.publicKey, certificate: certificate, signature: try key.sign(digest))
  }

  @Test(arguments: EngineKind.allCases) func newcomerGetsItsSeatAfterAVoteAndItsProof(engine: EngineKind) throws {
    var chain = try Self.chain(engine: engine)
    let newcomer = try Self.key("anyang")
    let clerk = try chain.member("city-hall")
    let validator = Validator(key: newcomer.publicKey, weight: 1, organisation: "anyang")
    #expect(try Self.pass(.add(validator), &chain).status == .succeeded)
    #expect(try Self.seats(chain).joining.map(\.validator) == [validator])
    #expect(try Self.seats(chain).next == nil)

    var forged = try Self.ready(newcomer, chain)
    forged.signature = try Self.key("other").sign(forged.certificate.checkpoint.digest(genesis: chain.ledger.genesisID, suite: chain.suite))
    #expect(try chain.call("governance", "ready", forged, by: clerk).code == "badArgument")
    var foreign = try Self.ready(newcomer, chain)
    foreign.key = try Self.key("nobody").publicKey
    #expect(try chain.call("governance", "ready", foreign, by: clerk).code == "notFound")
    #expect(try chain.call("governance", "ready", Self.ready(newcomer, chain), by: clerk).status == .succeeded)
    let before = chain.ledger.head.validators
    if engine == .simplex {
      #expect(before.generation == 1 && before.members.count == 4, "not before the epoch ends")
      while !chain.ledger.head.height.rawValue.isMultiple(of: 8) { try chain.makeBlock() }
    }
    let boundary = chain.ledger.head
    #expect(boundary.validators.generation == 2 && boundary.validators.members.contains(validator))
    #expect(boundary.checkpoint.validatorSetHash == boundary.validators.hash(genesis: chain.ledger.genesisID, suite: chain.suite))

    let handover = try #require(try chain.ledger.handovers(after: 1).first)
    #expect(handover.since == boundary.height.next && handover.next == boundary.validators)
    try handover.verify(from: chain.genesis.validators, genesis: chain.ledger.genesisID, suite: chain.suite)
    #expect(throws: HandoverError.generation(2, after: 2)) {
      try handover.verify(from: handover.next, genesis: chain.ledger.genesisID, suite: chain.suite)
    }
    var other = handover
    other.next = try ValidatorSet(generation: 2, rule: handover.next.rule, members: Array(handover.next.members.dropFirst()))
    #expect(throws: HandoverError.otherSet) {
      try other.verify(from: chain.genesis.validators, genesis: chain.ledger.genesisID, suite: chain.suite)
    }

    chain.joinedKeys = [newcomer]
    let certificate = try chain.makeBlock()
    #expect(certificate.generation == 2 && certificate.signers.count == 5)
    // The boundary's own checkpoint is the old set's to sign.
    #expect(try chain.certify(boundary.checkpoint).generation == 1)
    try chain.makeBlock()
    let again = try Ledger(store: MemoryStore(), genesis: chain.genesis, contracts: chain.founding.registry)
    var height: BlockHeight = 1
    while height <= chain.ledger.head.height {
      try again.commit(try chain.ledger.block(at: height), position: height.rawValue)
      height = height.next
    }
    #expect(again.head.checkpoint == chain.ledger.head.checkpoint && again.validators(signing: boundary.height).generation == 1)
    #expect(again.validators(signing: boundary.height.next).generation == 2)
  }

  @Test func reopenedLedgerKnowsItsSets() throws {
    let store = MemoryStore()
    var chain = try SoloChain([NotesContract()], suite: .international, engine: .raft, operators: Self.operators, store: store)
    try Self.pass(.remove(chain.validatorKeys[3].publicKey), &chain)
    try chain.makeBlock()
    try chain.makeBlock()
    let again = try Ledger(store: store, genesis: chain.genesis, contracts: chain.founding.registry)
    #expect(again.head == chain.ledger.head && again.head.validators.generation == 2)
    let since = again.head.seats.since
    #expect(again.validators(signing: since.previous).generation == 1 && again.validators(signing: since).generation == 2)
  }

  @Test func votesCountOnceByOrganisationsWithASeat() throws {
    var chain = try Self.chain()
    let change = ProposeChange(change: .remove(chain.validatorKeys[0].publicKey), reason: "its machine was sold")
    let clerk = try chain.member("city-hall")
    #expect(try chain.call("governance", "propose", change, by: clerk).code == "notAuthorised")
    let proposed = try chain.call("governance", "propose", change, by: try chain.member("zhengzhou"))
    let id = try UInt64(canonicalBytes: proposed.output)
    let yes = CastVote(proposal: id, approves: true)
    let no = CastVote(proposal: id, approves: false)
    #expect(try chain.call("governance", "vote", yes, by: try chain.member("zhengzhou")).code == "alreadyExists")
    #expect(try chain.call("governance", "vote", yes, by: try chain.member("zhengzhou", named: "another")).code == "alreadyExists")
    #expect(try chain.call("governance", "vote", CastVote(proposal: 9, approves: true), by: try chain.member("kaifeng")).code == "notFound")
    #expect(try chain.call("governance", "vote", no, by: try chain.member("kaifeng")).status == .succeeded)
    #expect(try chain.ledger.query("governance", "openProposals", NoResult(), as: [UInt64].self) == [id])
    #expect(try chain.call("governance", "vote", no, by: try chain.member("luoyang")).status == .succeeded)
    let proposal = try #require(try chain.ledger.query("governance", "proposal", id, as: GovernanceProposal?.self))
    #expect(proposal.status == .rejected && proposal.refusals == ["kaifeng", "luoyang"])
    #expect(try chain.call("governance", "vote", yes, by: try chain.member("xinxiang")).code == "notAllowed")
    #expect(try Self.seats(chain).next == nil)
  }

  @Test func nothingThatBricksTheChain() throws {
    var chain = try Self.chain()
    let keys = chain.validatorKeys.map(\.publicKey)
    func code(_ change: ValidatorChange) throws -> String { try Self.pass(change, &chain).code }
    #expect(try code(.add(chain.genesis.validators.members[0])) == "alreadyExists")
    #expect(try code(.add(Validator(key: try Self.key("x").publicKey, weight: 0, organisation: "x"))) == "badArgument")
    #expect(try code(.add(Validator(key: try Self.key("x", .guomi).publicKey, weight: 1, organisation: "x"))) == "badArgument")
    #expect(try code(.remove(try Self.key("x").publicKey)) == "notFound")
    #expect(try code(.weight(keys[0], 0)) == "badArgument")
    #expect(try code(.remove(keys[0])) == "ok")
    #expect(try code(.remove(keys[1])) == "ok")
    #expect(try code(.remove(keys[2])) == "notAllowed", "three of four would be a quorum")
    #expect(try Self.seats(chain).next?.count == 2)
    var raft = try Self.chain(engine: .raft)
    #expect(try Self.pass(.weight(raft.validatorKeys[0].publicKey, 2), &raft).code == "notSupported")
    #expect(try Self.pass(.add(Validator(key: try Self.key("x").publicKey, weight: 2, organisation: "x")), &raft).code == "badArgument")
    var alone = try SoloChain([NotesContract()], suite: .international, engine: .raft, validators: 1)
    let last = ProposeChange(change: .remove(alone.validatorKeys[0].publicKey), reason: "")
    #expect(try alone.call("governance", "propose", last, by: alone.administrator).code == "notAllowed")
  }

  @Test func aKeyIsReplacedInItsSeat() throws {
    var chain = try Self.chain(epoch: 4)
    let (old, new) = (chain.validatorKeys[1].publicKey, try Self.key("new disk"))
    try Self.pass(.replace(old, by: new.publicKey), &chain)
    let clerk = try chain.member("city-hall")
    #expect(try chain.call("governance", "ready", Self.ready(new, chain), by: clerk).status == .succeeded)
    while chain.ledger.head.validators.generation == 1 { try chain.makeBlock() }
    let set = chain.ledger.head.validators
    #expect(set.members.count == 4 && set.index(of: old) == nil)
    let place = try #require(set.index(of: new.publicKey))
    #expect(set.members[place].organisation == chain.genesis.validators.members[1].organisation)
  }

  static func votes(_ key: PrivateKey, at index: Int, _ chain: SoloChain, second: VoteStatement? = nil) throws -> EquivocationEvidence {
    let set = chain.ledger.validators(signing: 1)
    let hash = set.hash(genesis: chain.ledger.genesisID, suite: chain.suite)
    func block(_ name: UInt8) -> VoteStatement {
      .notarize(BlockProposal(epoch: 0, view: 3, parentView: 2, blockID: BlockID(chain.suite.hash([name]))))
    }
    func sign(_ statement: VoteStatement) throws -> Signature {
      try key.sign(statement.digest(genesis: chain.ledger.genesisID, suite: chain.suite, validatorSetHash: hash))
    }
    let (first, second) = (block(1), second ?? block(2))
    return EquivocationEvidence(
      validator: UInt32(index), first: first, firstSignature: try sign(first), second: second, secondSignature: try sign(second))
  }

  @Test func aDoubleVoteCostsTheSeat() throws {
    var chain = try Self.chain(epoch: 12)
    let clerk = try chain.member("city-hall")
    let liar = chain.validatorKeys[2]
    func report(_ evidence: EquivocationEvidence) throws -> String { try chain.call("governance", "evidence", evidence, by: clerk).code }
    #expect(try report(Self.votes(Self.key("somebody"), at: 2, chain)) == "badArgument", "not its signature")
    #expect(try report(Self.votes(liar, at: 1, chain)) == "badArgument", "another's seat")
    #expect(try report(Self.votes(liar, at: 9, chain)) == "badArgument")
    #expect(try report(Self.votes(liar, at: 2, chain, second: .nullify(0, 3))) == "badArgument", "lawful")
    var later = try Self.votes(liar, at: 2, chain)
    later.first = .nullify(70, 3)
    #expect(try report(later) == "badArgument", "an epoch that has not begun")
    #expect(try report(Self.votes(liar, at: 2, chain)) == "ok")
    #expect(try report(Self.votes(liar, at: 2, chain)) == "alreadyExists")
    #expect(chain.ledger.head.validators.members.count == 4)
    while chain.ledger.head.validators.generation == 1 { try chain.makeBlock() }
    #expect(chain.ledger.head.validators.index(of: liar.publicKey) == nil && chain.ledger.head.validators.members.count == 3)
    let found: Conviction? = try chain.ledger.query("governance", "conviction", chain.suite.accountID(of: liar.publicKey))
    #expect(found?.key == liar.publicKey && found?.view == 3)
    // Evidence of an epoch that is over still counts against the set of that time.
    #expect(try report(Self.votes(chain.validatorKeys[1], at: 1, chain)) == "ok")
    var raft = try Self.chain(engine: .raft)
    #expect(
      try raft.call("governance", "evidence", Self.votes(raft.validatorKeys[0], at: 0, raft), by: raft.administrator).code == "notSupported"
    )
  }
}
