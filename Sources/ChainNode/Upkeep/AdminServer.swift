internal import ChainCore
internal import Dispatch
internal import Logging
internal import Synchronization

/// Answers operators of this machine on a local socket while the node runs: see `AdminRequest`. One request a connection.
///
/// Strangers cannot connect (mode 0600), and whoever may still cannot hold the node: a request has at most 4 KiB and ten seconds, four
/// connections are served at once, and of the long tasks one runs at a time (`Upkeep`).
final class AdminServer: Sendable {
  /// How many connections are served at once.
  static let connectionLimit = 4
  /// How long a request may take to come, and an answer to be taken, in seconds.
  static let patience = 10

  private let path: String
  private let socket: LocalSocket
  private let upkeep: Upkeep
  private let logger: Logger
  private let open = Atomic<Int>(0)
  private let store: any KeyValueStore

  /// Listens at `path`, whose directory only the node's user may write.
  /// - Throws: `AdminError.inUse`, `.foreign`, `.path`, `.system`.
  init(at path: String, upkeep: Upkeep, store: any KeyValueStore, logger: Logger) throws(AdminError) {
    socket = try LocalSocket.listening(at: path)
    self.path = path
    self.upkeep = upkeep
    self.store = store
    self.logger = logger
  }

  /// Serves until `stop`.
  func start() {
    DispatchQueue(label: "yuchain.admin").async { [self] in
      while let connection = socket.accepted() {
        guard open.wrappingAdd(1, ordering: .relaxed).newValue <= Self.connectionLimit else {
          open.wrappingSubtract(1, ordering: .relaxed)
          connection.setTimeout(reading: 1, writing: 1)
          try? connection.sendFrame(AdminAnswer.failed("busy: \(Self.connectionLimit) connections are open"))
          continue
        }
        DispatchQueue.global(qos: .utility).async { [self] in
          serve(connection)
        }
      }
    }
  }

  /// Takes no more connections. What runs goes on to its end.
  func stop() {
    socket.shutDown()
    LocalSocket.remove(path)
  }

  private func serve(_ connection: LocalSocket) {
    connection.setTimeout(reading: Self.patience, writing: Self.patience)
    let request: AdminRequest
    do throws(AdminError) {
      request = try connection.receiveFrame(
        AdminRequest.self, limit: LocalSocket.requestLimit, until: .now + .seconds(Self.patience))
    } catch {
      try? connection.sendFrame(AdminAnswer.failed("\(error)"))
      open.wrappingSubtract(1, ordering: .relaxed)
      return
    }
    logger.info("asked on the admin socket: \(request)")
    Task.detached(priority: .utility) { [self] in
      let answer = await answer(request) { try? connection.sendFrame(AdminAnswer.progress(String($0.prefix(200)))) }
      try? connection.sendFrame(answer)
      open.wrappingSubtract(1, ordering: .relaxed)
    }
  }

  private func answer(_ request: AdminRequest, _ progress: @escaping @Sendable (String) -> Void) async -> AdminAnswer {
    if let fault = request.fault { return .failed(fault) }
    do {
      return .done(try await carryOut(request, progress))
    } catch let error as LedgerError where request == .verify {
      return .refuted("\(error)")
    } catch {
      return .failed(String("\(error)".prefix(1_000)))
    }
  }

  private func carryOut(_ request: AdminRequest, _ progress: @escaping @Sendable (String) -> Void) async throws -> [AdminLine] {
    switch request {
    case .status: return try status()
    case .backup(let path):
      let manifest = try await upkeep.backup(to: path)
      return [
        AdminLine("backup", path), AdminLine("chain", "\(manifest.genesis.chain)"), AdminLine("genesis", "\(manifest.genesis.id)"),
        AdminLine("height", "\(manifest.head.height), certified \(manifest.certificate?.checkpoint.height ?? 0)"),
        AdminLine("block", "\(manifest.head.blockID)"), AdminLine("state root", "\(manifest.head.stateRoot)"),
        AdminLine("files", "\(manifest.files.count), \(manifest.files.reduce(0) { $0 + $1.bytes }) bytes"),
      ]
    case .archive(let path, let from, let through, let fileMiB, let isNoted):
      let report = try await upkeep.archive(
        to: path, from: from.map { BlockHeight($0) }, through: through.map { BlockHeight($0) }, fileBytes: Int(fileMiB) << 20,
        isNoted: isNoted
      ) { progress("archived up to height \($0)") }
      return [
        AdminLine("archive", path), AdminLine("genesis", "\(upkeep.ledger.genesisID)"),
        AdminLine("heights", "\(report.heights.lowerBound) to \(report.heights.upperBound)"),
        AdminLine("files", "\(report.written) written, \(report.bytes) bytes"),
      ]
    case .snapshot(let path, let height):
      let manifest = try await upkeep.exportSnapshot(to: path, at: height.map { BlockHeight($0) })
      return [
        AdminLine("snapshot", path), AdminLine("genesis", "\(manifest.genesis)"), AdminLine("height", "\(manifest.height)"),
        AdminLine("state root", "\(manifest.checkpoint.stateRoot)"), AdminLine("chunks", "\(manifest.chunkCount)"),
      ]
    case .prune(let states, let blocks):
      var policy = upkeep.retention
      if let states { policy.states = states }
      if let blocks { policy.blocks = .archived(keeping: blocks) }
      let done = try await upkeep.prune(policy)
      let head = upkeep.ledger.head.height
      return [
        AdminLine("states", "\(done.oldestState) to \(head)"), AdminLine("blocks", "\(done.oldestBlock) to \(head)"),
        AdminLine("removed", "\(done.nodes) tree nodes, \(done.blocks) blocks"),
      ]
    case .verify:
      let report = try await upkeep.verify()
      return [
        AdminLine("verified", "heights \(report.start) to \(report.height)"),
        AdminLine("executed", "\(report.transactions) transactions again, \(report.certificates) certificates; all equal"),
      ]
    }
  }

  private func status() throws -> [AdminLine] {
    let ledger = upkeep.ledger
    let head = ledger.head
    var lines = [
      AdminLine("chain", "\(ledger.genesis.chain)"), AdminLine("genesis", "\(ledger.genesisID)"),
      AdminLine("height", "\(head.height), certified \(ledger.newestCertified)"), AdminLine("block", "\(head.blockID)"),
      AdminLine("state root", "\(head.checkpoint.stateRoot)"), AdminLine("states", "from height \(ledger.oldestState)"),
      AdminLine("blocks", "from height \(ledger.oldestBlock), archived up to \(try ledger.archivedThrough())"),
    ]
    if let usage = try (store as? LMDBStore)?.usage() {
      lines.append(
        AdminLine("store", "\(usage.usedBytes >> 20) MiB used, \(usage.mapBytes >> 20) mapped, at most \(usage.maxMapBytes >> 20)"))
      lines.append(AdminLine("reserve", usage.hasReserve ? "there" : "gone: free the disk"))
      if let stopped = usage.stopped { lines.append(AdminLine("stopped", "\(stopped)")) }
    }
    for missing in try ledger.missingContracts() { lines.append(AdminLine("missing", "\(missing)")) }
    return lines
  }
}

/// The operator's side of a node's admin socket.
public enum AdminClient {
  /// Whether `path` is a socket, where a running node may listen.
  public static func isSocket(_ path: String) -> Bool { LocalSocket.exists(at: path) }

  /// Asks the node that listens at `path`, and waits for its answer, which may take long. Blocking: not in a task.
  /// - Parameter progress: Is told how far the node is.
  /// - Throws: `AdminError`; `.refuted` for what was verified and does not hold.
  public static func ask(
    _ path: String, _ request: AdminRequest, progress: (String) -> Void = { _ in }
  ) throws(AdminError) -> [AdminLine] {
    let connection = try LocalSocket.connected(to: path)
    connection.setTimeout(reading: 0, writing: AdminServer.patience)
    try connection.sendFrame(request)
    while true {
      switch try connection.receiveFrame(AdminAnswer.self, limit: LocalSocket.answerLimit) {
      case .progress(let text): progress(text)
      case .done(let lines): return lines
      case .failed(let why): throw .failed(why)
      case .refuted(let why): throw .refuted(why)
      }
    }
  }
}
