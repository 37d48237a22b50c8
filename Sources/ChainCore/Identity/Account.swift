/// Somebody who signs transactions: an account and its current key.
public struct Account: Sendable {
  /// The account's id.
  public let id: AccountID
  /// The organisation in its certificate.
  public let organisation: OrganisationID
  /// Its key.
  public let key: PrivateKey

  /// An account whose key was rotated, or that may not exist: the id is taken as it is.
  public init(id: AccountID, organisation: OrganisationID, key: PrivateKey) {
    self.id = id
    self.organisation = organisation
    self.key = key
  }

  /// The account whose first key this is.
  public init(organisation: OrganisationID, key: PrivateKey) {
    self.init(id: key.suite.accountID(of: key.publicKey), organisation: organisation, key: key)
  }

  /// Signs a call for the chain of `genesis`.
  ///
  /// - Parameters:
  ///   - salt: Tells equal calls apart; random by default.
  ///   - validUntil: The last height at which a block may hold it.
  public func sign(
    _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable, chain: ChainID, genesis: GenesisID,
    validUntil: BlockHeight, salt: UInt64 = .random(in: 0 ... .max)
  ) throws(KeyError) -> SignedTransaction {
    try Transaction(
      chain: chain, sender: id, contract: contract, entry: entry, arguments: arguments.canonicalBytes, salt: salt,
      validUntilHeight: validUntil
    ).signed(by: key, genesis: genesis)
  }
}
