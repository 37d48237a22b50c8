import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// Proofs go on while the relay's validators change: each change on the way from the anchor is a step, and none can be forged.
@Suite struct RemoteProofsAcrossHandovers {
  private static let note = StateKey(contract: Courier.name, table: "notes", key: "licence")

  /// A network in which the relay knows a note of the source and then changes a validator `changes` times.
  private func network(changes: Int, suite: CryptoSuite = .international, validators: Int = 3) throws -> TestNetwork {
    var network = try TestNetwork(relay: suite, source: suite, destination: suite, validators: validators)
    try network.call(TestNetwork.sourceID, "courier", "fileAnyone", Note(text: "licence"))
    try network.updateClient(of: TestNetwork.sourceID, on: TestNetwork.relayID)
    for number in 0..<changes { try network.replaceValidator(TestNetwork.relayID, number % validators) }
    return network
  }

  private func proof(
    _ network: TestNetwork, relayHeight: BlockHeight? = nil, generation: UInt64? = nil, pinned: BlockHeight? = nil
  ) throws -> RemoteProof {
    try RemoteProof(
      of: Self.note, on: network.source.ledger, through: network.relay.ledger, relayHeight: relayHeight, generation: generation,
      pinned: pinned)
  }

  private func anchor(_ network: TestNetwork, _ generation: UInt64? = nil) throws -> TrustAnchor {
    try TrustAnchor(of: network.relay.ledger, generation: generation)
  }

  private func refusal(_ proof: RemoteProof, _ anchor: TrustAnchor) -> RemoteProofError? {
    do throws(RemoteProofError) {
      _ = try proof.verify(anchor: anchor)
      return nil
    } catch { return error }
  }

  @Test(arguments: CryptoSuite.allCases) func s30EveryAnchorReachesEveryLaterHeight(suite: CryptoSuite) throws {
    var network = try network(changes: 0, suite: suite)
    let first = network.relay.ledger.head.height
    for index in 0..<3 { try network.replaceValidator(TestNetwork.relayID, index) }
    try network.block(TestNetwork.relayID)
    let relay = network.relay.ledger
    #expect(relay.head.validators.generation == 4)
    var boundaries = 0
    for height in first.rawValue...relay.head.height.rawValue {
      let height = BlockHeight(height)
      let signed = relay.validators(signing: height).generation
      let isBoundary = relay.validators(signing: height.next).generation > signed
      boundaries += isBoundary ? 1 : 0
      for generation in 1...signed {
        let made = try proof(network, relayHeight: height, generation: generation)
        #expect(made.steps.count == Int(signed - generation) + 1 && (made.steps.last?.nextSet != nil) == isBoundary)
        #expect(try made.verify(anchor: try anchor(network, generation)).value != nil)
        guard generation > 1 else { continue }
        #expect(refusal(made, try anchor(network, generation - 1)) != nil, "the way of another anchor")
      }
      guard signed < 4 else { continue }
      #expect(throws: RemoteProofBuildError.anchorTooNew(4, signed: signed)) {
        try proof(network, relayHeight: height, generation: 4)
      }
    }
    #expect(boundaries == 3)
    #expect(throws: RemoteProofBuildError.ledger(.noSuchGeneration(5, head: 4))) { try proof(network, generation: 5) }
    #expect(throws: RemoteProofBuildError.ledger(.noSuchGeneration(0, head: 4))) { try proof(network, generation: 0) }
    #expect(throws: LedgerError.noSuchGeneration(5, head: 4)) { try anchor(network, 5) }
    var pinned = try anchor(network, 2)
    pinned.pinned = PinnedBlock(height: 1, blockID: try relay.checkpoint(at: 1).blockID)
    _ = try proof(network, generation: 2, pinned: 1).verify(anchor: pinned)
  }

  @Test func sixteenStepsAndNoMore() throws {
    var network = try network(changes: 15)
    let boundary = network.relay.ledger.head.height
    try network.block(TestNetwork.relayID)
    #expect(try proof(network).steps.count == 16)
    #expect(refusal(try proof(network), try anchor(network)) == nil)
    try network.replaceValidator(TestNetwork.relayID, 0)
    // The height of the sixteenth change hands over itself.
    let last = try proof(network)
    #expect(last.steps.count == 16)
    #expect(refusal(last, try anchor(network)) == nil)
    try network.block(TestNetwork.relayID)
    #expect(throws: RemoteProofBuildError.tooManySteps(17, earliest: 2)) { try proof(network) }
    #expect(refusal(try proof(network, generation: 2), try anchor(network, 2)) == nil)
    #expect(refusal(try proof(network, relayHeight: boundary), try anchor(network)) == nil, "an earlier height is nearer")
    var long = try proof(network, generation: 2)
    long.steps = Array(last.steps.prefix(1)) + long.steps
    #expect(long.steps.count == 17)
    #expect(refusal(long, try anchor(network)) == .relay(.stepCount(17)))
  }

  @Test func aWayThatNobodySignedIsRefused() throws {
    var network = try network(changes: 3)
    try network.block(TestNetwork.relayID)
    let made = try proof(network)
    let trusted = try anchor(network)
    #expect(made.steps.count == 4 && refusal(made, trusted) == nil)
    func after(_ change: (inout [UpdateStep]) throws -> Void) rethrows -> RemoteProofError? {
      var forged = made
      try change(&forged.steps)
      return refusal(forged, trusted)
    }
    let heights = made.steps.map(\.block.height)
    let thief = try PrivateKey(suite: .international, secret: [UInt8](repeating: 7, count: 32)).publicKey
    let own = try ValidatorSet(
      generation: 2, rule: trusted.validators.rule, members: [Validator(key: thief, weight: 1, organisation: "thief")])
    #expect(after { $0[0].nextSet = own } == .relay(.wrongNextSet(heights[0])), "forged set")
    #expect(after { $0[0].nextSet = nil } == .relay(.missingNextSet(heights[0])), "set left out")
    #expect(
      after { $0.remove(at: 0) } == .relay(.certificate(heights[1], .unknownSet(generation: 2, expected: 1))), "first change left out")
    #expect(
      after { $0.remove(at: 1) } == .relay(.certificate(heights[2], .unknownSet(generation: 3, expected: 2))), "generation skipped")
    #expect(after { $0[0].nextSet = $0[1].nextSet } == .relay(.wrongNextSet(heights[0])), "generation jumped over")
    #expect(after { $0.insert($0[0], at: 1) } == .relay(.heightNotGreater(heights[0], latest: heights[0])), "repeated")
    #expect(after { $0.swapAt(1, 2) } != nil, "reordered")
    #expect(after { $0[3].nextSet = $0[2].nextSet } == .relay(.wrongNextSet(heights[3])), "a change where none is")
    // Another chain of the same names and keys, with another genesis.
    var twin = try TestNetwork(
      relay: .international, source: .international, destination: .international, parameters: ChainParameters(transactionBytes: 9_000))
    #expect(twin.relay.ledger.genesisID != network.relay.ledger.genesisID)
    try twin.replaceValidator(TestNetwork.relayID, 0)
    try twin.updateClient(of: TestNetwork.sourceID, on: TestNetwork.relayID)
    let foreign = try proof(twin).steps[0]
    #expect(foreign.nextSet?.generation == 2)
    #expect(after { $0[0] = foreign } != nil, "another chain's")
    #expect(try made.verify(anchor: trusted).height == network.source.ledger.head.height)
  }

  /// No byte of the way may be changed unnoticed, whoever leads it.
  @Test(arguments: CryptoSuite.allCases) func everyByteOfTheWayCounts(suite: CryptoSuite) throws {
    var network = try network(changes: 2, suite: suite)
    try network.block(TestNetwork.relayID)
    let made = try proof(network)
    let trusted = try anchor(network)
    #expect(made.steps.count == 3 && refusal(made, trusted) == nil)
    let bytes = made.steps.canonicalBytes
    var refused = 0
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      var forged = made
      guard let steps = try? [UpdateStep](canonicalBytes: changed) else { continue }
      forged.steps = steps
      refused += 1
      #expect(refusal(forged, trusted) != nil, "byte \(index) of \(bytes.count) may be changed")
    }
    #expect(refused > 900)
  }

  /// A contract asks its client alone: changes on the way make its proofs no longer and no weaker.
  @Test func contractsNeedNoWay() async throws {
    var network = try network(changes: 2)
    try network.block(TestNetwork.relayID)
    _ = try await network.run()
    func check(_ proof: RemoteProof) throws -> Receipt {
      try network.call(TestNetwork.destinationID, "checker", "check", Checker.Check(text: "licence", proof: proof, maxAgeMs: nil))
    }
    let short = try RemoteProof(
      of: Self.note, on: network.source.ledger, through: network.relay.ledger, for: network.destination.ledger)
    #expect(short.steps.count == 1)
    #expect(try check(short).output == [1])
    let trusted = try #require(short.steps.last).block.height
    let whole = try proof(network, relayHeight: trusted)
    #expect(whole.steps.count == 3)
    #expect(refusal(whole, try anchor(network)) == nil)
    #expect(try check(whole).output == [1], "a proof for people serves contracts too")
    var padded = short
    padded.steps = whole.steps.reversed()
    #expect(try check(padded).status == .failed, "the last step names the height")
    // What counts is the client: a forged way to the trusted height adds nothing and takes nothing away.
    var forged = whole
    forged.steps[0].nextSet = nil
    #expect(try check(forged).output == [1])
    #expect(refusal(forged, try anchor(network)) != nil)
  }
}
