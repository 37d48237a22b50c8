internal import Apps
internal import ChainCore
internal import CrossChain

/// What a package proves: the input of the report.
struct EvidenceFacts {
  var package: EvidencePackage
  var call: DepositEvidence
  var item: Registered<EvidenceItem>
  var custody: [CustodyEntry]
  var member: Member
  var filing: Registered<CatalogueEntry>?
  var transaction: TransactionID
  var validators: ValidatorSet
  var signers: [Int]

  /// Whether the organisation that deposited also runs a validator.
  var depositorIsValidator: Bool { validators.members.contains { $0.organisation == item.content.depositor } }
}

/// Verifies a package, in the order of `Docs/EvidencePackage.md`.
struct EvidenceVerifier {
  let package: EvidencePackage
  let anchor: TrustAnchor
  private var suite: CryptoSuite { anchor.suite }

  init(package: EvidencePackage, anchor: TrustAnchor) {
    self.package = package
    self.anchor = anchor
  }

  func verify(_ list: inout CheckList) throws {
    let facts = try proven(&list)
    try list.require(package.missing == EvidenceReport.missing(facts), "missing", "the list of what is missing is another one")
    list.pass("missing", "not proven here: \(package.missing.joined(separator: ", "))")
    try list.require(package.report == EvidenceReport.lines(facts), "report", "the report does not follow from the proofs")
    list.pass("report", "follows from the proofs")
  }

  func proven(_ list: inout CheckList) throws -> EvidenceFacts {
    try list.require(package.format == EvidencePackage.format, "format", "unknown format \(package.format)")
    try list.require(
      package.chain == anchor.chain && package.genesisID == anchor.genesis && package.suite.suite == suite, "anchor",
      "chain, genesis id or suite are not those of the anchor")
    list.pass("anchor", "chain \(anchor.chain), genesis \(anchor.genesis)")
    let validators = try validators(&list)
    let checkpoint = try certificate(in: validators, &list)
    let root = try block(under: checkpoint, &list)
    let (signed, receipt, call) = try deposit(receiptsRoot: root, &list)
    let (item, custody) = try state(checkpoint, call, &list)
    let member = try depositor(signed, item, checkpoint, &list)
    let filing = try filing(checkpoint, &list)
    try file(item, &list)
    return EvidenceFacts(
      package: package, call: call, item: item, custody: custody, member: member, filing: filing, transaction: receipt.transaction,
      validators: validators, signers: package.certificate.certificate.signers)
  }

  /// Follows the changes from the anchor's set; returns the one that must have signed the certificate.
  private func validators(_ list: inout CheckList) throws -> ValidatorSet {
    let name = "validators"
    let handovers = package.handovers ?? []
    try list.require(package.handovers?.isEmpty != true, name, "a list of no changes: it is left out instead")
    try list.require(
      handovers.count <= EvidencePackage.handoverLimit, name,
      "\(handovers.count) changes; at most \(EvidencePackage.handoverLimit) are followed")
    var known = anchor.validators
    var last: BlockHeight?
    for (index, form) in handovers.enumerated() {
      do {
        let handover = try form.handover()
        let checkpoint = handover.certificate.checkpoint
        try list.require(checkpoint.chain == anchor.chain, name, "it is of chain \(checkpoint.chain)")
        if let last { try list.require(checkpoint.height > last, name, "height \(checkpoint.height) does not follow \(last)") }
        try handover.verify(from: known, genesis: anchor.genesis, suite: suite)
        (known, last) = (handover.next, checkpoint.height)
      } catch {
        let reason = (error as? CheckFailed)?.check.detail ?? "\(error)"
        throw CheckFailed(name, "change \(index + 1) of \(handovers.count): \(reason)")
      }
    }
    let certificate = package.certificate
    try list.require(
      certificate.generation == known.generation, name,
      "generation \(certificate.generation) signed, but the anchor and \(handovers.count) changes lead to \(known.generation): "
        + "ask for a package for this anchor")
    if let last {
      try list.require(certificate.checkpoint.height > last, name, "the certified height is not above that of the last change, \(last)")
      list.pass(name, "changed from generation \(anchor.validators.generation) to \(known.generation), the last time after height \(last)")
    }
    return known
  }

  private func certificate(in validators: ValidatorSet, _ list: inout CheckList) throws -> Checkpoint {
    let certificate = package.certificate.certificate
    let checkpoint = certificate.checkpoint
    try list.require(checkpoint.chain == anchor.chain, "certificate", "it is of chain \(checkpoint.chain)")
    try list.run("certificate") { try certificate.verify(in: validators, genesis: anchor.genesis, suite: suite) }
    list.pass(
      "certificate", "\(certificate.signers.count) of \(validators.members.count) validators signed height \(checkpoint.height)")
    guard let pinned = anchor.pinned, pinned.height != checkpoint.height else {
      try list.require(package.pin == nil, "pinned block", "the package shows a pinned block that the anchor does not ask for")
      try list.require(
        anchor.pinned.map { $0.blockID == checkpoint.blockID } ?? true, "pinned block", "the certified block is not the pinned one")
      return checkpoint
    }
    guard let pin = package.pin?.proof, pin.leaf.height == pinned.height, pin.leaf.blockID == pinned.blockID else {
      throw CheckFailed("pinned block", "the package does not show block \(pinned.blockID) at height \(pinned.height)")
    }
    try list.run("pinned block") { try pin.verify(under: checkpoint, suite: suite) }
    list.pass("pinned block", "height \(pinned.height) is in the chain's history")
    return checkpoint
  }

  /// Checks header and history of the deposit's block; returns its receipts root.
  private func block(under checkpoint: Checkpoint, _ list: inout CheckList) throws -> Digest {
    let header = package.deposit.header
    try list.require(header.chain == anchor.chain, "header", "it is of chain \(header.chain)")
    let id = header.id(genesis: anchor.genesis, suite: suite)
    guard let history = package.history?.proof else {
      try list.require(
        header.height == checkpoint.height && id == checkpoint.blockID, "history", "the deposit's block is not the certified one")
      list.pass("block", "the certified block itself, time \(header.time) ms")
      return checkpoint.receiptsRoot
    }
    try list.run("history") { try history.verify(under: checkpoint, suite: suite) }
    try list.require(
      history.leaf.height == header.height && history.leaf.blockID == id, "history", "the header is not that of the proven height")
    list.pass("block", "height \(header.height), time \(header.time) ms, in the certified history")
    return history.leaf.receiptsRoot
  }

  private func deposit(
    receiptsRoot: Digest, _ list: inout CheckList
  ) throws -> (SignedTransaction, Receipt, DepositEvidence) {
    let deposit = package.deposit
    let signed = try list.run("transaction") { try SignedTransaction(canonicalBytes: deposit.transaction.bytes) }
    let id = signed.id(genesis: anchor.genesis, suite: suite)
    try list.run("transaction") {
      try TransactionProof(signed: signed, path: deposit.transactionPath.proof).verify(
        root: deposit.header.transactionsRoot, genesis: anchor.genesis, suite: suite)
    }
    try list.require(signed.isSignatureValid(genesis: anchor.genesis, suite: suite), "signature", "the depositor's signature is not valid")
    let transaction = signed.transaction
    try list.require(
      transaction.chain == anchor.chain && transaction.contract == JudicialEvidence.name && transaction.entry == "deposit", "transaction",
      "it is no deposit of evidence")
    let call = try list.run("transaction") { try DepositEvidence(canonicalBytes: transaction.arguments) }
    list.pass("transaction", "deposit \(id), signed, in the block")
    let receipt = try list.run("receipt") { try Receipt(canonicalBytes: deposit.receipt.bytes) }
    try list.run("receipt") {
      try ReceiptProof(receipt: receipt, path: deposit.receiptPath.proof).verify(root: receiptsRoot, suite: suite)
    }
    try list.require(
      receipt.transaction == id && receipt.status == .succeeded && receipt.output == package.evidenceID.canonicalBytes, "receipt",
      "the call failed, or gave another evidence id")
    list.pass("receipt", "the call succeeded")
    return (signed, receipt, call)
  }

  private func state(
    _ checkpoint: Checkpoint, _ call: DepositEvidence, _ list: inout CheckList
  ) throws -> (Registered<EvidenceItem>, [CustodyEntry]) {
    let id = package.evidenceID
    try prove(package.item, EvidenceKeys.item(id), "item", checkpoint, &list)
    guard let bytes = package.item.value?.bytes else { throw CheckFailed("item", "the record is absent") }
    let item = try list.run("item") { try Registered<EvidenceItem>(canonicalBytes: bytes) }
    let content = item.content
    try list.require(
      content.digests == call.digests && content.salted == call.salted && content.size == call.size && content.mediaType == call.mediaType
        && content.originDigest == call.originDigest, "item", "the record is not what was deposited")
    let own = call.digests.first { $0.algorithm == JudicialEvidence.algorithm(of: suite) }.flatMap { Digest($0.bytes) }
    let computed = own.map {
      JudicialEvidence.evidenceID(
        depositor: content.depositor, digest: $0, nonce: call.nonce, genesis: anchor.genesis, suite: suite)
    }
    try list.require(computed == id, "evidence id", "it does not follow from depositor, digest and nonce")
    list.pass("item", "state \(item.state), held by \(content.holder)")
    return (item, try custody(id, content, checkpoint, &list))
  }

  private func custody(
    _ id: Digest, _ item: EvidenceItem, _ checkpoint: Checkpoint, _ list: inout CheckList
  ) throws -> [CustodyEntry] {
    var entries: [CustodyEntry] = []
    for (index, form) in package.custody.enumerated() {
      try prove(form, EvidenceKeys.custody(id, UInt64(index) + 1), "custody", checkpoint, &list)
      guard let bytes = form.value?.bytes else {
        try list.require(index == package.custody.count - 1, "custody", "entries after the end")
        break
      }
      try list.require(index < package.custody.count - 1, "custody", "the end of custody is not shown")
      let entry = try list.run("custody") { try CustodyEntry(canonicalBytes: bytes) }
      let previous = entries.last.map { suite.digest("CustodyEntry", anchor.genesis, $0) } ?? .zero
      try list.require(
        entry.previous == previous && entry.from == entries.last?.to, "custody", "entry \(index + 1) does not continue the one before")
      entries.append(entry)
    }
    try list.require(
      entries.first?.to == item.depositor && entries.last?.to == item.holder, "custody",
      "custody does not lead from the depositor to the holder")
    list.pass("custody", "\(entries.count) entries without a gap")
    return entries
  }

  private func depositor(
    _ signed: SignedTransaction, _ item: Registered<EvidenceItem>, _ checkpoint: Checkpoint, _ list: inout CheckList
  ) throws -> Member {
    try prove(package.depositor, EvidenceKeys.member(signed.transaction.sender), "depositor", checkpoint, &list)
    guard let bytes = package.depositor.value?.bytes else { throw CheckFailed("depositor", "the member is not registered") }
    let member = try list.run("depositor") { try Member(canonicalBytes: bytes) }
    try list.require(
      member.account == signed.transaction.sender && member.organisation == item.content.depositor, "depositor",
      "the member does not belong to the depositor")
    list.pass("depositor", "\(member.name) of \(member.organisation)")
    return member
  }

  /// The platform's filing, as the chain's catalogue has it: that it is registered here, not that the authority knows it.
  private func filing(_ checkpoint: Checkpoint, _ list: inout CheckList) throws -> Registered<CatalogueEntry>? {
    guard let form = package.filing else { return nil }
    let prefix = StateKey.prefix(contract: DataDirectory.name, table: DataDirectory.catalogue.records.name)
    try list.require(
      form.key.bytes.starts(with: prefix) && form.key.bytes.count > prefix.count, "filing", "the proof is about another record")
    try list.run("filing") { try form.record.verify(stateRoot: checkpoint.stateRoot, suite: suite) }
    guard let bytes = form.value?.bytes else { throw CheckFailed("filing", "the entry is absent") }
    let entry = try list.run("filing") { try Registered<CatalogueEntry>(canonicalBytes: bytes) }
    try list.require(try PlatformFiling.isInForce(entry), "filing", "the entry is no filing in force")
    list.pass("filing", "\(entry.content.title), number \(entry.content.number ?? "")")
    return entry
  }

  private func file(_ item: Registered<EvidenceItem>, _ list: inout CheckList) throws {
    let content = item.content
    if let file = package.file {
      try list.require((file.salt != nil) == content.salted, "file", "a salt is given where none is used, or is missing")
      let bytes = (file.salt?.bytes ?? []) + file.bytes.bytes
      // The own digest is always there; a foreign one that does not fit would stand in the report beside it.
      for other in CryptoSuite.allCases {
        guard let digest = content.digests.first(where: { $0.algorithm == JudicialEvidence.algorithm(of: other) }) else { continue }
        try list.require(digest.bytes == other.hash(bytes).bytes, "file", "its \(digest.algorithm) digest is not the deposited one")
      }
      try list.require(content.size == UInt64(file.bytes.bytes.count), "file", "it is not as long as the file that was deposited")
      list.pass("file", "\(file.name), \(content.size) bytes, has the deposited digest")
    } else {
      list.pass("file", "not in the package: compare its digest with the one in the report")
    }
    if let origin = package.origin {
      try list.require(content.originDigest == suite.hash(origin.bytes), "origin", "it is not the description that was deposited")
      list.pass("origin", "has the deposited digest")
    }
  }

  private func prove(
    _ form: RecordForm, _ key: StateKey, _ name: String, _ checkpoint: Checkpoint, _ list: inout CheckList
  ) throws {
    try list.require(form.key.bytes == key.bytes, name, "the proof is about another record")
    try list.run(name) { try form.record.verify(stateRoot: checkpoint.stateRoot, suite: suite) }
  }
}

/// Which catalogue entries count as the platform's filing.
enum PlatformFiling {
  static func isInForce(_ entry: Registered<CatalogueEntry>) throws -> Bool {
    entry.state == "listed" && entry.content.kind == .filing && entry.content.number != nil
  }
}

/// The anchor of the ledger that a package is made from.
enum AnchorOfLedger {
  static func make(_ ledger: Ledger, generation: UInt64?, pinned: BlockHeight?) throws -> TrustAnchor {
    try TrustAnchor(of: ledger, generation: generation, pinned: pinned)
  }
}
