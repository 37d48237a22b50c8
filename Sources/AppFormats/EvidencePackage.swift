internal import Apps
public import ChainCore

/// 证据包: everything that a verifier needs to check a deposited file offline, but the anchor. `Docs/EvidencePackage.md` describes it field by field.
public struct EvidencePackage: Codable, Hashable, Sendable {
  /// The name and version of the format.
  public static let format = "yuchain-evidence-package/1"
  /// The greatest number of changes of the validators between the anchor and the certificate.
  public static let handoverLimit = 256

  /// The deposit: the call, its place in a block, and its receipt.
  public struct Deposit: Codable, Hashable, Sendable {
    /// Canonical bytes of the signed transaction.
    public var transaction: HexBytes
    /// Its path under the header's `transactionsRoot`.
    public var transactionPath: PathForm
    /// Canonical bytes of the receipt: failed calls are in blocks too.
    public var receipt: HexBytes
    /// Its path under the block's `receiptsRoot`.
    public var receiptPath: PathForm
    /// The block's header: it alone tells the time.
    public var header: BlockHeader
  }

  /// The file, if it travels in the package.
  public struct File: Codable, Hashable, Sendable {
    /// A name for people.
    public var name: String
    /// The 32 bytes of salt, if the digests are salted.
    public var salt: Digest?
    /// The bytes, in hexadecimal.
    public var bytes: HexBytes
  }

  /// `yuchain-evidence-package/1`.
  public var format: String
  /// The chain.
  public var chain: ChainID
  /// Its genesis id.
  public var genesisID: GenesisID
  /// Its cryptography.
  public var suite: SuiteText
  /// The evidence id.
  public var evidenceID: Digest
  /// The deposit.
  public var deposit: Deposit
  /// The deposit's block in the history of the certified height; absent if the certified height is the deposit's own.
  public var history: HistoryForm?
  /// The changes of the validators from the anchor's set to the one that signed the certificate, oldest first, each one generation on;
  /// absent if there are none.
  public var handovers: [HandoverForm]?
  /// The certificate of the height at which everything below is proven.
  public var certificate: CertificateForm
  /// A pinned block in that history, if the verifier's anchor pins one.
  public var pin: HistoryForm?
  /// The evidence record at the certified height.
  public var item: RecordForm
  /// The custody entries from 1 on, and the absence of the next.
  public var custody: [RecordForm]
  /// The record of the member that deposited.
  public var depositor: RecordForm
  /// The catalogue's entry of the platform's filing (备案) at the certified height, if there is one.
  public var filing: RecordForm?
  /// The file, if it travels in the package.
  public var file: File?
  /// The description of the file's origin, whose digest was deposited, if there is one.
  public var origin: HexBytes?
  /// What a court may ask for and this package cannot prove: codes, as `EvidenceReport.missing` lists them.
  public var missing: [String]
  /// The report for a judge, made from the rest and compared by the verifier.
  public var report: [String]

  /// Reads a document.
  /// - Throws: `DocumentError`.
  public init(document: [UInt8]) throws {
    self = try StrictJSON.decode(document, as: EvidencePackage.self)
    guard format == Self.format else { throw DocumentError.format(found: format, expected: Self.format) }
    // What is not there is left out: an empty list would be a second spelling of it.
    guard handovers?.isEmpty != true else { throw DocumentError.notStrict }
  }
}

/// Why no package can be made.
@nonexhaustive
public enum EvidencePackageError: Error, Hashable, Sendable {
  /// The chain holds no such evidence.
  case unknownEvidence(Digest)
  /// No height at or after the deposit has a certificate yet; wait for one.
  case notCertified
  /// The newest certificate was signed before validators of the anchor's generation: make the package where newer heights are certified,
  /// or for an anchor of the generation that `signed`.
  case anchorTooNew(UInt64, signed: UInt64)
  /// The validators changed so often since the anchor's generation; 256 changes are verified. Use an anchor of generation `earliest` or later.
  case tooManyHandovers(UInt64, earliest: UInt64)
  /// The certificate with which this generation handed over is not here: ask another node.
  case missingHandover(from: UInt64)
  /// The file is not the deposited one.
  case otherFile
  /// The chain's catalogue lists no filing of this code.
  case unknownFiling(String)
  /// The package does not verify: says which check fails.
  case invalid(Check)
}

extension EvidencePackageError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .unknownEvidence(let id): "the chain holds no evidence \(id)"
    case .notCertified: "no height since the deposit has a certificate yet; wait for one"
    case .anchorTooNew(let anchor, let signed):
      "the newest certificate is of validator generation \(signed), before the anchor's \(anchor): use a node that has newer ones"
    case .tooManyHandovers(let count, let earliest):
      "the validators changed \(count) times since the anchor's generation, and at most \(EvidencePackage.handoverLimit) changes are "
        + "verified: use an anchor of generation \(earliest) or later"
    case .missingHandover(let generation):
      "the certificate with which validator generation \(generation) handed over is not here: ask another node"
    case .otherFile: "the file is not the one that was deposited"
    case .unknownFiling(let code): "the chain's catalogue lists no filing \(code)"
    case .invalid(let check): "the package does not verify: \(check.name): \(check.detail)"
    }
  }
}

extension EvidencePackage {
  /// Makes the package of a deposited file from a node's ledger, at its newest certified height.
  ///
  /// - Parameters:
  ///   - transaction: The deposit.
  ///   - file: The file's name and bytes, to travel in the package; with its salt if the digests are salted.
  ///   - origin: The description whose digest was deposited.
  ///   - filing: The code of the platform's filing in the chain's catalogue; `nil` = the first one that is listed, if any is.
  ///   - generation: The generation of the validators in the verifier's anchor; `nil` = the chain's first.
  ///   - pinned: The height that the verifier's anchor pins, if it pins one.
  /// - Throws: `EvidencePackageError`, `LedgerError`.
  public init(
    ledger: Ledger, deposit transaction: TransactionID, file: (name: String, salt: Digest?, bytes: [UInt8])? = nil,
    origin: [UInt8]? = nil, filing: String? = nil, generation: UInt64? = nil, pinned: BlockHeight? = nil
  ) throws {
    let committed = try ledger.transaction(transaction)
    guard let certificate = try ledger.newestCertificate(), certificate.checkpoint.height >= committed.height else {
      throw EvidencePackageError.notCertified
    }
    let height = certificate.checkpoint.height
    let receipt = try ledger.proveReceipt(transaction)
    guard let id = Digest(receipt.receipt.output), receipt.receipt.status == .succeeded else {
      throw EvidencePackageError.unknownEvidence(transaction.digest)
    }
    func prove(_ key: StateKey) throws(LedgerError) -> RecordForm { RecordForm(try ledger.proveRecord(key, at: height)) }
    let proven = try ledger.proveTransaction(transaction)
    format = Self.format
    chain = ledger.genesis.chain
    genesisID = ledger.genesisID
    suite = SuiteText(ledger.suite)
    evidenceID = id
    deposit = Deposit(
      transaction: HexBytes(proven.signed.canonicalBytes), transactionPath: PathForm(proven.path),
      receipt: HexBytes(receipt.receipt.canonicalBytes), receiptPath: PathForm(receipt.path),
      header: try ledger.header(at: committed.height))
    history = committed.height < height ? HistoryForm(try ledger.proveHistory(of: committed.height, under: height)) : nil
    handovers = try Self.handovers(ledger, from: generation ?? ledger.genesis.validators.generation, to: certificate.generation)
    self.certificate = CertificateForm(certificate)
    pin = try pinned.flatMap { $0 < height ? HistoryForm(try ledger.proveHistory(of: $0, under: height)) : nil }
    item = try prove(EvidenceKeys.item(id))
    guard item.value != nil else { throw EvidencePackageError.unknownEvidence(id) }
    custody = []
    var number: UInt64 = 1
    repeat {
      custody.append(try prove(EvidenceKeys.custody(id, number)))
      number += 1
    } while custody.last?.value != nil
    depositor = try prove(EvidenceKeys.member(proven.signed.transaction.sender))
    self.filing = try Self.filing(filing, ledger, at: height).map { try prove(EvidenceKeys.entry($0)) }
    self.file = file.map { File(name: $0.name, salt: $0.salt, bytes: HexBytes($0.bytes)) }
    self.origin = origin.map { HexBytes($0) }
    missing = []
    report = []
    let anchor = try AnchorOfLedger.make(ledger, generation: generation, pinned: pinned)
    let facts: EvidenceFacts
    do {
      var list = CheckList()
      facts = try EvidenceVerifier(package: self, anchor: anchor).proven(&list)
    } catch let failure as CheckFailed {
      if failure.check.name == "file" { throw EvidencePackageError.otherFile }
      throw EvidencePackageError.invalid(failure.check)
    }
    missing = EvidenceReport.missing(facts)
    report = EvidenceReport.lines(facts)
  }

  /// The code of the filing to show: the asked one, or the first that is listed on a chain with a catalogue.
  private static func filing(_ code: String?, _ ledger: Ledger, at height: BlockHeight) throws -> String? {
    func isListed(_ code: String) throws -> Bool {
      guard let bytes = try ledger.record(EvidenceKeys.entry(code), at: height) else { return false }
      return try PlatformFiling.isInForce(try Registered<CatalogueEntry>(canonicalBytes: bytes))
    }
    if let code {
      guard try isListed(code) else { throw EvidencePackageError.unknownFiling(code) }
      return code
    }
    guard ledger.genesis.contracts.contains(where: { $0.name == DataDirectory.name }) else { return nil }
    let listed = try ledger.query(DataDirectory.name, "catalogue", EntryKind.filing, as: [String].self)
    return try listed.sorted().first(where: isListed)
  }

  /// What leads from the set of one generation to a later one; `nil` if it is the same.
  private static func handovers(_ ledger: Ledger, from generation: UInt64, to signed: UInt64) throws -> [HandoverForm]? {
    _ = try ledger.validators(generation: generation)
    guard generation <= signed else { throw EvidencePackageError.anchorTooNew(generation, signed: signed) }
    guard generation < signed else { return nil }
    let count = signed - generation
    guard count <= UInt64(handoverLimit) else {
      throw EvidencePackageError.tooManyHandovers(count, earliest: signed - UInt64(handoverLimit))
    }
    let found = try ledger.handovers(after: generation, limit: Int(count))
    guard found.count == Int(count) else { throw EvidencePackageError.missingHandover(from: generation + UInt64(found.count)) }
    return found.map { HandoverForm($0) }
  }

  /// The document.
  public func document() throws -> [UInt8] { try StrictJSON.encode(self) }

  /// Checks the package under the anchors, check by check; the first that does not hold is the last of the list.
  public func verify(anchors: TrustAnchors) -> [Check] {
    var list = CheckList()
    do {
      guard let anchor = anchors.anchor(of: chain) else { throw CheckFailed("anchor", "chain \(chain) is not among the trusted chains") }
      try EvidenceVerifier(package: self, anchor: anchor).verify(&list)
    } catch let failure as CheckFailed {
      list.fail(failure)
    } catch {
      list.fail(CheckFailed("document", "\(error)"))
    }
    return list.checks
  }
}

/// The state keys of what a package proves.
enum EvidenceKeys {
  static func item(_ id: Digest) -> StateKey {
    StateKey(contract: JudicialEvidence.name, table: JudicialEvidence.items.records.name, key: id)
  }

  static func custody(_ id: Digest, _ number: UInt64) -> StateKey {
    StateKey(contract: JudicialEvidence.name, table: JudicialEvidence.custody.name, key: Pair(id, number))
  }

  static func entry(_ code: String) -> StateKey {
    StateKey(contract: DataDirectory.name, table: DataDirectory.catalogue.records.name, key: code)
  }

  static func member(_ account: AccountID) -> StateKey {
    StateKey(contract: IdentityContract.name, table: IdentityContract.members.name, key: account)
  }
}
