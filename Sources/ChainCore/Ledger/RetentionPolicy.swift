/// How much of its past a node keeps. What is not kept, an archive or another node may have.
public struct RetentionPolicy: Sendable, Hashable {
  /// What becomes of old blocks.
  @nonexhaustive
  public enum Blocks: Sendable, Hashable {
    /// Every block stays.
    case all
    /// Blocks go once they are archived, but never the newest so many.
    case archived(keeping: UInt64)
  }

  /// Of how many heights the states can be read, at least; `nil` = of all.
  public var states: UInt64?
  /// What becomes of blocks with their receipts.
  public var blocks: Blocks

  /// Keeps the states of the newest `states` heights and what `blocks` says.
  /// - Precondition: both numbers are above 0.
  public init(states: UInt64?, blocks: Blocks = .all) {
    precondition(states != 0, "the newest state is always kept")
    if case .archived(0) = blocks { preconditionFailure("the newest block is always kept") }
    self.states = states
    self.blocks = blocks
  }

  /// Everything stays.
  public static let everything = RetentionPolicy(states: nil)
  /// The states of 4,096 heights, and all blocks.
  public static let standard = RetentionPolicy(states: 4_096)
}

/// How far pruning is.
public struct PruningProgress: Sendable, Hashable {
  /// The oldest height whose state is kept.
  public var oldestState: BlockHeight
  /// The oldest height whose block is kept.
  public var oldestBlock: BlockHeight
  /// How many nodes of the state tree, old values in leaves among them, this step removed.
  public var nodes = 0
  /// How many blocks this step removed.
  public var blocks = 0
  /// Whether nothing is left to be removed now.
  public var isDone = false

  /// Puts the parts together.
  public init(oldestState: BlockHeight, oldestBlock: BlockHeight, nodes: Int = 0, blocks: Int = 0, isDone: Bool = false) {
    self.oldestState = oldestState
    self.oldestBlock = oldestBlock
    self.nodes = nodes
    self.blocks = blocks
    self.isDone = isDone
  }

  /// Adds what another step did.
  public mutating func add(_ next: PruningProgress) {
    self = PruningProgress(
      oldestState: next.oldestState, oldestBlock: next.oldestBlock, nodes: nodes + next.nodes,
      blocks: blocks + next.blocks, isDone: next.isDone)
  }
}
