package import ChainCore
internal import Consensus

/// What a validator's node does on the chain by itself: it reports double votes, and takes the seat that it was given.
///
/// Both are transactions of an ordinary member, `NodeConfiguration.steward`. Without clock or randomness: what is due follows from the ledger.
package struct Steward: Sendable {
  /// After how many heights a transaction that had no effect is made again.
  static let patience: UInt64 = 32
  /// How many contradictions are remembered until the chain knows them.
  static let evidenceLimit = 64

  private let account: Account
  private let key: PrivateKey
  private var evidence: [EquivocationEvidence] = []
  private var reportedAt: [AccountID: BlockHeight] = [:]
  private var readyAt: BlockHeight?
  private var seen: BlockHeight?

  /// A steward that speaks as `account` for the validator of `key`.
  package init(account: Account, key: PrivateKey) {
    self.account = account
    self.key = key
  }

  /// Remembers a contradiction that the engine proved.
  package mutating func note(_ found: EquivocationEvidence) {
    guard evidence.count < Self.evidenceLimit else { return }
    evidence.append(found)
    seen = nil
  }

  /// The transactions that are due at the ledger's head; asked at any time, it answers once a height.
  package mutating func due(_ ledger: Ledger) -> [SignedTransaction] {
    let head = ledger.head
    guard seen != head.height else { return [] }
    seen = head.height
    var made: [SignedTransaction] = []
    evidence = evidence.filter { !isKnown($0, ledger) }
    for found in evidence { if let signed = report(found, ledger) { made.append(signed) } }
    if let signed = takeSeat(ledger) { made.append(signed) }
    return made
  }

  private func accused(_ found: EquivocationEvidence, _ ledger: Ledger) -> AccountID? {
    let (before, overflow) = found.first.epoch.rawValue.multipliedReportingOverflow(by: ledger.genesis.parameters.epochLength)
    let set = ledger.validators(signing: BlockHeight(overflow ? .max : before).next)
    guard set.members.indices.contains(Int(found.validator)) else { return nil }
    return ledger.suite.accountID(of: set.members[Int(found.validator)].key)
  }

  private func isKnown(_ found: EquivocationEvidence, _ ledger: Ledger) -> Bool {
    guard let accused = accused(found, ledger) else { return true }
    let conviction = try? ledger.query(GovernanceContract.name, "conviction", accused, as: Conviction?.self)
    return conviction != nil
  }

  private mutating func report(_ found: EquivocationEvidence, _ ledger: Ledger) -> SignedTransaction? {
    let height = ledger.head.height
    guard let accused = accused(found, ledger) else { return nil }
    guard reportedAt[accused].map({ $0.advanced(by: Self.patience) <= height }) ?? true else { return nil }
    reportedAt[accused] = height
    return sign("evidence", found, ledger)
  }

  private mutating func takeSeat(_ ledger: Ledger) -> SignedTransaction? {
    let head = ledger.head
    guard head.seats.joining.contains(where: { $0.validator.key == key.publicKey }) else {
      readyAt = nil
      return nil
    }
    guard readyAt.map({ $0.advanced(by: Self.patience) <= head.height }) ?? true,
      let certificate = try? ledger.newestCertificate(),
      certificate.checkpoint.height.advanced(by: GovernanceContract.readyLimit / 2) > head.height,
      let signature = try? key.sign(certificate.checkpoint.digest(genesis: ledger.genesisID, suite: ledger.suite))
    else { return nil }
    readyAt = head.height
    return sign("ready", ValidatorReady(key: key.publicKey, certificate: certificate, signature: signature), ledger)
  }

  private func sign(_ entry: EntryName, _ arguments: some CanonicalCodable, _ ledger: Ledger) -> SignedTransaction? {
    let validFor = min(Self.patience, ledger.parameters.transactionWindow / 2)
    return try? account.sign(
      GovernanceContract.name, entry, arguments, chain: ledger.genesis.chain, genesis: ledger.genesisID,
      validUntil: ledger.head.height.advanced(by: validFor), salt: ledger.head.height.rawValue)
  }
}
