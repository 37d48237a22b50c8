/// What a block's transactions hash to, all of them together: the messages of one length share the processor's lanes. What was asked
/// before of a transaction is not hashed again.
struct TransactionBatch {
  /// Their ids, in order.
  let ids: [TransactionID]
  /// The sizes of the signed transactions' canonical bytes.
  let sizes: [Int]

  private let transactions: [SignedTransaction]
  private let suite: CryptoSuite
  private let hashes: [SignedTransaction.Hashes]

  init(_ transactions: [SignedTransaction], genesis: GenesisID, suite: CryptoSuite) {
    self.transactions = transactions
    self.suite = suite
    var found = transactions.map { $0.knownHashes(genesis: genesis, suite: suite) }
    let places = found.indices.filter { found[$0] == nil }
    if !places.isEmpty {
      let new = Self.hashes(of: places.map { transactions[$0] }, genesis: genesis, suite: suite)
      for (place, hashes) in zip(places, new) {
        transactions[place].note(hashes)
        found[place] = hashes
      }
    }
    hashes = found.compactMap(\.self)
    ids = hashes.map(\.id)
    sizes = hashes.map(\.bytes)
  }

  private static func hashes(of transactions: [SignedTransaction], genesis: GenesisID, suite: CryptoSuite) -> [SignedTransaction.Hashes] {
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
    return zip(suite.hashes(ofPublic: messages), sizes).map { id, bytes in
      SignedTransaction.Hashes(genesis: genesis, suite: suite, id: TransactionID(id), bytes: bytes)
    }
  }

  /// The leaves of the transactions tree: H(0 ‖ id ‖ H(key, signature)).
  var leaves: [Digest] {
    var found = hashes.map(\.leaf)
    let places = found.indices.filter { found[$0] == nil }
    if !places.isEmpty {
      for (place, leaf) in zip(places, leaves(at: places)) {
        var known = hashes[place]
        known.leaf = leaf
        transactions[place].note(known)
        found[place] = leaf
      }
    }
    return found.compactMap(\.self)
  }

  private func leaves(at places: [Int]) -> [Digest] {
    var writer = CanonicalWriter(reservingCapacity: 130)
    let witnesses = suite.hashes(
      ofPublic: places.map { place in
        writer.removeAll()
        transactions[place].key.encode(into: &writer)
        transactions[place].signature.encode(into: &writer)
        return Array(writer.bytes[...])
      })
    var parts: [Digest] = []
    parts.reserveCapacity(2 * places.count)
    for (place, witness) in zip(places, witnesses) {
      parts.append(hashes[place].id.digest)
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
