internal import ChainCore

/// The file that a store keeps so that a full disk still has room for pruning.
struct DiskReserve: Sendable {
  private let store: LMDBStore?

  init(_ store: any KeyValueStore) { self.store = store as? LMDBStore }

  /// Gives the disk the reserve back; `false` if there is none, or it cannot be removed.
  func release() -> Bool { (try? store?.releaseReserve()) ?? false }

  /// Takes the reserve again if the disk has room for it and as much again.
  func restore() { _ = try? store?.restoreReserve() }

  /// Whether the reserve is gone that the store should have.
  var isMissing: Bool { store.map { ((try? $0.usage())?.hasReserve ?? true) == false } ?? false }
}
