// A snapshot as files: `genesis`, `manifest` and the chunks, each as peers give them. The manifest comes last: what has one is whole.

/// A snapshot in a directory of files.
public struct SnapshotFiles: Sendable, Hashable {
  /// The greatest number of bytes of a genesis document that is read.
  static let genesisBytesMax = 4 << 20

  /// The directory.
  public let directory: String

  /// The snapshot that is, or will be, in `directory`.
  public init(_ directory: String) { self.directory = directory }

  private var manifestPath: String { "\(directory)/manifest" }
  private var genesisPath: String { "\(directory)/genesis" }

  private func chunkPath(_ number: Int) -> String {
    let digits = String(number)
    return "\(directory)/chunk-\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
  }

  /// Writes a snapshot of a certified height while the chain runs. Goes on where an interrupted export of the same height was.
  ///
  /// - Parameters:
  ///   - height: By default the greatest certified one.
  ///   - progress: Is told how many chunks of how many are there.
  /// - Throws: `SnapshotError`; `.storeNotEmpty` if the directory holds another snapshot or other files.
  @discardableResult
  public func export(
    _ ledger: Ledger, at height: BlockHeight? = nil, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws(SnapshotError) -> SnapshotManifest {
    try export(ledger, at: height, chunkBytes: SnapshotManifest.chunkBytes, progress: progress)
  }

  /// As `export`, with chunks of another size: for tests, whose states are small.
  package func export(
    _ ledger: Ledger, at height: BlockHeight? = nil, chunkBytes: Int, progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws(SnapshotError) -> SnapshotManifest {
    let hold: StateHold
    do throws(LedgerError) {
      hold = try ledger.hold(height ?? ledger.newestCertified)
    } catch {
      throw .ledger(error)
    }
    defer { withExtendedLifetime(hold) {} }
    let manifest = try ledger.snapshot(at: hold.height, chunkBytes: chunkBytes)
    try Self.wrap { () throws(StoreError) in try Directory.ensure(directory) }
    try checkNames(of: manifest)
    try Self.wrap { () throws(StoreError) in try DurableFile.write(ledger.genesis.canonicalBytes, to: genesisPath) }
    for number in 0..<manifest.chunkCount {
      if !isChunk(number, of: manifest, genesis: ledger.genesis) {
        let bytes = try ledger.snapshotChunk(number, of: manifest).canonicalBytes
        try Self.wrap { () throws(StoreError) in try DurableFile.write(bytes, to: chunkPath(number)) }
      }
      progress(number + 1, manifest.chunkCount)
    }
    try Self.wrap { () throws(StoreError) in try DurableFile.write(manifest.canonicalBytes, to: manifestPath) }
    return manifest
  }

  /// The genesis document and the manifest, checked against the genesis that is trusted.
  ///
  /// - Throws: `SnapshotError.otherGenesis`, `.manifest`, `.store`.
  public func read(trusting id: GenesisID) throws(SnapshotError) -> (genesis: Genesis, manifest: SnapshotManifest) {
    let document = try Self.wrap { () throws(StoreError) in try DurableFile.read(genesisPath, limit: Self.genesisBytesMax) }
    guard let document, let genesis = try? Genesis(canonicalBytes: document) else {
      throw .store(.damaged(path: genesisPath, reason: "it is no genesis document"))
    }
    guard genesis.id == id else { throw .otherGenesis(expected: id, found: genesis.id) }
    let bytes = try Self.wrap { () throws(StoreError) in try DurableFile.read(manifestPath, limit: SnapshotManifest.byteLimit) }
    guard let bytes else { throw .manifest(.tooLarge(bytes: SnapshotManifest.byteLimit + 1)) }
    let manifest = try SnapshotImport.manifest(bytes)
    try manifest.verify(genesis: genesis)
    return (genesis, manifest)
  }

  /// Imports the snapshot into a store that is empty or holds an interrupted import of it.
  ///
  /// - Throws: `SnapshotError` naming the check; what was imported stays and is used again.
  public func load(
    into store: any KeyValueStore, trusting id: GenesisID, contracts: ContractRegistry,
    progress: (_ done: Int, _ of: Int) -> Void = { _, _ in }
  ) throws(SnapshotError) -> Ledger {
    let (genesis, manifest) = try read(trusting: id)
    var snapshot = try SnapshotImport(manifest, into: store, genesis: genesis, contracts: contracts)
    for number in snapshot.missing {
      let limit = SnapshotManifest.chunkLimit(genesis.parameters)
      let bytes = try Self.wrap { () throws(StoreError) in try DurableFile.read(chunkPath(number), limit: limit) }
      guard let bytes else { throw .chunk(number, .tooLarge(bytes: limit + 1)) }
      try snapshot.add(bytes, as: number)
      progress(manifest.chunkCount - snapshot.missing.count, manifest.chunkCount)
    }
    return try snapshot.finish()
  }

  /// Throws unless the directory holds nothing but what an export of this manifest left.
  private func checkNames(of manifest: SnapshotManifest) throws(SnapshotError) {
    let names = try Self.wrap { () throws(StoreError) in try Directory.names(in: directory) }
    var ours: Set<String> = [manifestPath, genesisPath]
    for number in 0..<manifest.chunkCount { ours.insert(chunkPath(number)) }
    let known = ours.union(ours.map(FramedFileWriter.unfinished))
    guard names.allSatisfy({ known.contains("\(directory)/\($0)") }) else { throw .storeNotEmpty }
    guard names.contains("manifest") else { return }
    let bytes = try Self.wrap { () throws(StoreError) in try DurableFile.read(manifestPath, limit: SnapshotManifest.byteLimit) }
    guard bytes == manifest.canonicalBytes else { throw .storeNotEmpty }
  }

  /// Whether the file of a chunk is there and good.
  private func isChunk(_ number: Int, of manifest: SnapshotManifest, genesis: Genesis) -> Bool {
    let limit = SnapshotManifest.chunkLimit(genesis.parameters)
    guard let bytes = try? DurableFile.read(chunkPath(number), limit: limit), let chunk = try? SnapshotChunk(canonicalBytes: bytes) else {
      return false
    }
    return (try? chunk.verify(as: number, of: manifest, genesis: genesis)) != nil
  }

  private static func wrap<Value>(_ body: () throws(StoreError) -> Value) throws(SnapshotError) -> Value {
    do throws(StoreError) {
      return try body()
    } catch {
      throw .store(error)
    }
  }
}
