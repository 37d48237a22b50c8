import ChainCore
import ChainTesting
import Dispatch
import Synchronization

/// Records of 100 bytes under random keys, two a call: the state work of an ordinary transaction, and hardly any other.
struct Cells: Contract {
  static let name: ContractName = "cells"
  static let cells = Table<Digest, [UInt8]>("cells")

  /// Two records, or a range of new ones to fill a chain with.
  struct Write: CanonicalRecord, Codable, Hashable {
    var first: Digest
    var second: Digest
    var value: [UInt8]
    static let layout = Layout(Self.init, \.first, \.second, \.value)
  }

  struct Fill: CanonicalRecord, Codable, Hashable {
    var from: UInt64
    var count: UInt64
    static let layout = Layout(Self.init, \.from, \.count)
  }

  var entries: Entries {
    Entry("write", by: .member) { (call: Write, context) in
      try context.put(Self.cells, call.first, call.value)
      try context.put(Self.cells, call.second, call.value)
    }
    Entry("fill", by: .member) { (call: Fill, context) in
      for number in call.from..<(call.from + call.count) {
        try context.put(Self.cells, Self.key(number), [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 100))
      }
    }
  }

  /// The key of record `number`: spread evenly.
  static func key(_ number: UInt64) -> Digest { CryptoSuite.guomi.hash(number.canonicalBytes) }
}

/// A chain of one validator on disk whose blocks are made here, with `Cells` in its state.
final class CellChain: Sendable {
  static let transactionsPerBlock = 5_000
  private static let filledPerCall = 1_000
  private static let callsPerBlock = 50

  let folder: Folder
  let store: RecordingStore
  let ledger: Ledger
  let keys: UInt64
  private let account: Account
  private let signature: Signature
  private struct Progress: Sendable {
    var salt: UInt64 = 0
    var nextNew: UInt64
    var random = SplitMix(state: 1)
  }
  private let progress: Mutex<Progress>

  /// A chain with `keys` records.
  init(keys: Int) throws {
    self.keys = UInt64(keys)
    folder = try Folder()
    var options = LMDBStore.Options()
    options.maxMapMiB = 1 << 20
    options.reserveMiB = 0
    store = RecordingStore(try LMDBStore(directory: try folder.folder("ledger"), options: options))
    var parameters = ChainParameters()
    parameters.blockBytes = 64 << 20
    var chain = try SoloChain([Cells()], organisations: ["office": []], parameters: parameters, validators: 1, store: store)
    account = try chain.member("office")
    ledger = chain.ledger
    signature = try account.key.sign(message: [1])
    progress = Mutex(Progress(nextNew: UInt64(keys)))
    var next: UInt64 = 0
    while next < self.keys {
      var calls: [SignedTransaction] = []
      while calls.count < Self.callsPerBlock, next < self.keys {
        let count = min(UInt64(Self.filledPerCall), self.keys - next)
        calls.append(sign("fill", Cells.Fill(from: next, count: count)))
        next += count
      }
      // Certified, so that what building left behind can be pruned: it is no part of what is measured.
      try ledger.add(try chain.certify(try commit(block(calls))))
      _ = try ledger.prune(RetentionPolicy(states: 1), limit: 1_000_000)
    }
  }

  /// A block whose transactions write a known and a new record each.
  func nextBlock(transactions: Int) -> Block { block(nextCalls(transactions)) }

  /// Such blocks, each on the one before it.
  func nextBlocks(_ count: Int, transactions: Int) -> [Block] {
    var blocks: [Block] = []
    for _ in 0..<count { blocks.append(block(nextCalls(transactions), on: blocks.last)) }
    return blocks
  }

  private func nextCalls(_ count: Int) -> [SignedTransaction] {
    (0..<count).map { _ in
      let (old, new, value) = progress.withLock { progress in
        progress.nextNew += 1
        return (progress.random.next() % max(keys, 1), progress.nextNew, progress.random.next())
      }
      let bytes = Array(repeating: value.canonicalBytes, count: 13).joined().prefix(100)
      return sign("write", Cells.Write(first: Cells.key(old), second: Cells.key(new), value: Array(bytes)))
    }
  }

  /// Commits blocks as a node does: one is executed while the one before it is written.
  func commit(_ blocks: [Block]) throws {
    var previous: ExecutedBlock?
    for block in blocks {
      let before = previous
      let results = Mutex<(executed: Result<ExecutedBlock?, any Error>?, failure: (any Error)?)>((nil, nil))
      DispatchQueue.concurrentPerform(iterations: 2) { part in
        if part == 0 {
          let result = Result { () throws -> ExecutedBlock? in
            try ledger.execute(block, position: block.header.height.rawValue, after: before, signatures: .alreadyChecked)
          }
          results.withLock { $0.executed = result }
        } else if let before {
          do {
            try ledger.commit(before)
          } catch {
            results.withLock { $0.failure = error }
          }
        }
      }
      if let failure = results.withLock({ $0.failure }) { throw failure }
      previous = try results.withLock { $0.executed }?.get()
    }
    if let previous { try ledger.commit(previous) }
  }

  @discardableResult
  func commit(_ block: Block) throws -> Checkpoint {
    try ledger.commit(block, position: block.header.height.rawValue, signatures: .alreadyChecked)
  }

  /// Not signed for each: execution does not look at signatures that were checked before.
  private func sign(_ entry: EntryName, _ arguments: some CanonicalCodable) -> SignedTransaction {
    let salt = progress.withLock { progress in
      progress.salt += 1
      return progress.salt
    }
    let transaction = Transaction(
      chain: ledger.genesis.chain, sender: account.id, contract: Cells.name, entry: entry, arguments: arguments.canonicalBytes, salt: salt,
      validUntilHeight: ledger.head.height.advanced(by: 10))
    return SignedTransaction(transaction: transaction, key: account.key.publicKey, signature: signature)
  }

  private func block(_ transactions: [SignedTransaction], on parent: Block? = nil) -> Block {
    let head = parent?.header ?? ledger.head.header
    let id = parent.map { $0.header.id(genesis: ledger.genesisID, suite: ledger.suite) } ?? ledger.head.blockID
    return Block(
      on: head, parentID: id, time: head.time.advanced(byMilliseconds: 1_000), proposer: account.id,
      transactions: transactions, genesis: ledger.genesisID, suite: ledger.suite)
  }

  /// Chains that several cases use are built once.
  static func shared(keys: Int) throws -> CellChain {
    if let found = built.withLock({ $0[keys] }) { return found }
    let made = try CellChain(keys: keys)
    built.withLock { $0[keys] = made }
    return made
  }

  /// Gives the disk free at the end.
  static func forget() { built.withLock { $0 = [:] } }

  private static let built = Mutex<[Int: CellChain]>([:])
}

/// Sebastiano Vigna's generator: the same workload in every run.
struct SplitMix: Sendable {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
