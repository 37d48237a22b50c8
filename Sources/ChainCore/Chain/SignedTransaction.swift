internal import Synchronization

/// A transaction with its sender's public key and signature, so that checking it needs no state.
///
/// A copy costs one reference, and copies share what the transaction hashes to: a node asks for that at admission, of a proposal, of the
/// block that is decided and when it executes it.
public struct SignedTransaction: CanonicalRecord {
  private var parts: Parts

  /// What was signed.
  public var transaction: Transaction {
    get { parts.transaction }
    set { parts = Parts(transaction: newValue, key: parts.key, signature: parts.signature) }
  }
  /// The key that signed; execution refuses one that is not the sender's current key.
  public var key: PublicKey {
    get { parts.key }
    set { parts = Parts(transaction: parts.transaction, key: newValue, signature: parts.signature) }
  }
  /// The signature over the transaction's id.
  public var signature: Signature {
    get { parts.signature }
    set { parts = Parts(transaction: parts.transaction, key: parts.key, signature: newValue) }
  }

  /// Puts the parts together; nothing is checked.
  public init(transaction: Transaction, key: PublicKey, signature: Signature) {
    parts = Parts(transaction: transaction, key: key, signature: signature)
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.transaction, \.key, \.signature)

  /// Appends the fields in the order of `layout`, without its key paths.
  public func encode(into writer: inout CanonicalWriter) {
    parts.transaction.encode(into: &writer)
    parts.key.encode(into: &writer)
    parts.signature.encode(into: &writer)
  }

  /// Reads the same.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    let transaction = try Transaction(from: &reader)
    let key = try PublicKey(from: &reader)
    let signature = try Signature(from: &reader)
    reader.leave()
    self.init(transaction: transaction, key: key, signature: signature)
  }

  /// The transaction's id.
  public func id(genesis: GenesisID, suite: CryptoSuite) -> TransactionID {
    knownHashes(genesis: genesis, suite: suite)?.id ?? [self].ids(genesis: genesis, suite: suite)[0]
  }

  /// Whether the signature over the id is valid under the carried key.
  public func isSignatureValid(genesis: GenesisID, suite: CryptoSuite) -> Bool {
    key.suite == suite && key.verify(signature, of: id(genesis: genesis, suite: suite).digest)
  }

  /// The data of this transaction's leaf in the block's transactions tree: id ‖ H(key, signature).
  public func leafData(genesis: GenesisID, suite: CryptoSuite) -> [UInt8] {
    Self.leafData(id: id(genesis: genesis, suite: suite), key: key, signature: signature, suite: suite)
  }

  static func leafData(id: TransactionID, key: PublicKey, signature: Signature, suite: CryptoSuite) -> [UInt8] {
    id.digest.bytes + witness(key: key, signature: signature, suite: suite).bytes
  }

  /// H(key, signature).
  static func witness(key: PublicKey, signature: Signature, suite: CryptoSuite) -> Digest {
    var writer = CanonicalWriter(reservingCapacity: 130)
    key.encode(into: &writer)
    signature.encode(into: &writer)
    return suite.publicHash(writer.bytes)
  }
}

extension SignedTransaction: Hashable {
  /// Whether all fields are equal.
  public static func == (left: SignedTransaction, right: SignedTransaction) -> Bool {
    left.parts === right.parts
      || left.parts.signature == right.parts.signature && left.parts.key == right.parts.key
        && left.parts.transaction == right.parts.transaction
  }

  /// Hashes the fields.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(parts.transaction)
    hasher.combine(parts.key)
    hasher.combine(parts.signature)
  }
}

extension SignedTransaction: Codable {
  private enum CodingKeys: CodingKey { case transaction, key, signature }

  /// Reads the fields by name.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      transaction: try fields.decode(Transaction.self, forKey: .transaction), key: try fields.decode(PublicKey.self, forKey: .key),
      signature: try fields.decode(Signature.self, forKey: .signature))
  }

  /// Writes the fields by name.
  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(parts.transaction, forKey: .transaction)
    try fields.encode(parts.key, forKey: .key)
    try fields.encode(parts.signature, forKey: .signature)
  }
}

extension SignedTransaction {
  /// What a transaction hashes to on one chain: always the same of the same fields.
  struct Hashes: Sendable {
    let genesis: GenesisID
    let suite: CryptoSuite
    let id: TransactionID
    /// The size of the signed transaction's canonical bytes.
    let bytes: Int
    /// Its leaf in the transactions tree, once that was asked for.
    var leaf: Digest?
  }

  /// What is known of what it hashes to on this chain.
  func knownHashes(genesis: GenesisID, suite: CryptoSuite) -> Hashes? {
    parts.hashes.withLock { known in
      guard let known, known.genesis == genesis, known.suite == suite else { return nil }
      return known
    }
  }

  /// Notes what it hashes to, for all its copies.
  func note(_ hashes: Hashes) { parts.hashes.withLock { $0 = hashes } }

  /// The fields of one value and all its copies.
  private final class Parts: Sendable {
    let transaction: Transaction
    let key: PublicKey
    let signature: Signature
    let hashes = Mutex<Hashes?>(nil)

    init(transaction: Transaction, key: PublicKey, signature: Signature) {
      self.transaction = transaction
      self.key = key
      self.signature = signature
    }
  }
}
