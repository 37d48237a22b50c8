@testable import ChainCore

/// One value of a canonical type, with the type erased: what the enemy tables are run over.
struct CanonicalSample: Sendable, CustomStringConvertible {
  let name: String
  let bytes: [UInt8]
  /// Decodes all of the bytes and encodes the value again.
  let decode: @Sendable ([UInt8]) throws(CanonicalError) -> [UInt8]

  init<Value: CanonicalCodable & Sendable>(_ value: Value, as name: String? = nil) {
    self.name = name ?? "\(Value.self)"
    bytes = value.canonicalBytes
    decode = { @Sendable (bytes: [UInt8]) throws(CanonicalError) -> [UInt8] in try Value(canonicalBytes: bytes).canonicalBytes }
  }

  var description: String { name }
}

/// Values of every canonical type of ChainCore. A new type gets a line here.
enum CanonicalSamples {
  static let digest = CryptoSuite.guomi.hash([1])
  static let other = CryptoSuite.international.hash([2])
  static let account = AccountID(digest)
  // The base points of both curves: fixed, and accepted as keys.
  static let edwards = [UInt8](hex: "5866666666666666666666666666666666666666666666666666666666666666") ?? []
  static let sm2 =
    [UInt8](
      hex: "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
        + "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0") ?? []

  static let primitives: [CanonicalSample] = [
    CanonicalSample(UInt8(7)), CanonicalSample(UInt16(258)), CanonicalSample(UInt32.max), CanonicalSample(UInt64(1) << 63),
    CanonicalSample(UInt128.max), CanonicalSample(Int8(-1)), CanonicalSample(Int16.min), CanonicalSample(Int32(-2)),
    CanonicalSample(Int64.max), CanonicalSample(Int128(-3)), CanonicalSample(true), CanonicalSample("箱 é e\u{301} 𠮷\0"),
    CanonicalSample(String(repeating: "a", count: 130), as: "long String"), CanonicalSample([UInt8](0..<40)),
    CanonicalSample([UInt32](0..<5)), CanonicalSample(["a", "", "bc"]), CanonicalSample([[[UInt8(1)], []], []]),
    CanonicalSample(UInt16?.some(5)), CanonicalSample(String?.none), CanonicalSample(UInt8??.some(nil)),
    CanonicalSample(CanonicalMap([("b", UInt8(1)), ("aa", 2), ("", 3)])),
    CanonicalSample(CanonicalMap([(256, ["x"]), (1, []), (255, ["y", "z"])] as [(UInt16, [String])])),
    CanonicalSample(CryptoSuite.international), CanonicalSample(digest), CanonicalSample(GenesisID(other)), CanonicalSample(account),
    CanonicalSample(TransactionID(digest)), CanonicalSample(BlockID(other)), CanonicalSample(BlockHeight(9)),
    CanonicalSample(BlockTime(1_700_000_000_000)), CanonicalSample(ChainID("henan/land-2")), CanonicalSample(ContractName("land_use")),
    CanonicalSample(EntryName("add")), CanonicalSample(Role("auditor")), CanonicalSample(TableName("holders")),
    CanonicalSample(OrganisationID("11410100MB0A010107")),
  ]

  static let trees: [CanonicalSample] = {
    let child = StateChild(kind: .inner, version: 3, hash: digest)
    var inner = StateInner()
    inner.children[2] = child
    inner.children[15] = StateChild(kind: .leaf, version: 4, hash: other)
    var path = StatePath()
    for nibble in [1, 15, 0, 7, 9] as [UInt8] { path = path.appending(nibble) }
    var edge = AppendOnlyTree()
    for _ in 0..<7 { edge.append(digest, suite: .guomi) }
    let inclusion = InclusionProof(index: 2, size: 5, path: [digest, other, digest])
    let stateEdge = StateEdge(depth: 3, siblings: [digest, other])
    let leafDigest = StateLeafDigest(keyHash: digest, valueHash: other)
    return [
      CanonicalSample(stateEdge), CanonicalSample(leafDigest),
      CanonicalSample(StateRangeProof(next: leafDigest, left: nil, right: stateEdge)),
      CanonicalSample(edge), CanonicalSample(LogNode(level: 2, index: 9, digest: digest)), CanonicalSample(inclusion),
      CanonicalSample(ConsistencyProof(oldSize: 3, newSize: 5, path: [digest, other])),
      CanonicalSample(path), CanonicalSample(StateNodeKey(version: 7, path: path)),
      CanonicalSample(StateLeaf(keyHash: digest, valueHash: other)), CanonicalSample(inner),
      CanonicalSample(StateNode.empty, as: "StateNode.empty"),
      CanonicalSample(StoredLeaf(leaf: StateLeaf(keyHash: digest, valueHash: other), key: [1, 2], value: [3])),
      CanonicalSample(
        StateNode.leaf(StoredLeaf(leaf: StateLeaf(keyHash: digest, valueHash: other), key: [1], value: [])), as: "StateNode.leaf"),
      CanonicalSample(StateNode.inner(inner), as: "StateNode.inner"),
      CanonicalSample(StateProof(end: .present, siblings: [digest, other]), as: "StateProof.present"),
      CanonicalSample(StateProof(end: .otherLeaf(keyHash: digest, valueHash: other), siblings: [other]), as: "StateProof.otherLeaf"),
      CanonicalSample(StateProof(end: .empty, siblings: []), as: "StateProof.empty"),
      CanonicalSample(
        StateMultiProof(
          ends: [
            StatePathEnd(depth: 3, end: .present), StatePathEnd(depth: 256, end: .empty),
            StatePathEnd(depth: 1, end: .otherLeaf(keyHash: digest, valueHash: other)),
          ], siblings: [digest, other])),
      CanonicalSample(StatePathEnd(depth: 2, end: .empty)),
    ]
  }()

  static func chain() throws -> [CanonicalSample] {
    let first = try PublicKey(suite: .guomi, bytes: sm2)
    let second = try PublicKey(suite: .international, bytes: edwards)
    guard let signature = Signature(digest.bytes + other.bytes) else { return [] }
    let transaction = Transaction(
      chain: "land", sender: account, contract: "land", entry: "add", arguments: [1, 2, 3], salt: 5, validUntilHeight: 77)
    let signed = SignedTransaction(transaction: transaction, key: first, signature: signature)
    let header = BlockHeader(
      chain: "land", height: 4, parent: BlockID(digest), time: 1_000, proposer: account, transactionsRoot: other)
    let checkpoint = Checkpoint(
      chain: "land", height: 4, blockID: BlockID(digest), stateRoot: other, receiptsRoot: digest, historyRoot: other,
      validatorSetHash: digest)
    let event = Event(contract: "land", name: "add", payload: [9])
    let reading = MeterReading(reads: 1, writes: 2, bytes: 3, steps: 4)
    let receipt = Receipt(
      transaction: TransactionID(digest), status: .succeeded, code: "", message: "好", events: [event, event], output: [0], meter: reading)
    let validator = Validator(key: first, weight: 3, organisation: "a")
    let set = try ValidatorSet(
      generation: 2, rule: .moreThanTwoThirds, members: [validator, Validator(key: second, weight: 1, organisation: "b")])
    let organisation = GenesisOrganisation(id: "a", name: "甲", roles: ["auditor", "relayer"])
    let remote = RemoteRoles(chain: "relay", organisation: "b", roles: ["relayer"])
    let contract = GenesisContract(name: "land", manifest: digest, configuration: [1])
    let genesis = Genesis(
      chain: "land", suite: .guomi, engine: .raft, time: 1, validators: set, certificateAuthorities: [[1, 2]],
      organisations: [organisation], members: [[3], []], remoteRoles: [remote], contracts: [contract])
    let leaf = HistoryLeaf(checkpoint)
    let path = InclusionProof(index: 1, size: 2, path: [digest])
    let item = ManifestItem(name: "add", access: "everyone", arguments: "String", result: "NoResult()")
    let member = Member(
      account: account, organisation: "a", name: "张", key: second, serial: [1, 2], validFrom: 1, validUntil: 2, status: .active)
    let proposal = BlockProposal(epoch: 1, view: 5, parentView: 3, blockID: BlockID(digest))
    let (finalize, nullify) = (VoteStatement.finalize(proposal), VoteStatement.nullify(1, 5))
    let consensus = [
      CanonicalSample(proposal), CanonicalSample(VoteKind.finalize), CanonicalSample(VoteStatement.notarize(proposal)),
      CanonicalSample(finalize, as: "VoteStatement.finalize"), CanonicalSample(nullify, as: "VoteStatement.nullify"),
      CanonicalSample(BoundVote(validatorSetHash: digest, statement: finalize)), CanonicalSample(Epoch(2)), CanonicalSample(View(9)),
      CanonicalSample(QuorumCertificate(statement: finalize, bitmap: [0xe0], signatures: [signature, signature, signature])),
      CanonicalSample(
        EquivocationEvidence(validator: 2, first: nullify, firstSignature: signature, second: finalize, secondSignature: signature)),
    ]
    let certificate = CheckpointCertificate(checkpoint: checkpoint, generation: 2, bitmap: [0x80], signatures: [signature])
    let joining = ValidatorSeats.Joining(validator: validator, replaces: second)
    let accessRule = AccessRule("add", audience: .roles(["r"]), allowed: [OrganisationPlace("a", on: "land")], denied: [])
    let revocations = ImportedRevocations(
      issuer: digest, number: [1], thisUpdate: 2, nextUpdate: 3, height: 4, revoked: 5, suspended: 6)
    let contractVersion = ContractVersion(
      contract: "land", version: 2, manifest: digest, code: digest, audit: digest, configuration: [1])
    let running = ActiveContract(contract: "land", version: 1, manifest: digest, status: .active, since: 3)
    let pending = PendingVersion(contract: "land", version: 2, manifest: digest, from: 9)
    let audited = AuditRecord(
      height: 1, time: 2, transaction: nil, account: account, organisation: "a", contract: "land", action: "land.add", outcome: "ok",
      detail: digest, count: 3)
    let call = GovernedCall(contract: "land", entry: "add", arguments: [1, 2])
    let scope = RuleScope(contract: "land", entry: "add")
    let rule = ProposalRule(electorate: .administrators, threshold: .majority, delayHeights: 3, delayMs: 4)
    let ballot = BallotTally(scope: scope, rule: rule, voters: ["a"], approvals: 1, refusals: 2, isApproved: true)
    let governance = [
      CanonicalSample(Handover(certificate: certificate, next: set)), CanonicalSample(joining, as: "Joining"),
      CanonicalSample(ValidatorSeats(current: set, since: 5, next: [validator], joining: [joining])),
      CanonicalSample(ValidatorChange.add(validator)), CanonicalSample(ValidatorChange.remove(first), as: "ValidatorChange.remove"),
      CanonicalSample(ValidatorChange.weight(first, 5), as: "ValidatorChange.weight"),
      CanonicalSample(ValidatorChange.replace(first, by: second), as: "ValidatorChange.replace"),
      CanonicalSample(ProposeChange(change: .remove(second), reason: "因")), CanonicalSample(CastVote(proposal: 3, approves: true)),
      CanonicalSample(ValidatorReady(key: first, certificate: certificate, signature: signature)),
      CanonicalSample(
        GovernanceProposal(
          change: .validators(.remove(first)), reason: "", proposer: "a", until: 9, approvals: ["a", "b"], refusals: ["c"],
          status: .approved, fromHeight: 3, fromTime: 4)),
      CanonicalSample(GovernanceChange.calls([call]), as: "GovernanceChange.calls"),
      CanonicalSample(GovernanceChange.validators(.remove(second))), CanonicalSample(call),
      CanonicalSample(GovernanceProposal.Status.cancelled, as: "Status"), CanonicalSample(ApprovalThreshold.twoThirds),
      CanonicalSample(Electorate.administrators), CanonicalSample(rule), CanonicalSample(scope),
      CanonicalSample(RuleScope(contract: "land"), as: "RuleScope of a contract"), CanonicalSample(RuleSetting(scope: scope, rule: rule)),
      CanonicalSample(ballot), CanonicalSample(ProposalTally(status: .approved, ballots: [ballot])),
      CanonicalSample(OrganisationPlace("a", on: "land")), CanonicalSample(OrganisationPlace("a"), as: "OrganisationPlace here"),
      CanonicalSample(RoleChange(OrganisationPlace("a"), roles: ["r"])), CanonicalSample(RuleAudience.roles(["a", "b"])),
      CanonicalSample(RuleAudience.members, as: "RuleAudience.members"), CanonicalSample(accessRule),
      CanonicalSample(SetAccessRule(contract: "land", rule: accessRule)),
      CanonicalSample(RenewMember(account: account, certificates: [[1]])),
      CanonicalSample(KeyRotation(account: account, old: second, new: first)),
      CanonicalSample(RotateKey(account: account, certificates: [[1]], signature: signature)),
      CanonicalSample(ImportRevocations(list: [1], authorities: [[2]])), CanonicalSample(revocations),
      CanonicalSample(StoredRevocations(summary: revocations, list: [3])),
      CanonicalSample(RootAuthority(number: 1, certificate: [2], members: 3)),
      CanonicalSample(OrganisationStanding(organisation: Organisation(id: "a", name: "甲"), isSuspended: true)),
      CanonicalSample(MemberIssue(root: 1, issuer: digest)), CanonicalSample(contractVersion),
      CanonicalSample(ContractVersionID(contract: "land", version: 2)),
      CanonicalSample(ApproveVersion(contract: "land", version: 2, proposed: digest, from: 9)),
      CanonicalSample(VersionRecord(version: contractVersion, state: .failed, proposer: "a", since: 4)),
      CanonicalSample(VersionRecord.State.upgraded, as: "State"), CanonicalSample(ContractStatus.frozen),
      CanonicalSample(running), CanonicalSample(pending), CanonicalSample(ActiveContracts(contracts: [running], pending: [pending])),
      CanonicalSample(FailedActivation(version: ContractVersionID(contract: "land", version: 2), code: "c", message: "m")),
      CanonicalSample(audited), CanonicalSample(AuditHead(size: 1, root: digest)), CanonicalSample(AuditQuestion(from: 1, limit: 2)),
      CanonicalSample(Conviction(key: first, epoch: 1, view: 2, height: 3, reporter: account)),
    ]
    return consensus + governance + [
      CanonicalSample(first, as: "PublicKey of SM2"), CanonicalSample(second),
      CanonicalSample(EncryptionPublicKey(suite: .guomi, der: sm2)), CanonicalSample(signature), CanonicalSample(transaction),
      CanonicalSample(signed), CanonicalSample(header), CanonicalSample(Block(header: header, transactions: [signed, signed])),
      CanonicalSample(checkpoint), CanonicalSample(leaf),
      CanonicalSample(certificate),
      CanonicalSample(event), CanonicalSample(ReceiptStatus.failed), CanonicalSample(reading), CanonicalSample(receipt),
      CanonicalSample(QuorumRule.moreThanTwoThirds), CanonicalSample(validator), CanonicalSample(set), CanonicalSample(EngineKind.simplex),
      CanonicalSample(CallLimits()), CanonicalSample(ChainParameters()), CanonicalSample(organisation), CanonicalSample(remote),
      CanonicalSample(contract), CanonicalSample(genesis), CanonicalSample(MemberStatus.revoked), CanonicalSample(member),
      CanonicalSample(Organisation(id: "a", name: "甲")), CanonicalSample(item),
      CanonicalSample(ContractManifest(contract: "land", entries: [item], queries: [])), CanonicalSample(NoResult()),
      CanonicalSample(SingleKey()), CanonicalSample(PacketTimeout(relayHeight: 1, relayTimeMs: 2)),
      CanonicalSample(SentPacket(id: digest, sequence: 1)), CanonicalSample(PacketClass.important),
      CanonicalSample(PacketTicket(source: "henan/410100", port: "notes", sequence: 3)),
      CanonicalSample(AccessQuestion(account: account, contract: "land", entry: "add")),
      CanonicalSample(AccessAnswer(allowed: true, reason: "r", rule: "declared")),
      CanonicalSample(RegisterMember(certificates: [[1], [2, 3]])),
      CanonicalSample(RevokeMember(account: account, reason: "left")), CanonicalSample(TransactionPlace(height: 3, index: 1)),
      CanonicalSample(HeadRecord(height: 3, blockID: BlockID(digest), position: 4, history: AppendOnlyTree())),
      CanonicalSample(VersionedValue(version: 3, value: [1])), CanonicalSample(TransactionProof(signed: signed, path: path)),
      CanonicalSample(RecordProof(key: [1], value: nil, proof: StateProof(end: .empty, siblings: [digest]))),
      CanonicalSample(ReceiptProof(receipt: receipt, path: path)), CanonicalSample(HistoryProof(leaf: leaf, path: path)),
    ]
  }

  static func all() throws -> [CanonicalSample] { try primitives + trees + chain() }
}
