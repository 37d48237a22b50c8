import ChainCore
import ChainNode
import ChainTesting
import CrossChain
import Testing

/// What a star of chains costs: linear for the relay, and nothing for a member when another joins.
@Suite struct StarCosts {
  static let rounds = 6

  @Test(arguments: [1, 3, 7]) func theRelayVerifiesOneCertificateOfEachMemberARound(members: Int) async throws {
    var star = try Star(members: members, suite: .international, sendsLetters: false)
    let found = try await star.run(rounds: Self.rounds)
    let relay = try #require(found[Star.relay])
    #expect(relay.transactions == members * Self.rounds && relay.verified.certificates == members * Self.rounds)
    // Three validators of each Raft member signed, three or more of the relay's four.
    #expect(relay.verified.signatures == 3 * members * Self.rounds)
    for name in star.names {
      let member = try #require(found[name])
      #expect(member.transactions == Self.rounds && member.verified.certificates == Self.rounds)
    }
  }

  @Test func aChainThatJoinsCostsTheOthersNothing() async throws {
    var without = try Star(members: 3, suite: .international, sendsLetters: false)
    var with = try Star(members: 3, suite: .international, sendsLetters: false)
    _ = try await without.run(rounds: 2)
    _ = try await with.run(rounds: 2)
    try with.add()
    let (before, after) = (try await without.run(rounds: Self.rounds), try await with.run(rounds: Self.rounds))
    #expect(after.count == before.count + 1)
    for name in without.names {
      let (one, other) = (try #require(before[name]), try #require(after[name]))
      // Not a call, certificate or signature more. The relay has one more block, the registration: a history proof may grow by a digest.
      #expect(one.transactions == other.transactions && one.verified == other.verified, "\(name)")
      #expect(abs(one.bytes - other.bytes) <= 32 * Self.rounds, "\(name): \(one.bytes), \(other.bytes)")
    }
    let (one, other) = (try #require(before[Star.relay]), try #require(after[Star.relay]))
    #expect(other.verified.certificates - one.verified.certificates == Self.rounds)
  }

  @Test func lettersAreSentReceivedAndSettled() async throws {
    var star = try Star(members: 3, suite: .international, sendsLetters: true)
    let found = try await star.run(rounds: 12)
    for name in star.names {
      let tally = try #require(found[name])
      #expect(tally.sent == 12 && tally.received > 6 && tally.settled > 3 && tally.unsuccessful == 0)
      #expect(tally.unsettled == tally.sent - tally.settled)
    }
  }
}
