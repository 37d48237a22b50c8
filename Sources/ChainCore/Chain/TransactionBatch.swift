/// What a block's transactions hash to, all of them together: the messages of one length share the processor's lanes.
struct TransactionBatch {
  /// Their ids, in order.
  let ids: [TransactionID]
  /// The sizes of the signed transactions' canonical bytes.
  let sizes: [Int]

  private let transactions: [SignedTransaction]
  private let suite: CryptoSuite

  init(_ transactions: [SignedTransaction], genesis: GenesisID, suite: CryptoSuite) {
    self.transactions = transactions
    self.suite = suite
    var writer = CanonicalWriter(reservingCapacity: 1_024)
    suite.beginDigest("Transaction", genesis, &writer)
    let prefix = writer.bytes
    var messages: [[UInt8]] = []
    var sizes: [Int] = []
    messages.reserveCapacity(transactions.count)
    sizes.reserveCapacity(transactions.count)
    for signed in transactions {
      writer.removeAll()
      writer.writeFixed(prefix)
      signed.transaction.encode(into: &writer)
      // A key's length takes one byte.
      sizes.append(writer.bytes.count - prefix.count + 1 + signed.key.bytes.count + Signature.byteCount)
      messages.append(Array(writer.bytes[...]))
    }
    ids = suite.hashes(ofPublic: messages).map { TransactionID($0) }
    self.sizes = sizes
  }

  /// The leaves of the transactions tree: H(0 ‖ id ‖ H(key, signature)).
  var leaves: [Digest] {
    var writer = CanonicalWriter(reservingCapacity: 130)
    let witnesses = suite.hashes(
      ofPublic: transactions.map { signed in
        writer.removeAll()
        signed.key.encode(into: &writer)
        signed.signature.encode(into: &writer)
        return Array(writer.bytes[...])
      })
    var parts: [Digest] = []
    parts.reserveCapacity(2 * ids.count)
    for (id, witness) in zip(ids, witnesses) {
      parts.append(id.digest)
      parts.append(witness)
    }
    var hasher = TreeHasher(suite)
    return hasher.logLeaves(parts)
  }

  /// The root of the transactions tree.
  var root: Digest { MerkleLog.root(of: leaves, suite: suite) }
}

extension [SignedTransaction] {
  /// The transactions' ids, in order; faster than one by one.
  public func ids(genesis: GenesisID, suite: CryptoSuite) -> [TransactionID] {
    TransactionBatch(self, genesis: genesis, suite: suite).ids
  }
}
