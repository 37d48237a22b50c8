package import ChainCore

/// What hosts may ask of a consensus store without opening an engine on it.
package enum VoteStore {
  /// Whether no engine ever wrote to the store.
  package static func isUnused(_ store: any KeyValueStore) throws -> Bool {
    try store.read { reader in
      try [RaftStore.log, RaftStore.meta, SimplexStore.records, SimplexStore.meta].allSatisfy { try reader.first($0) == nil }
    }
  }
}
