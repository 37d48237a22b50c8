// The tables of a chain's store. Keys are big-endian, so that key order is height order.

enum LedgerTables {
  /// `genesis`, `head`; `snapshot` = the height that an imported ledger began with; `oldest-state` and `oldest-block` = the first heights
  /// that pruning left; `archived` = the last height of the archive; `restored` = what a store from a backup says of itself.
  static let meta = StoreTable("meta")
  /// height → header.
  static let headers = StoreTable("headers")
  /// height → transactions.
  static let transactions = StoreTable("transactions")
  /// height → receipts.
  static let receipts = StoreTable("receipts")
  /// transaction id → height, index.
  static let places = StoreTable("places", layout: .runs)
  /// height → checkpoint.
  static let checkpoints = StoreTable("checkpoints")
  /// height → certificate.
  static let certificates = StoreTable("certificates")
  /// level, index → node of the history tree.
  static let history = StoreTable("history")
  /// state key → version, presence, value: the newest.
  static let current = StoreTable("state", layout: .runs)
  /// version, path → node of the state tree; leaves hold their records, so that old values are here and in no table of their own.
  static let nodes = StoreTable("state-nodes")
  /// version since which they are stale, number → keys of nodes.
  static let stale = StoreTable("state-stale")
  /// Index entries of the newest state.
  static let index = StoreTable("index")

  /// Of an imported ledger, up to the height of the snapshot: height → history leaf.
  static let leaves = StoreTable("history-leaves")
  /// Of an imported ledger, up to the height of the snapshot: height → transaction leaves.
  static let window = StoreTable("window")
  /// Of an unfinished import: `manifest`, and the numbers of the chunks that are here.
  static let importing = StoreTable("import")
  /// Of an unfinished import: H(state key) → state key, the order of the state tree.
  static let importKeys = StoreTable("import-keys")

  /// What a backup copies, in the order by which it numbers them; new tables come last.
  static let kept = [
    meta, headers, transactions, receipts, places, checkpoints, certificates, history, current, nodes, stale, index, leaves, window,
  ]

  static let oldestStateKey = Array("oldest-state".utf8)
  static let oldestBlockKey = Array("oldest-block".utf8)
  static let restoredKey = Array("restored".utf8)
  static let archivedKey = Array("archived".utf8)
  static let snapshotKey = Array("snapshot".utf8)
  static let genesisKey = Array("genesis".utf8)
  static let headKey = Array("head".utf8)

  static func key(_ height: BlockHeight) -> [UInt8] { height.keyBytes }
}

/// Where a transaction stands.
struct TransactionPlace: CanonicalRecord {
  var height: BlockHeight
  var index: UInt32
  static let layout = Layout(Self.init, \.height, \.index)

  /// As `layout` says, without its key paths.
  func encode(into writer: inout CanonicalWriter) {
    height.encode(into: &writer)
    index.encode(into: &writer)
  }
}

/// What the store remembers of the newest block.
struct HeadRecord: CanonicalRecord {
  var height: BlockHeight
  var blockID: BlockID
  /// The engine's position of that block, such as a Raft log index.
  var position: UInt64
  /// The frontier of the history tree over heights 0..<height.
  var history: AppendOnlyTree
  static let layout = Layout(Self.init, \.height, \.blockID, \.position, \.history)
}

/// One record of the newest state: since which height it stands, and its value; `nil` = removed.
struct VersionedValue: CanonicalRecord {
  var version: BlockHeight
  var value: [UInt8]?
  static let layout = Layout(Self.init, \.version, \.value)

  init(version: BlockHeight, value: [UInt8]?) {
    self.version = version
    self.value = value
  }

  /// As `layout` says, without its key paths.
  func encode(into writer: inout CanonicalWriter) {
    version.encode(into: &writer)
    value.encode(into: &writer)
  }

  /// Reads the same.
  init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    version = try BlockHeight(from: &reader)
    value = try [UInt8]?(from: &reader)
    reader.leave()
  }

}

extension StateNodeKey {
  /// The key in the `state-nodes` table: version first, so that nodes are appended in order.
  var storeKey: [UInt8] {
    var writer = CanonicalWriter(reservingCapacity: 9 + (path.count + 1) / 2)
    encode(into: &writer)
    return writer.bytes
  }
}
