internal import ChainCore

/// An item of a batch with the records that show it, and how it leaves its own proofs away.
struct Claimed<Item: CanonicalCodable & Sendable>: Sendable {
  let item: Item
  let records: [RecordProof]
  let bare: Item

  init(_ item: Item, _ records: [RecordProof], withoutProofs strip: (inout Item) -> Void) {
    self.item = item
    self.records = records
    var bare = item
    strip(&bare)
    self.bare = bare
  }
}

/// Cuts items into transactions; the first one carries the client's update. Items of one transaction share one proof.
struct CallBuilder {
  let target: RelayerView
  private(set) var update: ClientUpdate?
  private(set) var calls: [RelayerCall] = []
  /// The suite of the chain that the proofs are of.
  private let suite: CryptoSuite
  private let sharesProofs: Bool

  init(target: RelayerView, update: ClientUpdate?, hash suite: CryptoSuite, sharesProofs: Bool) {
    self.target = target
    self.update = update
    self.suite = suite
    self.sharesProofs = sharesProofs
  }

  mutating func add<Item: CanonicalCodable>(
    _ entry: EntryName, _ items: [Claimed<Item>], mark: UInt64 = 0,
    _ make: ([Item], ClientUpdate?, StateMultiProof?) -> some CanonicalCodable
  ) {
    // Key, signature and fixed fields of a transaction stay well under a kilobyte.
    let limit = Int(target.endpoint.parameters.transactionBytes) - 1_024
    let fixed = make([], nil, nil).canonicalBytes.count + 2
    var batch: [Claimed<Item>] = []
    var bytes = fixed + (update?.canonicalBytes.count ?? 0)
    for item in items {
      // With its own proof an item takes at least what it adds to a shared one.
      let size = item.item.canonicalBytes.count + 8
      if !batch.isEmpty, batch.count == PacketBatch.limit || bytes + size > limit {
        close(entry, batch, mark, make)
        batch = []
        bytes = fixed
      }
      batch.append(item)
      bytes += size
    }
    if !batch.isEmpty { close(entry, batch, mark, make) }
  }

  private mutating func close<Item>(
    _ entry: EntryName, _ batch: [Claimed<Item>], _ mark: UInt64,
    _ make: ([Item], ClientUpdate?, StateMultiProof?) -> some CanonicalCodable
  ) {
    var arguments = make(batch.map(\.item), update, nil).canonicalBytes
    if sharesProofs, batch.count > 1, let shared = shared(batch) {
      let short = make(batch.map(\.bare), update, shared).canonicalBytes
      if short.count < arguments.count { arguments = short }
    }
    calls.append(RelayerCall(target: target, entry: entry, arguments: arguments, packets: batch.count, mark: mark))
    update = nil
  }

  private func shared<Item>(_ batch: [Claimed<Item>]) -> StateMultiProof? {
    try? StateMultiProof(joining: batch.flatMap(\.records).map { (keyHash: suite.hash($0.key), proof: $0.proof) })
  }

  /// The update and nothing else.
  consuming func alone(_ chain: ChainID) -> [RelayerCall] {
    finish(chain)
    return calls
  }

  /// If no batch carried the update, it goes alone.
  mutating func finish(_ chain: ChainID) {
    guard let alone = update else { return }
    update = nil
    let call = UpdateClient(chain: chain, update: alone)
    calls.append(RelayerCall(target: target, entry: "updateClient", arguments: call.canonicalBytes, packets: 0))
  }
}
