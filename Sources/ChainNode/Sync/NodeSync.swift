package import ChainCore
package import Consensus

/// A running node's catching up: asks now and then how far the others are, and fetches blocks if they are far ahead.
///
/// A Simplex replica fetches the blocks of one epoch, and hears nothing of later ones; a Raft leader's log may not reach back far enough, or
/// the leader be one that this node's ledger does not know yet. Snapshots are for nodes without a ledger: see `Node.prepare`.
package struct NodeSync {
  /// What came of an event.
  package struct Outcome {
    /// To be sent.
    package var messages: [(message: SyncMessage, to: ReplicaID)] = []
    /// Heights that were executed.
    package var executed: [BlockHeight] = []
    /// What peers did.
    package var faults: [(peer: ReplicaID, fault: SyncFault)] = []
    /// Whether the engine has to begin anew on the ledger's head.
    package var isCaughtUp = false
    /// Why the node must stop.
    package var failure: SyncFailure?
  }

  private let ledger: Ledger
  private let key: PublicKey
  private var sync: StateSync
  private var host: SyncHost
  /// Whether blocks were executed that the engine does not know of.
  private var hasExecuted = false

  /// Catching up of the node that has `ledger` in `store`.
  package init(_ ledger: Ledger, key: PublicKey, store: any KeyValueStore, peers: [ReplicaID]) {
    self.ledger = ledger
    self.key = key
    host = SyncHost(ledger, store: store)
    sync = StateSync(genesis: ledger.genesis, head: host.head, validators: ledger.head.validators, peers: peers)
  }

  /// Advances by one event and does what follows.
  package mutating func step(_ event: StateSync.Event) -> Outcome {
    var outcome = Outcome()
    // The engine may have gone on by itself.
    var events = [.observing(ledger.head.validators.index(of: key) == nil), event]
    if sync.headHeight < ledger.head.height, let head = host.head {
      events = host.news(.head(head)) + events
    }
    while !events.isEmpty {
      var effects: [StateSync.Effect] = []
      sync.step(events.removeFirst(), into: &effects)
      for effect in effects {
        let before = ledger.head.height
        if let next = host.carryOut(effect) { events += host.news(next) }
        note(effect, since: before, in: &outcome)
      }
    }
    return outcome
  }

  private mutating func note(_ effect: StateSync.Effect, since before: BlockHeight, in outcome: inout Outcome) {
    switch effect {
    case .send(let message, let peer): outcome.messages.append((message, peer))
    case .execute:
      var height = before
      while height < ledger.head.height {
        height = height.next
        outcome.executed.append(height)
        hasExecuted = true
      }
    case .fault(let peer, let fault): outcome.faults.append((peer, fault))
    case .caughtUp:
      outcome.isCaughtUp = hasExecuted
      hasExecuted = false
    case .stopped(let failure): outcome.failure = failure
    case .begin, .store, .discard, .finish: break
    }
  }
}
