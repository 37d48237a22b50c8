import ChainCore
@testable import CrossChain
import Testing

@Suite struct LightClientUpdates {
  let now: BlockTime = 2_000_000

  private func advance(_ client: ClientRecord, _ update: ClientUpdate, now: BlockTime? = nil) throws -> ClientRecord {
    guard case .advanced(let moved, _) = try LightClient.update(client, with: update, known: nil, now: now ?? self.now) else {
      throw LightClientError.noMisbehaviour
    }
    return moved
  }

  @Test func s02AMillionHeightsAndThreeSetsLater() throws {
    var chain = try SyntheticChain()
    var client = ClientRecord(chain.registration())
    try chain.registration().validate()
    client = try advance(client, try chain.update(client, to: 7, time: 1_001_000))
    #expect(client.latest.height == 7)
    // Three changes and a skip of 2^20 heights in one update.
    var steps: [UpdateStep] = []
    for (index, height) in [BlockHeight(100), 5_000, 70_000].enumerated() {
      let keys = try SyntheticChain.keys(4 + index, suite: chain.suite, seed: "set \(index)")
      let next = try SyntheticChain.set(of: keys, generation: chain.set.generation + 1)
      let time = BlockTime(1_002_000 + UInt64(index))
      let block = try chain.block(height, time: time, historyRoot: chain.digest("any"), naming: next)
      steps.append(UpdateStep(block: block, nextSet: next))
      chain.keys = keys
      chain.set = next
    }
    let vast = chain.vastHistory(extending: client.latest.leaf, level: 20)
    steps.append(UpdateStep(block: try chain.block(vast.size, time: 1_900_000, historyRoot: vast.root)))
    let update = ClientUpdate(steps: steps, history: vast.proof)
    let moved = try advance(client, update)
    #expect(moved.latest.height == vast.size && moved.set.generation == 4)

    // Without any one of the handovers the certificate is of an unknown set.
    for index in 0..<3 {
      var missing = update
      missing.steps.remove(at: index)
      #expect(throws: LightClientError.self) { try advance(client, missing) }
      var bare = update
      bare.steps[index].nextSet = nil
      #expect(throws: LightClientError.missingNextSet(steps[index].block.height)) { try advance(client, bare) }
      var wrong = update
      wrong.steps[index].nextSet = try SyntheticChain(seed: "other").set
      #expect(throws: LightClientError.wrongNextSet(steps[index].block.height)) { try advance(client, wrong) }
    }
    var swapped = update
    swapped.steps.swapAt(0, 1)
    #expect(throws: LightClientError.self) { try advance(client, swapped) }
    var spare = update
    spare.steps[3].nextSet = chain.set
    #expect(throws: LightClientError.wrongNextSet(vast.size)) { try advance(client, spare) }
    // The retired set certifies nothing any more.
    let retired = try SyntheticChain()
    let old = try retired.block(vast.size.next, time: 1_950_000, historyRoot: chain.digest("any"))
    #expect(throws: LightClientError.certificate(vast.size.next, .unknownSet(generation: 1, expected: 4))) {
      try advance(moved, ClientUpdate(steps: [UpdateStep(block: old)], history: vast.proof))
    }
  }

  @Test func aSkippedGenerationIsRefused() throws {
    let chain = try SyntheticChain()
    let client = ClientRecord(chain.registration())
    for generation in [UInt64(1), 3] {
      let keys = try SyntheticChain.keys(4, suite: chain.suite, seed: "n")
      let next = try SyntheticChain.set(of: keys, generation: generation)
      #expect(throws: LightClientError.wrongNextSet(9)) {
        try advance(client, try chain.update(client, to: 9, time: 1_500_000, naming: next))
      }
    }
    let other = try SyntheticChain.set(of: try SyntheticChain.keys(4, suite: .guomi, seed: "n"), generation: 2)
    #expect(throws: LightClientError.unfitNextSet(9)) {
      try advance(client, try chain.update(client, to: 9, time: 1_500_000, naming: other))
    }
  }

  @Test func timesAndHeights() throws {
    let chain = try SyntheticChain()
    let client = try advance(
      ClientRecord(chain.registration()), try chain.update(ClientRecord(chain.registration()), to: 5, time: 1_500_000))
    let drift = client.registration.maxClockDriftMs
    let edge = now.advanced(byMilliseconds: drift)
    #expect(try advance(client, try chain.update(client, to: 9, time: edge)).latest.time == edge)
    #expect(throws: LightClientError.fromFuture(edge.advanced(byMilliseconds: 1), now: now)) {
      try advance(client, try chain.update(client, to: 9, time: edge.advanced(byMilliseconds: 1)))
    }
    let period = client.registration.trustingPeriodMs
    let update = try chain.update(client, to: 9, time: 1_600_000)
    let last = BlockTime(1_500_000 + period - 1)
    #expect(try advance(client, update, now: last).latest.height == 9)
    #expect(throws: LightClientError.expired(latest: 1_500_000, now: last.advanced(byMilliseconds: 1))) {
      try advance(client, update, now: last.advanced(byMilliseconds: 1))
    }
    let lower = try chain.update(ClientRecord(chain.registration()), to: 4, time: 1_400_000)
    #expect(throws: LightClientError.heightNotGreater(4, latest: 5)) { try advance(client, lower) }
    // A lower height comes in by history instead, without signatures.
    let history = try chain.history(extending: HistoryLeaf(lower.steps[0].block.checkpoint), to: 9)
    let later = try chain.block(9, time: 1_700_000, historyRoot: history.root)
    let trusted = TrustedCheckpoint(LightClient.Rules(client.registration), header: later.header, checkpoint: later.checkpoint)
    let backfill = Backfill(header: lower.steps[0].block.header, under: 9, history: history.proof)
    guard case .advanced(_, let added) = try LightClient.backfill(client, with: backfill, under: trusted, known: nil, now: now) else {
      Issue.record("expected a new height")
      return
    }
    #expect(added[0].height == 4 && added[0].time == 1_400_000 && added[0].historyRoot == nil)
    #expect(try LightClient.backfill(client, with: backfill, under: trusted, known: added[0], now: now) == .known)
    var otherTime = backfill
    otherTime.header.time = 1_400_001
    #expect(throws: LightClientError.headerMismatch(4)) {
      try LightClient.backfill(client, with: otherTime, under: trusted, known: nil, now: now)
    }
    var otherPlace = backfill
    otherPlace.history.leaf.stateRoot = .zero
    #expect(throws: LightClientError.history(.rootMismatch)) {
      try LightClient.backfill(client, with: otherPlace, under: trusted, known: nil, now: now)
    }
  }

  @Test func stepsAreBounded() throws {
    let chain = try SyntheticChain()
    let client = ClientRecord(chain.registration())
    let update = try chain.update(client, to: 9, time: 1_500_000)
    #expect(throws: LightClientError.stepCount(0)) { try advance(client, ClientUpdate(steps: [], history: update.history)) }
    let many = ClientUpdate(steps: Array(repeating: update.steps[0], count: 17), history: update.history)
    #expect(throws: LightClientError.stepCount(17)) { try advance(client, many) }
  }

  @Test(arguments: CryptoSuite.allCases) func everyByteOfAnUpdateIsCheckedAndNoneFreezes(suite: CryptoSuite) throws {
    let chain = try SyntheticChain(suite: suite, validators: 1)
    let client = ClientRecord(chain.registration())
    let update = try chain.update(client, to: 6, time: 1_500_000)
    let bytes = update.canonicalBytes
    var refused = 0
    var undecoded = 0
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      guard let other = try? ClientUpdate(canonicalBytes: changed) else {
        undecoded += 1
        continue
      }
      #expect(throws: LightClientError.self) { try LightClient.update(client, with: other, known: nil, now: now) }
      refused += 1
    }
    #expect(refused > 300)
    print("updates with one byte changed (\(suite)): \(refused) refused, \(undecoded) do not decode")
  }

  @Test func s05SignaturesOfAnotherChainTagOrSuiteProveNothing() throws {
    let chain = try SyntheticChain()
    let client = ClientRecord(chain.registration())
    let other = SyntheticChain(
      chain: "henan/410200", genesis: chain.genesis, suite: chain.suite, keys: chain.keys, set: chain.set)
    #expect(throws: LightClientError.wrongChain("henan/410200")) { try advance(client, try other.update(client, to: 6, time: 1_500_000)) }
    // Same name, another genesis: a test chain replays nothing.
    let twin = SyntheticChain(
      chain: chain.chain, genesis: GenesisID(chain.digest("twin")), suite: chain.suite, keys: chain.keys, set: chain.set)
    #expect(throws: LightClientError.headerMismatch(6)) { try advance(client, try twin.update(client, to: 6, time: 1_500_000)) }
    var update = try chain.update(client, to: 6, time: 1_500_000)
    let checkpoint = update.steps[0].block.checkpoint
    let signature = try chain.keys[0].sign(chain.suite.digest("BlockHeader", chain.genesis, checkpoint))
    update.steps[0].block.certificate.signatures[0] = signature
    #expect(throws: LightClientError.certificate(6, .badSignature(index: 0))) { try advance(client, update) }
    let three = try chain.update(client, to: 6, time: 1_500_000, signers: [0, 1])
    #expect(throws: LightClientError.certificate(6, .insufficientWeight(signed: 2, total: 4))) { try advance(client, three) }
    var strict = client
    strict.set = try SyntheticChain.set(of: chain.keys, generation: 1, rule: .moreThanHalf)
    // The registration's threshold counts besides the set's own rule.
    var weak = chain
    weak.set = strict.set
    let half = try weak.block(
      6, time: 1_500_000, historyRoot: try chain.history(extending: client.latest.leaf, to: 6).root, signers: [0, 1])
    #expect(throws: LightClientError.certificate(6, .insufficientWeight(signed: 2, total: 4))) {
      try advance(strict, ClientUpdate(steps: [UpdateStep(block: half)], history: three.history))
    }
  }

  @Test func aProofOfAnotherBaseIsStaleAndNotMisbehaviour() throws {
    let chain = try SyntheticChain()
    let start = ClientRecord(chain.registration())
    let client = try advance(start, try chain.update(start, to: 5, time: 1_500_000))
    #expect(throws: LightClientError.otherBase(0, latest: 5)) { try advance(client, try chain.update(start, to: 9, time: 1_600_000)) }
  }
}

@Suite struct LightClientMisbehaviour {
  let now: BlockTime = 2_000_000

  private func frozen(_ change: LightClient.Change) -> Bool {
    guard case .frozen(let client, let evidence) = change else { return false }
    return client.status == .frozen(evidence: evidence.id(suite: client.registration.suite))
  }

  @Test func s08TwoCertificatesOfOneHeightFreeze() throws {
    let chain = try SyntheticChain()
    let client = ClientRecord(chain.registration())
    let root = chain.digest("any")
    let first = try chain.block(6, time: 1_500_000, historyRoot: root).certificate
    let second = try chain.block(6, time: 1_500_000, stateRoot: chain.digest("fork"), historyRoot: root).certificate
    let named = client.latest
    func report(_ a: CheckpointCertificate, _ b: CheckpointCertificate, _ signers: ValidatorSet) throws -> LightClient.Change {
      try LightClient.misbehaviour(client, a, b, signers: signers, named: named)
    }
    #expect(frozen(try report(first, second, chain.set)))
    #expect(throws: LightClientError.noMisbehaviour) { try report(first, first, chain.set) }
    let later = try chain.block(7, time: 1_600_000, historyRoot: root).certificate
    #expect(throws: LightClientError.noMisbehaviour) { try report(first, later, chain.set) }
    var forged = second
    forged.checkpoint.stateRoot = .zero
    #expect(throws: LightClientError.certificate(6, .badSignature(index: 0))) { try report(first, forged, chain.set) }
    let strangers = try SyntheticChain(seed: "strangers")
    #expect(throws: LightClientError.wrongNextSet(0)) { try report(first, second, strangers.set) }
  }

  @Test func s09AnUpdateThatContradictsTrustFreezes() throws {
    let chain = try SyntheticChain()
    let start = ClientRecord(chain.registration())
    let update = try chain.update(start, to: 5, time: 1_500_000)
    guard case .advanced(let client, let added) = try LightClient.update(start, with: update, known: nil, now: now) else {
      Issue.record("expected an advance")
      return
    }
    // The same again is known; another block at a trusted height is a fork.
    #expect(try LightClient.update(client, with: update, known: added[0], now: now) == .known)
    var fork = update
    fork.steps[0].block = try chain.block(
      5, time: 1_500_000, stateRoot: chain.digest("fork"), historyRoot: update.steps[0].block.checkpoint.historyRoot)
    #expect(frozen(try LightClient.update(client, with: fork, known: added[0], now: now)))
    // A later block whose history holds another block at the trusted height.
    var leaf = client.latest.leaf
    leaf.stateRoot = chain.digest("fork")
    let history = try chain.history(extending: leaf, to: 9)
    let block = try chain.block(9, time: 1_600_000, historyRoot: history.root)
    let rewritten = ClientUpdate(steps: [UpdateStep(block: block)], history: history.proof)
    #expect(frozen(try LightClient.update(client, with: rewritten, known: nil, now: now)))
    // A later block with an earlier time.
    let earlier = try chain.update(client, to: 9, time: 1_500_000)
    #expect(frozen(try LightClient.update(client, with: earlier, known: nil, now: now)))
    // The same contradictions without a quorum freeze nothing.
    for height in [BlockHeight(5), 9] {
      let unsigned = try chain.block(height, time: 1_500_000, stateRoot: chain.digest("fork"), historyRoot: history.root, signers: [0])
      let bad = ClientUpdate(steps: [UpdateStep(block: unsigned)], history: history.proof)
      #expect(throws: LightClientError.certificate(height, .insufficientWeight(signed: 1, total: 4))) {
        try LightClient.update(client, with: bad, known: height == 5 ? added[0] : nil, now: now)
      }
    }
    // Frozen is final here.
    guard case .frozen(let cold, _) = try LightClient.update(client, with: earlier, known: nil, now: now) else { return }
    #expect(throws: LightClientError.self) {
      try LightClient.update(cold, with: try chain.update(client, to: 9, time: 1_700_000), known: nil, now: now)
    }
  }

  @Test func backfillThatContradictsTrustFreezes() throws {
    let chain = try SyntheticChain()
    let client = ClientRecord(chain.registration())
    let header = chain.header(3, time: 1_400_000)
    let leaf = HistoryLeaf(chain.checkpoint(header, historyRoot: chain.digest("any")))
    let history = try chain.history(extending: leaf, to: 9)
    let block = try chain.block(9, time: 1_500_000, historyRoot: history.root)
    let under = TrustedCheckpoint(LightClient.Rules(client.registration), header: block.header, checkpoint: block.checkpoint)
    var known = under
    known.height = 3
    #expect(
      frozen(
        try LightClient.backfill(
          client, with: Backfill(header: header, under: 9, history: history.proof), under: under, known: known, now: now)))
  }
}

@Suite struct Registrations {
  @Test func s03NothingEmptyIsAccepted() throws {
    let chain = try SyntheticChain()
    let good = chain.registration()
    try good.validate()
    var tried = 0
    func refuse(_ error: RegistrationError, _ change: (inout ChainRegistration) -> Void) {
      var bad = good
      change(&bad)
      tried += 1
      #expect(throws: error) { try bad.validate() }
    }
    refuse(.wrongChain(chain.chain)) { $0.chain = "henan/410900" }
    refuse(.wrongGenesis) { $0.genesis = .none }
    refuse(.wrongGenesis) { $0.genesis = GenesisID(chain.digest("twin")) }
    refuse(.headerMismatch) { $0.suite = .guomi }
    refuse(.headerMismatch) { $0.trusted.header.time = 5 }
    refuse(.headerMismatch) { $0.trusted.checkpoint.height = 1 }
    refuse(.emptyRoot("stateRoot")) { $0.trusted.checkpoint.stateRoot = .zero }
    refuse(.emptyRoot("receiptsRoot")) { $0.trusted.checkpoint.receiptsRoot = .zero }
    refuse(.emptyRoot("historyRoot")) { $0.trusted.checkpoint.historyRoot = .zero }
    refuse(.wrongSet) { $0.trusted.checkpoint.validatorSetHash = .zero }
    refuse(.weakThreshold) { $0.threshold = .moreThanHalf }
    refuse(.outOfRange("trustingPeriodMs")) { $0.trustingPeriodMs = 0 }
    refuse(.outOfRange("maxClockDriftMs")) { $0.maxClockDriftMs = ChainRegistration.driftLimitMs + 1 }
    refuse(.outOfRange("checkpoints")) { $0.checkpoints = 0 }
    refuse(.outOfRange("checkpoints")) { $0.checkpoints = 4_097 }
    #expect(tried == 15)
    #expect(throws: CanonicalError.self) {
      var bytes = good.canonicalBytes
      // The kind follows chain, genesis and suite: no kind but ours decodes.
      bytes[good.chain.canonicalBytes.count + 32 + 1] = 9
      _ = try ChainRegistration(canonicalBytes: bytes)
    }
  }
}
