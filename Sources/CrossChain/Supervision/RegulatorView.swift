public import ChainCore

/// What a supervisor knows of the relay's log: its head at the last visit, and whether every record was seen. Works offline, without trust
/// in the node that answers.
///
/// Each answer is verified against the anchor's validators, the log must continue the one of the last visit, and each record must be in it.
/// If all records are asked for, none may be missing: `isWhole` says that a replay of what was seen gives the relay's own root.
public struct RegulatorView: Sendable, Hashable {
  /// Whom the supervisor trusts.
  public let anchor: TrustAnchor
  /// The log at the last visit.
  public private(set) var head: LogHead?
  /// The relay's height at the last visit.
  public private(set) var height: BlockHeight = 0
  /// The replay of all records, as far as they were seen without a gap.
  public private(set) var replay = AppendOnlyTree()

  /// A supervisor who has seen nothing yet.
  public init(anchor: TrustAnchor) { self.anchor = anchor }

  /// The size to ask with.
  public var seen: UInt64 { head?.size ?? 0 }

  /// Whether every record up to the head was seen, and they give its root.
  public var isWhole: Bool { head.map { $0.size == replay.size && $0.root == replay.root(suite: anchor.suite) } ?? false }

  /// The question for the records that the replay lacks.
  public var missing: HopQuestion { HopQuestion(first: replay.size) }

  /// Verifies an answer and takes it in.
  ///
  /// - Returns: The records, in the order of their numbers. Those that answer no part of the question are refused; an answer or timeout does
  ///   not name organisation and class, and is as the node says.
  /// - Throws: `SupervisionError`; then nothing was taken in.
  public mutating func accept(_ answer: HopAnswer, to question: HopQuestion) throws(SupervisionError) -> [HopRecord] {
    let relay: TrustedCheckpoint
    do throws(RemoteProofError) {
      relay = try anchor.verify(answer.steps, pin: answer.pin)
    } catch {
      throw .relay(error)
    }
    let tree = try edge(answer.log, at: relay)
    let new = LogHead(size: tree.size, root: tree.root(suite: anchor.suite))
    try follow(new, answer.consistency)
    var next = question.first
    for hop in answer.hops {
      let number = hop.record.number
      guard number >= next, hop.path.index == number, hop.path.size == new.size, question.matches(hop.record, origin: nil) else {
        throw .unasked(number: number)
      }
      guard number == next || !question.isAboutAll else { throw .missing(number: next) }
      do throws(ProofError) {
        try hop.path.verify(
          leaf: MerkleLog.leafHash(hop.record.canonicalBytes, suite: anchor.suite), root: new.root, suite: anchor.suite)
      } catch {
        throw .record(number: number, error)
      }
      next = number + 1
    }
    if question.isAboutAll, answer.next == nil, next < new.size { throw .missing(number: next) }
    for hop in answer.hops where hop.record.number == replay.size {
      replay.append(MerkleLog.leafHash(hop.record.canonicalBytes, suite: anchor.suite), suite: anchor.suite)
    }
    head = new
    height = max(height, relay.height)
    return answer.hops.map(\.record)
  }

  private func edge(_ log: RecordProof, at relay: TrustedCheckpoint) throws(SupervisionError) -> AppendOnlyTree {
    do throws(ProofError) {
      guard log.key == CrossChainState.logKey.bytes else { throw .notPresent }
      try log.verify(stateRoot: relay.stateRoot, suite: relay.suite)
      guard let bytes = log.value else { return AppendOnlyTree() }
      guard let tree = try? AppendOnlyTree(canonicalBytes: bytes) else { throw .nodeDamaged("log") }
      return tree
    } catch {
      throw .log(error)
    }
  }

  /// The new head continues the old one.
  private func follow(_ new: LogHead, _ consistency: ConsistencyProof?) throws(SupervisionError) {
    guard let head, head.size > 0 else { return }
    guard new.size >= head.size else { throw .older(size: new.size, seen: head.size) }
    do throws(ProofError) {
      guard let consistency, consistency.oldSize == head.size, consistency.newSize == new.size else {
        throw .sizeOrder(old: head.size, new: new.size)
      }
      try consistency.verify(oldRoot: head.root, newRoot: new.root, suite: anchor.suite)
    } catch {
      throw .rewritten(error)
    }
  }
}
