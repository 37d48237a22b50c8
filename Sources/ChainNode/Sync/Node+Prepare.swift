internal import ChainCore
internal import Consensus
internal import Logging

extension Node {
  /// Brings an empty ledger store up to the chain before the node is opened: by a snapshot if the chain is long, else by its blocks.
  ///
  /// ```swift
  /// let node = try Node(try await Node.prepare(configuration))
  /// ```
  /// Returns at once if the store holds a ledger. An interrupted import goes on when this is called again. It waits as long as nobody
  /// proves how far the chain is, unless most peers say that it has not begun: cancel the task to give up.
  /// - Returns: The configuration to open the node with; its transport goes on where this one's ended.
  /// - Throws: `NodeError.ledger`, `.sync`, `.stopped` if the task was cancelled.
  public static func prepare(
    _ configuration: NodeConfiguration, settings: StateSync.Settings = StateSync.Settings()
  ) async throws(NodeError) -> NodeConfiguration {
    let host: SyncHost
    do throws(LedgerError) {
      host = try SyncHost(store: configuration.ledgerStore, genesis: configuration.genesis, contracts: configuration.contracts)
    } catch {
      throw .ledger(error)
    }
    guard host.ledger == nil else { return configuration }
    let (messages, continuation) = AsyncStream.makeStream(
      of: IncomingMessage.self, bufferingPolicy: .bufferingOldest(Preparation.bufferLimit))
    let relay = RelayedTransport(configuration.transport, first: continuation)
    defer { relay.release() }
    let preparation = Preparation(configuration, host: host, settings: settings, transport: relay)
    let receiving = Task { for await message in messages { await preparation.receive(message) } }
    defer { receiving.cancel() }
    try await preparation.run()
    var prepared = configuration
    prepared.transport = relay
    return prepared
  }
}

/// Catches up without a node: takes the messages of a transport until it is done.
private actor Preparation {
  /// How many messages wait; more are dropped.
  static let bufferLimit = 1_024

  private let transport: RelayedTransport
  private let logger: Logger
  private var sync: StateSync
  private var host: SyncHost
  private let began = ContinuousClock.now
  private var isDone = false
  private var failure: SyncFailure?

  init(_ configuration: NodeConfiguration, host: SyncHost, settings: StateSync.Settings, transport: RelayedTransport) {
    self.transport = transport
    self.host = host
    logger = configuration.logger
    sync = StateSync(genesis: configuration.genesis, head: nil, peers: transport.peers, settings: settings)
  }

  func run() async throws(NodeError) {
    while !isDone, failure == nil {
      let elapsed = (ContinuousClock.now - began).components
      step(.time(MonotonicInstant(UInt64(max(elapsed.seconds, 0)) * 1_000 + UInt64(max(elapsed.attoseconds, 0)) / 1_000_000_000_000_000)))
      guard !isDone else { break }
      do {
        try await Task.sleep(for: .milliseconds(20))
      } catch {
        throw .stopped
      }
    }
    if let failure { throw .sync(failure) }
  }

  func receive(_ message: IncomingMessage) {
    let peer = message.from
    guard !isDone, transport.peers.contains(peer), case .sync(let message) = try? NodeMessage(canonicalBytes: message.bytes) else { return }
    // Others may begin at the same time: this node has nothing yet.
    if case .askStatus = message { transport.send(NodeMessage.sync(.status(nil, [])).canonicalBytes, to: peer) }
    if !message.isQuestion { step(.received(message, from: peer)) }
  }

  private func step(_ event: StateSync.Event) {
    var events = [event]
    while !events.isEmpty, !isDone, failure == nil {
      var effects: [StateSync.Effect] = []
      sync.step(events.removeFirst(), into: &effects)
      for effect in effects {
        switch effect {
        case .send(let message, let peer): transport.send(NodeMessage.sync(message).canonicalBytes, to: peer)
        case .fault(let peer, let fault): logger.warning("preparing: \(peer): \(fault)")
        case .begin(let manifest): logger.info("importing a snapshot of height \(manifest.height) in \(manifest.chunkCount) chunks")
        case .caughtUp(let height):
          logger.info("prepared up to height \(height)")
          isDone = true
        case .stopped(let found): failure = found
        case .store, .discard, .finish, .execute: break
        }
        if let next = host.carryOut(effect) { events += host.news(next) }
      }
    }
  }
}
