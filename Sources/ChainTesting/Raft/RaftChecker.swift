internal import ChainCore
internal import Consensus

/// The promises of Raft, checked after every step across all replicas (`raft.md`, Invariants; thesis Figure 3.2).
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
    var handedOut: LogIndex = 0
  }

  private var leaders: [Term: Int] = [:]
  private var written: [Place: Written] = [:]
  private var votes: [Vote: ReplicaID] = [:]
  private var applied: [LogEntry] = []
  private var placeOfPayload: [[UInt8]: LogIndex] = [:]
  private var overwritten: Set<[UInt8]> = []
  private var lives: [Life]
  /// The greatest committed index, its term, and the term in which it was found committed.
  private(set) var committed: (index: LogIndex, term: Term, inTerm: Term) = (0, 0, 0)
  private(set) var leaderCount = 0

  init(replicas: Int) { lives = Array(repeating: Life(), count: replicas) }

  /// How many entries were applied by somebody.
  var appliedCount: Int { applied.count }

  mutating func restarted(_ replica: Int) { lives[replica] = Life() }

  /// 1 Election Safety, 4 Leader Completeness.
  mutating func becameLeader(_ replica: Int, _ node: RaftNode) -> String? {
    let status = node.status
    if let other = leaders.updateValue(replica, forKey: status.term), other != replica {
      return "replicas \(other) and \(replica) both lead in term \(status.term)"
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

  /// 5 State Machine Safety, 13 a proposal applies at most once, an overwritten one never.
  mutating func applied(_ entry: LogEntry, replica: Int) -> String? {
    let place = Int(entry.index.rawValue) - 1
    if place < applied.count {
      if applied[place] != entry { return "replica \(replica) applied another entry \(entry.index)" }
    } else if place == applied.count {
      applied.append(entry)
    } else {
      return "replica \(replica) applied \(entry.index) before \(applied.count + 1) was applied anywhere"
    }
    if entry.index != lives[replica].handedOut.next, lives[replica].handedOut > 0 {
      return "replica \(replica) applied \(entry.index) after \(lives[replica].handedOut)"
    }
    lives[replica].handedOut = entry.index
    guard entry.kind == .normal else { return nil }
    if overwritten.contains(entry.payload) { return "a proposal that was reported overwritten was applied" }
    if let other = placeOfPayload.updateValue(entry.index, forKey: entry.payload), other != entry.index {
      return "a proposal was applied at \(other) and \(entry.index)"
    }
    return nil
  }

  mutating func dropped(_ payload: [UInt8]) -> String? {
    overwritten.insert(payload)
    return placeOfPayload[payload].map { "a proposal applied at \($0) was reported overwritten" }
  }

  /// 8 What a message promises is true of the sender's disk.
  func promise(_ message: RaftMessage, disk: SimulatedRaftDisk, node: RaftNode, replica: Int) -> String? {
    let hard = disk.hard
    switch message.body {
    case .voteResponse(granted: true):
      guard hard.term == message.term, hard.votedFor == message.to else {
        return "replica \(replica) granted a vote that is not on its disk"
      }
    case .requestVote:
      guard hard.term == message.term, hard.votedFor == message.from else {
        return "replica \(replica) asks for votes before its own is on disk"
      }
    case .appendAccepted(let match):
      guard match == 0 || disk.entry(at: match)?.term == node.term(at: match) else {
        return "replica \(replica) accepted \(match), which is not on its disk"
      }
    case .preVote, .preVoteResponse: return nil
    default: break
    }
    return hard.term >= message.term ? nil : "replica \(replica) speaks in term \(message.term), which is not on its disk"
  }

  /// 7 nothing falls in a life, applied is bounded; 9 a commit is on a quorum's disks; 11 match < next.
  mutating func stepped(_ replica: Int, _ node: RaftNode, disks: [SimulatedRaftDisk]) -> String? {
    let status = node.status
    let life = lives[replica]
    if status.term < life.term || status.commit < life.commit || status.applied < life.applied {
      return "term, commit or applied of replica \(replica) fell"
    }
    if status.applied > min(status.commit, status.durable) { return "replica \(replica) applied beyond commit or disk" }
    lives[replica].term = status.term
    lives[replica].commit = status.commit
    lives[replica].applied = status.applied
    for peer in status.peers where peer.match >= peer.next { return "replica \(replica) has match \(peer.match) ≥ next \(peer.next)" }
    guard status.commit > committed.index else { return nil }
    guard let term = node.term(at: status.commit) else { return "replica \(replica) commits beyond its log" }
    let holders = disks.count { $0.entry(at: status.commit)?.term == term }
    guard holders > disks.count / 2 else { return "entry \(status.commit) is committed but on \(holders) of \(disks.count) disks" }
    committed = (status.commit, term, status.term)
    return nil
  }
}
