public import ChainCore

/// Who takes part in a transaction over several chains, and until when. Its id commits to all of it, so nobody can begin another one under
/// the same id: every participant checks the plan against the id, and the relay does.
public struct TransactionPlan: CanonicalRecord, Codable, Hashable {
  /// The greatest number of participants besides the initiator.
  public static let participantLimit = 16

  /// The chain whose contract asks the others.
  public var initiator: ChainID
  /// The contract, the same on all chains.
  public var port: ContractName
  /// The other chains; sorted, each once.
  public var participants: [ChainID]
  /// Until when all votes have to be on the relay, in relay time.
  public var deadline: BlockTime
  /// Tells equal plans apart.
  public var salt: UInt64

  /// Puts the parts together; participants in any order.
  public init(initiator: ChainID, port: ContractName, participants: [ChainID], deadline: BlockTime, salt: UInt64) {
    self.initiator = initiator
    self.port = port
    self.participants = participants.sorted()
    self.deadline = deadline
    self.salt = salt
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(initiator:port:participants:deadline:salt:), \.initiator, \.port, \.participants, \.deadline, \.salt)

  /// The id in a network.
  public func id(_ hash: NetworkHash) -> Digest { hash.suite.digest("TransactionPlan", .none, self) }

  /// Throws unless the plan can be carried out.
  func validate() throws(ContractError) {
    guard (1...Self.participantLimit).contains(participants.count) else {
      throw .badArgument("participants: 1 to \(Self.participantLimit)")
    }
    for (index, chain) in participants.enumerated() {
      guard chain != initiator, index == 0 || participants[index - 1] < chain else {
        throw .badArgument("participants: sorted, each once, without the initiator")
      }
    }
  }
}

/// What became of a transaction. Written once, on the relay.
public enum TransactionDecision: UInt8, CanonicalEnum, Hashable, Codable {
  /// All voted yes in time.
  case commit = 0
  /// Somebody voted no, or not in time.
  case abort = 1
}

/// What a participant voted, as far as the relay knows.
public enum TransactionVote: UInt8, CanonicalEnum, Hashable, Codable {
  /// Nothing yet.
  case open = 0
  /// It is prepared and waits for the decision.
  case yes = 1
}

/// A transaction on the relay, its coordinator. A function of votes and time in the order of the relay's blocks.
public struct TransactionRecord: CanonicalRecord, Codable, Hashable {
  /// Who takes part.
  public var plan: TransactionPlan
  /// The votes, in the order of the plan's participants.
  public var votes: [TransactionVote]
  /// The decision, once there is one.
  public var decision: TransactionDecision?
  /// When it was decided, in relay time.
  public var decidedAt: BlockTime?

  /// A transaction that nobody voted on.
  public init(_ plan: TransactionPlan) {
    self.init(plan: plan, votes: Array(repeating: .open, count: plan.participants.count), decision: nil, decidedAt: nil)
  }

  private init(plan: TransactionPlan, votes: [TransactionVote], decision: TransactionDecision?, decidedAt: BlockTime?) {
    self.plan = plan
    self.votes = votes
    self.decision = decision
    self.decidedAt = decidedAt
  }

  /// The fields in order.
  public static let layout = Layout(Self.init(plan:votes:decision:decidedAt:), \.plan, \.votes, \.decision, \.decidedAt)

  /// Takes a vote in. After the decision nothing changes it; a vote after the deadline comes too late.
  mutating func vote(_ index: Int, _ isYes: Bool, at time: BlockTime) {
    guard isOpen, votes.indices.contains(index) else { return }
    guard isYes, isInTime(time) else { return decide(.abort, time) }
    votes[index] = .yes
    if isComplete { decide(.commit, time) }
  }

  /// Aborts a transaction whose deadline has passed. Anybody may ask for it.
  mutating func finish(at time: BlockTime) throws(ContractError) {
    guard isOpen else { throw .notAllowed(state: "decided", call: "finish") }
    guard time > plan.deadline || isRash else { throw .notAllowed(state: "open until \(plan.deadline)", call: "finish") }
    decide(.abort, time)
  }

  private var isOpen: Bool {
    #if DEBUG
      if TransactionMutation.secondDecision.isPlanted { return true }
    #endif
    return decision == nil
  }

  private var isRash: Bool {
    #if DEBUG
      if TransactionMutation.earlyFinish.isPlanted { return true }
    #endif
    return false
  }

  private func isInTime(_ time: BlockTime) -> Bool {
    #if DEBUG
      if TransactionMutation.voteAfterDeadline.isPlanted { return true }
    #endif
    return time <= plan.deadline
  }

  private var isComplete: Bool {
    #if DEBUG
      if TransactionMutation.commitByOneVote.isPlanted { return true }
    #endif
    return votes.allSatisfy { $0 == .yes }
  }

  private mutating func decide(_ decision: TransactionDecision, _ time: BlockTime) {
    self.decision = decision
    decidedAt = time
  }
}

/// Which vote a packet carries.
struct VotePlace: CanonicalRecord, Codable, Hashable {
  var transaction: Digest
  var participant: UInt8
  static let layout = Layout(Self.init, \.transaction, \.participant)
}
