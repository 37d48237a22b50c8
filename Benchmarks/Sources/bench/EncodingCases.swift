import ChainCore
internal import CBaselines

/// Canonical encoding against copying the same bytes.
enum EncodingCases {
  static let all = [
    Case(name: "encode.transaction", unit: "transactions/s", baseline: "memcpy of the same bytes") { size in
      let key = try PrivateKey.generate(.guomi)
      let transaction = Transaction(
        chain: "henan/410100", sender: AccountID(.zero), contract: "licence", entry: "issue", arguments: [UInt8](repeating: 7, count: 300),
        salt: 1, validUntilHeight: 100)
      let signed = try transaction.signed(by: key, genesis: GenesisID(.zero))
      let bytes = signed.canonicalBytes
      let decoded = try SignedTransaction(canonicalBytes: bytes)
      precondition(decoded == signed)
      let count = size.count(200_000)
      return Sides(
        ours: { processorRate(of: count) { for _ in 0..<count { precondition(signed.canonicalBytes.count == bytes.count) } } },
        baseline: {
          var copy = bytes
          return processorRate(of: count) { for _ in 0..<count { unsafe bench_copy(bytes, &copy, bytes.count) } }
        },
        details: {
          let decoding = try processorRate(of: count) { for _ in 0..<count { _ = try SignedTransaction(canonicalBytes: bytes) } }
          bench_count_allocations(1)
          for _ in 0..<100 { _ = signed.canonicalBytes }
          bench_count_allocations(0)
          return [
            "bytes": Double(bytes.count), "decodedPerSecond": decoding, "allocationsPerEncoding": Double(bench_allocations()) / 100,
          ]
        })
    }
  ]
}
