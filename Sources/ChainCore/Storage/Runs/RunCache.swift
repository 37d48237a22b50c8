internal import Synchronization

/// The runs of a table as one commit left them, with their filters.
struct RunView: Sendable {
  var manifest = RunManifest()
  /// The manifest as it is stored.
  var bytes: [UInt8] = []
  /// Those of `manifest.runs`, in their order.
  var filters: [RunFilter] = []
}

/// What an open store knows of its tables in runs, so that a read need not ask for it again.
final class RunCache: Sendable {
  private struct Known {
    var newest: RunView
    /// Merges that are under way at that commit.
    var merges: [RunMerge]?
  }

  let policy: RunPolicy
  private let known = Mutex<[StoreTable: Known]>([:])

  init(policy: RunPolicy = RunPolicy()) { self.policy = policy }

  /// The runs of a table in a transaction.
  func view(_ table: StoreTable, keys: RunKeys, cursor: LMDBCursor) throws(LMDBFault) -> RunView {
    guard let bytes = try cursor.value(of: keys.manifest) else {
      // The table is empty, unless it has anything else.
      if try cursor.land(at: keys.prefix), cursor.hasPrefix(keys.prefix) { throw .badRecord(keys.manifest) }
      return RunView()
    }
    let newest = known.withLock { $0[table]?.newest }
    if let newest, newest.bytes == bytes { return newest }
    guard let manifest = try? RunManifest(canonicalBytes: bytes) else { throw .badRecord(keys.manifest) }
    var view = RunView(manifest: manifest, bytes: bytes)
    for run in manifest.runs {
      if let newest, let place = newest.manifest.runs.firstIndex(of: run) {
        view.filters.append(newest.filters[place])
      } else {
        guard let bytes = try cursor.value(of: keys.filter(run.id)), let filter = RunFilter(bytes) else {
          throw .badRecord(keys.filter(run.id))
        }
        view.filters.append(filter)
      }
    }
    known.withLock { known in
      // Of an older snapshot it is of no use to those that come.
      if manifest.sequence > known[table]?.newest.manifest.sequence ?? 0 { known[table] = Known(newest: view) }
    }
    return view
  }

  /// The merges that are under way where `manifest` is the newest, or `nil` if they are not known: then they begin again. Nobody else
  /// gets them after that.
  func takeMerges(_ table: StoreTable, at manifest: RunManifest) -> [RunMerge]? {
    known.withLock { known in
      guard known[table]?.newest.manifest.sequence == manifest.sequence else { return nil }
      defer { known[table]?.merges = nil }
      return known[table]?.merges
    }
  }

  /// Notes what a commit left.
  func note(_ written: RunTable.Written) {
    known.withLock { $0[written.table] = Known(newest: written.view, merges: written.merges) }
  }
}
