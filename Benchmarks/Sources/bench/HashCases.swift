import ChainCore
internal import CBaselines

/// Trees by the library and through EVP.
enum HashCases {
  static let all = [
    Case(name: "sm3.merkle", unit: "trees/s", baseline: "EVP, one reused context") { size in
      let count = size.count(10_000)
      let leaves = (0..<count).map { CryptoSuite.guomi.hash([UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]) }
      let bytes = leaves.flatMap(\.bytes)
      let expected = MerkleLog.root(of: leaves, suite: .guomi)
      return Sides(
        ours: { processorRate(of: 1) { precondition(MerkleLog.root(of: leaves, suite: .guomi) == expected) } },
        baseline: {
          var work = bytes
          var root = [UInt8](repeating: 0, count: 32)
          let rate = processorRate(of: 1) { unsafe bench_sm3_tree(&work, count, &root) }
          precondition(root == expected.bytes)
          return rate
        })
    }
  ]

  /// Hashes a second of 256 bytes, with one EVP context.
  static func evpRate(_ count: Int) -> Double {
    let messages = [UInt8](repeating: 7, count: 256 * count)
    var digests = [UInt8](repeating: 0, count: 32 * count)
    return processorRate(of: count) { unsafe bench_hash(0, messages, 256, count, &digests) }
  }
}
