import ChainCore
import ChainTesting
import Testing

@Suite struct ContractRuntime {
  func chain(_ suite: CryptoSuite = .guomi) throws -> SoloChain {
    try SoloChain([NotesContract()], suite: suite, organisations: ["city-hall": ["department"], "shop": []])
  }

  @Test(arguments: CryptoSuite.allCases) func callWritesAndEmits(suite: CryptoSuite) throws {
    var chain = try chain(suite)
    let clerk = try chain.member("city-hall")
    let receipt = try chain.call("notes", "file", FileNote(number: 1, text: "one"), by: clerk)
    #expect(receipt.status == .succeeded && receipt.code == "ok")
    #expect(receipt.events == [Event(contract: "notes", name: "notes.file", payload: UInt64(1).canonicalBytes)])
    #expect(receipt.meter.writes > 0 && receipt.meter.reads > 0)
    let note: Note? = try chain.ledger.query("notes", "note", UInt64(1))
    #expect(note == Note(author: clerk.id, text: "one"))
    let changed = try chain.call("notes", "change", FileNote(number: 1, text: "two"), by: clerk)
    #expect(try String(canonicalBytes: changed.output) == "one")
  }

  @Test func failingCallLeavesOnlyItsReceipt() throws {
    var chain = try chain()
    let clerk = try chain.member("city-hall")
    let root = chain.ledger.head.checkpoint.stateRoot
    for (number, code) in [(UInt64(0), "expired"), (1, "unexpected")] {
      let receipt = try chain.call("notes", "writeThenFail", number, by: clerk)
      #expect(receipt.status == .failed && receipt.code == code)
      #expect(receipt.events.isEmpty && receipt.output.isEmpty)
      #expect(chain.ledger.head.checkpoint.stateRoot == root)
      #expect(try chain.ledger.query("notes", "all", NoResult(), as: [UInt64].self) == [])
      #expect(try chain.ledger.query("notes", "byText", "half", as: [UInt64].self) == [])
    }
  }

  @Test func limitsStopACall() throws {
    var chain = try chain()
    let clerk = try chain.member("city-hall")
    let receipt = try chain.call("notes", "fill", UInt64(100_000), by: clerk)
    #expect(receipt.status == .failed && receipt.code == "limitExceeded")
    #expect(try chain.ledger.query("notes", "all", NoResult(), as: [UInt64].self) == [])
    let fits = try chain.call("notes", "fill", UInt64(1_500), by: clerk)
    #expect(fits.status == .succeeded)
  }

  @Test func refusalsNameTheReason() throws {
    var chain = try chain()
    let shop = try chain.member("shop")
    let clerk = try chain.member("city-hall")
    let role = try chain.call("notes", "file", FileNote(number: 1, text: "x"), by: shop)
    #expect(role.code == "notAuthorised" && role.message.contains("role department"))
    let entry = try chain.call("notes", "nothing", NoResult(), by: clerk)
    #expect(entry.code == "notSupported" && entry.message.contains("nothing"))
    let contract = try chain.call("nothing", "file", NoResult(), by: clerk)
    #expect(contract.code == "notSupported")
    let arguments = try chain.call("notes", "file", "not the arguments", by: clerk)
    #expect(arguments.code == "badArgument")
    let stranger = Account(
      id: AccountID(chain.suite.hash([1])), organisation: "city-hall", key: try PrivateKey.generate(chain.suite))
    let unknown = try chain.call("notes", "file", FileNote(number: 1, text: "x"), by: stranger)
    #expect(unknown.code == "notAuthorised" && unknown.message.contains("not a member"))
    let thief = Account(id: clerk.id, organisation: "city-hall", key: try PrivateKey.generate(chain.suite))
    let stolen = try chain.call("notes", "file", FileNote(number: 1, text: "x"), by: thief)
    #expect(stolen.message.contains("current key"))
    try chain.call("identity", "revoke", RevokeMember(account: clerk.id, reason: "left"), by: chain.administrator)
    let revoked = try chain.call("notes", "file", FileNote(number: 1, text: "x"), by: clerk)
    #expect(revoked.message.contains("revoked"))
    #expect(throws: QueryError.self) {
      try chain.ledger.query("notes", "secret", NoResult(), as: Bool.self, by: .member(shop.id))
    }
    let answer = try chain.ledger.query(
      "access", "mayCall", AccessQuestion(account: shop.id, contract: "notes", entry: "file"), as: AccessAnswer.self)
    #expect(!answer.allowed && answer.reason.contains("department"))
  }

  @Test func certificateOfAnotherAuthorityIsRefused() throws {
    var chain = try chain()
    let key = try PrivateKey.generate(chain.suite)
    let foreign = try CertificateAuthority.root(
      .init(organisation: "platform", commonName: "root of henan/410100"), key: try PrivateKey.generate(chain.suite), from: 0,
      until: 4_000_000_000_000)
    let certificate = try foreign.issue(
      .init(organisation: "city-hall", commonName: "clerk"), publicKey: key.publicKey, serial: 5, from: 0, until: 4_000_000_000_000)
    let receipt = try chain.call(
      "identity", "register", RegisterMember(certificates: [certificate.der]), by: chain.administrator)
    #expect(receipt.code == "badArgument" && receipt.message.contains("signature"))
    let clerk = try chain.member("city-hall")
    let byClerk = try chain.call("identity", "register", RegisterMember(certificates: []), by: clerk)
    #expect(byClerk.code == "notAuthorised")
  }

  @Test func indexFollowsRecords() throws {
    var chain = try chain()
    let clerk = try chain.member("city-hall")
    for (number, text) in [(UInt64(5), "b"), (3, "a"), (4, "b"), (1, "a")] {
      try chain.call("notes", "file", FileNote(number: number, text: text), by: clerk)
    }
    #expect(try chain.ledger.query("notes", "byText", "a", as: [UInt64].self) == [1, 3])
    #expect(try chain.ledger.query("notes", "all", NoResult(), as: [UInt64].self) == [1, 3, 4, 5])
    try chain.call("notes", "change", FileNote(number: 3, text: "b"), by: clerk)
    try chain.call("notes", "remove", UInt64(5), by: clerk)
    #expect(try chain.ledger.query("notes", "byText", "b", as: [UInt64].self) == [3, 4])
    #expect(try chain.ledger.query("notes", "byText", "a", as: [UInt64].self) == [1])
  }

  @Test func sandboxRunsTheSameContract() throws {
    var sandbox = try ContractSandbox([NotesContract()], organisations: ["city-hall": ["department"]])
    try sandbox.call("notes", "file", FileNote(number: 1, text: "one"), as: sandbox.caller("city-hall"))
    let before = sandbox.records
    #expect(throws: ContractError.alreadyExists) {
      try sandbox.call("notes", "file", FileNote(number: 1, text: "two"), as: sandbox.caller("city-hall"))
    }
    #expect(throws: ContractError.self) {
      try sandbox.call("notes", "file", FileNote(number: 2, text: "two"), as: sandbox.caller("elsewhere"))
    }
    #expect(sandbox.records == before)
    #expect(try sandbox.query("notes", "byText", "one", as: [UInt64].self) == [1])
  }

  @Test func indexesOfUndeclaredTablesAreRefused() throws {
    struct Sloppy: Contract {
      static let name: ContractName = "sloppy"
      static let table = Table<UInt64, String>("things", indexes: [TableIndex("text") { _, text in text }])
      var entries: Entries {
        Entry("put", by: .member) { (text: String, context) in try context.put(Self.table, 1, text) }
      }
    }
    var sandbox = try ContractSandbox([Sloppy()], organisations: ["shop": []])
    let shop = sandbox.caller("shop")
    #expect(throws: ContractError.notSupported("indexes of table things: list IndexedTable(things) among the contract's entries")) {
      try sandbox.call("sloppy", "put", "x", as: shop)
    }
    #expect(throws: RegistryError.repeatedTable("twice", "things")) {
      struct Twice: Contract {
        static let name: ContractName = "twice"
        var entries: Entries {
          IndexedTable(Sloppy.table)
          IndexedTable(Sloppy.table)
        }
      }
      _ = try ContractRegistry([Twice()])
    }
  }
}
