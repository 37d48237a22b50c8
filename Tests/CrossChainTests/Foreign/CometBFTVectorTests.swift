import ChainCore
import Foundation
import TestSupport
import Testing

@testable import CrossChain

/// The light client vectors of the Tendermint project: one step after another, and searches.
@Suite struct CometBFTVectors {
  private static let singleSteps = [
    "MC10_3_faulty_TestFailure", "MC10_3_faulty_TestHalfValsetChangesVerdictNotEnoughTrust",
    "MC10_3_faulty_TestHalfValsetChangesVerdictSuccess", "MC10_3_faulty_TestHeaderNotWithinTrustingPeriod",
    "MC10_3_faulty_TestLessThanThirdValsetChanges", "MC10_3_faulty_TestMoreThanTwoThirdsSign", "MC10_3_faulty_TestNonMonotonicHeight",
    "MC10_3_faulty_TestOneThirdValsetChanges", "MC10_3_faulty_TestTwoThirdsValsetChanges", "MC10_3_faulty_TestValsetChangesFully",
    "MC10_3_faulty_TestValsetDoubles", "MC10_3_faulty_TestValsetHalves", "MC4_4_faulty_Test2NotEnoughTrustFailure",
    "MC4_4_faulty_Test3NotEnoughTrustFailure", "MC4_4_faulty_Test3NotEnoughTrustSuccess", "MC4_4_faulty_TestHalfValsetChanges",
    "MC4_4_faulty_TestHalfValsetChangesVerdictNotEnoughTrust", "MC4_4_faulty_TestHeaderFromFuture",
    "MC4_4_faulty_TestHeaderNotWithinTrustingPeriod", "MC4_4_faulty_TestLessThanThirdValsetChanges",
    "MC4_4_faulty_TestMoreThanTwoThirdsSign", "MC4_4_faulty_TestNonMonotonicHeight", "MC4_4_faulty_TestSuccess",
    "MC4_4_faulty_TestValsetChangesFully", "MC4_4_faulty_TestValsetDoubles", "MC4_4_faulty_TestValsetHalves",
  ]
  private static let bisections: [(name: String, fails: Bool)] = [
    ("_happy_path", false), ("conflicting_headers", true), ("conflicting_valid_commits_from_one_of_the_witnesses", true),
    ("malicious_validator_set", true), ("not_enough_commits", true),
  ]

  /// Runs one file through the rules; gives the verdicts that were met.
  private func run(_ data: Data, _ name: String) throws -> [String: Int] {
    let file = try JSONDecoder().decode(CometBFTFile.SingleStep.self, from: data)
    let period: UInt64 = try CometBFTFile.number(file.initial.trusting_period)
    let first = try file.initial.signed_header.header.made()
    let rules = CometBFT.Rules(
      chainID: first.chainID, trustingPeriodMs: period / 1_000_000, maxClockDriftMs: 0, trustLevel: CometBFT.TrustLevel())
    var trusted = try #require(CometBFTTrustedHeight(first))
    var next = try file.initial.next_validator_set.made()
    var verdicts: [String: Int] = [:]
    for (index, step) in file.input.enumerated() {
      let provided = try step.block.made()
      let now = try CometBFTFile.time(step.now)
      var verdict = "INVALID"
      if !rules.isExpired(trusted.time, at: now) {
        do throws(CometBFTError) {
          try rules.verify(provided.block, from: trusted.anchor, next: next, now: now)
          verdict = "SUCCESS"
        } catch {
          if case .notEnoughTrust = error { verdict = "NOT_ENOUGH_TRUST" }
        }
      }
      #expect(verdict == step.verdict, "\(name), step \(index)")
      if verdict == "SUCCESS" {
        trusted = try #require(CometBFTTrustedHeight(provided.block.header))
        next = provided.next
      }
      verdicts[verdict, default: 0] += 1
    }
    return verdicts
  }

  @Test func s07EverySingleStep() throws {
    var verdicts: [String: Int] = [:]
    var files = 0
    for name in Self.singleSteps {
      guard let data = Vectors.shared("lightclient/single_step/\(name).json") else { continue }
      verdicts.merge(try run(data, name), uniquingKeysWith: +)
      files += 1
    }
    guard files > 0 else { return }
    print("light client single steps: \(files) files, \(verdicts.values.reduce(0, +)) steps, \(verdicts)")
    #expect(files == 26)
    #expect(verdicts.values.reduce(0, +) == 66)
    #expect(verdicts.values.reduce(0, +) - verdicts["SUCCESS", default: 0] == 39)
  }

  /// The copies that every checkout has; they are those of the shared folder.
  @Test func bundledCopies() throws {
    var steps = 0
    for name in ["MC4_4_faulty_TestHeaderFromFuture", "MC4_4_faulty_TestNonMonotonicHeight", "MC4_4_faulty_Test3NotEnoughTrustSuccess"] {
      let data = try Vectors.bundled("crosschain/lightclient/single_step/\(name).json")
      if let shared = Vectors.shared("lightclient/single_step/\(name).json") { #expect(shared == data, "\(name) differs from its origin") }
      steps += try run(data, name).values.reduce(0, +)
    }
    #expect(steps == 8)
    let data = try Vectors.bundled("crosschain/lightclient/bisection/conflicting_headers.json")
    if let shared = Vectors.shared("lightclient/bisection/conflicting_headers.json") { #expect(shared == data) }
    let (end, _) = try search(try JSONDecoder().decode(CometBFTFile.Bisection.self, from: data))
    guard case .failed(.conflict(witness: 0, _, _)) = end else {
      Issue.record("\(end)")
      return
    }
  }

  /// Searches for the target of one file; gives the last effect and how many headers were verified.
  private func search(_ file: CometBFTFile.Bisection) throws -> (end: CometBFTBisection.Effect, verified: Int) {
    let options = file.trust_options
    let rules = CometBFT.Rules(
      chainID: file.primary.chain_id, trustingPeriodMs: try CometBFTFile.number(options.period) / 1_000_000, maxClockDriftMs: 10_000,
      trustLevel: CometBFT.TrustLevel(
        numerator: try CometBFTFile.number(options.trust_level.numerator),
        denominator: try CometBFTFile.number(options.trust_level.denominator)),
      form: AminoForm())
    let height: UInt64 = try CometBFTFile.number(options.height)
    let primary = try file.primary.made()
    let witnesses = try file.witnesses.map { try $0.value.made() }
    let trusted = CometBFTTrustedHeight(
      height: height, time: try #require(primary[height]).block.header.time,
      headerHash: try #require(Digest(try CometBFTFile.bytes(options.hash))), appHash: [], nextValidatorsHash: .zero)
    var search = CometBFTBisection(
      rules: rules, from: trusted, to: try CometBFTFile.number(file.height_to_verify), witnesses: witnesses.count,
      now: try CometBFTFile.time(file.now))
    var effect = search.start()
    var fetches = 0
    while case .fetch(let height, let source) = effect {
      fetches += 1
      try #require(fetches < 100)
      let blocks: [UInt64: CometBFTProvided]
      switch source {
      case .primary: blocks = primary
      case .witness(let index): blocks = witnesses[index]
      }
      effect = search.step(blocks[height].map { .received($0) } ?? .unavailable)
    }
    return (effect, search.verified)
  }

  @Test func s07EveryBisection() throws {
    var ran = 0
    for (name, fails) in Self.bisections {
      guard let data = Vectors.shared("lightclient/bisection/\(name).json") else { continue }
      let file = try JSONDecoder().decode(CometBFTFile.Bisection.self, from: data)
      #expect((file.expected_output == "error") == fails)
      let (end, verified) = try search(file)
      if case .verified(let updates) = end {
        #expect(!fails, "\(name)")
        #expect(updates.last?.block.header.height == Int64(file.height_to_verify))
        print("bisection \(name): verified by \(updates.count) headers")
      } else {
        #expect(fails, "\(name): \(end)")
        print("bisection \(name): refused after \(verified) headers, \(String(describing: end).prefix(70))")
      }
      ran += 1
    }
    guard ran > 0 else { return }
    print("light client bisections: \(ran)")
    #expect(ran == 5)
  }
}
