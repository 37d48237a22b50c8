import ChainCore
import Foundation
import Testing
import TestSupport

private struct QuorumFile: Decodable {
  struct Case: Decodable {
    let id, rule: String
    let weights: [UInt64]
    let signers: [Int]
    let expect: Bool
  }
  let cases: [Case]
}

@Suite struct QuorumVectors {
  @Test func decisions() throws {
    let cases = try JSONDecoder().decode(QuorumFile.self, from: Vectors.bundled("merkle/derived/quorum-decisions.json")).cases
    var reached = 0
    for vector in cases {
      let rule: QuorumRule
      switch vector.rule {
      case "gt2/3": rule = .moreThanTwoThirds
      case "gt1/2": rule = .moreThanHalf
      default:
        Issue.record("\(vector.id): unknown rule \(vector.rule)")
        continue
      }
      let decides = rule.isReached(weights: vector.weights, signers: vector.signers)
      #expect(decides == vector.expect, "\(vector.id)")
      if decides { reached += 1 }
    }
    print("quorum decisions: \(cases.count) cases, \(cases.count - reached) refused")
    #expect(cases.count == 69)
    #expect(reached == 28)
  }

  @Test func extremes() {
    for rule in [QuorumRule.moreThanHalf, .moreThanTwoThirds] {
      // 128 members of the greatest weight: the greatest sum that a set can have.
      let most = [UInt64](repeating: .max, count: ValidatorSet.memberLimit)
      #expect(rule.isReached(weights: most, signers: Array(0..<most.count)))
      #expect(!rule.isReached(weights: most, signers: Array(0..<(most.count / 2))))
      for signers in [[-1], [Int.max], [Int.min, 0], [0, 0], [1, 0]] { #expect(!rule.isReached(weights: [5, 5], signers: signers)) }
    }
  }
}
