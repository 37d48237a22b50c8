/// Why a snapshot was not made or not imported. A store whose import failed holds no chain and opens as none.
@nonexhaustive
public enum SnapshotError: Error, Hashable, Sendable {
  /// The height has no certificate here. Choose one that has, such as `newestCertified`.
  case notCertified(BlockHeight)
  /// The snapshot is of another chain. Ask nodes of this chain.
  case otherGenesis(expected: GenesisID, found: GenesisID)
  /// The manifest fails a check: it is forged or damaged. Fetch it elsewhere.
  case manifest(ManifestFault)
  /// The chunk of this number fails a check: it is forged or damaged. Fetch it elsewhere; the others stay.
  case chunk(Int, ChunkFault)
  /// The manifest has no chunk of this number.
  case noSuchChunk(Int, count: Int)
  /// These chunks are not here yet. Add them first.
  case missingChunks([Int])
  /// The store holds a chain already. Import into an empty one.
  case storeNotEmpty
  /// The import of another snapshot, of this height, was begun in the store. Finish or discard it first.
  case otherImport(BlockHeight)
  /// Every chunk was good, but the stored records do not give the certified state root: the store is damaged. Discard the import and
  /// look at the disk.
  case damagedStore(expected: Digest, found: Digest)
  /// The contract that runs on the chain cannot read this record, though it is certified: the host's contract is not the chain's.
  case unreadableRecord(key: [UInt8])
  /// The host's contracts and the genesis do not fit.
  case genesis(GenesisError)
  /// The ledger could not be read or opened.
  case ledger(LedgerError)
  /// The store failed.
  case store(StoreError)
}

/// The check that a manifest fails.
@nonexhaustive
public enum ManifestFault: Error, Hashable, Sendable {
  /// Its bytes are no manifest.
  case malformed(CanonicalError)
  /// It is larger than `SnapshotManifest.byteLimit`.
  case tooLarge(bytes: Int)
  /// Its format is another than this version reads.
  case version(UInt16)
  /// Its checkpoint is of another chain or of height 0, which needs no snapshot.
  case checkpoint
  /// No quorum signed its checkpoint.
  case uncertified(CheckpointCertificateError)
  /// Its checkpoint, within an epoch, names another validator set than the one that signs it.
  case validatorSet
  /// Handover number `index` from the genesis' validators on proves nothing.
  case handover(index: Int, HandoverError)
  /// It does not hold the history of exactly the replay window.
  case window
  /// Its history does not have the certified root.
  case historyRoot
  /// The first heights of its window chunks do not divide the window.
  case windowChunks
  /// The first keys of its state chunks do not rise, or their number is impossible.
  case stateChunks
}

/// The check that a chunk fails.
@nonexhaustive
public enum ChunkFault: Error, Hashable, Sendable {
  /// Its bytes are no chunk.
  case malformed(CanonicalError)
  /// It is larger than the chain's chunks may be.
  case tooLarge(bytes: Int)
  /// It holds records where the manifest has blocks, or blocks where it has records.
  case kind
  /// It does not begin with the height or key that the manifest says.
  case start
  /// It does not end where the manifest's next chunk begins.
  case end
  /// The header of this height is not that of the certified history.
  case header(BlockHeight)
  /// The transactions of this height do not have the root in its header.
  case transactions(BlockHeight)
  /// Its records are not exactly those of the certified state in its range.
  case records(ProofError)
  /// The host's contract cannot read the record of this key, so its index entries are unknown. Use the contracts that the chain runs.
  case unreadableRecord(key: [UInt8])
}

extension SnapshotError: CustomStringConvertible {
  /// The sentence for a person, with what to do.
  public var description: String {
    switch self {
    case .notCertified(let height): "height \(height) has no certificate here: choose a certified one"
    case .otherGenesis(let expected, let found): "the snapshot is of genesis \(found), this chain's is \(expected)"
    case .manifest(let fault): "snapshot manifest: \(fault); fetch it from another node"
    case .chunk(let number, let fault): "snapshot chunk \(number): \(fault)"
    case .noSuchChunk(let number, let count): "there is no chunk \(number) among \(count)"
    case .missingChunks(let numbers): "\(numbers.count) chunks are missing, the first is \(numbers.first ?? 0)"
    case .storeNotEmpty: "the store holds a chain already: import into an empty one"
    case .otherImport(let height): "the store holds an unfinished import of height \(height): finish or discard it"
    case .damagedStore(let expected, let found):
      "the imported records have root \(found) instead of \(expected): discard the import and check the disk"
    case .unreadableRecord(let key): "this host's contracts cannot read record \(key.hex)"
    case .genesis(let error): error.description
    case .ledger(let error): error.description
    case .store(let error): error.description
    }
  }
}

extension ManifestFault: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .malformed(let error): error.description
    case .tooLarge(let bytes): "\(bytes) bytes are too many"
    case .version(let version): "unknown format \(version)"
    case .checkpoint: "the checkpoint is of another chain or of height 0"
    case .uncertified(let error): error.description
    case .validatorSet: "the checkpoint names another validator set"
    case .handover(let index, let error): "handover \(index): \(error)"
    case .window: "the history is not that of the replay window"
    case .historyRoot: "the history does not have the certified root"
    case .windowChunks: "the window chunks do not divide the window"
    case .stateChunks: "the state chunks do not divide the state"
    }
  }
}

extension ChunkFault: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .malformed(let error): error.description
    case .tooLarge(let bytes): "\(bytes) bytes are too many"
    case .kind: "blocks and records are confused"
    case .start: "it does not begin where the manifest says"
    case .end: "it does not end where the next chunk begins"
    case .header(let height): "the header of height \(height) is not the certified one"
    case .transactions(let height): "the transactions of height \(height) do not have the header's root"
    case .records(let error): "the records are not exactly those of the certified state: \(error)"
    case .unreadableRecord(let key): "this host's contracts cannot read record \(key.hex)"
    }
  }
}
