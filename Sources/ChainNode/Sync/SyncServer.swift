package import ChainCore
package import Consensus

/// Answers what peers ask who catch up, from the ledger, within limits.
///
/// Snapshots are of heights that are multiples of `interval`, so that peers have the same and chunks come from any of them.
package struct SyncServer: Sendable {
  /// The limits of what is answered.
  package struct Limits: Sendable, Hashable {
    /// Snapshots are of multiples of this height.
    package var interval: UInt64
    /// How many bytes of records or blocks a chunk has.
    package var chunkBytes: Int
    /// How many questions of one peer are answered in a second.
    package var questionsPerSecond: Int

    package init(interval: UInt64 = 1_024, chunkBytes: Int = SnapshotManifest.chunkBytes, questionsPerSecond: Int = 32) {
      self.interval = interval
      self.chunkBytes = chunkBytes
      self.questionsPerSecond = questionsPerSecond
    }
  }

  private struct Snapshot: Sendable {
    var manifest: SnapshotManifest
    var id: Digest
  }

  /// How many snapshots are remembered: who fetches an older one may still finish it.
  private static let remembered: UInt64 = 2

  private let ledger: Ledger
  private let limits: Limits
  private var snapshots: [BlockHeight: Snapshot] = [:]
  private var second: UInt64 = 0
  private var asked: [ReplicaID: Int] = [:]

  /// A server of `ledger`.
  package init(_ ledger: Ledger, limits: Limits = Limits()) {
    self.ledger = ledger
    self.limits = limits
  }

  /// The answer to a question; `nil` for what is none, or if the peer asks too much.
  package mutating func answer(_ question: SyncMessage, from peer: ReplicaID, now: MonotonicInstant) -> SyncMessage? {
    guard question.isQuestion, admits(peer, now) else { return nil }
    switch question {
    case .askStatus(let generation): return status(after: generation)
    case .askManifest: return .manifest(newest().flatMap { snapshot(at: $0)?.manifest.canonicalBytes })
    case .askChunk(let height, let id, let number):
      var bytes: [UInt8]?
      if isServed(height), let snapshot = snapshot(at: height), snapshot.id == id {
        bytes = (try? ledger.snapshotChunk(Int(number), of: snapshot.manifest))?.canonicalBytes
      }
      return .chunk(snapshot: id, number: number, bytes)
    case .askBlocks(let from): return blocks(from: from)
    case .status, .manifest, .chunk, .blocks: return nil
    }
  }

  /// What proves how far this node is to somebody who knows the validators up to a generation.
  private func status(after generation: UInt64) -> SyncMessage {
    let handovers = (try? ledger.handovers(after: generation, limit: SyncMessage.handoverLimit)) ?? []
    let known = handovers.last?.next.generation ?? generation
    let newest = (try? ledger.newestCertificate()).flatMap { $0.generation <= known ? $0 : nil }
    return .status(newest ?? nil, handovers)
  }

  private mutating func admits(_ peer: ReplicaID, _ now: MonotonicInstant) -> Bool {
    if now.rawValue / 1_000 != second {
      second = now.rawValue / 1_000
      asked = [:]
    }
    asked[peer, default: 0] += 1
    return asked[peer, default: 0] <= limits.questionsPerSecond
  }

  /// The oldest height whose snapshot peers may fetch: pruning spares it and what is above.
  static func oldestServed(by ledger: Ledger, interval: UInt64 = Limits().interval) -> BlockHeight {
    let newest = ledger.newestCertified.rawValue / interval
    return BlockHeight((newest < remembered ? 0 : newest - remembered + 1) * interval)
  }

  /// The greatest certified multiple of the interval.
  private func newest() -> BlockHeight? {
    let height = BlockHeight(ledger.newestCertified.rawValue / limits.interval * limits.interval)
    return height > 0 && height >= ledger.base ? height : nil
  }

  private func isServed(_ height: BlockHeight) -> Bool {
    guard let newest = newest(), height > 0, height.rawValue.isMultiple(of: limits.interval) else { return false }
    return height <= newest && newest.rawValue - height.rawValue <= (Self.remembered - 1) * limits.interval
  }

  private mutating func snapshot(at height: BlockHeight) -> Snapshot? {
    if let known = snapshots[height] { return known }
    guard let manifest = try? ledger.snapshot(at: height, chunkBytes: limits.chunkBytes) else { return nil }
    for old in snapshots.keys.sorted().dropLast(Int(Self.remembered) - 1) { snapshots[old] = nil }
    let snapshot = Snapshot(manifest: manifest, id: manifest.id(suite: ledger.suite))
    snapshots[height] = snapshot
    return snapshot
  }

  /// As many blocks as fit that end in a certified height.
  private func blocks(from: BlockHeight) -> SyncMessage {
    var blocks: [Block] = []
    var bytes = 0
    var certified: (count: Int, certificate: CheckpointCertificate)?
    var height = from
    while height <= ledger.newestCertified, height > 0, blocks.count < SyncMessage.blockLimit, let block = try? ledger.block(at: height) {
      bytes += block.canonicalBytes.count
      guard blocks.isEmpty || bytes <= SyncMessage.blockBytes else { break }
      blocks.append(block)
      if let certificate = try? ledger.certificate(at: height) { certified = (blocks.count, certificate) }
      // What the next validators sign, the asker may not be able to check before it has executed this.
      let isHandover = ledger.validators(signing: height) != ledger.validators(signing: height.next)
      height = height.next
      if isHandover { break }
    }
    guard let certified else { return .blocks(from: from, [], nil) }
    return .blocks(from: from, Array(blocks.prefix(certified.count)), certified.certificate)
  }
}
