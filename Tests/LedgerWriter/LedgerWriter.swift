// Commits blocks to a store on disk for ever and reports each: what ProcessTests kill.
import ChainCore
import ChainTesting
import Foundation

struct TickContract: Contract {
  static let name: ContractName = "tick"
  static let ticks = Table<UInt64, UInt64>("ticks")

  var entries: Entries {
    Entry("add", by: .member) { (number: UInt64, context) in
      for place in UInt64(0)..<8 { try context.put(Self.ticks, number % 64 * 8 + place, number) }
    }
  }
}

@main struct LedgerWriter {
  static func main() throws {
    guard CommandLine.arguments.count == 2 else { exit(2) }
    let store = try LMDBStore(directory: CommandLine.arguments[1])
    var chain = try SoloChain([TickContract()], suite: .international, validators: 1, store: store)
    while true {
      let number = chain.ledger.head.height.rawValue
      let first = try chain.sign("tick", "add", number, by: chain.administrator)
      let second = try chain.sign("tick", "add", number + 1, by: chain.administrator)
      try chain.makeBlock([first, second])
      FileHandle.standardOutput.write(Data("\(chain.ledger.head.height) \(chain.ledger.head.blockID)\n".utf8))
    }
  }
}
