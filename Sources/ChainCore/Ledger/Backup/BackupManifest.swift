/// What a backup consists of and what its chain is, in the file `manifest`: its canonical bytes and their digest.
public struct BackupManifest: CanonicalRecord, Hashable {
  /// The version of this format.
  public static let currentVersion: UInt16 = 2
  /// The greatest number of bytes of a manifest that is read.
  static let byteLimit = 16 << 20
  /// What the file begins with.
  static let mark = Array("YUCHAIN BACKUP 1".utf8)

  /// A file of records.
  public struct File: CanonicalRecord, Hashable {
    /// How many bytes it has.
    public var bytes: UInt64
    /// How many records of the store it holds.
    public var records: UInt64
    /// The hash of its bytes, by the chain's suite.
    public var digest: Digest

    /// Puts the parts together.
    public init(bytes: UInt64, records: UInt64, digest: Digest) {
      self.bytes = bytes
      self.records = records
      self.digest = digest
    }

    /// The fields in order.
    public static let layout = Layout(Self.init, \.bytes, \.records, \.digest)
  }

  /// The format version, 2.
  public var version: UInt16
  /// The chain's genesis document.
  public var genesis: Genesis
  /// The checkpoint of the ledger's head when the backup was made.
  public var head: Checkpoint
  /// The newest certificate in the backup; `nil` if it has none.
  public var certificate: CheckpointCertificate?
  /// How the validators of genesis passed on to those who signed it.
  public var handovers: [Handover]
  /// The files, in order.
  public var files: [File]

  /// A manifest of the current version.
  public init(genesis: Genesis, head: Checkpoint, certificate: CheckpointCertificate?, handovers: [Handover], files: [File]) {
    self.init(
      version: Self.currentVersion, genesis: genesis, head: head, certificate: certificate, handovers: handovers, files: files)
  }

  private init(
    version: UInt16, genesis: Genesis, head: Checkpoint, certificate: CheckpointCertificate?, handovers: [Handover], files: [File]
  ) {
    self.version = version
    self.genesis = genesis
    self.head = head
    self.certificate = certificate
    self.handovers = handovers
    self.files = files
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(version:genesis:head:certificate:handovers:files:), \.version, \.genesis, \.head, \.certificate, \.handovers, \.files)

  /// The bytes of the file `manifest`.
  var fileBytes: [UInt8] {
    let body = Self.mark + canonicalBytes
    return body + genesis.suite.hash(body).bytes
  }

  /// Reads the file `manifest` and checks all that can be told without the other files.
  ///
  /// - Throws: `BackupError.manifest`, `.version`, `.otherGenesis`, `.handover`, `.certificate`.
  init(fileBytes: [UInt8], trusting id: GenesisID) throws(BackupError) {
    guard fileBytes.count > Self.mark.count + Digest.byteCount, fileBytes.starts(with: Self.mark) else { throw .manifest("it is none") }
    let body = Array(fileBytes.dropLast(Digest.byteCount))
    do throws(CanonicalError) {
      self = try BackupManifest(canonicalBytes: Array(body.dropFirst(Self.mark.count)))
    } catch {
      throw .manifest("\(error)")
    }
    guard genesis.suite.hash(body).bytes == Array(fileBytes.suffix(Digest.byteCount)) else { throw .manifest("its digest is wrong") }
    guard version == Self.currentVersion else { throw .version(version) }
    guard genesis.id == id else { throw .otherGenesis(expected: id, found: genesis.id) }
    guard head.chain == genesis.chain, certificate.map({ $0.checkpoint.height <= head.height && $0.checkpoint.chain == head.chain }) ?? true
    else { throw .manifest("its checkpoints do not belong together") }
    try checkSignatures(id)
  }

  private func checkSignatures(_ id: GenesisID) throws(BackupError) {
    var set = genesis.validators
    for (index, handover) in handovers.enumerated() {
      do throws(HandoverError) {
        try handover.verify(from: set, genesis: id, suite: genesis.suite)
      } catch {
        throw .handover(index: index, error)
      }
      set = handover.next
    }
    guard let certificate else { return }
    do throws(CheckpointCertificateError) {
      try certificate.verify(in: set, genesis: id, suite: genesis.suite)
    } catch {
      throw .certificate(error)
    }
  }
}

/// Why a backup was not made or not restored.
@nonexhaustive
public enum BackupError: Error, Hashable, Sendable {
  /// A file or the store cannot be read or written.
  case store(StoreError)
  /// The ledger cannot be read.
  case ledger(LedgerError)
  /// The store's writer needed all reads to end, several times. Try again when the chain has less to do.
  case interrupted
  /// The directory holds something. Choose another.
  case notEmpty(path: String)
  /// The manifest is damaged.
  case manifest(String)
  /// Another version made the backup. Use that release.
  case version(UInt16)
  /// The backup is of another chain.
  case otherGenesis(expected: GenesisID, found: GenesisID)
  /// Handover number `index` in the manifest proves nothing.
  case handover(index: Int, HandoverError)
  /// The certificate in the manifest proves nothing.
  case certificate(CheckpointCertificateError)
  /// File number `index` is missing or is not what the manifest says: copy the backup again.
  case file(index: Int, String)
  /// What was restored is not what the manifest says, or does not hold. Use another backup.
  case content(String)
  /// The key had a seat on the chain already, so it may have signed what the backup does not know. Make a new one.
  case oldKey(PublicKey)
}

extension BackupError: CustomStringConvertible {
  /// The sentence for a person, with what to do.
  public var description: String {
    switch self {
    case .store(let error): error.description
    case .ledger(let error): error.description
    case .interrupted: "the store had to grow while it was copied: try again when the chain has less to do"
    case .notEmpty(let path): "\(path) is not empty: choose another directory"
    case .manifest(let why): "backup manifest: \(why)"
    case .version(let version): "backup format \(version) is unknown to this release"
    case .otherGenesis(let expected, let found): "the backup is of genesis \(found), not \(expected)"
    case .handover(let index, let error): "backup manifest, handover \(index): \(error)"
    case .certificate(let error): "backup manifest, certificate: \(error)"
    case .file(let index, let why): "backup file \(index): \(why): copy the backup again"
    case .content(let what): "what was restored does not hold: \(what): use another backup"
    case .oldKey(let key): "key \(key) had a seat on the chain already: restore with a new key"
    }
  }
}
