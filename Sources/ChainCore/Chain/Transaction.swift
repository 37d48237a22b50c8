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
