public import ChainCore
internal import CrossChain

extension Network {
  /// How often a draining chain is looked at.
  private static let drainInterval = Duration.milliseconds(50)

  /// Takes a chain out of the network: lets nothing new to it, waits until what is under way has ended, and stops it.
  ///
  /// What was sent to it before comes to its end first. Then the relay closes the routes to it: packets sent to it from now on are
  /// refused for good, and their senders learn so. When what it sent has settled as well, the routes from it are closed. Each of these
  /// steps waits for a third of the time at most. The chain's clients should have stopped calling by then. Afterwards the relayers
  /// forget it and its nodes stop; its stores keep everything, and what the relay knows of it stays provable.
  ///
  /// Once the relay's founding is over, its organisations also vote the chain out (`xc.retireChain`): from then on nothing of it is believed.
  /// That vote comes last and waits as long as the relay's rules say, which `limit` does not bound.
  /// - Parameters:
  ///   - limit: How long packets may take to their end.
  ///   - decision: The digest of the decision, for the files; by default the chain's last state root.
  /// - Throws: `NetworkError.unknown`, `.isRelay`, `.busy`, `.stopped`, `.notDrained`: then the chain runs on with its routes closed,
  ///   and retiring may be tried again; what `NetworkOptions.decide` throws.
  public func retire(_ name: ChainID, within limit: Duration = .seconds(60), decision: Digest? = nil) async throws {
    guard !isStopped else { throw NetworkError.stopped }
    guard name != relay.chain else { throw NetworkError.isRelay(name) }
    guard let member = members[name] else { throw NetworkError.unknown(name) }
    guard member.phase != .joining, retiring.insert(name).inserted else { throw NetworkError.busy(name) }
    defer { retiring.remove(name) }
    members[name]?.phase = .draining
    let ports = ports(of: member.chain)
    let known = try underWay(of: name)
    _ = try await drain(within: limit / 3) { try underWay(of: name).intersection(known).count }
    try await close(ports.map { RouteScope(port: $0, destination: name) } + narrow(ports, name, isSource: false))
    _ = try await drain(within: limit / 3) { try underWay(of: name).count }
    try await close(ports.map { RouteScope(source: name, port: $0) } + narrow(ports, name, isSource: true))
    let unsettled = try await drain(within: limit / 3) { try underWay(of: name).count }
    guard unsettled == 0 else { throw NetworkError.notDrained(name, unsettled: unsettled) }
    if try !isFounding { try await voteOut(name, decision ?? member.chain.nodes[0].ledger.head.checkpoint.stateRoot) }
    var last = try await status(of: name)
    last.phase = .retired
    bury(name, last)
    await serve()
    await member.chain.stop()
  }

  private func voteOut(_ name: ChainID, _ decision: Digest) async throws {
    let client: ClientRecord? = try relay.nodes[0].ledger.query(CrossChainState.contract, "client", name)
    if case .retired? = client?.status { return }
    try await decide(.retire(RetireChain(chain: name, decision: decision)))
  }

  /// How many packets from or to the chain there are whose senders have not learned how they ended.
  /// - Complexity: O(unsettled packets of all members).
  public func unsettled(of name: ChainID) throws -> Int { try underWay(of: name).count }

  private func underWay(of name: ChainID) throws -> Set<PacketKey> {
    var found: Set<PacketKey> = []
    for chain in chains {
      let ledger = chain.nodes[0].ledger
      var after: PacketKey?
      while true {
        let page: [PacketHeader] = try ledger.query(CrossChainState.contract, "pending", PendingQuestion(after: after))
        for header in page where header.lane.source == name || header.lane.destination == name { found.insert(header.key) }
        guard let last = page.last else { break }
        after = last.key
      }
    }
    return found
  }

  /// Waits until `count` is 0, or the time is over; gives the last count.
  private func drain(within limit: Duration, _ count: () throws -> Int) async throws -> Int {
    let end = ContinuousClock.now + limit
    var open = try count()
    while open > 0, ContinuousClock.now < end {
      guard !isStopped else { throw NetworkError.stopped }
      try await Task.sleep(for: Self.drainInterval)
      open = try count()
    }
    return open
  }

  /// The contracts that may send packets and get them.
  private func ports(of chain: LocalChain) -> [ContractName] {
    chain.founding.genesis.contracts.map(\.name).filter { $0 != CrossChainState.contract }
  }

  /// Open routes of single lanes from or to the chain: they count before wider ones.
  private func narrow(_ ports: [ContractName], _ name: ChainID, isSource: Bool) throws -> [RouteScope] {
    var found: [RouteScope] = []
    for other in chains.map(\.chain) where other != name {
      for port in ports {
        let scope = RouteScope(source: isSource ? name : other, port: port, destination: isSource ? other : name)
        let policy: RoutePolicy? = try relay.nodes[0].ledger.query(CrossChainState.contract, "route", scope)
        if policy?.isOpen == true { found.append(scope) }
      }
    }
    return found
  }

  /// A route that ended before now refuses packets for good, where a frozen one would let them wait.
  private func close(_ scopes: [RouteScope]) async throws {
    try await decide(scopes.map { .setRoute(SetRoute(scope: $0, policy: RoutePolicy(validUntil: 0))) })
  }
}
