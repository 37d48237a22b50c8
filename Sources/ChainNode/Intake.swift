internal import ChainCore
internal import DequeModule
internal import Synchronization

/// Checks transactions before the node's actor sees them: in batches, on several threads, each transaction once.
///
/// What comes while a batch is checked is the next batch, so batches grow with load: alone a transaction waits for nobody, in a crowd it
/// shares reads, inversions and the way into the actor with others.
final class Intake: Sendable {
  /// Who waits for what.
  enum Answer: Sendable {
    /// A client that wants to know whether it was taken.
    case id(CheckedContinuation<Result<TransactionID, NodeError>, Never>)
    /// A client that wants the receipt.
    case receipt(CheckedContinuation<Receipt, any Error>)
    /// Nobody: a peer sent it.
    case none

    /// Tells whoever waits that nothing will come of it.
    func fail(_ error: NodeError) {
      switch self {
      case .id(let continuation): continuation.resume(returning: .failure(error))
      case .receipt(let continuation): continuation.resume(throwing: error)
      case .none: break
      }
    }
  }

  /// A transaction as it came.
  struct Arrival: Sendable {
    var signed: SignedTransaction
    var answer: Answer
  }

  /// What the ledger says of an arrival.
  struct Admission: Sendable {
    var result: Result<AdmittedTransaction, AdmissionError>
    /// The newest block when it was asked, or an older one.
    var head: BlockHeight
    var answer: Answer

    /// Whether a client of this node gave it.
    var isOwn: Bool { if case .none = answer { false } else { true } }
  }

  private struct State {
    var waiting: Deque<Arrival> = []
    var workers = 0
    var isClosed = false
    /// Who waits for the last worker.
    var closers: [CheckedContinuation<Void, Never>] = []
  }

  /// How many arrivals wait; more are refused.
  static let waitingLimit = 20_000
  /// How many are checked together: enough to share, few enough to be spread over threads.
  private static let batchSize = 128
  private static let workersMax = 4

  private let ledger: Ledger
  private let state = Mutex(State())

  init(_ ledger: Ledger) { self.ledger = ledger }

  /// Takes arrivals for `node`, the first of them if too many wait; their answers come later. Returns how many.
  func take(_ arrivals: [Arrival], for node: Node) -> Int {
    let (taken, started) = state.withLock { state in
      let taken = arrivals.prefix(max(0, Self.waitingLimit - state.waiting.count))
      state.waiting.append(contentsOf: taken)
      let wanted = min(Self.workersMax, (state.waiting.count + Self.batchSize - 1) / Self.batchSize)
      let started = max(0, wanted - state.workers)
      state.workers += started
      return (taken.count, started)
    }
    for _ in 0..<started { Task.detached { await self.work(for: node) } }
    return taken
  }

  /// Checks nothing more: of a node that stopped, which says so to whoever waits. Ends when nothing is being checked.
  func close() async {
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state in
        state.isClosed = true
        if state.workers > 0 { state.closers.append(continuation) }
        return state.workers == 0
      }
      if isIdle { continuation.resume() }
    }
  }

  /// Checks batches until none waits.
  private func work(for node: Node) async {
    while let batch = next() {
      if state.withLock({ $0.isClosed }) {
        await node.refuse(batch.map(\.answer))
      } else {
        await node.accept(check(batch))
      }
    }
  }

  private func next() -> [Arrival]? {
    let (batch, closers) = state.withLock { state -> ([Arrival]?, [CheckedContinuation<Void, Never>]) in
      let count = min(state.waiting.count, Self.batchSize)
      guard count > 0 else {
        state.workers -= 1
        guard state.workers == 0 else { return (nil, []) }
        defer { state.closers = [] }
        return (nil, state.closers)
      }
      let batch = Array(state.waiting.prefix(count))
      state.waiting.removeFirst(count)
      return (batch, [])
    }
    for closer in closers { closer.resume() }
    return batch
  }

  private func check(_ batch: [Arrival]) -> [Admission] {
    let head = ledger.head.height
    return zip(ledger.admit(batch.map(\.signed)), batch).map { Admission(result: $0, head: head, answer: $1.answer) }
  }
}
