public import ChainCore

/// A height of a CometBFT chain that a client verified.
public struct CometBFTTrustedHeight: CanonicalRecord, Hashable {
  /// The height.
  public var height: UInt64
  /// The header's time.
  public var time: CometBFT.Timestamp
  /// The header's hash.
  public var headerHash: Digest
  /// The application's state after the height before.
  public var appHash: [UInt8]
  /// The hash of the set that signs the next height.
  public var nextValidatorsHash: Digest

  /// Puts the fields together.
  public init(height: UInt64, time: CometBFT.Timestamp, headerHash: Digest, appHash: [UInt8], nextValidatorsHash: Digest) {
    self.height = height
    self.time = time
    self.headerHash = headerHash
    self.appHash = appHash
    self.nextValidatorsHash = nextValidatorsHash
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.time, \.headerHash, \.appHash, \.nextValidatorsHash)

  /// The height of a header; `nil` if that has no valid height or hashes.
  init?(_ header: CometBFT.Header, form: some CometBFTForm = CometBFTProtobufForm()) {
    guard let height = try? header.checkedHeight(), let hash = Digest(form.hash(header)), let next = Digest(header.nextValidatorsHash)
    else { return nil }
    self.init(height: height, time: header.time, headerHash: hash, appHash: header.appHash, nextValidatorsHash: next)
  }

  var anchor: CometBFT.Anchor {
    CometBFT.Anchor(height: height, time: time, nextValidatorsHash: nextValidatorsHash.bytes)
  }
}

/// Believes a CometBFT chain: more than two thirds of the validators that a header names have signed it, and these are the ones that a
/// trusted height names for the next, or more than a share of those have signed as well.
///
/// Messages are `CometBFTUpdate`s. State is proven by ICS-23, in a store's IAVL tree and then in the simple tree over all stores, against
/// the app hash, which stands in the header of the *next* height: a claim about height h needs h + 1 to be trusted.
/// Sources: CometBFT's light client specification; ICS-7 for what counts as misbehaviour.
public struct CometBFTClient: ForeignClient, CanonicalRecord, Hashable {
  /// `cometBFT`.
  public static let kind = ForeignKind.cometBFT
  /// Presence and absence in state.
  public static let capabilities: Set<ForeignCapability> = [.statePresence, .stateAbsence]
  /// The greatest number of trusted heights that a client may keep.
  public static let heightLimit: UInt32 = 256

  /// The chain's own name.
  public var chainID: String
  /// For how long a trusted height may move the client on, in milliseconds.
  public var trustingPeriodMs: UInt64
  /// What a header's time may lead the verifier's by less than, in milliseconds.
  public var maxClockDriftMs: UInt64
  /// What share of the trusted validators must have signed when heights are skipped.
  public var trustLevel: CometBFT.TrustLevel
  /// How many trusted heights are kept.
  public var limit: UInt32
  /// Whether it may prove anything.
  public var status: ClientStatus
  /// The trusted heights, ascending; never empty.
  public private(set) var trusted: [CometBFTTrustedHeight]

  /// The fields in order; trusted heights must ascend.
  public static let layout = Layout(
    checked: { (chainID, trustingPeriodMs, maxClockDriftMs, trustLevel, limit, status, trusted) -> CometBFTClient? in
      CometBFTClient(
        chainID: chainID, trustingPeriodMs: trustingPeriodMs, maxClockDriftMs: maxClockDriftMs, trustLevel: trustLevel, limit: limit,
        status: status, trusted: trusted)
    }, expected: "a client with trusted heights in ascending order", \.chainID, \.trustingPeriodMs, \.maxClockDriftMs, \.trustLevel,
    \.limit, \.status, \.trusted)

  private init?(
    chainID: String, trustingPeriodMs: UInt64, maxClockDriftMs: UInt64, trustLevel: CometBFT.TrustLevel, limit: UInt32,
    status: ClientStatus, trusted: [CometBFTTrustedHeight]
  ) {
    guard !trusted.isEmpty, zip(trusted, trusted.dropFirst()).allSatisfy({ $0.height < $1.height }) else { return nil }
    self.chainID = chainID
    self.trustingPeriodMs = trustingPeriodMs
    self.maxClockDriftMs = maxClockDriftMs
    self.trustLevel = trustLevel
    self.limit = limit
    self.status = status
    self.trusted = trusted
  }

  /// The client of a registered chain.
  /// - Throws: `ForeignError.badRegistration`, `.malformed`.
  public init(_ registration: ForeignRegistration) throws(ForeignError) {
    try registration.validateLimits()
    guard registration.kind == Self.kind else { throw .badRegistration("kind") }
    let header: CometBFT.Header
    let next: CometBFT.ValidatorSet
    do throws(ProtobufError) {
      header = try CometBFT.Header(decoding: registration.trustedHeader)
      next = try CometBFT.ValidatorSet(decoding: registration.nextValidators)
    } catch {
      throw .malformed(error)
    }
    guard header.chainID == registration.foreignID else { throw .badRegistration("trustedHeader: of chain \(header.chainID)") }
    guard let trusted = CometBFTTrustedHeight(header) else { throw .badRegistration("trustedHeader: height or hashes") }
    guard CometBFTProtobufForm().hash(next) == header.nextValidatorsHash, (try? next.check()) != nil else {
      throw .badRegistration("nextValidators: not those that the header names")
    }
    chainID = registration.foreignID
    trustingPeriodMs = registration.trustingPeriodMs
    maxClockDriftMs = registration.maxClockDriftMs
    trustLevel = registration.trustLevel
    limit = registration.heights
    status = .active
    self.trusted = [trusted]
  }

  /// The greatest trusted height, whole.
  public var latest: CometBFTTrustedHeight { trusted[trusted.count - 1] }
  /// The greatest trusted height.
  public var latestHeight: UInt64 { latest.height }
  /// Its time.
  public var latestTime: BlockTime { latest.time.blockTime }

  var rules: CometBFT.Rules {
    CometBFT.Rules(chainID: chainID, trustingPeriodMs: trustingPeriodMs, maxClockDriftMs: maxClockDriftMs, trustLevel: trustLevel)
  }

  /// The trusted height of this number, if it is one.
  public func trusts(_ height: UInt64) -> CometBFTTrustedHeight? {
    let index = firstIndex(from: height)
    return index < trusted.count && trusted[index].height == height ? trusted[index] : nil
  }

  /// Verifies a light block by a trusted height and trusts it as well.
  ///
  /// A valid header that contradicts a trusted one, by its hash, its time or its validators, freezes the client.
  /// - Parameter message: The bytes of a `CometBFTUpdate`.
  public mutating func update(_ message: [UInt8], now: BlockTime) throws(ForeignError) -> ClientChange {
    try requireUsable(at: now)
    let update = try Self.decode(message)
    guard let met = CometBFTTrustedHeight(update.block.header) else {
      throw .header(.badHeight(update.block.header.height))
    }
    let known = trusts(met.height)
    // Nothing is learned, so that nothing has to be verified.
    if known == met { return .known }
    guard trusted.count < Int(limit) || met.height > trusted[0].height else { throw .unknownHeight(met.height, latest: latestHeight) }
    try verify(update, now: now)
    let index = firstIndex(from: met.height)
    let isLate = index > 0 && trusted[index - 1].time >= met.time
    let isEarly = index < trusted.count && trusted[index].time <= met.time
    let isForked =
      index > 0 && trusted[index - 1].height + 1 == met.height
      && trusted[index - 1].nextValidatorsHash.bytes != update.block.header.validatorsHash
    guard known == nil, !isLate, !isEarly, !isForked else {
      status = .frozen(evidence: CryptoSuite.international.hash(message))
      return .frozen
    }
    trusted.insert(met, at: index)
    while trusted.count > Int(limit) { trusted.removeFirst() }
    return .advanced
  }

  /// Whether two headers of one height differ, or a later one is not later in time; both must be valid by trusted heights.
  public func misbehaviour(_ first: [UInt8], _ second: [UInt8], now: BlockTime) throws(ForeignError) -> Bool {
    if case .frozen(let evidence) = status { throw .frozen(evidence: evidence) }
    let updates = [try Self.decode(first), try Self.decode(second)]
    for update in updates { try verify(update, now: now) }
    let headers = updates.map(\.block.header).sorted { $0.height < $1.height }
    guard headers[0].height == headers[1].height else { return headers[0].time >= headers[1].time }
    return CometBFTProtobufForm().hash(headers[0]) != CometBFTProtobufForm().hash(headers[1])
  }

  /// Verifies a claim about state by an `ibc.core.commitment.v1.MerkleProof` of two parts.
  ///
  /// - Parameter height: The height after whose block the state was so; the next one must be trusted.
  /// - Returns: The time of the next height's header.
  public func verify(
    _ claim: ForeignClaim, proof: [UInt8], at height: UInt64, now: BlockTime
  ) throws(ForeignError) -> BlockTime {
    try requireUsable(at: now)
    guard case .state(let store, let key, let value) = claim else { throw .notSupported(claim.capability) }
    guard height < .max, let next = trusts(height + 1) else { throw .unknownHeight(height, latest: latestHeight) }
    guard !rules.isExpired(next.time, at: CometBFT.Timestamp(now)) else { throw .expired(height: next.height) }
    try CometBFTStateProof(decoding: proof).verify(store: store, key: key, value: value, appHash: next.appHash)
    return next.time.blockTime
  }

  private func requireUsable(at now: BlockTime) throws(ForeignError) {
    if case .frozen(let evidence) = status { throw .frozen(evidence: evidence) }
    guard !rules.isExpired(latest.time, at: CometBFT.Timestamp(now)) else { throw .expired(height: latestHeight) }
  }

  private func verify(_ update: CometBFTUpdate, now: BlockTime) throws(ForeignError) {
    guard let anchor = trusts(update.trustedHeight) else { throw .unknownHeight(update.trustedHeight, latest: latestHeight) }
    let now = CometBFT.Timestamp(now)
    guard !rules.isExpired(anchor.time, at: now) else { throw .expired(height: anchor.height) }
    do throws(CometBFTError) {
      try rules.verify(update.block, from: anchor.anchor, next: update.trustedValidators, now: now)
    } catch {
      throw .header(error)
    }
  }

  private static func decode(_ message: [UInt8]) throws(ForeignError) -> CometBFTUpdate {
    do throws(ProtobufError) {
      return try CometBFTUpdate(decoding: message)
    } catch {
      throw .malformed(error)
    }
  }

  /// The index of the first trusted height from `height` on.
  private func firstIndex(from height: UInt64) -> Int {
    var low = 0
    var high = trusted.count
    while low < high {
      let middle = (low + high) / 2
      if trusted[middle].height < height { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
