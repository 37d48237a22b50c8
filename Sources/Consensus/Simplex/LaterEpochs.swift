internal import ChainCore

/// Tells an engine that is left in an epoch which is over that it is.
///
/// Peers that were started anew since then answer nobody of an epoch that they do not know. One of those who speak from a later epoch may
/// lie; more than the liars' weight do not. Who has no seat in the epoch follows the chain by state sync anyway.
struct LaterEpochs: Sendable {
  /// The engine may be about to enter the next epoch itself.
  static let patienceMs: UInt64 = 2_000

  /// Of the running epoch's validators.
  private let weights: [(validator: ReplicaID, weight: UInt64)]
  private let total: UInt64
  private let isMember: Bool
  private var heard: [ReplicaID] = []
  /// When an honest one was among them.
  private var since: MonotonicInstant?

  init(_ validators: ValidatorSet, suite: CryptoSuite, id: ReplicaID) {
    weights = validators.members.map { ($0.replica(suite: suite), $0.weight) }
    total = weights.reduce(0) { $0 + $1.weight }
    isMember = weights.contains { $0.validator == id }
  }

  /// A peer spoke of a later epoch.
  mutating func hear(_ peer: ReplicaID, at now: MonotonicInstant) {
    guard isMember, since == nil, !heard.contains(peer), weights.contains(where: { $0.validator == peer }) else { return }
    heard.append(peer)
    let weight = weights.reduce(0) { heard.contains($1.validator) ? $0 + $1.weight : $0 }
    if 3 * weight >= total { since = now }
  }

  /// Whether they are ahead, and have been for long; asks anew from then on.
  mutating func isLeftBehind(at now: MonotonicInstant) -> Bool {
    guard let since, now.milliseconds(since: since) >= Self.patienceMs else { return false }
    self.since = nil
    heard = []
    return true
  }
}
