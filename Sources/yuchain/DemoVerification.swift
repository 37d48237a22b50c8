internal import AppFormats
internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain
internal import Foundation

// Kaifeng verifies licences of Zhengzhou, and a court verifies files.

extension DemoStory {
  func verifyAcrossCities() async throws {
    heading("Kaifeng verifies two licences of Zhengzhou through the relay, without trusting Zhengzhou's nodes")
    let chosen = Array(
      input.licences.compactMap { entry in entry.organisation.map { (entry.identifier.licence, $0.organisation) } }.prefix(2))
    guard chosen.count == 2 else { throw Misuse("licences.json needs two licences of organisations") }
    var grants: [Digest] = []
    for (licence, holder) in chosen {
      let content = GrantContent(
        licence: licence, verifier: DemoNetwork.kaifengBureau, verifierChain: network.kaifeng.chain, fields: ["name", "status"],
        purpose: "enterpriseService", until: BlockTime.now.advanced(byMilliseconds: 86_400_000), maxUses: 1)
      let representative = try client(network.zhengzhou, holder, "representative")
      grants.append(try await representative.call("licence", "grant", GiveGrant(content: content), returning: Digest.self))
      tell("\(holder) grants Kaifeng's data bureau one look at name and status of \(licence)")
    }
    try await grantByPerson()
    let office = try client(network.zhengzhou, DemoNetwork.marketOffice, "market office clerk")
    try DemoNetwork.succeeded(
      await office.call(
        "licence", "revoke",
        RevokeLicence(licence: chosen[1].0, reason: "falseStatement", decisionDigest: suite.hash(Array("decision".utf8)))))
    let height = zhengzhou.head.height
    tell("meanwhile Zhengzhou revokes \(chosen[1].0), height \(height)")
    let bureau = try client(network.kaifeng, DemoNetwork.kaifengBureau, "window clerk")
    for (index, expected) in [(0, "valid"), (1, "revoked")] {
      let licence = chosen[index].0
      let use = try await bureau.call(
        "licence", "verifyRemote", try await remoteCall(licence, grants[index], of: zhengzhou, from: height, for: kaifeng),
        returning: RemoteUse.self)
      let seen = use.use.seen?.height ?? 0
      tell("\(licence): \(use.use.result), as of Zhengzhou's height \(seen); disclosed: \(try disclosed(licence))")
      guard use.use.result.rawValue == expected else { throw Misuse("\(expected) was expected") }
    }
    let spent = try await bureau.call(
      "licence", "verifyRemote", try await remoteCall(chosen[0].0, grants[0], of: zhengzhou, from: height, for: kaifeng))
    tell("a second look under the same grant: refused, \(spent.code)")
    guard spent.code == "quota" else { throw CallFailed(receipt: spent) }
    for (licence, _) in chosen {
      let uses: [LicenceUse] = try await wait(for: "arrival of the use records") {
        let uses: [LicenceUse] = try zhengzhou.query("licence", "uses", licence)
        return uses.isEmpty ? nil : uses
      }
      tell(
        "back in Zhengzhou, height \(zhengzhou.head.height): \(licence) was used by \(uses[0].verifier) on \(uses[0].chain), seen \(uses[0].seen?.result.rawValue ?? "-")"
      )
    }
  }

  /// A person grants through an agent: the identity service vouches for the key, the person signs the call.
  private func grantByPerson() async throws {
    guard let entry = input.licences.first(where: { $0.citizenNumber != nil }), case .person(let person) = try subject(of: entry),
      let service = network.zhengzhou.founding.member(DemoNetwork.identityService, "identity service")
    else { return }
    let key = try PrivateKey.generate(suite)
    let until = BlockTime.now.advanced(byMilliseconds: 3_600_000)
    let content = GrantContent(
      licence: entry.identifier.licence, verifier: DemoNetwork.kaifengBureau, verifierChain: network.kaifeng.chain, fields: ["result"],
      purpose: "employment", until: until, maxUses: 1)
    let proof = try SubjectProof.make(
      SubjectStatement(domain: ElectronicLicence.domain, subject: person, key: key.publicKey, until: until), service: service, person: key,
      contract: ElectronicLicence.name, entry: "grant", arguments: content, random: .random(), genesis: zhengzhou.genesisID)
    let agent = try client(network.zhengzhou, DemoNetwork.citizenApp, "citizen app")
    try DemoNetwork.succeeded(await agent.call("licence", "grant", GiveGrant(content: content, proof: proof)))
    tell("a person grants through the citizens' app; the chain knows them as \(person.digest.hex.prefix(12))… only")
    let replay = try await agent.call("licence", "grant", GiveGrant(content: content, proof: proof))
    tell("the app tries the same consent again: refused, \(replay.code)")
    guard replay.code == "alreadyExists" else { throw CallFailed(receipt: replay) }
  }

  /// The call that verifies a licence of `issuer` on `verifier`, with proofs of a height that is not below `height`.
  func remoteCall(
    _ licence: LicenceNumber, _ grant: Digest, of issuer: Ledger, from height: BlockHeight, for verifier: Ledger
  ) async throws -> VerifyRemote {
    let name = ElectronicLicence.name
    let licenceKey = StateKey(contract: name, table: ElectronicLicence.licences.records.name, key: licence)
    let grantKey = StateKey(contract: name, table: ElectronicLicence.grants.registry.records.name, key: grant)
    let what = "\(verifier.genesis.chain)'s view of height \(height) of \(issuer.genesis.chain)"
    let proofs: (RemoteProof, RemoteProof) = try await wait(for: what) {
      guard let licenceProof = try? RemoteProof(of: licenceKey, on: issuer, through: relay, for: verifier),
        let known = try? licenceProof.verify(anchor: try TrustAnchor(of: relay)), known.height >= height,
        let grantProof = try? RemoteProof(of: grantKey, on: issuer, at: known.height, through: relay, for: verifier)
      else { return nil }
      return (licenceProof, grantProof)
    }
    let shown = try fields[licence].map { try $0.disclose(["name", "status"], suite: suite) }
    return VerifyRemote(
      licence: licence, matterCode: "KF-ENTERPRISE-01", fieldNames: ["name", "status"], grant: grant,
      disclosure: suite.hash(shown?.canonicalBytes ?? []), licenceProof: proofs.0, grantProof: proofs.1)
  }

  /// The fields that the holder shows, checked against the root on chain.
  private func disclosed(_ licence: LicenceNumber) throws -> String {
    guard let kept = fields[licence],
      let record: Registered<Licence> = try zhengzhou.query("licence", "licence", licence, as: Registered<Licence>?.self)
    else {
      return "nothing"
    }
    let shown = try kept.disclose(["name", "status"], suite: suite)
    let values = try shown.verify(root: record.content.fieldRoot, schema: kept.schema, suite: suite)
    return values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
  }

  func writeDocuments(_ deposit: (TransactionID, DemoInput.Document)) async throws {
    heading("A court and a bank get files that they verify without any network")
    try await network.zhengzhou.nodes[0].certified(zhengzhou.head.height)
    let anchors = TrustAnchors([try TrustAnchor(of: relay), try TrustAnchor(of: zhengzhou)])
    try Console.write(try StrictJSON.encode(anchors), to: "\(out)/anchors.json")
    let package = try EvidencePackage(
      ledger: zhengzhou, deposit: deposit.0, file: (deposit.1.name, nil, deposit.1.bytes), origin: deposit.1.origin)
    try Console.write(try package.document(), to: "\(out)/evidence-package.json")
    guard let licence = input.licences.first?.identifier.licence else { throw Misuse("no licence") }
    let key = StateKey(contract: ElectronicLicence.name, table: ElectronicLicence.licences.records.name, key: licence)
    let proof = try RemoteProof(of: key, on: zhengzhou, through: relay)
    let document = try RemoteProofDocument(licence: licence, proof: proof, anchor: try TrustAnchor(of: relay))
    try Console.write(try StrictJSON.encode(document), to: "\(out)/remote-proof.json")
    for name in ["evidence-package.json", "remote-proof.json"] {
      let checks = try Verification.checks(of: try Console.read("\(out)/\(name)"), anchors: anchors)
      guard checks.allSatisfy(\.holds) else { throw Misuse("\(name) does not verify") }
      tell("\(out)/\(name): valid, \(checks.count) checks")
    }
    tell("\(out)/anchors.json: whom the verifier trusts")
  }

  func refuseForgery() throws {
    heading("Somebody changes one byte of the evidence package")
    var bytes = try Console.read("\(out)/evidence-package.json")
    let anchors = try TrustAnchors(document: try Console.read("\(out)/anchors.json"))
    let marker = Array("\"bytes\" : \"".utf8)
    guard let place = bytes.indices.first(where: { bytes[$0...].starts(with: marker) }) else { throw Misuse("no file in the package") }
    let target = place + marker.count
    bytes[target] = bytes[target] == UInt8(ascii: "3") ? UInt8(ascii: "4") : UInt8(ascii: "3")
    let checks = try Verification.checks(of: bytes, anchors: anchors)
    guard let failed = checks.first(where: { !$0.holds }) else { throw Misuse("the forgery went unnoticed") }
    tell("refused by check \"\(failed.name)\": \(failed.detail)")
  }
}
