public import ChainCore
internal import Consensus

/// Why a store that was restored from a backup does not start.
@nonexhaustive
public enum RestorationFault: Error, Hashable, Sendable {
  /// The node has another key than the one that the store was restored for. Its own may have signed what the backup does not know.
  case key(restoredFor: PublicKey)
  /// The consensus store holds the votes of another node, or older ones. Give the node a new one.
  case foreignVotes
  /// The consensus store that this node had is gone, and with it its votes. Restore again, with a new key.
  case votesMissing
}

extension RestorationFault: CustomStringConvertible {
  /// The sentence for a person, with what to do.
  public var description: String {
    switch self {
    case .key(let key): "the ledger was restored from a backup for key \(key): start the node with that one, an old key must not vote again"
    case .foreignVotes: "the ledger was restored from a backup: give the node a new consensus store"
    case .votesMissing: "the votes of this restored node are gone: restore the backup again, with a new key"
    }
  }
}

/// Lets a restored store run only with the key that it was restored for, and with votes of that key alone (promise 11 of two signatures).
///
/// The key had no seat when the store was restored, so the node follows until governance gives it one. Before that it never voted; from
/// then on its votes are in a consensus store that begins empty and is tied to the key and the ledger.
enum RestoredNode {
  private static let owner = StoreTable("restored-owner")
  private static let ownerKey = Array("key".utf8)

  static func admit(_ ledger: Ledger, key: PublicKey, votes: any KeyValueStore) throws(NodeError) {
    let restoration: Restoration?
    do throws(LedgerError) {
      restoration = try ledger.restoration()
    } catch {
      throw .ledger(error)
    }
    guard let restoration else { return }
    guard restoration.key == key else { throw .restored(.key(restoredFor: restoration.key)) }
    do {
      if let found = try votes.read({ try $0.get(owner, ownerKey) }) {
        guard found == key.canonicalBytes else { throw NodeError.restored(.foreignVotes) }
      } else {
        guard !restoration.isBound else { throw NodeError.restored(.votesMissing) }
        guard try VoteStore.isUnused(votes) else { throw NodeError.restored(.foreignVotes) }
        try votes.write { try $0.put(owner, ownerKey, key.canonicalBytes) }
      }
      try ledger.bindRestoration()
    } catch let error as NodeError {
      throw error
    } catch let error as StoreError {
      throw .engine(.store(error))
    } catch let error as LedgerError {
      throw .ledger(error)
    } catch {
      throw .engine(.store(.io("\(error)")))
    }
  }
}
