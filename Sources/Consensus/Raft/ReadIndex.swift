public import ChainCore

/// The host's name for a read; unique within one process life.
public struct ReadID: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The read with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }
}

/// What reads wait for.
struct PendingReads: Sendable {
  /// Who asked the leader: its own host, or another replica by a token.
  enum Reader: Sendable, Hashable {
    case host(ReadID)
    case peer(ReplicaID, token: UInt64)
  }

  /// More reads than these at once are dropped, so that a flood costs bounded memory.
  static let limit = 10_000

  /// Before an entry of the leader's term is committed.
  var early: [Reader] = []
  /// With the commit index at the time; released when a quorum answered heartbeats of `sequence` or later.
  var unconfirmed: [(reader: Reader, index: LogIndex, sequence: UInt64)] = []
  /// A leader's heartbeats carry this; it grows with every round of reads.
  var sequence: UInt64 = 0
  /// A follower's questions to its leader. Tokens go on from a random number: an answer to an earlier life means nothing to this one.
  var asked: [(read: ReadID, token: UInt64)] = []
  var nextToken: UInt64 = 0
  /// Confirmed; ready when that much is applied here.
  var confirmed: [(read: ReadID, index: LogIndex)] = []

  var count: Int { early.count + unconfirmed.count + asked.count + confirmed.count }
}

// Linearizable reads by ReadIndex (thesis §6.4): no clock is trusted.
extension RaftNode {
  mutating func requestRead(_ read: ReadID) {
    guard reads.count < PendingReads.limit else { return facts.append(.readDropped(read)) }
    if role == .leader { return reads.early.append(.host(read)) }
    guard let leader else { return facts.append(.readDropped(read)) }
    reads.nextToken &+= 1
    reads.asked.append((read, reads.nextToken))
    send(.readIndexRequest(token: reads.nextToken), to: leader)
  }

  mutating func answerReadRequest(_ token: UInt64, from peer: ReplicaID) {
    let reader = PendingReads.Reader.peer(peer, token: token)
    guard role == .leader, reads.count < PendingReads.limit else {
      return send(.readIndexResponse(token: token, index: nil), to: peer)
    }
    // Asked again because the answer is late: one answer will do.
    guard !reads.early.contains(reader), !reads.unconfirmed.contains(where: { $0.reader == reader }) else { return }
    reads.early.append(reader)
  }

  mutating func receiveReadAnswer(_ token: UInt64, _ index: LogIndex?) {
    guard let place = reads.asked.firstIndex(where: { $0.token == token }) else { return }
    let read = reads.asked.remove(at: place).read
    guard let index, index <= .limit else { return facts.append(.readDropped(read)) }
    reads.confirmed.append((read, index))
  }

  /// A leader's part of a step before it sends: new reads take the commit index and begin a round of heartbeats.
  mutating func beginReads() {
    guard !reads.early.isEmpty, ownTermCommitted else { return }
    reads.sequence += 1
    for reader in reads.early { reads.unconfirmed.append((reader, hard.commit, reads.sequence)) }
    reads.early.removeAll(keepingCapacity: true)
    needsHeartbeat = true
  }

  /// Releases the reads whose heartbeats a quorum answered: no other leader can have committed before they were asked.
  mutating func confirmReads() {
    guard !reads.unconfirmed.isEmpty else { return }
    let done = reads.unconfirmed.prefix { isConfirmed($0.sequence) }
    reads.unconfirmed.removeFirst(done.count)
    for read in done {
      switch read.reader {
      case .host(let id): reads.confirmed.append((id, read.index))
      case .peer(let peer, let token): send(.readIndexResponse(token: token, index: read.index), to: peer)
      }
    }
  }

  private func isConfirmed(_ sequence: UInt64) -> Bool {
    #if DEBUG
      if has(.readWithoutQuorum) { return true }
    #endif
    return members.hasQuorum { replica in
      replica == id || peers.contains { $0.id == replica && $0.readSequence >= sequence }
    }
  }

  mutating func reportReads() {
    guard !reads.confirmed.isEmpty else { return }
    let bound = applied
    for read in reads.confirmed where read.index <= bound { facts.append(.readReady(read.read, index: read.index)) }
    reads.confirmed.removeAll { $0.index <= bound }
  }

  /// Drops what the leader, or the term, that ended would have answered.
  mutating func dropReads() {
    for reader in reads.early + reads.unconfirmed.map(\.reader) { if case .host(let id) = reader { facts.append(.readDropped(id)) } }
    for read in reads.asked { facts.append(.readDropped(read.read)) }
    reads.early.removeAll()
    reads.unconfirmed.removeAll()
    reads.asked.removeAll()
  }

  /// A question or its answer may be lost; ask again now and then.
  mutating func tickReads() {
    guard role != .leader, !reads.asked.isEmpty, let leader else { return }
    if leaderSilence >= 2 * configuration.electionTicks { return dropReads() }
    guard (ticksLived % configuration.electionTicks) == 0 else { return }
    for read in reads.asked { send(.readIndexRequest(token: read.token), to: leader) }
  }
}
