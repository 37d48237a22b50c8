/// How a node's messages reach its peers. Messages may be lost, repeated, delayed and reordered, but `from` is authenticated.
public protocol Transport: Sendable {
  /// The node that sends and receives here.
  var id: ReplicaID { get }
  /// The others.
  var peers: [ReplicaID] { get }
  /// Sends without waiting; drops what does not fit.
  func send(_ message: [UInt8], to peer: ReplicaID)
  /// What comes in, until the transport closes. One consumer.
  var incoming: AsyncStream<IncomingMessage> { get }
}

/// A message and who sent it.
public struct IncomingMessage: Sendable, Hashable {
  /// The authenticated sender.
  public var from: ReplicaID
  /// The bytes.
  public var bytes: [UInt8]

  /// A message from `from`.
  public init(from: ReplicaID, bytes: [UInt8]) {
    self.from = from
    self.bytes = bytes
  }
}
