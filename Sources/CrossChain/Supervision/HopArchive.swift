public import ChainCore

/// The relay's log with indexes, beside the ledger: derived from the ledger's events, so it can be thrown away and made again.
///
/// The relay's state holds the log's edge only, a few hundred bytes however long it gets. What supervisors ask for is answered from here,
/// with proofs that lead to that edge: an archive can leave records out of an answer to a narrow question, but invent or change none.
public struct HopArchive: Sendable {
  private static let records = StoreTable("hops")
  private static let nodes = StoreTable("hop-nodes")
  private static let byChain = StoreTable("hops-by-chain")
  private static let byOrganisation = StoreTable("hops-by-organisation")
  private static let origins = StoreTable("hop-origins")
  private static let meta = StoreTable("hop-meta")
  private static let place: [UInt8] = [0]
  /// How many records one question looks at, however few of them match.
  private static let lookLimit = 10_000

  private let store: any KeyValueStore

  /// The archive in `store`, which nobody else uses.
  public init(store: any KeyValueStore) { self.store = store }

  /// Where the archive stands.
  private struct Place: CanonicalRecord {
    var next: BlockHeight
    var tree: AppendOnlyTree
    static let layout = Layout(Self.init, \.next, \.tree)
  }

  private struct Nodes: LogNodeReader {
    let reader: any KeyValueReader
    static func key(_ level: UInt8, _ index: UInt64) -> [UInt8] { [level] + index.keyBytes }
    func node(level: UInt8, index: UInt64) throws -> Digest? {
      try reader.get(HopArchive.nodes, Self.key(level, index)).flatMap { Digest($0) }
    }
  }

  /// How many records there are.
  public func size() throws(SupervisionError) -> UInt64 {
    try reading { reader throws(SupervisionError) in try place(reader).tree.size }
  }

  /// Takes in the records of all blocks that `relay` has and the archive lacks. Each height is taken whole or not at all.
  /// - Throws: `SupervisionError.gap`, `.otherLog`, `.ledger`, `.store`.
  public func follow(_ relay: Ledger) throws(SupervisionError) {
    while true {
      let next = try reading { reader throws(SupervisionError) in try place(reader).next }
      let head = relay.head.height
      guard next <= head else { return }
      guard next > relay.base else { throw .gap(from: next, base: relay.base) }
      var hops: [HopRecord] = []
      var last = next
      do throws(LedgerError) {
        let events = try relay.events(from: next, limit: 500)
        last = max(events.last?.height ?? head, next)
        for event in events where event.event.contract == CrossChainState.contract && event.event.name == "xc.hop" {
          guard let hop = try? HopRecord(canonicalBytes: event.event.payload) else { continue }
          hops.append(hop)
        }
      } catch {
        throw .ledger(error)
      }
      try take(hops, through: last, relay.suite)
    }
  }

  private func take(_ hops: [HopRecord], through last: BlockHeight, _ suite: CryptoSuite) throws(SupervisionError) {
    let outcome: Result<Void, SupervisionError>
    do {
      outcome = try store.write { writer in
        do throws(SupervisionError) {
          var place = try self.place(writer)
          for hop in hops {
            guard hop.number == place.tree.size else { throw .otherLog(number: hop.number) }
            try add(hop, &place.tree, writer, suite)
          }
          place.next = last.next
          try put(Self.meta, Self.place, place.canonicalBytes, writer)
          return .success(())
        } catch {
          return .failure(error)
        }
      }
    } catch {
      throw .store((error as? StoreError) ?? .io("\(error)"))
    }
    try outcome.get()
  }

  private func add(
    _ hop: HopRecord, _ tree: inout AppendOnlyTree, _ writer: any KeyValueWriter, _ suite: CryptoSuite
  ) throws(SupervisionError) {
    var complete: [LogNode] = []
    tree.append(MerkleLog.leafHash(hop.canonicalBytes, suite: suite), suite: suite, into: &complete)
    for node in complete { try put(Self.nodes, Nodes.key(node.level, node.index), node.digest.bytes, writer) }
    let number = hop.number.keyBytes
    try put(Self.records, number, hop.canonicalBytes, writer)
    for chain in Set([hop.key.lane.source, hop.key.lane.destination]) { try put(Self.byChain, chain.keyBytes + number, [1], writer) }
    var origin = try origin(of: hop, writer)
    if origin == nil, let organisation = hop.organisation, let classification = hop.classification {
      let first = HopOrigin(organisation: organisation, classification: classification)
      try put(Self.origins, hop.packetID.bytes, first.canonicalBytes, writer)
      origin = first
    }
    if let origin { try put(Self.byOrganisation, origin.organisation.keyBytes + number, [1], writer) }
  }

  /// Answers a question with proofs under the newest certificate of `relay`.
  ///
  /// - Parameters:
  ///   - generation: The generation of the validators in the supervisor's anchor; `nil` = the relay's first.
  ///   - pinned: The height that the anchor pins, if it pins one.
  ///   - seen: The size of the log at the supervisor's last visit; 0 = this is the first.
  /// - Throws: `SupervisionError`.
  public func answer(
    _ question: HopQuestion, seen: UInt64, through relay: Ledger, generation: UInt64? = nil, pinned: BlockHeight? = nil
  ) throws(SupervisionError) -> HopAnswer {
    try follow(relay)
    let at = relay.newestCertified
    let steps: [UpdateStep]
    do throws(RemoteProofBuildError) {
      steps = try RemoteProof.steps(of: relay, from: generation ?? relay.genesis.validators.generation, to: at)
    } catch {
      throw .proof(error)
    }
    let log: RecordProof
    var pin: HistoryProof?
    let size: UInt64
    do throws(LedgerError) {
      log = try relay.proveRecord(CrossChainState.logKey, at: at)
      if let pinned, pinned != at { pin = try relay.proveHistory(of: pinned, under: at) }
      size = log.value.flatMap { try? AppendOnlyTree(canonicalBytes: $0) }?.size ?? 0
    } catch {
      throw .ledger(error)
    }
    guard size >= seen else { throw .older(size: size, seen: seen) }
    let suite = relay.suite
    return try reading { reader throws(SupervisionError) in
      let found = try records(question, below: size, reader)
      do {
        let nodes = Nodes(reader: reader)
        let hops = try found.records.map {
          ProvenHop(record: $0, path: try nodes.inclusionProof(index: $0.number, size: size, suite: suite))
        }
        let consistency = seen > 0 ? try nodes.consistencyProof(oldSize: seen, newSize: size, suite: suite) : nil
        return HopAnswer(steps: steps, pin: pin, log: log, consistency: consistency, hops: hops, next: found.next)
      } catch let error as StoreError {
        throw SupervisionError.store(error)
      } catch {
        throw SupervisionError.otherLog(number: size)
      }
    }
  }

  /// The records that match, without proofs: for the node's own console.
  public func records(_ question: HopQuestion) throws(SupervisionError) -> (records: [HopRecord], next: UInt64?) {
    try reading { reader throws(SupervisionError) in try records(question, below: .max, reader) }
  }

  private func records(
    _ question: HopQuestion, below size: UInt64, _ reader: any KeyValueReader
  ) throws(SupervisionError) -> (records: [HopRecord], next: UInt64?) {
    let end = min(size, try place(reader).tree.size)
    let limit = Int(min(max(question.count, 1), HopQuestion.limit))
    let start = max(question.first, try question.from.map { (time) throws(SupervisionError) in try firstNumber(since: time, reader) } ?? 0)
    guard start < end else { return ([], nil) }
    var (table, prefix) = (Self.records, [UInt8]())
    if let organisation = question.organisation { (table, prefix) = (Self.byOrganisation, organisation.keyBytes) }
    if let chain = question.chain { (table, prefix) = (Self.byChain, chain.keyBytes) }
    var numbers: [UInt64] = []
    do throws(StoreError) {
      try reader.scan(table, from: prefix + start.keyBytes, to: prefix + end.keyBytes, reverse: false) { key, _ in
        var rest = key.dropFirst(prefix.count)
        if let number = UInt64(key: &rest) { numbers.append(number) }
        return numbers.count <= Self.lookLimit
      }
    } catch {
      throw .store(error)
    }
    var found: [HopRecord] = []
    for (looked, number) in numbers.enumerated() {
      guard found.count < limit, looked < Self.lookLimit else { return (found, number) }
      guard let record = try record(number, reader) else { throw .otherLog(number: number) }
      if let until = question.until, record.time > until { return (found, nil) }
      if question.matches(record, origin: try origin(of: record, reader)) { found.append(record) }
    }
    return (found, nil)
  }

  /// The number of the first record that is not older: times grow with numbers.
  private func firstNumber(since time: BlockTime, _ reader: any KeyValueReader) throws(SupervisionError) -> UInt64 {
    var (low, high) = (UInt64(0), try place(reader).tree.size)
    while low < high {
      let middle = low + (high - low) / 2
      guard let record = try record(middle, reader) else { throw .otherLog(number: middle) }
      if record.time < time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func record(_ number: UInt64, _ reader: any KeyValueReader) throws(SupervisionError) -> HopRecord? {
    try get(Self.records, number.keyBytes, reader).flatMap { try? HopRecord(canonicalBytes: $0) }
  }

  private func origin(of hop: HopRecord, _ reader: any KeyValueReader) throws(SupervisionError) -> HopOrigin? {
    try get(Self.origins, hop.packetID.bytes, reader).flatMap { try? HopOrigin(canonicalBytes: $0) }
  }

  private func place(_ reader: any KeyValueReader) throws(SupervisionError) -> Place {
    guard let bytes = try get(Self.meta, Self.place, reader) else { return Place(next: 1, tree: AppendOnlyTree()) }
    guard let place = try? Place(canonicalBytes: bytes) else { throw .store(.corrupt(table: Self.meta, key: Self.place)) }
    return place
  }

  private func get(_ table: StoreTable, _ key: [UInt8], _ reader: any KeyValueReader) throws(SupervisionError) -> [UInt8]? {
    do throws(StoreError) { return try reader.get(table, key) } catch { throw .store(error) }
  }

  private func put(_ table: StoreTable, _ key: [UInt8], _ value: [UInt8], _ writer: any KeyValueWriter) throws(SupervisionError) {
    do throws(StoreError) { try writer.put(table, key, value) } catch { throw .store(error) }
  }

  private func reading<Value>(
    _ body: (any KeyValueReader) throws(SupervisionError) -> Value
  ) throws(SupervisionError) -> Value {
    do {
      return try store.read(body)
    } catch let error as SupervisionError {
      throw error
    } catch {
      throw .store((error as? StoreError) ?? .io("\(error)"))
    }
  }
}
