@testable import AppFormats
import ChainCore
import ChainTesting
import CrossChain
import Foundation
import TestSupport
import Testing

/// Packages go on while the validators change: each change since the anchor is shown, and none can be forged, left out or added.
@Suite struct EvidenceAcrossHandovers {
  private func failure(_ package: EvidencePackage, _ anchors: TrustAnchors) -> Check? {
    package.verify(anchors: anchors).first { !$0.holds }
  }

  /// The failed check of the package with other handovers.
  private func failure(_ made: EvidencePackages.Made, _ change: (inout [HandoverForm]) throws -> Void) throws -> String? {
    var forged = made.package
    var handovers = try #require(forged.handovers)
    try change(&handovers)
    forged.handovers = handovers
    guard let failed = failure(forged, made.anchors) else { return nil }
    #expect(failed.name == "validators")
    return failed.detail
  }

  @Test(arguments: CryptoSuite.allCases, [1, 3]) func verifiesFromTheFirstValidators(suite: CryptoSuite, changes: Int) throws {
    let made = try EvidencePackages().make(suite, changes: changes)
    #expect(made.package.handovers?.count == changes && made.package.certificate.generation == UInt64(changes) + 1)
    let anchors = try TrustAnchors(document: try StrictJSON.encode(made.anchors))
    let read = try EvidencePackage(document: try made.package.document())
    #expect(read == made.package)
    let checks = read.verify(anchors: anchors)
    #expect(checks.allSatisfy { $0.holds }, "\(checks.last.map { "\($0)" } ?? "")")
    #expect(checks.map(\.name).starts(with: ["anchor", "validators", "certificate"]))
  }

  /// A package is made for the set of one anchor, and says so under another.
  @Test func eachAnchorHasItsPackage() throws {
    let made = try EvidencePackages().make(.international, changes: 3)
    let ledger = made.chain.ledger
    for package in UInt64(1)...4 {
      let document = try EvidencePackage(ledger: ledger, deposit: made.deposit, generation: package)
      #expect(document.handovers?.count == (package < 4 ? Int(4 - package) : nil))
      for anchor in UInt64(1)...4 {
        let failed = failure(document, TrustAnchors([try TrustAnchor(of: ledger, generation: anchor)]))
        #expect(failed?.name == (anchor == package ? nil : "validators"), "package \(package), anchor \(anchor)")
      }
      // Nothing else depends on the anchor: a later one takes the end of the list.
      var shorter = made.package
      let rest = try #require(made.package.handovers).dropFirst(Int(package) - 1)
      shorter.handovers = rest.isEmpty ? nil : Array(rest)
      #expect(failure(shorter, TrustAnchors([try TrustAnchor(of: ledger, generation: package)])) == nil)
    }
    #expect(throws: LedgerError.noSuchGeneration(5, head: 4)) {
      try EvidencePackage(ledger: ledger, deposit: made.deposit, generation: 5)
    }
  }

  @Test func forgedChangesAreRefused() throws {
    let made = try EvidencePackages().make(.international, changes: 3)
    #expect(failure(made.package, made.anchors) == nil)
    let key = try PrivateKey(suite: .international, secret: [UInt8](repeating: 7, count: 32))
    let own = try ValidatorSet(
      generation: 2, rule: .moreThanHalf, members: [Validator(key: key.publicKey, weight: 1, organisation: "thief")])
    #expect(try failure(made) { $0[0].next = ValidatorsForm(own) } == "change 1 of 3: the certified checkpoint names another validator set")
    // The thief signs what it wants to be named by.
    let genesis = made.chain.ledger.genesisID
    var checkpoint = try #require(made.package.handovers)[0].certificate.checkpoint
    checkpoint.validatorSetHash = own.hash(genesis: genesis, suite: .international)
    let signature = try key.sign(checkpoint.digest(genesis: genesis, suite: .international))
    for generation in [UInt64(1), 2] {
      let certificate = CheckpointCertificate(checkpoint: checkpoint, generation: generation, bitmap: [0x80], signatures: [signature])
      let detail = try failure(made) { $0 = [HandoverForm(Handover(certificate: certificate, next: own))] }
      #expect(detail?.hasPrefix("change 1 of 1: ") ?? false)
    }
    // One of three signed: no quorum hands over.
    let chain = made.chain
    let handover = try #require(made.package.handovers)[2]
    let thin = try chain.certify(handover.certificate.checkpoint, signers: [1])
    #expect(
      try failure(made) { $0[2].certificate = CertificateForm(thin) } == "change 3 of 3: signers hold 1 of 3 weight, which is no quorum")
    #expect(try failure(made) { $0[1].next.rule = "moreThanTwoThirds" }?.hasPrefix("change 2 of 3: ") ?? false)
    #expect(try failure(made) { $0[1].next.rule = "all" }?.contains("rule") ?? false)
    #expect(try failure(made) { $0[1].next.members.reverse() }?.contains("sorted by key") ?? false)
    #expect(try failure(made) { $0[1].next.members = [] } != nil)
    #expect(try failure(made) { $0[1].next.generation = .max } != nil)
  }

  @Test func changesLeftOutAddedOrMovedAreRefused() throws {
    let made = try EvidencePackages().make(.international, changes: 3)
    let all = try #require(made.package.handovers)
    #expect(
      try failure(made) { $0.removeLast() }
        == "generation 4 signed, but the anchor and 2 changes lead to 3: ask for a package for this anchor")
    #expect(try failure(made) { $0.remove(at: 1) } == "change 2 of 2: validator generation 4 cannot follow 2")
    #expect(try failure(made) { $0.removeFirst() } == "change 1 of 2: validator generation 3 cannot follow 1")
    #expect(try failure(made) { $0[0].next = $0[1].next } == "change 1 of 3: validator generation 3 cannot follow 1")
    let height = all[0].certificate.checkpoint.height
    #expect(try failure(made) { $0.insert($0[0], at: 1) } == "change 2 of 4: height \(height) does not follow \(height)")
    for (first, second) in [(0, 1), (1, 2), (0, 2)] { #expect(try failure(made) { $0.swapAt(first, second) } != nil, "reordered") }
    #expect(try failure(made) { $0 = [] } == "a list of no changes: it is left out instead")
    var none = made.package
    none.handovers = nil
    let failed = failure(none, made.anchors)
    #expect(failed?.name == "validators" && failed?.detail.contains("generation 4 signed") ?? false)
    // A change that is not over when the package's height is signed.
    let boundary = try #require(try made.chain.ledger.certificate(at: all[2].certificate.checkpoint.height))
    var early = made.package
    early.certificate = CertificateForm(boundary)
    #expect(failure(early, made.anchors)?.name == "validators")
    early.certificate.generation = 4
    #expect(failure(early, made.anchors)?.detail.contains("not above") ?? false)
    // Changes that nobody asked for.
    let plain = try EvidencePackage(ledger: made.chain.ledger, deposit: made.deposit, generation: 4)
    var added = plain
    added.handovers = [all[2]]
    #expect(failure(added, TrustAnchors([try TrustAnchor(of: made.chain.ledger, generation: 4)]))?.name == "validators")
  }

  @Test func changesOfAnotherChainAreRefused() throws {
    let made = try EvidencePackages().make(.international, changes: 2)
    let twin = try EvidencePackages().make(.international, changes: 2, seed: 2)
    let foreign = try #require(twin.package.handovers)
    #expect(try failure(made) { $0[0] = foreign[0] }?.hasPrefix("change 1 of 2: ") ?? false)
    #expect(try failure(made) { $0[1] = foreign[1] }?.hasPrefix("change 2 of 2: ") ?? false)
    #expect(try failure(made) { $0 = foreign } != nil)
    var whole = twin.package
    whole.genesisID = made.package.genesisID
    #expect(failure(whole, made.anchors)?.name == "validators")
    #expect(try failure(made) { $0[0].certificate.checkpoint.chain = "henan/410200" } == "change 1 of 2: it is of chain henan/410200")
  }

  @Test func theirNumberIsBounded() throws {
    var made = try EvidencePackages().make(.international, changes: 1)
    let limit = EvidencePackage.handoverLimit
    let detail = try failure(made) { $0 = Array(repeating: $0[0], count: limit + 1) }
    #expect(detail == "\(limit + 1) changes; at most \(limit) are followed", "nothing is verified before")
    for number in 1..<limit { try made.chain.replaceValidator(number % 3) }
    try made.chain.makeBlock()
    let ledger = made.chain.ledger
    let longest = try EvidencePackage(ledger: ledger, deposit: made.deposit)
    #expect(longest.handovers?.count == limit && failure(longest, made.anchors) == nil)
    try made.chain.replaceValidator(0)
    // The height of the last change is still signed by the set before it.
    #expect(try EvidencePackage(ledger: ledger, deposit: made.deposit).handovers?.count == limit)
    try made.chain.makeBlock()
    #expect(throws: EvidencePackageError.tooManyHandovers(UInt64(limit) + 1, earliest: 2)) {
      try EvidencePackage(ledger: ledger, deposit: made.deposit)
    }
    let later = try EvidencePackage(ledger: ledger, deposit: made.deposit, generation: 2)
    #expect(failure(later, TrustAnchors([try TrustAnchor(of: ledger, generation: 2)])) == nil)
  }

  @Test func builderNeedsACertificateOfTheAnchorsSet() throws {
    var made = try EvidencePackages().make(.international, changes: 1)
    try made.chain.replaceValidator(1)
    let ledger = made.chain.ledger
    #expect(ledger.head.validators.generation == 3)
    #expect(throws: EvidencePackageError.anchorTooNew(3, signed: 2)) {
      try EvidencePackage(ledger: ledger, deposit: made.deposit, generation: 3)
    }
  }

  /// Documents have one spelling: no changes are no list.
  @Test func anEmptyListIsNoSpelling() throws {
    var made = try EvidencePackages().make(.international)
    #expect(!String(decoding: try made.package.document(), as: UTF8.self).contains("handovers"))
    made.package.handovers = []
    #expect(throws: DocumentError.notStrict) { try EvidencePackage(document: try made.package.document()) }
    let changed = try EvidencePackages().make(.international, changes: 1)
    let text = String(decoding: try changed.package.document(), as: UTF8.self)
    let unknown = text.replacing("\"next\" : {", with: "\"next\" : {\n        \"extra\" : 1,", maxReplacements: 1)
    #expect(unknown != text)
    #expect(throws: DocumentError.notStrict) { try EvidencePackage(document: Array(unknown.utf8)) }
  }

  /// A document made before packages knew of changes.
  @Test func olderDocumentsStayValid() throws {
    func fixture(_ name: String) throws -> [UInt8] {
      Array(try Data(contentsOf: Vectors.root.appending(path: "Tests/Fixtures").appending(path: name)))
    }
    let (document, anchorDocument) = (try fixture("evidence-package-1.json"), try fixture("trust-anchors-1.json"))
    let (package, anchors) = (try EvidencePackage(document: document), try TrustAnchors(document: anchorDocument))
    #expect(package.verify(anchors: anchors).allSatisfy { $0.holds })
    #expect(try package.document() == document)
    #expect(try StrictJSON.encode(anchors) == anchorDocument)
  }
}

extension SoloChain {
  /// A new key takes the seat at `index`, by vote and with its proof.
  mutating func replaceValidator(_ index: Int) throws {
    let set = ledger.head.validators
    let new = try PrivateKey(suite: suite, secret: suite.hash(Array("validator \(set.generation)".utf8)).bytes)
    let change = ProposeChange(change: .replace(set.members[index].key, by: new.publicKey), reason: "")
    let voted = try call("governance", "propose", change, by: administrator)
    try #require(voted.status == .succeeded, "\(voted.message)")
    let certificate = try #require(try ledger.newestCertificate())
    let signature = try new.sign(certificate.checkpoint.digest(genesis: ledger.genesisID, suite: suite))
    joinedKeys.append(new)
    let ready = ValidatorReady(key: new.publicKey, certificate: certificate, signature: signature)
    let receipt = try call("governance", "ready", ready, by: administrator)
    try #require(receipt.status == .succeeded, "\(receipt.message)")
    try #require(ledger.head.validators.generation == set.generation + 1)
  }
}
