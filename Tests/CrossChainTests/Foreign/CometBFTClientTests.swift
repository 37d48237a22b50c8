import ChainCore
import Testing

@testable import CrossChain

/// A client of a CometBFT chain believes what the chain's validators decided, and names what it does not believe.
@Suite struct CometBFTClients {
  private typealias Member = CometBFTChain.Member
  private let chain = CometBFTChain()
  private let four: [CometBFTChain.Member]

  init() throws { four = try CometBFTChain.members(0..<4) }

  private func client(heights: UInt32 = 8) throws -> CometBFTClient {
    try CometBFTClient(chain.registration(by: four, heights: heights))
  }

  private func message(
    _ block: CometBFT.LightBlock, from height: UInt64 = 1, trusted: [CometBFTChain.Member]? = nil
  ) -> [UInt8] {
    CometBFTUpdate(block: block, trustedHeight: height, trustedValidators: CometBFTChain.set(trusted ?? four)).encoded
  }

  @Test func adjacentAndSkippedHeights() throws {
    var client = try client()
    let later = try CometBFTChain.members(2..<6)
    let now = CometBFTChain.now(90)
    #expect(try client.update(message(try chain.block(2, by: four, next: later)), now: now) == .advanced)
    #expect(client.latestHeight == 2 && client.latestTime == BlockTime(UInt64(CometBFTChain.start + 20) * 1_000))
    // Half of the set changed at height 3: of those trusted by height 1 half have signed, which is more than a third.
    #expect(try client.update(message(try chain.block(9, by: later), from: 1), now: now) == .advanced)
    #expect(try client.update(message(try chain.block(9, by: later), from: 1), now: now) == .known)
    #expect(client.trusted.map(\.height) == [1, 2, 9])
    // A lower height between trusted ones may be filled in.
    #expect(try client.update(message(try chain.block(5, by: later), from: 2, trusted: later), now: now) == .advanced)
    #expect(client.trusted.map(\.height) == [1, 2, 5, 9] && client.latestHeight == 9)
    #expect(try CometBFTClient(canonicalBytes: client.canonicalBytes) == client)
    #expect(try CometBFTUpdate(decoding: message(try chain.block(9, by: later))).encoded == message(try chain.block(9, by: later)))
  }

  /// What each change of a valid block is refused for.
  @Test func everyRuleHasItsError() throws {
    let client = try client()
    let good = try chain.block(3, by: four)
    let now = CometBFTChain.now(90)
    func refuse(
      _ error: CometBFTError, _ block: CometBFT.LightBlock, trusted: [CometBFTChain.Member]? = nil, at time: BlockTime? = nil,
      sourceLocation: SourceLocation = #_sourceLocation
    ) {
      var copy = client
      #expect(throws: ForeignError.header(error), sourceLocation: sourceLocation) {
        try copy.update(message(block, trusted: trusted), now: time ?? now)
      }
      #expect(copy == client, sourceLocation: sourceLocation)
    }
    func changed(_ change: (inout CometBFT.LightBlock) -> Void) -> CometBFT.LightBlock {
      var block = good
      change(&block)
      return block
    }
    refuse(.otherChain("osmosis-1"), try chain.block(chain.header(3, by: four, chain: "osmosis-1"), by: four))
    refuse(.heightNotGreater(1, trusted: 1), try chain.block(chain.header(1, by: four, time: CometBFTChain.time(2)), by: four))
    refuse(.timeNotLater(CometBFTChain.time(1)), try chain.block(chain.header(3, by: four, time: CometBFTChain.time(1)), by: four))
    // Less than ten seconds ahead is tolerated, ten are not.
    refuse(.fromFuture(good.header.time), good, at: BlockTime(UInt64(CometBFTChain.start + 20) * 1_000))
    var patient = client
    #expect(try patient.update(message(good), now: BlockTime(UInt64(CometBFTChain.start + 20) * 1_000 + 1)) == .advanced)
    refuse(.otherCommit, changed { $0.commit.height = 4 })
    refuse(.otherCommit, changed { $0.header.appHash = [1] })
    refuse(.otherValidators, changed { $0.validators.validators.reverse() })
    refuse(.otherValidators, changed { $0.validators.validators[0].power += 1 })
    refuse(.badValidators, changed { $0.validators = CometBFT.ValidatorSet([]) })
    refuse(.badValidators, changed { $0.validators.validators[1] = $0.validators.validators[0] })
    refuse(.badValidators, changed { $0.validators.validators[0].power = -1 })
    refuse(.badValidators, changed { $0.validators.validators[0].power = .max / 8 })
    refuse(.otherNextValidators, good, trusted: Array(four.reversed()))
    refuse(.otherNextValidators, good, trusted: [])
    let strangers = try CometBFTChain.members(10..<14)
    refuse(.otherNextValidators, try chain.block(2, by: strangers))
    refuse(.notEnoughTrust(signed: 0, total: 40), try chain.block(3, by: strangers))
    refuse(.noQuorum(signed: 20, total: 40), try chain.block(good.header, by: four, signers: [0, 1]))
    refuse(.noQuorum(signed: 20, total: 40), try chain.block(good.header, by: four, signers: [0, 1], none: [2, 3]))
    refuse(.tooManySignatures(5), changed { $0.commit.signatures.append(.absent) })
    refuse(.repeatedSigner, changed { $0.commit.signatures[1] = $0.commit.signatures[0] })
    let other = try chain.block(chain.header(3, by: strangers), by: strangers)
    refuse(.unknownSigner, changed { $0.commit.signatures[3] = other.commit.signatures[3] })
    refuse(.badSignature(index: 0), changed { $0.commit.round = 3 })
    refuse(.badSignature(index: 0), changed { $0.commit.blockID.parts.total = 4 })
    // A vote for no block is checked like any other, though it is not counted.
    var none = try chain.block(good.header, by: four, signers: [0, 1, 2], none: [3])
    var accepting = client
    #expect(try accepting.update(message(none), now: now) == .advanced)
    if case .none(var vote) = none.commit.signatures[3] {
      vote.time.seconds += 1
      none.commit.signatures[3] = .none(vote)
    }
    refuse(.badSignature(index: 3), none)
    none.commit.signatures[3] = .absent
    accepting = client
    #expect(try accepting.update(message(none), now: now) == .advanced)
  }

  @Test func quorumAndTrustAreMoreThanTheirShares() throws {
    let now = CometBFTChain.now(90)
    // Exactly two thirds of three equal validators do not decide, a bit more does.
    let three = try CometBFTChain.members(0..<3)
    for (powers, decides) in [([10, 10, 10], false), ([10, 10, 9], true)] as [([Int64], Bool)] {
      let members = zip(three, powers).map { CometBFTChain.Member(key: $0.key, power: $1) }
      var client = try CometBFTClient(chain.registration(by: members))
      let block = try chain.block(chain.header(2, by: members), by: members, signers: [0, 1])
      let result = Result { () throws(ForeignError) in try client.update(message(block, trusted: members), now: now) }
      #expect(result == (decides ? .success(.advanced) : .failure(.header(.noQuorum(signed: 20, total: 30)))))
    }
    // Exactly a third of the trusted power does not carry trust over skipped heights: published vectors say so as well.
    let strangers = try CometBFTChain.members(10..<14, power: 100)
    for (powers, carries) in [([10, 10, 10], false), ([9, 9, 10], false), ([10, 10, 9], true)] as [([Int64], Bool)] {
      let trusted = zip(three, powers).map { CometBFTChain.Member(key: $0.key, power: $1) }
      var client = try CometBFTClient(chain.registration(by: trusted))
      let members = strangers + [CometBFTChain.Member(key: three[0].key, power: 1)]
      let block = try chain.block(5, by: members)
      let refusal = CometBFTError.notEnoughTrust(signed: Int128(powers[0]), total: Int128(powers.reduce(0, +)))
      let result = Result { () throws(ForeignError) in try client.update(message(block, trusted: trusted), now: now) }
      #expect(result == (carries ? .success(.advanced) : .failure(.header(refusal))))
    }
  }

  @Test func everyChangedByteIsRefused() throws {
    let client = try client()
    let later = try CometBFTChain.members(1..<5)
    let bytes = message(try chain.block(chain.header(7, by: later), by: later, signers: [0, 1, 2]))
    var refused = 0
    for index in bytes.indices {
      for mask in [1, 2, 0x10, 0x80] as [UInt8] {
        var changed = bytes
        changed[index] ^= mask
        var copy = client
        #expect(throws: ForeignError.self, "byte \(index) ^ \(mask)") { try copy.update(changed, now: CometBFTChain.now(90)) }
        #expect(copy == client)
        refused += 1
      }
    }
    for length in bytes.indices {
      var copy = client
      #expect(throws: ForeignError.self) { try copy.update(Array(bytes[..<length]), now: CometBFTChain.now(90)) }
    }
    var copy = client
    #expect(try copy.update(bytes, now: CometBFTChain.now(90)) == .advanced)
    print("cometbft update of \(bytes.count) bytes: \(refused) changes refused")
  }

  @Test func trustEndsWithItsPeriod() throws {
    var client = try client()
    // 1,000 s of trust from height 1, whose time has 5 ns.
    let last = BlockTime(UInt64(CometBFTChain.start + 1_010) * 1_000)
    let block = try chain.block(50, by: four)
    var copy = client
    #expect(try copy.update(message(block), now: last) == .advanced)
    #expect(throws: ForeignError.expired(height: 1)) { try client.update(message(block), now: BlockTime(last.rawValue + 1)) }
    // An old height moves nothing on, though newer ones are trusted.
    #expect(throws: ForeignError.expired(height: 1)) {
      try copy.update(message(try chain.block(60, by: four)), now: BlockTime(last.rawValue + 1))
    }
    #expect(throws: ForeignError.unknownHeight(7, latest: 50)) {
      try copy.update(message(try chain.block(60, by: four), from: 7), now: last)
    }
    #expect(
      try copy.update(message(try chain.block(60, by: four), from: 50), now: BlockTime(last.rawValue + 1)) == .advanced)
  }

  @Test func contradictionsFreeze() throws {
    let now = CometBFTChain.now(90)
    var base = try client()
    #expect(try base.update(message(try chain.block(10, by: four)), now: now) == .advanced)
    let forks: [(String, CometBFT.LightBlock)] = [
      ("another header", try chain.block(10, by: four, appHash: [1])),
      ("not later than a lower height", try chain.block(chain.header(12, by: four, time: CometBFTChain.time(10)), by: four)),
      ("not earlier than a higher one", try chain.block(chain.header(5, by: four, time: CometBFTChain.time(10)), by: four)),
      ("validators that the height before does not name", try chain.block(11, by: Array(four[0..<3]))),
    ]
    for (what, block) in forks {
      var client = base
      #expect(try client.update(message(block), now: now) == .frozen, "\(what)")
      guard case .frozen(let evidence) = client.status else {
        Issue.record("\(what): not frozen")
        continue
      }
      #expect(client.trusted == base.trusted)
      #expect(throws: ForeignError.frozen(evidence: evidence)) { try client.update(message(try chain.block(11, by: four)), now: now) }
      #expect(throws: ForeignError.frozen(evidence: evidence)) {
        try client.verify(.state(store: "bank", key: [1], value: nil), proof: [], at: 9, now: now)
      }
    }
    // What is not signed contradicts nothing.
    var client = base
    #expect(throws: ForeignError.header(.noQuorum(signed: 20, total: 40))) {
      try client.update(
        message(try chain.block(chain.header(10, by: four, appHash: [1]), by: four, signers: [0, 1])), now: now)
    }
    #expect(client == base)
  }

  @Test func misbehaviourIsShownByTwoMessages() throws {
    let client = try client()
    let now = CometBFTChain.now(90)
    let first = message(try chain.block(10, by: four))
    let fork = message(try chain.block(10, by: four, appHash: [1]))
    let backwards = message(try chain.block(chain.header(12, by: four, time: CometBFTChain.time(10)), by: four))
    #expect(try client.misbehaviour(first, fork, now: now))
    #expect(try client.misbehaviour(fork, first, now: now))
    #expect(try client.misbehaviour(first, backwards, now: now))
    #expect(try client.misbehaviour(backwards, first, now: now))
    #expect(try !client.misbehaviour(first, first, now: now))
    #expect(try !client.misbehaviour(first, message(try chain.block(11, by: four)), now: now))
    // Nobody freezes a client with what its validators did not sign, or signed so long ago that their keys may be anybody's.
    let strangers = try CometBFTChain.members(10..<14)
    #expect(throws: ForeignError.header(.notEnoughTrust(signed: 0, total: 40))) {
      try client.misbehaviour(first, message(try chain.block(10, by: strangers)), now: now)
    }
    #expect(throws: ForeignError.expired(height: 1)) { try client.misbehaviour(first, fork, now: CometBFTChain.now(200)) }
  }

  @Test func heightsAreForgottenFromTheOldest() throws {
    var client = try client(heights: 3)
    let now = CometBFTChain.now(90)
    for height in 2...6 as ClosedRange<Int64> {
      #expect(try client.update(message(try chain.block(height, by: four), from: UInt64(height - 1)), now: now) == .advanced)
    }
    #expect(client.trusted.map(\.height) == [4, 5, 6])
    #expect(throws: ForeignError.unknownHeight(3, latest: 6)) {
      try client.update(message(try chain.block(3, by: four), from: 4), now: now)
    }
  }

  @Test func registrationsWithoutSense() throws {
    func refuse(_ error: ForeignError, _ change: (inout ForeignRegistration) -> Void) {
      var registration = chain.registration(by: four)
      change(&registration)
      #expect(throws: error) { try CometBFTClient(registration) }
    }
    refuse(.badRegistration("foreignID")) { $0.foreignID = "" }
    refuse(.badRegistration("foreignID")) { $0.foreignID = String(repeating: "x", count: 51) }
    refuse(.badRegistration("trustedHeader: of chain cosmos-1")) { $0.foreignID = "cosmos-2" }
    refuse(.badRegistration("trustingPeriodMs")) { $0.trustingPeriodMs = 0 }
    refuse(.badRegistration("maxClockDriftMs")) { $0.maxClockDriftMs = 60_001 }
    refuse(.badRegistration("trustLevel")) { $0.trustLevel = CometBFT.TrustLevel(numerator: 0, denominator: 3) }
    refuse(.badRegistration("trustLevel")) { $0.trustLevel = CometBFT.TrustLevel(numerator: 1, denominator: 0) }
    refuse(.badRegistration("trustLevel")) { $0.trustLevel = CometBFT.TrustLevel(numerator: 1, denominator: 4) }
    refuse(.badRegistration("trustLevel")) { $0.trustLevel = CometBFT.TrustLevel(numerator: 4, denominator: 3) }
    refuse(.badRegistration("heights")) { $0.heights = 0 }
    refuse(.badRegistration("nextValidators: not those that the header names")) { $0.nextValidators = CometBFTChain.set([four[0]]).encoded }
    refuse(.badRegistration("nextValidators: not those that the header names")) { $0.nextValidators = [] }
    refuse(.badRegistration("trustedHeader: height or hashes")) { registration in
      registration.trustedHeader = chain.header(0, by: four).encoded
    }
    refuse(.malformed(.missingField(1))) { $0.trustedHeader = [] }
  }
}
