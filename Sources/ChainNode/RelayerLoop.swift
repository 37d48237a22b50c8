internal import ChainCore
public import CrossChain
internal import Logging

extension Node {
  /// This node as a relayer uses it.
  public nonisolated var endpoint: LedgerEndpoint {
    LedgerEndpoint(ledger) { [self] (transaction) throws(EndpointError) in
      do throws(NodeError) {
        try await submit(transaction)
      } catch {
        switch error {
        case .refused(.alreadyWaiting), .refused(.alreadyCommitted): throw .alreadySubmitted
        case .refused(.busy): throw .busy
        case .refused: throw .refused("\(error)")
        default: throw .unreachable("\(error)")
        }
      }
    }
  }
}

/// Runs a relayer in real time. Stopping it stops nothing but packets; any number may run side by side.
public actor RelayerLoop {
  private var relayer: Relayer
  private let foreign: [ForeignRelayer]
  private let interval: Duration
  private let clock: NodeClock
  private let logger: Logger
  private var task: Task<Void, Never>?
  /// How many transactions it handed in.
  public private(set) var submitted = 0
  /// What the last tick could not do.
  public private(set) var failures: [RelayerFailure] = []

  /// A loop that ticks each `interval`.
  /// - Parameter foreign: What moves the relay's clients of foreign chains.
  public init(
    _ relayer: Relayer, foreign: [ForeignRelayer] = [], every interval: Duration = .milliseconds(200), clock: NodeClock = .system,
    label: String = "yuchain.relayer"
  ) {
    self.relayer = relayer
    self.foreign = foreign
    self.interval = interval
    self.clock = clock
    logger = Logger(label: label)
  }

  /// Begins to carry.
  public func start() {
    guard task == nil else { return }
    task = Task { [weak self] in
      while !Task.isCancelled, let self {
        await self.tick()
        try? await Task.sleep(for: self.interval)
      }
    }
  }

  /// Goes on with another relayer from the next tick: for other chains, or other nodes of them. A relayer remembers nothing, so nothing is lost.
  public func carry(for relayer: Relayer) { self.relayer = relayer }

  /// Stops after the running tick, and waits for that.
  public func stop() async {
    let running = task
    task = nil
    running?.cancel()
    await running?.value
  }

  private func tick() async {
    var report = await relayer.tick(now: clock.now)
    for each in foreign {
      let more = await each.tick(now: clock.now)
      report.submitted += more.submitted
      report.failures += more.failures
    }
    submitted += report.submitted.count
    for failure in report.failures where !failures.contains(failure) {
      logger.debug("\(failure.chain): \(failure.reason)")
    }
    failures = report.failures
  }
}
