internal import ArgumentParser
internal import ChainCore
internal import ChainNode

struct Prune: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Removes old states, and archived blocks, from a ledger.",
    discussion: """
      Running nodes prune by their own policy, and more if they are asked over their admin socket. The file does not shrink: its free pages are
      used again.

      Examples:
        yuchain prune out/chains/henan-410100/validator-1/ledger --states 4096
        yuchain prune out/chains/henan-410100/validator-1/ledger --states 4096 --blocks 100000
        yuchain prune node.sock --states 4096
      """)
  @Argument(help: "The ledger's directory, or the admin socket of a running node.") var ledger: String
  @Option(help: "Of how many heights the states stay.") var states: UInt64
  @Option(help: "How many blocks stay; only archived ones go. Without it all stay.") var blocks: UInt64?
  @Flag(help: "Print JSON.") var json = false

  struct Shown: Encodable {
    var oldestState: BlockHeight
    var oldestBlock: BlockHeight
    var nodes: Int
    var blocks: Int
  }

  func validate() throws {
    guard states > 0, blocks != 0 else { throw ValidationError("the newest state and block always stay: give numbers above 0") }
  }

  func run() async throws {
    if RunningNode.listens(at: ledger) { return try RunningNode.ask(ledger, .prune(states: states, blocks: blocks), json: json) }
    let opened = try OpenedLedger(ledger)
    defer { opened.store.close() }
    let policy = RetentionPolicy(states: states, blocks: blocks.map { .archived(keeping: $0) } ?? .all)
    var total = try opened.ledger.prune(policy)
    while !total.isDone { total.add(try opened.ledger.prune(policy)) }
    if json {
      return try Console.json(
        Shown(
          oldestState: total.oldestState, oldestBlock: total.oldestBlock, nodes: total.nodes, blocks: total.blocks))
    }
    let head = opened.ledger.head.height
    Console.say(
      """
      states      \(total.oldestState) to \(head)
      blocks      \(total.oldestBlock) to \(head)
      removed     \(total.nodes) tree nodes, \(total.blocks) blocks
      """)
    if blocks != nil, try opened.ledger.archivedThrough() < total.oldestState {
      Console.say("archived    only up to height \(try opened.ledger.archivedThrough()): archive more to remove more")
    }
  }
}
