/// A call of one contract entry by one account, before it is signed.
///
/// Its id is the hash of its canonical bytes. There is no account sequence: `salt` tells equal calls apart, and
/// `validUntilHeight` bounds how long a node must remember the id.
public struct Transaction: CanonicalRecord, Hashable, Codable {
  /// The version of this format.
  public static let currentVersion: UInt16 = 1

  /// The format version, 1.
  public var version: UInt16
  /// The chain that may execute it.
  public var chain: ChainID
  /// The account that calls.
  public var sender: AccountID
  /// The contract called.
  public var contract: ContractName
  /// The entry called.
  public var entry: EntryName
  /// The canonical bytes of the entry's arguments.
  public var arguments: [UInt8]
  /// Any number that makes the id unique.
  public var salt: UInt64
  /// The last height at which a block may hold it; block h takes it iff h ≤ this < h + window.
  public var validUntilHeight: BlockHeight

  /// A transaction of the current version.
  public init(
    chain: ChainID, sender: AccountID, contract: ContractName, entry: EntryName, arguments: [UInt8], salt: UInt64,
    validUntilHeight: BlockHeight
  ) {
    self.init(
      version: Self.currentVersion, chain: chain, sender: sender, contract: contract, entry: entry, arguments: arguments,
      salt: salt, validUntilHeight: validUntilHeight)
  }

  private init(
    version: UInt16, chain: ChainID, sender: AccountID, contract: ContractName, entry: EntryName, arguments: [UInt8], salt: UInt64,
    validUntilHeight: BlockHeight
  ) {
    self.version = version
    self.chain = chain
    self.sender = sender
    self.contract = contract
    self.entry = entry
    self.arguments = arguments
    self.salt = salt
    self.validUntilHeight = validUntilHeight
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(version:chain:sender:contract:entry:arguments:salt:validUntilHeight:),
    \.version, \.chain, \.sender, \.contract, \.entry, \.arguments, \.salt, \.validUntilHeight)

  /// Appends the fields in the order of `layout`, without its key paths: each node does this several times a transaction.
  public func encode(into writer: inout CanonicalWriter) {
    version.encode(into: &writer)
    chain.encode(into: &writer)
    sender.encode(into: &writer)
    contract.encode(into: &writer)
    entry.encode(into: &writer)
    writer.writeBytes(arguments)
    salt.encode(into: &writer)
    validUntilHeight.encode(into: &writer)
  }

  /// Reads the same.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    version = try UInt16(from: &reader)
    chain = try ChainID(from: &reader)
    sender = try AccountID(from: &reader)
    contract = try ContractName(from: &reader)
    entry = try EntryName(from: &reader)
    arguments = try reader.readBytes()
    salt = try UInt64(from: &reader)
    validUntilHeight = try BlockHeight(from: &reader)
    reader.leave()
  }

  /// The id on the chain with this genesis: also the digest that the sender signs.
  public func id(genesis: GenesisID, suite: CryptoSuite) -> TransactionID {
    TransactionID(suite.digest("Transaction", genesis, self))
  }

  /// Signs the transaction with the sender's current key.
  /// - Throws: `KeyError` if OpenSSL refuses to sign.
  public func signed(by key: PrivateKey, genesis: GenesisID) throws(KeyError) -> SignedTransaction {
    let id = id(genesis: genesis, suite: key.suite)
    return SignedTransaction(transaction: self, key: key.publicKey, signature: try key.sign(id.digest))
  }
}

/// A transaction with its sender's public key and signature, so that checking it needs no state.
public struct SignedTransaction: CanonicalRecord, Hashable, Codable {
  /// What was signed.
  public var transaction: Transaction
  /// The key that signed; execution refuses one that is not the sender's current key.
  public var key: PublicKey
  /// The signature over the transaction's id.
  public var signature: Signature

  /// Puts the parts together; nothing is checked.
  public init(transaction: Transaction, key: PublicKey, signature: Signature) {
    self.transaction = transaction
    self.key = key
    self.signature = signature
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.transaction, \.key, \.signature)

  /// Appends the fields in the order of `layout`, without its key paths.
  public func encode(into writer: inout CanonicalWriter) {
    transaction.encode(into: &writer)
    key.encode(into: &writer)
    signature.encode(into: &writer)
  }

  /// Reads the same.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    transaction = try Transaction(from: &reader)
    key = try PublicKey(from: &reader)
    signature = try Signature(from: &reader)
    reader.leave()
  }

  /// The transaction's id.
  public func id(genesis: GenesisID, suite: CryptoSuite) -> TransactionID { transaction.id(genesis: genesis, suite: suite) }

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
