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

/// A read that waits at a leader.
struct PendingRead: Sendable {
  let id: ReadID
  /// Who asked; `nil` for the own host.
  let origin: ReplicaID?
  /// What was committed when it came, once an entry of the own term is; and the heartbeat round that must be answered.
  var stamp: (index: LogIndex, sequence: UInt64)?
}

/// A read that a follower asked its leader for.
struct ForwardedRead: Sendable {
  let id: ReadID
  var ticks = 0
}

// Linearizable reads (ReadIndex, thesis §6.4): a quorum confirms after the read came that its leader still leads. No leases: nobody
// can bound the drift of a clock or the pause of a machine.
extension RaftNode {
  /// How many reads wait at once; more are dropped.
  static var readLimit: Int { 4_096 }

  mutating func requestRead(_ id: ReadID) {
    switch role {
    case .leader: enqueue(PendingRead(id: id, origin: nil, stamp: nil))
    default:
      guard let leader, forwardedReads.count < Self.readLimit else { return facts.append(.readDropped(id)) }
      forwardedReads.append(ForwardedRead(id: id))
      send(.readIndexRequest(id), to: leader)
    }
  }

  mutating func receiveReadRequest(_ id: ReadID, from: ReplicaID) {
    guard role == .leader else { return send(.readIndexResponse(id, index: nil), to: from) }
    guard !pendingReads.contains(where: { $0.id == id && $0.origin == from }) else { return }
    enqueue(PendingRead(id: id, origin: from, stamp: nil))
  }

  mutating func receiveReadResponse(_ id: ReadID, _ index: LogIndex?, from: ReplicaID) {
    guard from == leader, let place = forwardedReads.firstIndex(where: { $0.id == id }) else { return }
    forwardedReads.remove(at: place)
    facts.append(index.map { .readReady(id, index: $0) } ?? .readDropped(id))
  }

  private mutating func enqueue(_ read: PendingRead) {
    guard pendingReads.count < Self.readLimit else { return finish(read, at: nil) }
    #if DEBUG
      if has(.readWithoutLeadership) { return finish(read, at: hard.commit) }
    #endif
    pendingReads.append(read)
  }

  /// Stamps what came, and releases what a quorum has confirmed.
  mutating func advanceReads() {
    guard role == .leader, !pendingReads.isEmpty, isCommittedInOwnTerm else { return }
    if pendingReads.contains(where: { $0.stamp == nil }) {
      readSequence += 1
      needsHeartbeat = true
      for place in pendingReads.indices where pendingReads[place].stamp == nil {
        pendingReads[place].stamp = (hard.commit, readSequence)
      }
    }
    var confirmed: UInt64 = 0
    for sequence in Set(pendingReads.compactMap { $0.stamp?.sequence }).sorted()
    where members.hasQuorum({ replica in replica == id || peers.contains { $0.id == replica && $0.readAcknowledged >= sequence } }) {
      confirmed = sequence
    }
    guard confirmed > 0 else { return }
    let ready = pendingReads.filter { ($0.stamp?.sequence ?? .max) <= confirmed }
    pendingReads.removeAll { ($0.stamp?.sequence ?? .max) <= confirmed }
    for read in ready { finish(read, at: read.stamp?.index) }
  }

  private mutating func finish(_ read: PendingRead, at index: LogIndex?) {
    if let origin = read.origin {
      send(.readIndexResponse(read.id, index: index), to: origin)
    } else {
      facts.append(index.map { .readReady(read.id, index: $0) } ?? .readDropped(read.id))
    }
  }

  /// Who no longer leads, or follows another, can answer none of them.
  mutating func dropReads() {
    let (pending, forwarded) = (pendingReads, forwardedReads)
    pendingReads.removeAll()
    forwardedReads.removeAll()
    for read in pending where read.origin == nil { facts.append(.readDropped(read.id)) }
    for read in forwarded { facts.append(.readDropped(read.id)) }
  }

  /// An answer may be lost: two election timeouts are enough to wait.
  mutating func tickReads() {
    guard !forwardedReads.isEmpty else { return }
    for place in forwardedReads.indices { forwardedReads[place].ticks += 1 }
    let limit = 2 * configuration.electionTicks
    let late = forwardedReads.filter { $0.ticks > limit }
    guard !late.isEmpty else { return }
    forwardedReads.removeAll { $0.ticks > limit }
    for read in late { facts.append(.readDropped(read.id)) }
  }
}
