@testable import ChainCore
import Testing

/// Hashing in lanes gives OpenSSL's digests, whatever the body, the number of messages and their lengths.
@Suite struct SM3InLanes {
  static let bodies = SM3Lanes.Body.allCases.filter(\.isPresent)

  static func messages(_ count: Int, length: Int, seed: UInt64) -> [[UInt8]] {
    var source = FastSM2.Source(state: seed)
    return (0..<count).map { _ in (0..<length).map { _ in UInt8(truncatingIfNeeded: source.next()) } }
  }

  /// Every number of busy lanes, with lengths around every boundary of blocks and padding.
  @Test(arguments: bodies) func everyLaneCountAndLength(body: SM3Lanes.Body) {
    for length in Array(0...136) + [191, 192, 247, 248, 256, 1_000] {
      // Two full rounds of the widest body and a bit; of most lengths a few counts, which together are all counts.
      let counts = length % 8 == 0 ? Array(0...35) : [1 + length % 35]
      let all = Self.messages(35, length: length, seed: UInt64(length))
      let expected = all.map { CryptoSuite.guomi.hash($0) }
      for count in counts {
        #expect(SM3Lanes.hash(Array(all.prefix(count)), body: body) == Array(expected.prefix(count)), "\(count) of \(length) bytes")
      }
    }
  }

  @Test(arguments: bodies) func mixedLengthsKeepTheirOrder(body: SM3Lanes.Body) {
    var source = FastSM2.Source(state: 77)
    let messages = (0..<300).map { _ in [UInt8](repeating: UInt8(truncatingIfNeeded: source.next()), count: Int(source.next() % 150)) }
    #expect(SM3Lanes.hash(messages, body: body) == messages.map { CryptoSuite.guomi.hash($0) })
  }

  @Test(arguments: bodies) func nodesAreTheHashesOfTheirBytes(body: SM3Lanes.Body) {
    let digests = Self.messages(80, length: 8, seed: 5).map { CryptoSuite.guomi.hash($0) }
    for prefixLength in 0...SM3Lanes.prefixLimit {
      let prefix = (0..<prefixLength).map { UInt8($0 + 1) }
      for pairs in prefixLength == 1 ? Array(0...40) : [0, 1, 2, 1 + prefixLength] {
        let expected = (0..<pairs).map { CryptoSuite.guomi.hash(prefix + digests[2 * $0].bytes + digests[2 * $0 + 1].bytes) }
        #expect(SM3Lanes.nodes(prefix, Array(digests.prefix(2 * pairs)), body: body) == expected)
      }
      #expect(SM3Lanes.node(prefix, digests[0], digests[1]) == CryptoSuite.guomi.hash(prefix + digests[0].bytes + digests[1].bytes))
    }
  }

  /// A tree by lanes is the tree by single hashes, in both suites and at every size.
  @Test(arguments: CryptoSuite.allCases) func treesAgree(suite: CryptoSuite) {
    let leaves = Self.messages(130, length: 9, seed: 9).map { suite.hash($0) }
    var grown = AppendOnlyTree()
    for count in 0...130 {
      #expect(MerkleLog.root(of: Array(leaves.prefix(count)), suite: suite) == grown.root(suite: suite))
      if count < 130 { grown.append(leaves[count], suite: suite) }
    }
    #expect(suite.hashes(ofPublic: [[1], [], [1, 2]]) == [[1], [], [1, 2]].map { suite.hash($0) })
  }

  @Test func whichBodiesWereTested() {
    print("SM3 in lanes, bodies of this processor: \(Self.bodies.map { "\($0)" }.joined(separator: ", "))")
    #expect(Self.bodies.count >= 3)
  }
}
