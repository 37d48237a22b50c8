import ChainTesting
import Testing

/// A failing schedule is made small; a recorded run is the run that was recorded.
@Suite struct Shrinking {
  @Test(arguments: [(Trial.raft, UInt64(3)), (.raft, 20), (.simplex, 3), (.simplex, 5), (.chain, 2)])
  func aRecordedRunIsTheSameRun(trial: Trial, seed: UInt64) throws {
    let live = try trial.run(seed: seed).traceHash
    let recorded = try trial.run(seed: seed, score: nil, omitting: OmittedFaults())
    #expect(recorded.failure == nil && recorded.traceHash == live)
    #expect(recorded.faults == recorded.score.faults && recorded.faults.map(\.ordinal) == Array(1...recorded.faults.count))
    let again = try trial.run(seed: seed, score: recorded.score)
    #expect(again.traceHash == live && again.faults == recorded.faults)
  }

  @Test(arguments: [(Trial.raft, UInt64(3)), (.simplex, 3)])
  func whatIsLeftOutDoesNotMoveTheOthers(trial: Trial, seed: UInt64) throws {
    let score = try trial.run(seed: seed, score: nil).score
    let kinds: Set<FaultKind> = [.partition, .crash]
    let without = try trial.run(seed: seed, score: score, omitting: OmittedFaults(kinds: kinds))
    #expect(without.failure == nil && !without.faults.contains { kinds.contains($0.kind) })
    // Whom they strike may follow from the state that they meet, as with "the leader"; what, and when, does not.
    func places(_ faults: [InjectedFault]) -> Set<String> { Set(faults.map { "\($0.ordinal) \($0.kind) \($0.tick)" }) }
    #expect(places(without.faults).isSubset(of: places(score.faults)) && without.faults.count > score.faults.count / 4)
    let none = try trial.run(seed: seed, score: score, omitting: OmittedFaults(allBut: []))
    #expect(none.failure == nil && none.faults.isEmpty)
  }

  @Test func aSeedThatPassesIsNotShrunk() {
    #expect(throws: ShrinkError.passes(seed: 2)) { try Shrinker(trial: .raft, seed: 2).shrink() }
    #expect(throws: ShrinkError.noSuchDefect("none")) { try Shrinker(trial: .simplex, seed: 2, mutant: "none").shrink() }
    #expect(throws: ShrinkError.noSuchDefect("none")) { try Shrinker(trial: .chain, seed: 2, mutant: "none").shrink() }
  }

  @Test func aRuleIsWhatStaysWithoutNumbers() {
    let failures = ["replica 2 voted for two in term 5", "replica 1 voted for two in term 2", "replica 2 voted for 2 in term 5"].map {
      CheckFailure(seed: 1, step: 1, what: $0, trace: [])
    }
    #expect(Shrinker.rule(of: failures[0]) == Shrinker.rule(of: failures[1]))
    #expect(Shrinker.rule(of: failures[0]) != Shrinker.rule(of: failures[2]))
  }

  #if DEBUG
    @Test(arguments: [
      (Trial.raft, UInt64(16), "forgottenVote", 12), (.raft, 1, "twoVotes", 12), (.raft, 1, "acceptBeforeDurable", 4),
      (.raft, 71, "olderSnapshot", 30), (.simplex, 1, "finalizeAfterNullify", 4), (.simplex, 1, "forgetsVotes", 12),
      (.simplex, 2, "evidenceBySignature", 12),
    ]) func aFewFaultsStillBreakTheSameRule(trial: Trial, seed: UInt64, mutant: String, limit: Int) throws {
      let small = try Shrinker(trial: trial, seed: seed, mutant: mutant, runLimit: 250).shrink()
      #expect(Shrinker.rule(of: small.failure) == Shrinker.rule(of: small.original))
      #expect(small.faults.count <= small.originalFaults && small.faults.count <= limit && small.runs <= 260)
      #expect(small.isMinimal && small.kinds.count <= small.faults.count)
      print("\(mutant): \(small.originalFaults) faults to \(small.faults.count) in \(small.runs) runs: \(small.failure.what)")
      // What was found is what a replay of these ordinals does.
      let score = try trial.run(seed: seed, mutant: mutant).score
      let again = try trial.run(
        seed: seed, mutant: mutant, score: score, omitting: OmittedFaults(allBut: Set(small.faults.map(\.ordinal))))
      #expect(again.failure?.what == small.failure.what && again.failure?.step == small.failure.step)
    }
  #endif
}
