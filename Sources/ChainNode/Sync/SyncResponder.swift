internal import ChainCore
internal import Consensus

/// Answers peers that catch up beside the node's own work: making a snapshot's manifest reads the whole state.
final class SyncResponder: Sendable {
  private struct Question: Sendable {
    var message: SyncMessage
    var peer: ReplicaID
  }

  /// How many questions wait; more are dropped, and asked again.
  private static let waitingLimit = 64

  private let ledger: Ledger
  private let transport: any Transport
  private let questions: AsyncStream<Question>
  private let continuation: AsyncStream<Question>.Continuation

  init(_ ledger: Ledger, transport: any Transport) {
    self.ledger = ledger
    self.transport = transport
    (questions, continuation) = AsyncStream.makeStream(of: Question.self, bufferingPolicy: .bufferingOldest(Self.waitingLimit))
  }

  /// Takes a question; the answer goes over the transport.
  func take(_ message: SyncMessage, from peer: ReplicaID) { continuation.yield(Question(message: message, peer: peer)) }

  /// Answers until the task is cancelled.
  func run() -> Task<Void, Never> {
    Task { [ledger, transport, questions] in
      let began = ContinuousClock.now
      var server = SyncServer(ledger)
      for await question in questions {
        let now = MonotonicInstant(UInt64(max((ContinuousClock.now - began).components.seconds, 0)) * 1_000)
        guard let answer = server.answer(question.message, from: question.peer, now: now) else { continue }
        transport.send(NodeMessage.sync(answer).canonicalBytes, to: question.peer)
      }
    }
  }
}
