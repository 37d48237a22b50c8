/// A call of an entry that governance alone may make: one declared `by: .governance`.
public struct GovernedCall: CanonicalRecord, Codable, Hashable {
  /// The contract.
  public var contract: ContractName
  /// Its entry.
  public var entry: EntryName
  /// The canonical bytes of the entry's arguments.
  public var arguments: [UInt8]

  /// A call with arguments in canonical bytes.
  public init(contract: ContractName, entry: EntryName, arguments: [UInt8]) {
    self.contract = contract
    self.entry = entry
    self.arguments = arguments
  }

  /// A call with typed arguments.
  public init(_ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable) {
    self.init(contract: contract, entry: entry, arguments: arguments.canonicalBytes)
  }

  /// The fields in order.
  public static let layout = Layout(Self.init(contract:entry:arguments:), \.contract, \.entry, \.arguments)
}

/// What a proposal asks for.
public enum GovernanceChange: CanonicalCodable, Hashable, Sendable, Codable {
  /// Another set of validators.
  case validators(ValidatorChange)
  /// Calls that governance alone may make, in order: all of them or none.
  case calls([GovernedCall])
  /// What is kept of calls once their proposal is closed. It can't be proposed.
  case closed(ClosedCalls)

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .validators(let change):
      writer.writeVariant(0)
      change.encode(into: &writer)
    case .calls(let calls):
      writer.writeVariant(1)
      calls.encode(into: &writer)
    case .closed(let closed):
      writer.writeVariant(2)
      closed.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "GovernanceChange") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .validators(try ValidatorChange(from: &reader))
      case 1: .calls(try [GovernedCall](from: &reader))
      case 2: .closed(try ClosedCalls(from: &reader))
      default: nil
      }
    }
  }
}

/// What a closed proposal asked for: the kinds of calls and their digest. The calls are in the transaction that proposed them.
public struct ClosedCalls: CanonicalRecord, Codable, Hashable {
  /// The contracts and entries, each once.
  public var scopes: [RuleScope]
  /// The digest of the change as it was proposed (`GovernanceChange.digest`).
  public var digest: Digest

  /// Puts the parts together.
  public init(scopes: [RuleScope], digest: Digest) {
    self.scopes = scopes
    self.digest = digest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.scopes, \.digest)
}

extension GovernanceChange {
  /// The digest that stays of a change once its proposal is closed.
  public func digest(genesis: GenesisID, suite: CryptoSuite) -> Digest { suite.digest("GovernanceChange", genesis, self) }
}

/// Arguments of `governance.propose`.
public struct ProposeChange: CanonicalRecord, Codable, Hashable {
  /// What is to change.
  public var change: GovernanceChange
  /// Why, for people; at most 256 bytes.
  public var reason: String

  /// A change and its reason.
  public init(_ change: GovernanceChange, reason: String) {
    self.change = change
    self.reason = reason
  }

  /// A change of validators and its reason.
  public init(change: ValidatorChange, reason: String) { self.init(.validators(change), reason: reason) }

  /// Calls that governance makes, and the reason.
  public init(calls: [GovernedCall], reason: String) { self.init(.calls(calls), reason: reason) }

  /// The fields in order.
  public static let layout = Layout(Self.init(_:reason:), \.change, \.reason)
}

/// A proposal and the votes on it.
public struct GovernanceProposal: CanonicalRecord, Codable, Hashable {
  /// What became of it.
  public enum Status: UInt8, CanonicalEnum, Codable, Hashable {
    /// Votes are being cast.
    case open = 0
    /// Enough organisations approved, and the change was made.
    case executed = 1
    /// So many refused that it can't be approved any more.
    case rejected = 2
    /// Its time is over.
    case expired = 3
    /// Enough organisations approved; it can be executed when its delay is over.
    case approved = 4
    /// Its proposer took it back.
    case cancelled = 5
  }

  /// What is to change.
  public var change: GovernanceChange
  /// Why.
  public var reason: String
  /// Who proposed it.
  public var proposer: OrganisationID
  /// The last height at which votes count.
  public var until: BlockHeight
  /// Organisations that approve, sorted.
  public var approvals: [OrganisationID]
  /// Organisations that refuse, sorted.
  public var refusals: [OrganisationID]
  /// What became of it.
  public var status: Status
  /// Once approved: the first height at which it can be executed.
  public var fromHeight: BlockHeight
  /// Once approved: the first block time at which it can be executed.
  public var fromTime: BlockTime

  /// Puts the fields together.
  public init(
    change: GovernanceChange, reason: String, proposer: OrganisationID, until: BlockHeight, approvals: [OrganisationID] = [],
    refusals: [OrganisationID] = [], status: Status = .open, fromHeight: BlockHeight = 0, fromTime: BlockTime = 0
  ) {
    self.change = change
    self.reason = reason
    self.proposer = proposer
    self.until = until
    self.approvals = approvals
    self.refusals = refusals
    self.status = status
    self.fromHeight = fromHeight
    self.fromTime = fromTime
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(change:reason:proposer:until:approvals:refusals:status:fromHeight:fromTime:), \.change, \.reason, \.proposer, \.until,
    \.approvals, \.refusals, \.status, \.fromHeight, \.fromTime)
}

/// Arguments of `governance.vote`.
public struct CastVote: CanonicalRecord, Codable, Hashable {
  /// Which proposal.
  public var proposal: UInt64
  /// Yes or no.
  public var approves: Bool
  /// A vote.
  public init(proposal: UInt64, approves: Bool) {
    self.proposal = proposal
    self.approves = approves
  }
  /// The fields in order.
  public static let layout = Layout(Self.init, \.proposal, \.approves)
}
