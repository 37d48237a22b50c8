import ChainCore
import Foundation
import Synchronization
import TestSupport
import Testing

/// The contract of the killed program, by interface; executing needs it, so the test has the same code.
struct TickContract: Contract {
  static let name: ContractName = "tick"
  static let ticks = Table<UInt64, UInt64>("ticks")

  var entries: Entries {
    Entry("add", by: .member) { (number: UInt64, context) in
      for place in UInt64(0)..<8 { try context.put(Self.ticks, number % 64 * 8 + place, number) }
    }
  }
}

@Suite(.serialized) struct KilledWriter {
  /// 50 kills in 10 stores: each store is killed five times, verified after each, and continued.
  @Test(arguments: 0..<10) func nothingReportedIsLost(round: Int) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "yuchain-killed-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    var height: UInt64 = 0
    for kill in 0..<5 {
      let delay = UInt32.random(in: 0..<60_000)
      let reported = try run(until: delay, in: directory.path)
      let context = Comment("round \(round), kill \(kill), after \(delay) µs")
      let store = try LMDBStore(directory: directory.path)
      defer { store.close() }
      let genesis = try Ledger.genesis(in: store)
      let ledger = try Ledger(store: store, genesis: genesis, contracts: try ContractRegistry([TickContract()]))
      for (number, id) in reported {
        #expect(
          try ledger.block(at: BlockHeight(number)).header.id(genesis: ledger.genesisID, suite: genesis.suite).description == id, context)
      }
      #expect(ledger.head.height.rawValue >= reported.last?.0 ?? 0, context)
      #expect(ledger.head.height.rawValue > height, context)
      height = ledger.head.height.rawValue
      let report = try ledger.verify()
      #expect(report.height == ledger.head.height, context)
    }
  }

  /// Starts the writer, waits for its first block, lets it go on for `microseconds`, kills it; returns what it reported.
  private func run(until microseconds: UInt32, in directory: String) throws -> [(UInt64, String)] {
    let process = Process()
    process.executableURL = try BuiltProducts.executable("LedgerWriter")
    process.arguments = [directory]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    var output = pipe.fileHandleForReading.availableData
    usleep(microseconds)
    kill(process.processIdentifier, SIGKILL)
    output += pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationReason == .uncaughtSignal, "the writer ended by itself")
    // The last line may be cut: only whole lines were reported.
    let text = String(decoding: output, as: UTF8.self)
    return text.split(separator: "\n", omittingEmptySubsequences: true).enumerated().compactMap { index, line in
      let parts = line.split(separator: " ")
      guard parts.count == 2, parts[1].count == 64, let number = UInt64(parts[0]) else { return nil }
      return (number, String(parts[1]))
    }
  }
}
