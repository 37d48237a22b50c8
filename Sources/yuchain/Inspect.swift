internal import ArgumentParser
internal import ChainCore
internal import ChainNode
internal import Foundation

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what a node's ledger holds: a directory of a stopped one, or a running one over its admin socket.",
    discussion: """
      With --verify every record's checksum, links, roots, receipts, certificates and validator sets are checked and the blocks run again,
      in a process of its own, because a damaged page may crash it; a running node executes its blocks again beside its work. Exit code 1 with the first bad height if something does not hold.

      Examples:
        yuchain inspect out/chains/henan-410100/validator-1/ledger
        yuchain inspect out/chains/henan-410100/validator-1/ledger --verify
        yuchain inspect node.sock
      """)
  @Argument(help: "The ledger's directory, or the admin socket of a running node.") var directory: String
  @Flag(help: "Check everything.") var verify = false
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: .hidden) var here = false

  struct Shown: Encodable {
    var chain: ChainID
    var genesisID: GenesisID
    var height: BlockHeight
    var blockID: BlockID
    var time: BlockTime
    var stateRoot: Digest
    var certified: BlockHeight
    var oldestState: BlockHeight
    var oldestBlock: BlockHeight
    var archived: BlockHeight
    var records: Int
    var restoredFor: PublicKey?
    /// Versions of contracts that will run and that this program does not contain.
    var missing: [String]?
    var verification: Checked?
  }

  struct Checked: Encodable {
    var holds: Bool
    var firstBadHeight: BlockHeight?
    var problem: String?
    var storeRecords: Int?
    var verifiedTransactions: Int?
    var executedFrom: BlockHeight?
    var verifiedCertificates: Int?
    var verifiedHandovers: Int?
    var unchecked: [String]?
  }

  func run() async throws {
    if RunningNode.listens(at: directory) { return try RunningNode.ask(directory, verify ? .verify : .status, json: json) }
    if verify, !here { return try verifyApart() }
    guard verify else { return try show(try OpenedLedger(directory), nil) }
    let opened: OpenedLedger
    do {
      opened = try OpenedLedger(directory)
    } catch let error as StoreError {
      guard let problem = Self.damage(error) else { throw error }
      return try refuse(problem, nil)
    } catch let error as LedgerError {
      switch error {
      case .damaged, .store: return try refuse("\(error)", nil)
      default: throw error
      }
    }
    let checked = try check(opened)
    try show(opened, checked)
    if !checked.holds { throw ExitCode(1) }
  }

  /// What of opening a store is damage, and no misuse.
  private static func damage(_ error: StoreError) -> String? {
    switch error {
    case .corrupt, .truncated, .damaged: "\(error)"
    default: nil
    }
  }

  private func refuse(_ problem: String, _ height: BlockHeight?) throws {
    if json {
      try Console.json(Checked(holds: false, firstBadHeight: height, problem: problem))
    } else {
      Console.say("does not hold: \(problem)")
    }
    throw ExitCode(1)
  }

  private func check(_ opened: OpenedLedger) throws -> Checked {
    let records: Int
    do throws(StoreError) {
      records = try opened.store.verify()
    } catch {
      return Checked(holds: false, firstBadHeight: Ledger.height(of: error), problem: "\(error)")
    }
    var told: UInt64 = 0
    let head = opened.ledger.head.height
    let found = opened.ledger.examine { height in
      if height.rawValue < told { told = 0 }
      guard height.rawValue >= told + 1_000 else { return }
      told = height.rawValue
      Console.complain("verified up to height \(height) of \(head)")
    }
    return Checked(
      holds: found.fault == nil, firstBadHeight: found.fault?.height, problem: found.fault.map { "\($0.reason)" }, storeRecords: records,
      verifiedTransactions: found.execution?.transactions, executedFrom: found.execution?.start,
      verifiedCertificates: found.certificates, verifiedHandovers: found.handovers, unchecked: found.unchecked)
  }

  private func show(_ opened: OpenedLedger, _ checked: Checked?) throws {
    defer { opened.store.close() }
    let ledger = opened.ledger
    let head = ledger.head
    if let checked, !checked.holds {
      if json { return try Console.json(checked) }
      if let height = checked.firstBadHeight { Console.say("first bad height: \(height)") }
      return Console.say("does not hold: \(checked.problem ?? "")")
    }
    var shown = Shown(
      chain: ledger.genesis.chain, genesisID: ledger.genesisID, height: head.height, blockID: head.blockID, time: head.header.time,
      stateRoot: head.checkpoint.stateRoot, certified: ledger.newestCertified, oldestState: ledger.oldestState,
      oldestBlock: ledger.oldestBlock, archived: try ledger.archivedThrough(), records: try ledger.recordCount(),
      restoredFor: try ledger.restoration()?.key, verification: checked)
    let missing = try ledger.missingContracts()
    if !missing.isEmpty { shown.missing = missing.map(\.description) }
    if json { return try Console.json(shown) }
    Console.say(
      """
      chain       \(shown.chain)
      genesis     \(shown.genesisID)
      height      \(shown.height), certified \(shown.certified)
      block       \(shown.blockID)
      time        \(shown.time) ms
      state root  \(shown.stateRoot)
      records     \(shown.records)
      states      from height \(shown.oldestState)
      blocks      from height \(shown.oldestBlock), archived up to \(shown.archived)
      """)
    if let key = shown.restoredFor { Console.say("restored    runs only with key \(key)") }
    for missing in shown.missing ?? [] { Console.say("missing     \(missing)") }
    guard let checked else { return }
    let start = checked.executedFrom.map { $0 > 0 ? " from height \($0)" : "" } ?? ""
    Console.say(
      "verified    \(checked.storeRecords ?? 0) records of the store, \(checked.verifiedTransactions ?? 0) transactions run again\(start), "
        + "\(checked.verifiedCertificates ?? 0) certificates; all equal")
    for gap in checked.unchecked ?? [] { Console.say("not checked \(gap)") }
  }

  /// Runs the same command in a process of its own and takes over what it says.
  private func verifyApart() throws {
    let child = Process()
    child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    if !FileManager.default.isExecutableFile(atPath: child.executableURL?.path ?? "") {
      child.executableURL = Bundle.main.executableURL
    }
    child.arguments = ["inspect", directory, "--verify", "--here"] + (json ? ["--json"] : [])
    try child.run()
    child.waitUntilExit()
    guard child.terminationReason == .exit else {
      return try refuse("reading the store crashed (signal \(child.terminationStatus)): its pages are damaged; restore this node", nil)
    }
    if child.terminationStatus != 0 { throw ExitCode(child.terminationStatus) }
  }
}
