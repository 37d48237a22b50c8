import ChainCore
import ChainTesting
import Testing

/// Every security event is in one append-only log that each checkpoint covers, and strangers cannot blow it up.
@Suite struct AuditTests {
  static func head(_ chain: SoloChain, at height: BlockHeight? = nil) throws -> AuditHead {
    let answer = try chain.ledger.query("audit", "head", arguments: NoResult().canonicalBytes, at: height)
    return try AuditHead(canonicalBytes: answer.value)
  }

  static func records(_ chain: SoloChain, from: UInt64 = 0) throws -> [AuditRecord] {
    try chain.ledger.query("audit", "records", AuditQuestion(from: from, limit: 200))
  }

  /// The root as the definition of RFC 9162 §2.1.1 gives it.
  static func root(_ leaves: [[UInt8]], _ suite: CryptoSuite) -> Digest {
    switch leaves.count {
    case 0: return suite.hash([])
    case 1: return suite.hash([0] + leaves[0])
    default:
      var split = 1
      while split * 2 < leaves.count { split *= 2 }
      return suite.hash([1] + root(Array(leaves[..<split]), suite).bytes + root(Array(leaves[split...]), suite).bytes)
    }
  }

  @Test(arguments: CryptoSuite.allCases) func whatHappenedIsRecorded(suite: CryptoSuite) throws {
    var chain = try IdentityTests.chain(suite)
    #expect(try Self.head(chain).size == 0, "genesis is no event")
    let clerk = try chain.member("city-hall")
    try chain.call("notes", "file", FileNote(number: 1, text: ""), by: clerk)
    let denied = try chain.call("notes", "file", FileNote(number: 2, text: ""), by: try chain.member("tax"))
    try chain.call("notes", "file", FileNote(number: 1, text: ""), by: clerk)
    try chain.govern("access", "grant", RoleChange(.init("tax"), roles: ["department"]))
    try chain.govern("contracts", "freeze", ContractName("notes"))
    try chain.call("identity", "revoke", RevokeMember(account: clerk.id, reason: "left"), by: chain.administrator)
    let records = try Self.records(chain)
    let actions = records.map(\.action)
    #expect(
      Array(actions.prefix(3)) == ["identity.register", "identity.register", "notes.file"],
      "an ordinary call and an ordinary failure are none"
    )
    #expect(records[2].outcome == "notAuthorised" && records[2].transaction == denied.transaction && records[2].organisation == "tax")
    #expect(records[2].detail == suite.hash(Array(denied.message.utf8)))
    for action in ["governance.proposed", "governance.approved", "access.granted", "governance.executed", "contracts.frozen"] {
      #expect(actions.contains(action), "\(action)")
    }
    #expect(actions.last == "identity.revoke" && records.last?.account == chain.administrator.id)
    #expect(records.map(\.height) == records.map(\.height).sorted())
    let head = try Self.head(chain)
    #expect(head == AuditHead(size: UInt64(records.count), root: Self.root(records.map(\.canonicalBytes), suite)))
    #expect(throws: QueryError.self, "not for everybody") {
      try chain.ledger.query("audit", "record", UInt64(0), as: AuditRecord?.self, by: .member(try chain.member("tax").id))
    }
    #expect(try chain.ledger.verify().height == chain.ledger.head.height)
  }

  @Test func provenUnderTheStateRoot() throws {
    var chain = try IdentityTests.chain()
    var heads: [(head: AuditHead, height: BlockHeight)] = []
    for number in 0..<9 {
      _ = try chain.member("tax", named: "clerk \(number)")
      heads.append((try Self.head(chain), chain.ledger.head.height))
    }
    let (last, top) = try #require(heads.last)
    let root = chain.ledger.head.checkpoint.stateRoot
    for index in 0..<last.size {
      let proof = try chain.ledger.proveAudit(index)
      #expect(try AuditProof(canonicalBytes: proof.canonicalBytes) == proof)
      try proof.verify(stateRoot: root, suite: chain.suite)
      var forged = proof
      forged.record.outcome = "ok "
      #expect(throws: ProofError.self) { try forged.verify(stateRoot: root, suite: chain.suite) }
      forged = proof
      forged.path = InclusionProof(index: (index + 1) % last.size, size: proof.path.size, path: proof.path.path)
      #expect(throws: ProofError.self) { try forged.verify(stateRoot: root, suite: chain.suite) }
      forged = proof
      forged.head = try chain.ledger.proveRecord(StateKey(contract: "audit", table: "records", key: index), at: top)
      #expect(throws: ProofError.otherKey) { try forged.verify(stateRoot: root, suite: chain.suite) }
    }
    for (known, height) in heads {
      for (later, laterHeight) in heads where later.size >= known.size {
        let growth = try chain.ledger.proveAuditGrowth(from: known.size, at: laterHeight)
        let laterRoot = try chain.ledger.checkpoint(at: laterHeight).stateRoot
        #expect(try growth.verify(from: known, stateRoot: laterRoot, suite: chain.suite) == later)
        var other = known
        other.root = chain.suite.hash([7])
        #expect(throws: ProofError.self) { try growth.verify(from: other, stateRoot: laterRoot, suite: chain.suite) }
        other = known
        other.size += 1
        #expect(throws: ProofError.self) { try growth.verify(from: other, stateRoot: laterRoot, suite: chain.suite) }
      }
      #expect(throws: ProofError.self, "a proof of today is none of yesterday") {
        try chain.ledger.proveAudit(0).verify(stateRoot: try chain.ledger.checkpoint(at: height.previous).stateRoot, suite: chain.suite)
      }
    }
    #expect(throws: LedgerError.noSuchAuditRecord(last.size, size: last.size)) { try chain.ledger.proveAudit(last.size) }
    #expect(throws: LedgerError.noSuchAuditRecord(0, size: last.size)) { try chain.ledger.proveAuditGrowth(from: 0) }
    #expect(throws: LedgerError.self) { try chain.ledger.proveAuditGrowth(from: last.size + 1) }
  }

  @Test func strangersCannotBlowItUp() throws {
    var chain = try IdentityTests.chain()
    let clerk = try chain.member("tax")
    let before = try Self.head(chain)
    let count = 3 * AuditContract.deniedLimit
    let nobody = Account(organisation: "nowhere", key: try IdentityTests.key("nobody", chain))
    var batch: [SignedTransaction] = []
    for number in 0..<count {
      batch.append(
        try chain.sign("notes", "file", FileNote(number: UInt64(number), text: ""), by: number.isMultiple(of: 2) ? clerk : nobody))
    }
    try chain.makeBlock(batch)
    let records = try Self.records(chain, from: before.size)
    #expect(records.count == AuditContract.deniedLimit + 1)
    #expect(records.prefix(2).map(\.organisation) == ["tax", nil], "of strangers no organisation is known")
    let rest = try #require(records.last)
    #expect(rest.action == "audit.moreDenied" && rest.count == UInt32(count - AuditContract.deniedLimit) && rest.transaction == nil)
    try chain.makeBlock()
    #expect(try Self.head(chain).size == before.size + UInt64(records.count), "a quiet block writes nothing")
  }

  @Test func nobodyWritesIt() throws {
    var chain = try IdentityTests.chain()
    let registry = chain.founding.registry
    #expect(registry.manifest("audit")?.entries.isEmpty == true)
    #expect(try chain.call("audit", "append", UInt64(0), by: chain.administrator).code == "notSupported")
  }
}
