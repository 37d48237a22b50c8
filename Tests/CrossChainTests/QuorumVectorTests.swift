import ChainCore
import CrossChain
import Foundation
import TestSupport
import Testing

@Suite struct QuorumDecisions {
  struct File: Decodable { var cases: [Case] }
  struct Case: Decodable {
    var id: String
    var rule: String
    var weights: [UInt64]
    var signers: [Int]
    var expect: Bool
    var why: String
  }

  private func run(_ data: Data) throws -> Int {
    let file = try JSONDecoder().decode(File.self, from: data)
    var rejected = 0
    for entry in file.cases {
      let rule: QuorumRule = try #require(["gt2/3": .moreThanTwoThirds, "gt1/2": .moreThanHalf][entry.rule])
      #expect(rule.isReached(weights: entry.weights, signers: entry.signers) == entry.expect, "\(entry.id): \(entry.why)")
      if !entry.expect { rejected += 1 }
    }
    print("quorum decisions: \(file.cases.count) cases, \(rejected) to be rejected")
    #expect(rejected > 0 && rejected < file.cases.count)
    return file.cases.count
  }

  @Test func s04AllSharedCases() throws {
    guard let data = Vectors.shared("derived/quorum-decisions.json") else { return }
    #expect(try run(data) == 69)
  }

  @Test func bundledCopy() throws {
    #expect(try run(try Vectors.bundled("crosschain/quorum-decisions.json")) == 69)
  }

  /// The same decisions through certificates with real signatures, for every set that can be built.
  @Test func throughCertificates() throws {
    let file = try JSONDecoder().decode(File.self, from: try Vectors.bundled("crosschain/quorum-decisions.json"))
    let keys = try SyntheticChain.keys(100, suite: .international, seed: "q")
    let chain = try SyntheticChain()
    var ran = 0
    for entry in file.cases where entry.weights.count <= keys.count {
      let rule: QuorumRule = entry.rule == "gt2/3" ? .moreThanTwoThirds : .moreThanHalf
      let members = zip(keys, entry.weights).map { Validator(key: $0.publicKey, weight: $1, organisation: "o") }
      guard let set = try? ValidatorSet(generation: 1, rule: rule, members: members) else { continue }
      // Repeated, unknown and unsorted signers cannot even be written into a bitmap.
      guard entry.signers == Array(Set(entry.signers)).sorted(), entry.signers.allSatisfy(entry.weights.indices.contains) else { continue }
      let checkpoint = chain.checkpoint(chain.header(1, time: 1), historyRoot: chain.digest("h"), naming: set)
      let digest = checkpoint.digest(genesis: chain.genesis, suite: chain.suite)
      let signatures = try entry.signers.map { (index: $0, signature: try keys[$0].sign(digest)) }
      let certificate = CheckpointCertificate(checkpoint: checkpoint, set: set, signatures: signatures)
      let accepted = (try? certificate.verify(in: set, genesis: chain.genesis, suite: chain.suite)) != nil
      #expect(accepted == entry.expect, "\(entry.id)")
      ran += 1
    }
    print("quorum decisions through certificates: \(ran)")
    #expect(ran >= 50)
  }
}
