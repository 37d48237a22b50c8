internal import Apps
internal import ArgumentParser
internal import ChainCore
internal import CrossChain
internal import Foundation

struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows what a node's ledger directory holds; the node must not be running.",
    discussion: """
      Examples:
        yuchain inspect out/chains/henan-410100/validator-1/ledger
        yuchain inspect out/chains/henan-410100/validator-1/ledger --verify
      """)
  @Argument(help: "The ledger's directory.") var directory: String
  @Flag(help: "Read every record, run every block again and compare.") var verify = false
  @Flag(help: "Print JSON.") var json = false

  struct Shown: Encodable {
    var chain: ChainID
    var genesisID: GenesisID
    var height: BlockHeight
    var blockID: BlockID
    var time: BlockTime
    var stateRoot: Digest
    var certified: BlockHeight
    var records: Int
    var verifiedTransactions: Int?
    var verifiedCertificates: Int?
    /// Versions of contracts that will run and that this program does not contain.
    var missing: [String]?
  }

  func run() async throws {
    var options = LMDBStore.Options()
    options.create = false
    options.reserveMiB = 0
    options.readLimit = .seconds(3_600)
    let store = try LMDBStore(directory: directory, options: options)
    defer { store.close() }
    let genesis = try Ledger.genesis(in: store)
    let registry = try Self.registry(of: genesis)
    let ledger = try Ledger(store: store, genesis: genesis, contracts: registry)
    let head = ledger.head
    var shown = Shown(
      chain: genesis.chain, genesisID: ledger.genesisID, height: head.height, blockID: head.blockID, time: head.header.time,
      stateRoot: head.checkpoint.stateRoot, certified: ledger.newestCertified, records: try ledger.recordCount())
    let missing = try ledger.missingContracts()
    if !missing.isEmpty { shown.missing = missing.map(\.description) }
    if verify {
      _ = try store.verify()
      var told: UInt64 = 0
      do throws(LedgerError) {
        let report = try ledger.verify { height in
          guard height.rawValue >= told + 1_000 else { return }
          told = height.rawValue
          Console.complain("verified up to height \(height) of \(head.height)")
        }
        shown.verifiedTransactions = report.transactions
        shown.verifiedCertificates = report.certificates
      } catch {
        Console.say("does not hold: \(error)")
        throw ExitCode(1)
      }
    }
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
      """)
    for missing in shown.missing ?? [] { Console.say("missing     \(missing)") }
    if let transactions = shown.verifiedTransactions {
      Console.say("verified    \(transactions) transactions run again, \(shown.verifiedCertificates ?? 0) certificates; all equal")
    }
  }

  /// The contracts of this program in the form that the genesis activates; `xc` has two.
  static func registry(of genesis: Genesis) throws -> ContractRegistry {
    let plain = try ContractRegistry(KnownContracts.ofChains)
    let active = genesis.contracts.first { $0.name == CrossChainContract.name }
    guard let active, plain.manifest(CrossChainContract.name)?.hash(suite: genesis.suite) != active.manifest else { return plain }
    return try ContractRegistry(KnownContracts.ofRelays)
  }
}
