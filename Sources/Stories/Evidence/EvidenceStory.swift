internal import AppFormats
internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain

extension Story {
  /// §3: from a captured page to a court's ruling, a package that verifies without a network, and a proof on another chain.
  public static let evidence = Story(
    "evidence", Sentence(zh: "司法存证：公证、移交、采纳、离线验证", en: "Evidence: deposited, handed over, admitted, verified offline")
  ) { stage in try await EvidenceTelling(stage: stage, samples: try stage.input.decode("rfc3161.json", as: StampSamples.self)).tell() }
}

struct EvidenceTelling {
  static let caseNumber = "(2023)豫0105民初1234号"
  static let notary = Party.notary
  static let plaintiff = Party.enterprise
  static let court = Party.court

  let stage: StoryStage
  let samples: StampSamples
  var name: ContractName { JudicialEvidence.name }

  func tell() async throws {
    try await stage.found(
      [
        StoryChain(
          Place.zhengzhou,
          [
            StoryParty(Self.notary, "depositor"), StoryParty(Self.plaintiff, "enterprise"), StoryParty(Self.court, "court"),
            StoryParty(Party.bank, "depositor"),
          ], contracts: [JudicialEvidence()]),
        StoryChain(Place.kaifeng, [StoryParty(Party.kaifengDataBureau, "court")], contracts: [JudicialEvidence()]),
      ], ports: [name])
    let (page, deposit) = try await self.deposit()
    try await admit(deposit.output)
    try await copy(page, deposit)
    try await refuseToken()
    try await proveElsewhere(deposit)
    try await package(page, deposit)
  }

  private func digests(of bytes: [UInt8]) -> [NamedDigest] {
    [
      NamedDigest(algorithm: "sm3", bytes: CryptoSuite.guomi.hash(bytes).bytes),
      NamedDigest(algorithm: "sha256", bytes: CryptoSuite.international.hash(bytes).bytes),
    ]
  }

  private func call(_ bytes: [UInt8], token: TimeStampToken? = nil, origin: [UInt8]? = nil) -> DepositEvidence {
    DepositEvidence(
      digests: digests(of: bytes), salted: false, size: UInt64(bytes.count), mediaType: "text/plain",
      originDigest: origin.map { stage.suite.hash($0) }, nonce: .random(), token: token)
  }

  /// What the SDK does before a token goes on chain: its signature is checked against the authority's root.
  private func token(_ response: [UInt8], over bytes: [UInt8], isChecked: Bool = true) throws -> TimeStampToken {
    let stamp = try TimeStampResponse(der: response)
    let algorithm = stamp.algorithm == .sm3 ? "sm3" : "sha256"
    if isChecked {
      let digest = algorithm == "sm3" ? CryptoSuite.guomi.hash(bytes) : CryptoSuite.international.hash(bytes)
      guard let root = [UInt8](hex: samples.caCertificate) else { throw stage.failure("rfc3161.json has no root") }
      try stamp.verify(digest: digest.bytes, roots: [root])
    }
    return TimeStampToken(
      digest: stage.suite.hash(response), imprint: NamedDigest(algorithm: algorithm, bytes: stamp.imprint), genTime: stamp.time)
  }

  static let origin = Array(#"{"tool":"browser 118","device":"公证处 3 号机"}"#.utf8)

  private func deposit() async throws -> ([UInt8], Happened<Digest>) {
    stage.heading(zh: "公证处存证网页快照", en: "A notary deposits a captured page")
    let (response, page) = try samples.sample("sm3-imprint")
    stage.keepSecret("captured page", String(decoding: page, as: UTF8.self))
    let deposit = try await stage.call(
      Self.notary, on: Place.zhengzhou, name, "deposit", call(page, token: try token(response, over: page), origin: Self.origin),
      returning: Digest.self)
    stage.tell(
      deposit, zh: "只有摘要和时间戳上链，网页本身留在公证处", en: "digest and time stamp go on chain, the page stays with the notary",
      ids: ["evidence": deposit.output.hex])
    return (page, deposit)
  }

  private func admit(_ evidence: Digest) async throws {
    stage.heading(zh: "移交当事人，法院采纳", en: "Handed to the plaintiff, admitted by the court")
    let record = try stage.record(name, JudicialEvidence.items.records, evidence, on: Place.zhengzhou)
    guard let own = record?.content.digests.first else { throw stage.failure("the evidence is not there") }
    try await stage.call(
      Self.notary, on: Place.zhengzhou, name, "offer",
      OfferEvidence(evidence: evidence, to: Self.plaintiff, reason: "forPlaintiff", recheckedDigest: own))
    let accepted = try await stage.call(
      Self.plaintiff, on: Place.zhengzhou, name, "accept", AcceptEvidence(evidence: evidence, recheckedDigest: own))
    stage.tell(
      accepted, zh: "原告接收，交接链延长一环", en: "the plaintiff accepts: custody has one more link",
      ids: ["holder": Self.plaintiff.rawValue])
    let key = try await stage.call(
      Self.court, on: Place.zhengzhou, name, "openCase", OpenCase(number: Self.caseNumber), returning: CaseKey.self)
    let submission = try await stage.call(
      Self.plaintiff, on: Place.zhengzhou, name, "submit", SubmitEvidence(evidence: evidence, caseKey: key.output),
      returning: SubmissionKey.self)
    let ruling = stage.suite.hash(Array("ruling".utf8))
    let admitted = try await stage.call(
      Self.court, on: Place.zhengzhou, name, "admit", DecideSubmission(submission: submission.output, rulingDigest: ruling))
    stage.tell(
      admitted, zh: "案件 \(Self.caseNumber)：采纳", en: "case \(Self.caseNumber): admitted", ids: ["court": Self.court.rawValue])
    try await stage.refuse(
      "second decision", "notAllowed", zh: "同一案件再次裁定", en: "a second decision in the case", Self.court, on: Place.zhengzhou, name,
      "refuse", DecideSubmission(submission: submission.output, rulingDigest: ruling))
    let state = try stage.record(name, JudicialEvidence.submissions.records, submission.output, on: Place.zhengzhou)?.state
    try stage.expect("submission", state?.rawValue, "admitted")
    let holder = try stage.record(name, JudicialEvidence.items.records, evidence, on: Place.zhengzhou)?.content.holder
    try stage.expect("holder", holder, Self.plaintiff)
  }

  private func copy(_ page: [UInt8], _ first: Happened<Digest>) async throws {
    stage.heading(zh: "银行稍后存入同一内容", en: "A bank deposits the same content later")
    let later = try await stage.call(Party.bank, on: Place.zhengzhou, name, "deposit", call(page), returning: Digest.self)
    guard let digest = Digest(CryptoSuite.guomi.hash(page).bytes) else { throw stage.failure("no digest") }
    let found: [Anchor] = try stage.ask(Party.bank, on: Place.zhengzhou, name, "byDigest", digest)
    try stage.expect("depositors by digest", found.map(\.depositor), [Self.notary, Party.bank])
    try stage.expect("the first is the earlier one", found[0].time < found[1].time, true)
    stage.tell(
      later, zh: "查询摘要即见更早的存证（高度 \(first.height)）", en: "the digest shows the earlier deposit, at height \(first.height)",
      ids: ["evidence": later.output.hex])
  }

  private func refuseToken() async throws {
    let (response, other) = try samples.sample("other-data")
    do {
      _ = try token(response, over: other)
      throw stage.failure("a time stamp of other data was accepted")
    } catch let error as TimeStampError {
      try stage.expect("time stamp of other data, checked by the SDK", error, .mismatch)
    }
    try await stage.refuse(
      "time stamp of other data", "badArgument", zh: "附上其他数据的时间戳", en: "a time stamp of other data", Self.notary,
      on: Place.zhengzhou, name, "deposit", call(other, token: try token(response, over: other, isChecked: false)))
  }

  /// Kaifeng's chain checks the deposit against its own client of the relay.
  private func proveElsewhere(_ deposit: Happened<Digest>) async throws {
    stage.heading(zh: "开封链上验证郑州的存证", en: "Kaifeng's chain verifies Zhengzhou's deposit")
    let key = StateKey(contract: name, table: JudicialEvidence.items.records.name, key: deposit.output)
    let now = try stage.ledger(Place.zhengzhou).head.height
    let (proof, _) = try await stage.prove(key, of: Place.zhengzhou, notBelow: now, for: Place.kaifeng)
    let seen: VerifiedRecord = try stage.ask(
      Party.kaifengDataBureau, on: Place.kaifeng, "xc", "verifyRemote", RemoteQuestion(proof: proof, maxAgeMs: 600_000))
    guard let item = try seen.record(of: name, JudicialEvidence.items.records, deposit.output) else {
      throw stage.failure("the deposit is not proven")
    }
    try stage.expect("holder as proven in Kaifeng", item.content.holder, Self.plaintiff)
    stage.tell(
      .verified, zh: "依据郑州链高度 \(seen.height)：存证单位 \(item.content.depositor)，当前持有 \(item.content.holder)",
      en: "as of Zhengzhou's height \(seen.height): deposited by \(item.content.depositor), held by \(item.content.holder)",
      on: Place.kaifeng, height: try stage.ledger(Place.kaifeng).head.height, ids: ["evidence": deposit.output.hex])
  }

  private func package(_ page: [UInt8], _ deposit: Happened<Digest>) async throws {
    stage.heading(zh: "证据包离线验证", en: "The package verifies with no network")
    let chain = try stage.chain(Place.zhengzhou)
    let ledger = chain.nodes[0].ledger
    try await chain.nodes[0].certified(ledger.head.height)
    let package = try EvidencePackage(
      ledger: ledger, deposit: deposit.transaction, file: ("page.txt", nil, page), origin: Self.origin)
    let document = try package.document()
    let anchors = TrustAnchors([try TrustAnchor(of: ledger)])
    stage.handOn("evidence-package.json", document)
    stage.handOn("anchors.json", try StrictJSON.encode(anchors))
    let checks = try EvidencePackage(document: document).verify(anchors: anchors)
    try stage.expect("package verifies", checks.allSatisfy(\.holds), true)
    stage.tell(
      .verified, zh: "证据包：\(checks.count) 项检查全部通过，报告为中文，可由法官自行复核",
      en: "the package: \(checks.count) checks hold; its report is in Chinese, for a judge")
    guard
      let place = document.firstRange(of: Array(page.hex.utf8))?.lowerBound ?? document.firstRange(of: Array("\"bytes\"".utf8))?.upperBound
    else { throw stage.failure("the package carries no file") }
    var forged = document
    let target = place + 8
    forged[target] = forged[target] == UInt8(ascii: "3") ? UInt8(ascii: "4") : UInt8(ascii: "3")
    let verdict = (try? EvidencePackage(document: forged).verify(anchors: anchors))?.first { !$0.holds }?.name ?? "document"
    try stage.expect("package with one byte changed", verdict, "file")
    stage.tell(.refused, zh: "改动文件一个字节：检查“\(verdict)”不通过", en: "one byte of the file changed: check \(verdict) fails")
  }
}
