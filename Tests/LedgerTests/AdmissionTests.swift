import ChainCore
import ChainTesting
import Testing

@Suite struct Admission {
  @Test func everyRefusalHasItsOwnReason() throws {
    var chain = try SoloChain(
      [NotesContract()], organisations: ["city-hall": ["department"], "shop": []],
      parameters: ChainParameters(transactionBytes: 1_024, transactionWindow: 50))
    let ledger = chain.ledger
    let clerk = try chain.member("city-hall")
    let shop = try chain.member("shop")
    func error(_ signed: SignedTransaction) -> AdmissionError? {
      do throws(AdmissionError) {
        _ = try ledger.admit(signed.canonicalBytes)
        return nil
      } catch {
        return error
      }
    }
    func variant(_ change: (inout Transaction) -> Void) throws -> SignedTransaction {
      var transaction = good.transaction
      change(&transaction)
      return try transaction.signed(by: clerk.key, genesis: ledger.genesisID)
    }
    var good = try chain.sign("notes", "file", FileNote(number: 1, text: "one"), by: clerk)
    good.transaction.validUntilHeight = ledger.head.height.advanced(by: 20)
    good = try good.transaction.signed(by: clerk.key, genesis: ledger.genesisID)
    #expect(error(good) == nil)
    #expect(error(try variant { $0.chain = "elsewhere" }) == .unfit(.wrongChain("elsewhere")))
    #expect(
      error(try variant { $0.validUntilHeight = ledger.head.height })
        == .unfit(.expired(validUntil: ledger.head.height, height: ledger.head.height.next)))
    let limit = ledger.head.height.next.advanced(by: 50)
    #expect(error(try variant { $0.validUntilHeight = limit }) == .unfit(.tooFarAhead(validUntil: limit, limit: limit)))
    #expect(error(try variant { $0.entry = "nothing" }) == .refused(.unknownEntry("notes", "nothing")))
    #expect(error(try variant { $0.contract = "nothing" }) == .refused(.unknownContract("nothing")))
    if case .unfit(.tooLarge) = error(try variant { $0.arguments = Array(repeating: 0, count: 2_000) }) {} else { Issue.record("size") }
    var forged = good
    forged.signature = try shop.key.sign(.zero)
    #expect(error(forged) == .badSignature)
    let stranger = Account(id: AccountID(.zero), organisation: "shop", key: shop.key)
    #expect(error(try chain.sign("notes", "file", NoResult(), by: stranger)) == .refused(.unknownSender(AccountID(.zero))))
    if case .refused(.roleNotAllowed) = error(try chain.sign("notes", "file", NoResult(), by: shop)) {} else { Issue.record("role") }
    #expect(throws: AdmissionError.self) { try ledger.admit([1, 2, 3]) }
    for length in stride(from: 0, to: good.canonicalBytes.count, by: 7) {
      #expect(throws: AdmissionError.self) { try ledger.admit(Array(good.canonicalBytes[..<length])) }
    }
    try chain.makeBlock([good])
    let id = good.id(genesis: ledger.genesisID, suite: chain.suite)
    #expect(error(good) == .alreadyCommitted(id, height: ledger.head.height))
    try chain.call("identity", "revoke", RevokeMember(account: clerk.id, reason: "left"), by: chain.administrator)
    #expect(error(try chain.sign("notes", "remove", UInt64(1), by: clerk)) == .refused(.revoked(clerk.id)))
  }

  /// What one batch found out of a sender the next one knows, for that contract and entry, and until the next block.
  @Test func knownSendersAreKnownForOneStateOnly() throws {
    var chain = try SoloChain([NotesContract()], organisations: ["city-hall": ["department"], "shop": []])
    let clerk = try chain.member("city-hall")
    let shop = try chain.member("shop")
    func answers(_ calls: [SignedTransaction]) -> [AdmissionError?] {
      chain.ledger.admit(calls).map { if case .failure(let error) = $0 { error } else { nil } }
    }
    func call(_ number: UInt64, by account: Account) throws -> SignedTransaction {
      try chain.sign("notes", "file", FileNote(number: number, text: "x"), by: account)
    }
    for round in UInt64(0)..<3 {
      let found = answers([try call(2 * round, by: clerk), try call(round, by: shop), try call(2 * round + 1, by: clerk)])
      #expect(found[0] == nil && found[2] == nil)
      if case .refused(.roleNotAllowed) = found[1] {} else { Issue.record("role") }
    }
    #expect(
      answers([try chain.sign("notes", "nothing", NoResult(), by: clerk)]) == [.refused(.unknownEntry("notes", "nothing"))])
    // The account's key, not only its name.
    let other = Account(id: clerk.id, organisation: clerk.organisation, key: shop.key)
    #expect(answers([try call(10, by: other)]) == [.refused(.wrongKey(clerk.id))])
    try chain.call("identity", "revoke", RevokeMember(account: clerk.id, reason: "left"), by: chain.administrator)
    #expect(answers([try call(11, by: clerk)]) == [.refused(.revoked(clerk.id))])
  }

  @Test func mempoolIsBoundedAndForgets() throws {
    var chain = try SoloChain([NotesContract()], organisations: ["city-hall": ["department"]])
    let clerk = try chain.member("city-hall")
    var pool = Mempool(limits: MempoolLimits(count: 3, bytes: 10_000))
    var admitted: [AdmittedTransaction] = []
    for number in UInt64(0)..<4 {
      admitted.append(try chain.ledger.admit(try chain.sign("notes", "file", FileNote(number: number, text: "x"), by: clerk)))
    }
    for transaction in admitted[..<3] { try pool.insert(transaction) }
    #expect(throws: AdmissionError.alreadyWaiting(admitted[0].id)) { try pool.insert(admitted[0]) }
    #expect(throws: AdmissionError.busy(waiting: 3, bytes: pool.bytes)) { try pool.insert(admitted[3]) }
    let height = chain.ledger.head.height.next
    #expect(pool.candidates(at: height, count: 2, bytes: 10_000) == [admitted[0].signed, admitted[1].signed])
    #expect(pool.candidates(at: height, count: 9, bytes: admitted[0].bytes) == [admitted[0].signed])
    #expect(pool.candidates(at: height, count: 9, bytes: 10_000, excluding: [admitted[0].id]).first == admitted[1].signed)
    pool.committed([admitted[0].id], at: height)
    #expect(pool.count == 2 && !pool.contains(admitted[0].id))
    try pool.insert(admitted[3])
    let expired = pool.committed([], at: admitted[3].signed.transaction.validUntilHeight)
    #expect(expired.count == 3 && pool.isEmpty && pool.bytes == 0)
    var small = Mempool(limits: MempoolLimits(count: 10, bytes: admitted[0].bytes))
    try small.insert(admitted[0])
    #expect(throws: AdmissionError.self) { try small.insert(admitted[1]) }
  }
}
