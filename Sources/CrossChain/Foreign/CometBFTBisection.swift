public import ChainCore

/// A light block as a full node hands it out: with the validators of the height after it, which light blocks of later heights are
/// verified by.
public struct CometBFTProvided: Sendable, Hashable {
  /// The block.
  public var block: CometBFT.LightBlock
  /// The validators of the next height.
  public var next: CometBFT.ValidatorSet

  /// Puts the parts together; nothing is checked before it is verified.
  public init(block: CometBFT.LightBlock, next: CometBFT.ValidatorSet) {
    self.block = block
    self.next = next
  }
}

/// Finds the blocks that lead from a trusted height to a target in as few steps as trust allows: a relayer's driver, without I/O.
///
/// It tries to skip to the target; where too little of the trusted set signed, it tries halfway first. What it believes in the end, every
/// witness must hold as well: one that holds another block of that height ends it, whoever of the two is lying. Then the same search is made
/// on the witness, to tell a fork, which its validators signed, from a liar. (Specification of the light client, "bisection" and "detection";
/// deviation: a witness that contradicts is never dropped as merely faulty.)
///
/// ```swift
/// var search = CometBFTBisection(client: client, from: client.latest, to: 1_000, witnesses: 1, now: now)
/// var effect = search.start()
/// while case .fetch(let height, let source) = effect { effect = search.step(.received(try fetch(height, source))) }
/// if case .verified(let updates) = effect { … }
/// ```
public struct CometBFTBisection: Sendable {
  /// Whom a block is asked of.
  public enum Source: Sendable, Hashable {
    /// The node that is followed.
    case primary
    /// A node that it is compared with; counts from 0.
    case witness(Int)
  }

  /// What came of the last `fetch`.
  public enum Event: Sendable {
    /// The block that was asked for.
    case received(CometBFTProvided)
    /// The source does not have it, or does not answer.
    case unavailable
  }

  /// What the host must do.
  public enum Effect: Sendable, Equatable {
    /// Ask a source for a height, then step.
    case fetch(height: UInt64, from: Source)
    /// The target is verified: these updates, in order, move the client there.
    case verified([CometBFTUpdate])
    /// It is not; nothing is to be believed.
    case failed(Failure)
  }

  /// Why a target was not verified.
  @nonexhaustive
  public enum Failure: Error, Sendable, Hashable {
    /// The target is not above the trusted height.
    case notAbove(trusted: UInt64)
    /// The trusted height is older than the trusting period.
    case expired
    /// A source handed out another height than was asked for.
    case otherHeight(Int64)
    /// The primary's block of the trusted height is not the trusted one.
    case otherTrusted
    /// The next validators are not those that the header names.
    case otherNextValidators
    /// A header does not verify.
    case header(height: UInt64, CometBFTError)
    /// The primary does not have a block that is needed.
    case unavailable(height: UInt64)
    /// No witness answered.
    case noWitness
    /// A witness holds another block that follows from the trusted height as well: the chain is forked. A client that takes the first
    /// updates and then the others, each in order, freezes.
    case conflict(witness: Int, primary: [CometBFTUpdate], other: [CometBFTUpdate])
    /// A witness holds another block that does not follow from the trusted height, or does not show that it does.
    case contradicted(witness: Int)
    /// More headers were needed than a search may take.
    case tooManySteps
  }

  /// The greatest number of headers that are verified one after the other.
  public static let stepLimit = 1_000

  private let rules: CometBFT.Rules
  private let trusted: CometBFTTrustedHeight
  private let target: UInt64
  private let witnesses: Int
  private let now: CometBFT.Timestamp
  /// Verified blocks from the trusted one on.
  private var trace: [CometBFTProvided] = []
  /// Blocks that were too far away when they came, the nearest last.
  private var waiting: [CometBFTProvided] = []
  private var asked: (height: UInt64, source: Source)
  private var agreed = 0
  /// The search on the witness that holds another block, once there is one: none or one.
  private var inquiry: [CometBFTBisection] = []

  /// A search from a height that `client` trusts.
  public init(client: CometBFTClient, from trusted: CometBFTTrustedHeight, to target: UInt64, witnesses: Int, now: BlockTime) {
    self.init(rules: client.rules, from: trusted, to: target, witnesses: witnesses, now: CometBFT.Timestamp(now))
  }

  init(rules: CometBFT.Rules, from trusted: CometBFTTrustedHeight, to target: UInt64, witnesses: Int, now: CometBFT.Timestamp) {
    self.rules = rules
    self.trusted = trusted
    self.target = target
    self.witnesses = witnesses
    self.now = now
    asked = (trusted.height, .primary)
  }

  /// How many headers were verified, the trusted one aside.
  public var verified: Int { max(0, trace.count - 1) }

  /// The first effect.
  public mutating func start() -> Effect {
    guard target > trusted.height else { return .failed(.notAbove(trusted: trusted.height)) }
    return fetch(trusted.height)
  }

  /// Takes in what came of the last `fetch`.
  public mutating func step(_ event: Event) -> Effect {
    do throws(Failure) {
      if case .witness(let index) = asked.source, !inquiry.isEmpty { return try inquire(index, inquiry[0].step(event)) }
      guard case .received(let provided) = event else { return try missing() }
      guard provided.block.header.height == Int64(clamping: asked.height) else { throw .otherHeight(provided.block.header.height) }
      if case .witness(let index) = asked.source { return try compare(provided, witness: index) }
      guard rules.form.hash(provided.next) == provided.block.header.nextValidatorsHash else { throw .otherNextValidators }
      if trace.isEmpty { return try begin(provided) }
      waiting.append(provided)
      return try advance()
    } catch {
      return .failed(error)
    }
  }

  private mutating func fetch(_ height: UInt64, from source: Source = .primary) -> Effect {
    asked = (height, source)
    return .fetch(height: height, from: source)
  }

  /// The trusted block: believed by its hash, but it must be one.
  private mutating func begin(_ provided: CometBFTProvided) throws(Failure) -> Effect {
    guard rules.form.hash(provided.block.header) == trusted.headerHash.bytes else { throw .otherTrusted }
    guard !rules.isExpired(provided.block.header.time, at: now) else { throw .expired }
    do throws(CometBFTError) {
      try rules.verify(trusted: provided.block, now: now)
    } catch {
      throw .header(height: trusted.height, error)
    }
    trace = [provided]
    return fetch(target)
  }

  /// Verifies what waits, the nearest first, until something is too far away.
  private mutating func advance() throws(Failure) -> Effect {
    while let candidate = waiting.last, let base = trace.last {
      let height = UInt64(clamping: candidate.block.header.height)
      do throws(CometBFTError) {
        try rules.verify(candidate.block, from: try base.anchor(), next: base.next, now: now)
      } catch {
        let from = UInt64(clamping: base.block.header.height)
        guard case .notEnoughTrust = error, height - from > 1 else { throw .header(height: height, error) }
        guard trace.count + waiting.count < Self.stepLimit else { throw .tooManySteps }
        return fetch(from + (height - from) / 2)
      }
      guard trace.count <= Self.stepLimit else { throw .tooManySteps }
      trace.append(candidate)
      waiting.removeLast()
    }
    return witnesses > 0 ? fetch(target, from: .witness(0)) : .verified(updates)
  }

  private mutating func missing() throws(Failure) -> Effect {
    guard case .witness(let index) = asked.source else { throw .unavailable(height: asked.height) }
    return try ask(after: index)
  }

  private mutating func compare(_ provided: CometBFTProvided, witness: Int) throws(Failure) -> Effect {
    guard let last = trace.last, rules.form.hash(provided.block.header) != rules.form.hash(last.block.header) else {
      agreed += 1
      return try ask(after: witness)
    }
    inquiry = [CometBFTBisection(rules: rules, from: trusted, to: target, witnesses: 0, now: now)]
    return try inquire(witness, inquiry[0].start())
  }

  /// Passes on what the search on a witness asks for, until it ends.
  private mutating func inquire(_ witness: Int, _ effect: Effect) throws(Failure) -> Effect {
    switch effect {
    case .fetch(let height, _): return fetch(height, from: .witness(witness))
    case .verified(let theirs): throw .conflict(witness: witness, primary: updates, other: theirs)
    case .failed: throw .contradicted(witness: witness)
    }
  }

  private mutating func ask(after witness: Int) throws(Failure) -> Effect {
    if witness + 1 < witnesses { return fetch(target, from: .witness(witness + 1)) }
    guard agreed > 0 else { throw .noWitness }
    return .verified(updates)
  }

  private var updates: [CometBFTUpdate] {
    zip(trace, trace.dropFirst()).map { base, block in
      CometBFTUpdate(
        block: block.block, trustedHeight: UInt64(clamping: base.block.header.height), trustedValidators: base.next)
    }
  }
}

extension CometBFTProvided {
  fileprivate func anchor() throws(CometBFTError) -> CometBFT.Anchor {
    CometBFT.Anchor(
      height: try block.header.checkedHeight(), time: block.header.time, nextValidatorsHash: block.header.nextValidatorsHash)
  }
}
