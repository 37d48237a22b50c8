internal import ChainCore
internal import Consensus

/// The promises of Raft, checked after every step across all replicas (`raft.md`, Invariants; thesis Figure 3.2).
///
/// Numbers in the comments are those of that list. 12 is checked by `RaftWorld.finishRead`, 14 and 15 are checked by `RaftWorld.heal` and by comparing trace hashes.
struct RaftChecker: Sendable {
  struct Place: Hashable {
    var index: LogIndex
    var term: Term
  }

  struct Written: Hashable {
    var kind: LogEntry.Kind
    var payload: [UInt8]
    var previous: Term
  }

  struct Vote: Hashable {
    var replica: Int
    var term: Term
  }

  struct Life: Sendable {
    var term: Term = 0
    var commit: LogIndex = 0
    var applied: LogIndex = 0
    var durableCommit: LogIndex = 0
    var handedOut: LogIndex = 0
    /// The term it leads and the end of its log, while it leads.
    var leading: (term: Term, lastIndex: LogIndex)?
  }

  /// The last membership that was applied anywhere.
  var membership: Configuration { memberships[memberships.count - 1].configuration }
  private let limits: RaftConfiguration
  private let places: [ReplicaID: Int]
  /// Every membership that was applied anywhere, after genesis.
  private var memberships: [(index: LogIndex, configuration: Configuration)]
  private var leaders: [Term: Int] = [:]
  private var written: [Place: Written] = [:]
  private var votes: [Vote: ReplicaID] = [:]
  private(set) var applied: [LogEntry] = []
  private var placeOfPayload: [[UInt8]: LogIndex] = [:]
  private var proposed: Set<[UInt8]> = []
  private var dropped: Set<[UInt8]> = []
  private var lives: [Life]
  /// The greatest committed index, its term, and the term in which it was found committed.
  private(set) var committed: (index: LogIndex, term: Term, inTerm: Term) = (0, 0, 0)
  private(set) var leaderCount = 0

  init(replicas: [ReplicaID], genesis: Configuration, limits: RaftConfiguration) {
    memberships = [(0, genesis)]
    lives = Array(repeating: Life(), count: replicas.count)
    places = Dictionary(uniqueKeysWithValues: zip(replicas, replicas.indices))
    self.limits = limits
  }

  mutating func restarted(_ replica: Int, applied: LogIndex) {
    lives[replica] = Life()
    lives[replica].handedOut = applied
  }

  mutating func proposed(_ payload: [UInt8]) { proposed.insert(payload) }

  /// 1 Election Safety, 4 Leader Completeness.
  mutating func becameLeader(_ replica: Int, _ node: RaftNode) -> String? {
    let status = node.status
    if let other = leaders.updateValue(replica, forKey: status.term) {
      return "replicas \(other) and \(replica) were both elected in term \(status.term)"
    }
    leaderCount += 1
    if status.term > committed.inTerm, committed.index > 0, node.term(at: committed.index) != committed.term {
      return "leader \(replica) of term \(status.term) lacks committed entry \(committed.index) of term \(committed.term)"
    }
    return nil
  }

  /// 3 Log Matching: an entry is known by index and term everywhere, with the same content and the same entry before it.
  mutating func wrote(_ entry: LogEntry, previous: Term, replica: Int) -> String? {
    let content = Written(kind: entry.kind, payload: entry.payload, previous: previous)
    if let known = written.updateValue(content, forKey: Place(index: entry.index, term: entry.term)), known != content {
      return "replica \(replica) wrote another entry \(entry.index) of term \(entry.term)"
    }
    return nil
  }

  /// 6 One vote per replica and term, across crashes.
  mutating func voted(_ hard: HardState, replica: Int) -> String? {
    guard let vote = hard.votedFor else { return nil }
    if let other = votes.updateValue(vote, forKey: Vote(replica: replica, term: hard.term)), other != vote {
      return "replica \(replica) voted for two in term \(hard.term)"
    }
    return nil
  }

  /// 5 State Machine Safety, 13 a proposal applies at most once, one reported as dropped never, and nothing that nobody proposed.
  mutating func applied(_ entry: LogEntry, replica: Int) -> String? {
    let place = Int(entry.index.rawValue) - 1
    if place < applied.count {
      if applied[place] != entry { return "replica \(replica) applied another entry \(entry.index)" }
    } else if place == applied.count {
      applied.append(entry)
    } else {
      return "replica \(replica) applied \(entry.index) before \(applied.count + 1) was applied anywhere"
    }
    if entry.index != lives[replica].handedOut.next {
      return "replica \(replica) applied \(entry.index) after \(lives[replica].handedOut)"
    }
    lives[replica].handedOut = entry.index
    if entry.kind == .configuration { return appliedMembership(entry) }
    guard entry.kind == .normal else { return nil }
    if !proposed.contains(entry.payload) { return "an entry was applied at \(entry.index) that nobody proposed" }
    if dropped.contains(entry.payload) { return "a proposal that was reported dropped was applied at \(entry.index)" }
    if let other = placeOfPayload.updateValue(entry.index, forKey: entry.payload), other != entry.index {
      return "a proposal was applied at \(other) and \(entry.index)"
    }
    return nil
  }

  /// 10: a joint configuration is left for what it announced, and for nothing else.
  private mutating func appliedMembership(_ entry: LogEntry) -> String? {
    let (lastIndex, membership) = memberships[memberships.count - 1]
    guard entry.index > lastIndex else { return nil }
    guard let next = try? Configuration(canonicalBytes: entry.payload) else { return "entry \(entry.index) is no configuration" }
    if membership.isJoint ? next != membership.left : next.isJoint && next.outgoing != membership.voters {
      return "configuration \(entry.index) does not follow the one before it"
    }
    if !membership.isJoint, !next.isJoint, next.voters != membership.voters {
      return "configuration \(entry.index) changes voters without a joint one"
    }
    memberships.append((entry.index, next))
    return nil
  }

  /// A snapshot stands for what was applied, with the membership of that moment.
  func fits(_ meta: SnapshotMeta) -> String? {
    let place = Int(meta.index.rawValue) - 1
    guard applied.indices.contains(place), applied[place].term == meta.term else {
      return "a snapshot of \(meta.index) is not what was applied"
    }
    return memberships.last { $0.index <= meta.index }?.configuration == meta.configuration
      ? nil : "the snapshot of \(meta.index) has another membership"
  }

  mutating func installed(_ meta: SnapshotMeta, replica: Int) -> String? {
    lives[replica].handedOut = meta.index
    return fits(meta)
  }

  /// 10: at most one membership after what is committed.
  private func checkMemberships(_ replica: Int, _ node: RaftNode) -> String? {
    node.memberships(after: committed.index) > 1 ? "replica \(replica) holds two memberships that are not committed" : nil
  }

  /// 13: until another entry is committed in its place, somebody may still hold and commit a proposal.
  func overwritten(from index: LogIndex, placedIn term: Term, _ node: RaftNode) -> String? {
    node.status.commit >= index && node.term(at: index) != term
      ? nil : "a proposal of term \(term) was reported overwritten at \(index), where nothing else is committed yet"
  }

  mutating func dropped(_ payload: [UInt8]) -> String? {
    dropped.insert(payload)
    return placeOfPayload[payload].map { "a proposal applied at \($0) was reported dropped" }
  }

  /// 8 What a message promises is true of the sender's disk, whatever of the `pending` writes a crash would keep.
  func promise(
    _ message: RaftMessage, disk: SimulatedRaftDisk, pendingFrom: LogIndex?, node: RaftNode, replica: Int
  ) -> String? {
    let hard = disk.hard
    switch message.body {
    case .preVote, .preVoteResponse: return nil
    case .voteResponse(granted: true):
      guard hard.term == message.term, hard.votedFor == message.to else {
        return "replica \(replica) granted a vote that is not on its disk"
      }
    case .requestVote:
      guard hard.term == message.term, hard.votedFor == message.from else {
        return "replica \(replica) asks for votes before its own is on disk"
      }
    case .appendAccepted(let match):
      guard match <= node.status.base.index || disk.entry(at: match)?.term == node.term(at: match), pendingFrom.map({ $0 > match }) ?? true
      else {
        return "replica \(replica) accepted \(match), which is not safe on its disk"
      }
    default: break
    }
    return hard.term >= message.term ? nil : "replica \(replica) speaks in term \(message.term), which is not on its disk"
  }

  /// 2 Leader Append-Only; 7 nothing falls in a life, applied is bounded; 9 a commit is on a quorum's disks; 11 bounds of progress and queues.
  mutating func stepped(_ replica: Int, _ status: RaftStatus, _ node: RaftNode, disks: [SimulatedRaftDisk], pendingFrom: LogIndex?)
    -> String?
  {
    let life = lives[replica]
    let durableCommit = min(status.commit, status.durable)
    if status.term < life.term || status.commit < life.commit || status.applied < life.applied || durableCommit < life.durableCommit {
      return "term, commit, applied or durable commit of replica \(replica) fell"
    }
    if status.applied > durableCommit { return "replica \(replica) applied beyond commit or disk" }
    // §3.6.2: what an older leader wrote is not safe on a majority alone; only an own entry after it makes it so.
    if status.role == .leader, life.leading?.term == status.term, status.commit > life.commit, node.term(at: status.commit) != status.term {
      return "leader \(replica) of term \(status.term) counted \(status.commit), which is of an older term"
    }
    lives[replica].term = status.term
    lives[replica].commit = status.commit
    lives[replica].applied = status.applied
    lives[replica].durableCommit = durableCommit
    if status.commit > status.lastIndex || status.durable > status.lastIndex { return "replica \(replica) counts entries beyond its log" }
    if status.durable > 0 {
      guard disks[replica].entry(at: status.durable)?.term == node.term(at: status.durable),
        pendingFrom.map({ $0 > status.durable }) ?? true
      else { return "replica \(replica) takes \(status.durable) for durable, which is not safe on its disk" }
    }
    if let broken = checkMatches(replica, status, node, disks) { return broken }
    if let broken = checkLeader(replica, status) { return broken }
    guard status.commit > committed.index else { return checkMemberships(replica, node) }
    guard let term = node.term(at: status.commit) else { return "replica \(replica) commits beyond its log" }
    let holders = status.configuration.members.filter { places[$0].map { disks[$0].entry(at: status.commit)?.term == term } ?? false }
    guard status.configuration.hasQuorum({ holders.contains($0) }) else {
      return "entry \(status.commit) is committed but on \(holders.count) disks only, no quorum of its configuration"
    }
    committed = (status.commit, term, status.term)
    return checkMemberships(replica, node)
  }

  /// 8 at the other end: what a leader counts for a peer is on that peer's disk, unless the peer has moved to a newer term.
  private func checkMatches(_ replica: Int, _ status: RaftStatus, _ node: RaftNode, _ disks: [SimulatedRaftDisk]) -> String? {
    for peer in status.peers where peer.match > 0 && peer.match >= status.base.index {
      guard let disk = places[peer.id].map({ disks[$0] }), disk.hard.term <= status.term else { continue }
      if disk.entry(at: peer.match)?.term != node.term(at: peer.match) {
        return "leader \(replica) of term \(status.term) counts \(peer.match) for a peer that holds another log"
      }
    }
    return nil
  }

  private mutating func checkLeader(_ replica: Int, _ status: RaftStatus) -> String? {
    guard status.role == .leader else {
      lives[replica].leading = nil
      return nil
    }
    if let leading = lives[replica].leading, leading.term == status.term, status.lastIndex < leading.lastIndex {
      return "leader \(replica) of term \(status.term) removed entries from its log"
    }
    lives[replica].leading = (status.term, status.lastIndex)
    for peer in status.peers {
      if peer.match >= peer.next || peer.next > status.lastIndex.next {
        return "replica \(replica) has match \(peer.match), next \(peer.next)"
      }
      // The last message may go over the limit of bytes: one always fits, and a membership of nine replicas is larger than one.
      let most = limits.maxInflightBytes + max(limits.maxMessageBytes, 800)
      if peer.inflightMessages > limits.maxInflightMessages || peer.inflightBytes >= most {
        return "replica \(replica) has \(peer.inflightMessages) messages, \(peer.inflightBytes) bytes in flight"
      }
    }
    return nil
  }

  /// 3 and 14 at the end: every disk holds the same log, and it is what was applied.
  func agreed(_ disks: [(Int, SimulatedRaftDisk)]) -> String? {
    for (replica, disk) in disks where disk.log != applied {
      return "replica \(replica) holds another log than was applied"
    }
    return nil
  }
}
