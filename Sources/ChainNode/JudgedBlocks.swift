internal import ChainCore

/// The newest proposed blocks that this node found valid: all their signatures were verified then, and are not again at execution.
///
/// A block's id covers its transactions' signatures. One that the ledger had passed already is valid without a look; it is not executed.
struct JudgedBlocks: Sendable {
  /// More than a chain has blocks that are proposed and not executed.
  private static let limit = 64

  private var asked: [(request: UInt64, block: BlockID)] = []
  private var valid: [BlockID] = []

  /// The host is asked for its judgement of a block.
  mutating func ask(_ block: BlockID, request: UInt64) {
    asked.append((request, block))
    if asked.count > Self.limit { asked.removeFirst() }
  }

  /// The host's answer.
  mutating func answer(request: UInt64, isValid: Bool) {
    guard let place = asked.firstIndex(where: { $0.request == request }) else { return }
    let block = asked.remove(at: place).block
    guard isValid else { return }
    valid.append(block)
    if valid.count > Self.limit { valid.removeFirst() }
  }

  func contains(_ block: BlockID) -> Bool { valid.contains(block) }
}
