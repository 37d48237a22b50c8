public import Consensus
internal import Synchronization

/// Connects nodes of one process: for trials and tests. Messages arrive in order and are dropped when a receiver's buffer is full.
public final class InProcessNetwork: Sendable {
  /// How many messages wait for a receiver before new ones are dropped.
  public static let bufferLimit = 16_384

  private struct State: Sendable {
    var receivers: [ReplicaID: AsyncStream<IncomingMessage>.Continuation] = [:]
    var isolated: Set<ReplicaID> = []
  }

  private let state = Mutex(State())

  /// A network without nodes.
  public init() {}

  /// The transport of node `id`; a later one for the same id replaces it.
  public func transport(for id: ReplicaID, peers: [ReplicaID]) -> InProcessTransport {
    let (stream, continuation) = AsyncStream.makeStream(
      of: IncomingMessage.self, bufferingPolicy: .bufferingOldest(Self.bufferLimit))
    state.withLock { $0.receivers[id] = continuation }
    return InProcessTransport(id: id, peers: peers.filter { $0 != id }, incoming: stream, network: self)
  }

  /// Cuts a node off from all others, or joins it again.
  public func setIsolated(_ isIsolated: Bool, _ id: ReplicaID) {
    state.withLock {
      if isIsolated { $0.isolated.insert(id) } else { $0.isolated.remove(id) }
    }
  }

  func deliver(_ bytes: [UInt8], from: ReplicaID, to: ReplicaID) {
    let receiver = state.withLock { $0.isolated.contains(from) || $0.isolated.contains(to) ? nil : $0.receivers[to] }
    receiver?.yield(IncomingMessage(from: from, bytes: bytes))
  }
}

/// A node's end of an `InProcessNetwork`.
public struct InProcessTransport: Transport {
  /// The node.
  public let id: ReplicaID
  /// The others.
  public let peers: [ReplicaID]
  /// What comes in.
  public let incoming: AsyncStream<IncomingMessage>
  let network: InProcessNetwork

  /// Hands the message to the peer's buffer.
  public func send(_ message: [UInt8], to peer: ReplicaID) { network.deliver(message, from: id, to: peer) }
}
