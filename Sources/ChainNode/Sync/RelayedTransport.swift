internal import ChainCore
internal import Consensus
internal import Synchronization

/// A transport whose one incoming stream serves two receivers in turn: who prepares a node, then the node.
final class RelayedTransport: Transport {
  /// How many messages wait for the node before new ones are dropped.
  private static let bufferLimit = 16_384

  let incoming: AsyncStream<IncomingMessage>
  private let transport: any Transport
  private let first: Mutex<AsyncStream<IncomingMessage>.Continuation?>

  /// Takes over the incoming stream of `transport`, for `first` until `release`.
  init(_ transport: any Transport, first: AsyncStream<IncomingMessage>.Continuation) {
    self.transport = transport
    self.first = Mutex(first)
    let (stream, continuation) = AsyncStream.makeStream(of: IncomingMessage.self, bufferingPolicy: .bufferingOldest(Self.bufferLimit))
    incoming = stream
    Task { [weak self] in
      for await message in transport.incoming {
        guard let self else { return }
        (self.first.withLock { $0 } ?? continuation).yield(message)
      }
      continuation.finish()
    }
  }

  var id: ReplicaID { transport.id }
  var peers: [ReplicaID] { transport.peers }

  func send(_ message: [UInt8], to peer: ReplicaID) { transport.send(message, to: peer) }

  /// From now on what comes in goes to `incoming`.
  func release() {
    first.withLock { first in
      first?.finish()
      first = nil
    }
  }
}
