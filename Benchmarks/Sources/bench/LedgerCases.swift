import ChainCore
internal import CBaselines

/// Committing blocks, and what age and size do to it.
enum LedgerCases {
  /// Of the chain whose commits are compared with raw LMDB, and of the smaller chain of the growth case.
  static let keys = 100_000
  /// Of the larger chain: 10,000,000 with YUCHAIN_BENCH_KEYS=10000000, which takes a quarter of an hour and some 8 GB of disk.
  static let manyKeys = setting("YUCHAIN_BENCH_KEYS", 1_000_000)

  /// How many blocks follow one another in a run of the commit case.
  private static let blocksARun = 3

  static let all = [
    Case(name: "ledger.commit", unit: "transactions/s", baseline: "raw LMDB, the same bytes in key order", writesFiles: true) { size in
      let count = size.count(CellChain.transactionsPerBlock)
      let chain = try CellChain(keys: size.count(keys))
      let map = try RawMap()
      // The baseline's tree has the bytes of as many blocks as the chain's.
      var last = RecordedWrites().packed
      var bytesPerTransaction = 0.0
      func note() throws {
        let writes = try chain.store.recording { try chain.commit(chain.nextBlock(transactions: count)) }
        bytesPerTransaction = Double(writes.byteCount) / Double(count)
        last = writes.packed
      }
      for _ in 0..<(size == .full ? 10 : 1) {
        try note()
        _ = map.put(last)
      }
      return Sides(
        ours: {
          let blocks = chain.nextBlocks(blocksARun, transactions: count)
          return Double(count * blocksARun) / (try clockSeconds { try chain.commit(blocks) })
        },
        baseline: {
          var seconds = 0.0
          for _ in 0..<blocksARun {
            try note()
            seconds += map.put(last)
          }
          return Double(count * blocksARun) / seconds
        },
        details: {
          let alone = try (0..<5).map { _ in
            let block = chain.nextBlock(transactions: count)
            return Double(count) / (try clockSeconds { try chain.commit(block) })
          }
          let block = chain.nextBlock(transactions: count)
          bench_count_allocations(1)
          let written = bench_bytes_written()
          try chain.commit(block)
          bench_count_allocations(0)
          return [
            "allocationsPerTransaction": Double(bench_allocations()) / Double(count), "putBytesPerTransaction": bytesPerTransaction,
            "writtenBytesPerTransaction": Double(bench_bytes_written() - written) / Double(count),
            "transactionsASecondOfABlockAlone": median(alone),
          ]
        })
    },
    Case(
      name: "ledger.growth", unit: "ms/block", baseline: "the same block on a chain of a hundredth or 100,000 keys", writesFiles: true
    ) { size in
      let count = size.count(CellChain.transactionsPerBlock)
      let large = try CellChain.shared(keys: size.count(manyKeys))
      let small = try CellChain(keys: size.count(min(keys, manyKeys / 10)))
      func cost(_ chain: CellChain) throws -> Double {
        let block = chain.nextBlock(transactions: count)
        return try clockSeconds { try chain.commit(block) } * 1_000
      }
      return Sides(
        ours: { try cost(large) }, baseline: { try cost(small) },
        details: { ["keys": Double(large.keys), "baselineKeys": Double(small.keys)] })
    },
    Case(name: "ledger.reopen", unit: "s", baseline: "opening the raw LMDB file of an empty chain") { size in
      let chain = try CellChain(keys: 1_000)
      let transactions = size.count(setting("YUCHAIN_BENCH_TRANSACTIONS", 1_000_000))
      var left = transactions
      while left > 0 {
        let count = min(left, CellChain.transactionsPerBlock)
        try chain.commit(chain.nextBlock(transactions: count))
        left -= count
      }
      let head = chain.ledger.head
      chain.store.close()
      let map = try RawMap()
      return Sides(
        ours: {
          try clockSeconds {
            var options = LMDBStore.Options()
            options.maxMapMiB = 1 << 20
            options.reserveMiB = 0
            let store = try LMDBStore(directory: chain.folder.path + "/ledger", options: options)
            let ledger = try Ledger(store: store, genesis: chain.ledger.genesis, contracts: chain.ledger.executor.registry)
            precondition(ledger.head == head)
            store.close()
          }
        },
        baseline: { clockSeconds { map.reopen() } }, details: { ["transactions": Double(transactions)] })
    },
  ]
}

/// An LMDB file as a C programmer would use it.
@safe final class RawMap {
  private let folder: Folder
  private var handle: UnsafeMutableRawPointer

  init() throws {
    folder = try Folder()
    guard let handle = unsafe bench_map_open(folder.path, 1 << 20) else { preconditionFailure("LMDB does not open") }
    unsafe self.handle = handle
  }

  deinit { unsafe bench_map_close(handle) }

  func reopen() {
    unsafe bench_map_close(handle)
    guard let handle = unsafe bench_map_open(folder.path, 1 << 20) else { preconditionFailure("LMDB does not open") }
    unsafe self.handle = handle
  }

  /// Puts pairs in one synced transaction; returns the seconds it took.
  func put(_ pairs: (bytes: [UInt8], sizes: [UInt32], count: Int)) -> Double {
    clockSeconds {
      let code = unsafe bench_map_put(handle, pairs.bytes, pairs.sizes, pairs.count)
      precondition(code == 0, "LMDB: \(code)")
    }
  }
}
