/// The moment at which a world's replicas all lose power: at a journal boundary, so that runs can go through all of them.
public struct PowerCut: Sendable, Hashable {
  /// The number of the write, of all replicas together, from 1.
  public var write: Int
  /// Whether the write is on disk, though not reported; else it is lost with what else was under way, but for a random prefix.
  public var isAfter: Bool

  /// Before or after write number `write`.
  public init(write: Int, isAfter: Bool) {
    self.write = write
    self.isAfter = isAfter
  }
}
