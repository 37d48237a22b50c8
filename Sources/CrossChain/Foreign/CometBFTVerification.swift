public import ChainCore

extension CometBFT {
  /// A share of the trusted voting power: what must have signed a header that skips heights. More than it, as upstream has it: a third
  /// that lies exactly could show anything.
  public struct TrustLevel: CanonicalRecord, Codable, Hashable {
    /// The numerator; at least a third of the denominator.
    public var numerator: UInt32
    /// The denominator; at least the numerator.
    public var denominator: UInt32

    /// A share; `isValid` says whether it can be used. One third unless told otherwise.
    public init(numerator: UInt32 = 1, denominator: UInt32 = 3) {
      self.numerator = numerator
      self.denominator = denominator
    }

    /// The fields in order.
    public static let layout = Layout(Self.init, \.numerator, \.denominator)

    /// Whether it is between a third and the whole.
    public var isValid: Bool {
      denominator > 0 && numerator <= denominator && UInt64(numerator) * 3 >= UInt64(denominator)
    }

    /// Whether `signed` of `total` is more than this share.
    func isReached(by signed: Int128, of total: Int128) -> Bool { signed * Int128(denominator) > total * Int128(numerator) }
  }

  /// What is trusted of a height, as far as later headers are verified by it.
  struct Anchor: Sendable, Hashable {
    var height: UInt64
    var time: Timestamp
    var nextValidatorsHash: [UInt8]
  }

  /// What headers of a chain are verified by.
  struct Rules: Sendable {
    var chainID: String
    var trustingPeriodMs: UInt64
    var maxClockDriftMs: UInt64
    var trustLevel: TrustLevel
    var form: any CometBFTForm = CometBFTProtobufForm()

    /// Whether what has this time may no longer move a client on at `now`.
    func isExpired(_ time: Timestamp, at now: Timestamp) -> Bool { time.total + Int128(trustingPeriodMs) * 1_000_000 <= now.total }

    /// Verifies that `block` follows from `trusted` (specification of the light client, "verification of one header").
    ///
    /// Every signature that stands in the commit must be valid, counted or not, and belong to a member that signs once. Whoever relays a
    /// commit may leave votes out, so nobody can block a client with one that only some libraries take for valid.
    /// - Parameters:
    ///   - next: The set that signs the height after the trusted one; may be `nil` or empty unless heights are skipped.
    ///   - now: The verifier's time.
    /// - Throws: `CometBFTError`. Power is counted before any signature is verified.
    func verify(_ block: LightBlock, from trusted: Anchor, next: ValidatorSet?, now: Timestamp) throws(CometBFTError) {
      let header = block.header
      let height = try header.checkedHeight()
      guard height > trusted.height else { throw .heightNotGreater(header.height, trusted: trusted.height) }
      guard header.time > trusted.time else { throw .timeNotLater(header.time) }
      try checkForm(of: block, now: now)
      if height == trusted.height + 1 {
        guard header.validatorsHash == trusted.nextValidatorsHash else { throw .otherNextValidators }
        guard next?.validators.isEmpty ?? true || next == block.validators else { throw .otherNextValidators }
      } else {
        guard let next, !next.validators.isEmpty, form.hash(next) == trusted.nextValidatorsHash else { throw .otherNextValidators }
        try next.check()
        let signed = next.power(of: try block.signers())
        guard trustLevel.isReached(by: signed, of: next.power) else { throw .notEnoughTrust(signed: signed, total: next.power) }
      }
      try verifyQuorum(of: block)
    }

    /// Verifies a block that is trusted by its hash: that validators named by its header signed it.
    func verify(trusted block: LightBlock, now: Timestamp) throws(CometBFTError) {
      _ = try block.header.checkedHeight()
      try checkForm(of: block, now: now)
      try verifyQuorum(of: block)
    }

    /// What can be said of a block without any other, but for quorum and signatures.
    private func checkForm(of block: LightBlock, now: Timestamp) throws(CometBFTError) {
      let header = block.header
      guard header.chainID == chainID else { throw .otherChain(header.chainID) }
      guard header.time.total < now.total + Int128(maxClockDriftMs) * 1_000_000 else { throw .fromFuture(header.time) }
      guard block.commit.height == header.height, block.commit.blockID.hash == form.hash(header) else { throw .otherCommit }
      try block.validators.check()
      guard form.hash(block.validators) == header.validatorsHash else { throw .otherValidators }
    }

    private func verifyQuorum(of block: LightBlock) throws(CometBFTError) {
      let signed = block.validators.power(of: try block.signers())
      let total = block.validators.power
      guard signed * 3 > total * 2 else { throw .noQuorum(signed: signed, total: total) }
      let commit = block.commit
      let members = Dictionary(block.validators.validators.map { ($0.address, $0.key) }) { first, _ in first }
      for (index, entry) in commit.signatures.enumerated() {
        let vote: Vote
        let blockID: BlockID?
        switch entry {
        case .absent: continue
        case .commit(let found): (vote, blockID) = (found, commit.blockID)
        case .none(let found): (vote, blockID) = (found, nil)
        }
        guard let key = members[vote.address] else { throw .unknownSigner }
        let message = form.signBytes(
          chain: chainID, height: commit.height, round: commit.round, block: blockID, time: vote.time)
        guard key.verify(vote.signature, ofMessage: message) else { throw .badSignature(index: index) }
      }
    }
  }
}

extension CometBFT.Header {
  /// The height, if it is one that a height can follow.
  func checkedHeight() throws(CometBFTError) -> UInt64 {
    guard height > 0, height < .max else { throw .badHeight(height) }
    return UInt64(height)
  }
}

extension CometBFT.LightBlock {
  /// The keys of all who voted for the block.
  func signers() throws(CometBFTError) -> Set<PublicKey> {
    guard commit.signatures.count <= validators.validators.count else { throw .tooManySignatures(commit.signatures.count) }
    let members = Dictionary(validators.validators.map { ($0.address, $0.key) }) { first, _ in first }
    var voters: Set<PublicKey> = []
    var signers: Set<PublicKey> = []
    for entry in commit.signatures {
      let vote: CometBFT.Vote
      switch entry {
      case .absent: continue
      case .commit(let found), .none(let found): vote = found
      }
      guard let key = members[vote.address] else { throw .unknownSigner }
      guard voters.insert(key).inserted else { throw .repeatedSigner }
      if case .commit = entry { signers.insert(key) }
    }
    return signers
  }
}

extension CometBFT.ValidatorSet {
  /// Throws unless there are members, each once, whose power counts and can be counted.
  func check() throws(CometBFTError) {
    guard !validators.isEmpty, validators.count <= CometBFT.validatorLimit, validators.allSatisfy({ $0.power > 0 }),
      Set(validators.map(\.key)).count == validators.count, Set(validators.map(\.address)).count == validators.count,
      power <= Int128(Int64.max / 8)
    else { throw .badValidators }
  }

  /// The power of those members whose keys are in `signers`.
  func power(of signers: Set<PublicKey>) -> Int128 {
    validators.reduce(0) { $0 + (signers.contains($1.key) ? Int128($1.power) : 0) }
  }
}
