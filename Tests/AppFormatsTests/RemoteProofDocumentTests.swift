import AppFormats
import Apps
import ChainCore
import ChainTesting
import CrossChain
import Testing

/// A licence's proof as a file, after the relay's validators changed.
@Suite struct RemoteProofDocuments {
  static let source: ChainID = "henan/410100"

  /// A relay of four validators that knows a chain with licences and then loses one validator and replaces another.
  private func made() throws -> (relay: SoloChain, source: SoloChain) {
    var relay = try SoloChain(
      [RelayContract()], chain: "henan", suite: .international, organisations: ["office": [.relayer]], validators: 4)
    var source = try SoloChain([ElectronicLicence()], chain: Self.source, suite: .international, organisations: ["city-hall": []])
    let registration = try ChainRegistration(of: source.ledger, organisation: "city-hall")
    let registered = try relay.call("xc", "registerChain", registration, by: relay.administrator)
    try #require(registered.status == .succeeded, "\(registered.message)")
    let certificate = try source.makeBlock()
    let head = source.ledger.head
    let step = UpdateStep(block: LightBlock(header: head.header, certificate: certificate))
    let update = ClientUpdate(steps: [step], history: try source.ledger.proveHistory(of: 0, under: head.height))
    relay.time = max(relay.time, source.time)
    let updated = try relay.call("xc", "updateClient", UpdateClient(chain: Self.source, update: update), by: try relay.member("office"))
    try #require(updated.status == .succeeded, "\(updated.message)")
    let change = ProposeChange(change: .remove(relay.ledger.head.validators.members[1].key), reason: "")
    let removed = try relay.call("governance", "propose", change, by: relay.administrator)
    try #require(removed.status == .succeeded, "\(removed.message)")
    try relay.replaceValidator(0)
    return (relay, source)
  }

  @Test func namesTheSetThatSigned() throws {
    var (relay, source) = try made()
    let licence = try LicenceNumber("11410000MB0A00026E001.11410100MB0A010107.202300000001")
    try #require(ElectronicLicence.home(of: licence) == Self.source)
    let key = StateKey(contract: ElectronicLicence.name, table: ElectronicLicence.licences.records.name, key: licence)
    #expect(relay.ledger.head.validators.generation == 3 && relay.ledger.head.validators.members.count == 3)
    /// The detail of the check on the proof that is made now.
    func detail(at height: BlockHeight? = nil, generation: UInt64? = nil, steps: Int) throws -> String {
      let proof = try RemoteProof(of: key, on: source.ledger, through: relay.ledger, relayHeight: height, generation: generation)
      #expect(proof.steps.count == steps)
      let anchor = try TrustAnchor(of: relay.ledger, generation: generation)
      let document = try RemoteProofDocument(
        document: try StrictJSON.encode(try RemoteProofDocument(licence: licence, proof: proof, anchor: anchor)))
      #expect(document.state == "absent")
      let checks = document.verify(anchors: TrustAnchors([anchor]))
      #expect(checks.allSatisfy { $0.holds }, "\(checks.last.map { "\($0)" } ?? "")")
      return try #require(checks.first { $0.name == "proof" }).detail
    }
    // A height that hands over is signed by the set before.
    let removal = try #require(relay.ledger.sets(signingAfter: 1).first).since.previous
    #expect(try detail(at: removal, steps: 1).hasPrefix("4 of 4 relay validators signed"))
    #expect(try detail(steps: 2).hasPrefix("3 of 3 relay validators signed"))
    try relay.makeBlock()
    #expect(try detail(steps: 3).hasPrefix("3 of 3 relay validators signed"))
    #expect(try detail(generation: 2, steps: 2).hasPrefix("3 of 3 relay validators signed"))
    #expect(try detail(generation: 3, steps: 1).hasPrefix("3 of 3 relay validators signed"))
    // An anchor of another set says what is wrong.
    let proof = try RemoteProof(of: key, on: source.ledger, through: relay.ledger, generation: 3)
    let document = try RemoteProofDocument(
      licence: licence, proof: proof, anchor: try TrustAnchor(of: relay.ledger, generation: 3))
    let failed = document.verify(anchors: TrustAnchors([try TrustAnchor(of: relay.ledger)])).last
    #expect(failed?.holds == false && failed?.name == "proof")
    #expect(failed?.detail.contains("signed by validator generation 3, but 1 is trusted") ?? false)
  }
}
