/// Nodes of a state tree in memory: for tools and simulations that keep no disk.
public struct MemoryStateNodes: StateNodeReader, Sendable {
  private var nodes: [StateNodeKey: [UInt8]] = [:]
  private var stale: [(since: UInt64, key: StateNodeKey)] = []

  /// No nodes.
  public init() {}

  /// How many nodes there are.
  public var count: Int { nodes.count }

  /// The bytes stored under `key`, or `nil`.
  public func node(_ key: StateNodeKey) -> [UInt8]? { nodes[key] }

  /// Adds what `version` adds.
  public mutating func store(_ update: StateTreeUpdate, version: UInt64) {
    for (key, bytes) in update.nodes { nodes[key] = bytes }
    stale.append(contentsOf: update.stale.map { (version, $0) })
  }

  /// Deletes every node that no version from `oldest` on uses.
  public mutating func prune(keepingFrom oldest: UInt64) {
    for entry in stale where entry.since <= oldest { nodes[entry.key] = nil }
    stale.removeAll { $0.since <= oldest }
  }
}
