import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// Packets go on while the validators of any chain change, however often between two looks of a relayer.
@Suite struct RelayerAcrossHandovers {
  @Test func packetsGoOnWhenEveryChainChangesItsValidators() async throws {
    var network = try TestNetwork()
    _ = try network.send("before")
    _ = try await network.run()
    for id in network.ids { try network.replaceValidator(id, 0) }
    for id in network.ids {
      #expect(network[id].ledger.head.validators.generation == 2)
      try network.block(id)
    }
    _ = try network.send("after")
    _ = try await network.run()
    #expect(try network.note("after")?.times == 1 && network.end(2) == "succeeded")
    for id in [TestNetwork.sourceID, TestNetwork.destinationID] {
      #expect(try network.client(of: id, on: TestNetwork.relayID).set.generation == 2)
      #expect(try network.client(of: TestNetwork.relayID, on: id).set.generation == 2)
    }
  }

  @Test func aChangeIsFollowedWithoutPackets() async throws {
    var network = try TestNetwork()
    _ = try await network.run()
    try network.replaceValidator(TestNetwork.sourceID, 1)
    _ = try await network.run()
    #expect(try network.client(of: TestNetwork.sourceID, on: TestNetwork.relayID).set.generation == 2)
  }

  /// More changes than one update may hold, and transactions that hold few steps.
  @Test(arguments: [ChainParameters(), ChainParameters(transactionBytes: 8_000)])
  func manyChangesTakeSeveralUpdates(parameters: ChainParameters) async throws {
    var network = try TestNetwork(parameters: parameters)
    _ = try await network.run()
    for number in 0..<20 { try network.replaceValidator(TestNetwork.sourceID, number % 3) }
    _ = try network.send("late")
    network.submissions = []
    _ = try await network.run(rounds: 60)
    #expect(try network.note("late")?.times == 1 && network.end(1) == "succeeded")
    let updates = network.submissions.count { $0.chain == TestNetwork.relayID && $0.entry == "updateClient" }
    #expect(parameters.transactionBytes > 8_000 ? updates == 1 : updates > 3, "\(updates)")
    #expect(try network.client(of: TestNetwork.sourceID, on: TestNetwork.relayID).set.generation == 21)
  }

  /// A set that nobody certified leads nowhere, whoever hands it over.
  @Test func aForgedHandoverIsRefused() async throws {
    var network = try TestNetwork()
    _ = try await network.run()
    try network.replaceValidator(TestNetwork.sourceID, 0)
    try network.block(TestNetwork.sourceID)
    let client = try network.client(of: TestNetwork.sourceID, on: TestNetwork.relayID)
    let height = network.source.ledger.newestCertified
    let endpoint = network.source.endpoint
    let good = try #require(try await RelayerUpdate(of: endpoint, client, to: height, bytesLimit: 1 << 20).update)
    #expect(good.steps.count == 2 && good.steps[0].nextSet != nil)
    func refusal(_ update: ClientUpdate) -> LightClientError? {
      do throws(LightClientError) {
        _ = try LightClient.update(client, with: update, known: nil, now: network.clock)
        return nil
      } catch { return error }
    }
    #expect(refusal(good) == nil)
    var forged = good
    let own = try PrivateKey(suite: .guomi, secret: [UInt8](repeating: 7, count: 32)).publicKey
    forged.steps[0].nextSet = try ValidatorSet(
      generation: 2, rule: good.steps[0].nextSet?.rule ?? .moreThanTwoThirds,
      members: [Validator(key: own, weight: 1, organisation: "thief")])
    let boundary = good.steps[0].block.height
    #expect(refusal(forged) == .wrongNextSet(boundary))
    forged.steps[0].nextSet = nil
    #expect(refusal(forged) == .missingNextSet(boundary))
    var short = good
    short.steps.removeFirst()
    #expect(refusal(short) != nil, "the new set says nothing to a client of the old one")
  }
}

extension TestNetwork {
  func client(of subject: ChainID, on id: ChainID) throws -> ClientRecord {
    guard let found: ClientRecord = try self[id].ledger.query("xc", "client", subject, as: ClientRecord?.self) else {
      preconditionFailure("no client")
    }
    return found
  }

  /// A new key takes the seat at `index`, by vote and with its proof.
  mutating func replaceValidator(_ id: ChainID, _ index: Int) throws {
    let ledger = self[id].ledger
    let set = ledger.head.validators
    let secret = ledger.suite.hash(Array("\(id) \(set.generation)".utf8)).bytes
    let new = try PrivateKey(suite: ledger.suite, secret: secret)
    let change = ProposeChange(change: .replace(set.members[index].key, by: new.publicKey), reason: "")
    let voted = try call(id, "governance", "propose", change, by: self[id].solo.administrator)
    precondition(voted.status == .succeeded, voted.message)
    guard let certificate = try ledger.newestCertificate() else { preconditionFailure("not certified") }
    let signature = try new.sign(certificate.checkpoint.digest(genesis: ledger.genesisID, suite: ledger.suite))
    self[id].solo.joinedKeys.append(new)
    let ready = ValidatorReady(key: new.publicKey, certificate: certificate, signature: signature)
    let receipt = try call(id, "governance", "ready", ready, by: self[id].solo.administrator)
    precondition(receipt.status == .succeeded, receipt.message)
    precondition(ledger.head.validators.generation == set.generation + 1)
  }
}
