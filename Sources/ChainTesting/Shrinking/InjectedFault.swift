/// What a simulated world does to its replicas, by kind. What clients and operators wish counts too: a small run has few of them.
public enum FaultKind: String, Sendable, Hashable, CaseIterable {
  /// A process stops and loses what was not written.
  case crash
  /// All lose power at once.
  case powerCut
  /// Links are cut for some time.
  case partition
  /// A transport tells that links are cut.
  case unreachable
  /// A new leader soon crashes or is cut off.
  case shortReign
  /// A process pauses.
  case pause
  /// A clock leaves ticks out or stands still.
  case slowClock
  /// A clock shows ticks twice.
  case fastClock
  /// A clock jumps.
  case clockJump
  /// A message is lost.
  case loss
  /// A message takes longer than the shortest way.
  case delay
  /// A message takes many times longer.
  case straggler
  /// A message comes twice.
  case repetition
  /// A message comes again long after.
  case lateCopy
  /// Old answers come to a new leader.
  case ambush
  /// A cut link keeps a message for later.
  case keptMessage
  /// A write takes longer than the shortest time.
  case slowDisk
  /// Bytes of a snapshot come in wrong.
  case badSnapshot
  /// An operator starts an election.
  case campaign
  /// Somebody wishes other members.
  case change
  /// Somebody wishes another leader.
  case transfer
  /// Somebody reads.
  case read
  /// A host makes a snapshot.
  case snapshot
  /// Clients propose.
  case proposal
  /// A client calls.
  case call
  /// Work begins or ends.
  case idle
  /// A block is judged late.
  case lateVerdict
  /// A liar says something else than the honest code.
  case lie
  /// A liar forgets its disk.
  case amnesia
  /// Those whom the two nodes of a twin reach change.
  case twins
}

/// A fault that a run carried out.
public struct InjectedFault: Sendable, Hashable {
  /// Its place among the faults that the seed draws, from 1.
  public let ordinal: Int
  /// When, in the world's time.
  public let tick: Int
  /// What.
  public let kind: FaultKind
  /// Whom it strikes, by place.
  public let subject: Int?
  /// The other end of a link.
  public let other: Int?
  /// How long or how much.
  public let amount: Int?
  /// More, for people.
  public let detail: String

  /// What it is, for people, with `letter` before the numbers of replicas.
  public func text(letter: String) -> String {
    let who = subject.map { "\(letter)\($0)" } ?? "all"
    let link = other.map { "\(who)→\(letter)\($0)" } ?? who
    let words =
      switch kind {
      case .crash: "\(who) crashes" + (amount.map { " for \($0)" } ?? "")
      case .powerCut: "all lose power"
      case .partition: "links are cut"
      case .unreachable: "\(who) hears that links are cut"
      case .shortReign: "\(who) leads, and will soon crash or be cut off"
      case .pause: "\(who) pauses" + (amount.map { " for \($0)" } ?? "")
      case .slowClock: "the clock of \(who) stands still" + (amount.map { " for \($0)" } ?? "")
      case .fastClock: "the clock of \(who) ticks twice"
      case .clockJump: "the clock of \(who) jumps" + (amount.map { " by \($0)" } ?? "")
      case .loss: "\(link): a message is lost"
      case .delay, .straggler: "\(link): a message takes \(amount ?? 0) longer"
      case .repetition: "\(link): a message comes twice"
      case .lateCopy: "\(link): a message comes again \(amount ?? 0) later"
      case .ambush: "\(who) leads, and \(amount ?? 0) old answers come"
      case .keptMessage: "\(link): the cut link keeps a message"
      case .slowDisk: "a write of \(who) takes \(amount ?? 0) longer"
      case .badSnapshot: "\(who) stores wrong bytes of a snapshot"
      case .campaign: "an operator lets \(who) campaign"
      case .change: "\(who) is asked for other members"
      case .transfer: "\(who) is asked to let \(other.map { "\(letter)\($0)" } ?? "another") lead"
      case .read: "\(who) is read from"
      case .snapshot: "\(who) makes a snapshot"
      case .proposal: "clients propose to \(who)"
      case .call: "a client calls \(who)"
      case .idle: "\(who) has work, or none any more"
      case .lateVerdict: "\(who) judges a block \(amount ?? 0) late"
      case .lie: "\(link): a lie"
      case .amnesia: "\(who) forgets its disk"
      case .twins: "the twins \(link) see others"
      }
    return "tick \(tick): \(words)" + (detail.isEmpty ? "" : " (\(detail))")
  }
}

/// Faults that a run draws and does not carry out.
public struct OmittedFaults: Sendable, Hashable {
  /// None of these kinds.
  public var kinds: Set<FaultKind>
  /// If set, none but these ordinals.
  public var allBut: Set<Int>?

  /// Nothing omitted, unless said.
  public init(kinds: Set<FaultKind> = [], allBut: Set<Int>? = nil) {
    self.kinds = kinds
    self.allBut = allBut
  }

  func contains(_ kind: FaultKind, _ ordinal: Int) -> Bool {
    kinds.contains(kind) || allBut.map { !$0.contains(ordinal) } ?? false
  }
}
