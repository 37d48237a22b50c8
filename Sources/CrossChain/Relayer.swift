public import ChainCore

/// How a relayer works.
public struct RelayerOptions: Sendable, Hashable {
  /// After how many milliseconds without work a client is updated all the same.
  ///
  /// A remote proof is as old as the relay's client of the subject plus the verifier's client of the relay may be: twice this. 240 s
  /// keep both below the freshness limit of 600 s with a reserve.
  public var idleMs: UInt64
  /// How many packets of a chain one tick looks at.
  public var packetsPerTick: Int
  /// How many settled packets of a lane the relay and the destination may still remember. Fewer are forgotten with idle updates.
  public var pruneLag: UInt64
  /// Whether a batch's packets share one proof; otherwise each brings its own.
  public var sharesProofs: Bool
  /// For how many milliseconds after the deadline of a transaction over several chains its decision is brought to who prepared it.
  /// The relay keeps decisions for 30 days; each tick looks at 1,000 transactions at most. `nil`: others bring them.
  public var decisionMs: UInt64?

  /// Options; the defaults suit a province.
  public init(
    idleMs: UInt64 = 240_000, packetsPerTick: Int = 10_000, pruneLag: UInt64 = 64, sharesProofs: Bool = true,
    decisionMs: UInt64? = 7 * 86_400_000
  ) {
    self.idleMs = idleMs
    self.packetsPerTick = packetsPerTick
    self.pruneLag = pruneLag
    self.sharesProofs = sharesProofs
    self.decisionMs = decisionMs
  }
}

/// One transaction that a tick handed in.
public struct RelayerSubmission: Sendable, Hashable {
  /// The chain it went to.
  public var chain: ChainID
  /// The entry that it calls: of `xc`, or `decide` of a contract that takes part in a transaction over several chains.
  public var entry: EntryName
  /// How many packets it is about; 0 for a mere update.
  public var packets: Int
  /// Its id.
  public var transaction: TransactionID
}

/// Something that a tick could not do; the next one tries again.
public struct RelayerFailure: Sendable, Hashable {
  /// The chain it was about.
  public var chain: ChainID
  /// What went wrong.
  public var reason: String
}

/// What one tick did.
public struct RelayerReport: Sendable, Hashable {
  /// Transactions handed in, in order.
  public var submitted: [RelayerSubmission] = []
  /// What could not be done.
  public var failures: [RelayerFailure] = []
}

/// Carries proofs and packets between a relay and its chains. Untrusted: the worst it can do is stop.
///
/// It remembers nothing: each tick computes the work from the chains' state, so a restart is a tick, and any number may run side by side.
/// Proofs are made at the newest certified height, however far behind the head it is. Time comes from the host.
public struct Relayer: Sendable {
  let relay: any ChainEndpoint
  let chains: [any ChainEndpoint]
  let keys: [ChainID: PrivateKey]
  let options: RelayerOptions
  let origins: [any ChainEndpoint]

  /// A relayer between `relay` and `chains`, with the key of an account of role `relayer` on each.
  /// - Parameter origins: Chains of other relays whose packets come here over the relay above: their payloads are fetched there.
  public init(
    relay: any ChainEndpoint, chains: [any ChainEndpoint], keys: [ChainID: PrivateKey], options: RelayerOptions = RelayerOptions(),
    origins: [any ChainEndpoint] = []
  ) {
    self.origins = origins
    self.relay = relay
    self.chains = chains
    self.keys = keys
    self.options = options
  }

  /// Looks at every chain once and hands in what is due. A chain that does not answer delays only its own packets.
  ///
  /// - Parameter now: The host's time: for idle updates, and for blocks of chains whose clocks lead.
  public func tick(now: BlockTime) async -> RelayerReport {
    var report = RelayerReport()
    for call in await plan(now: now, into: &report) { await submit(call, into: &report) }
    return report
  }

  /// The calls that are due now, per chain in order.
  func plan(now: BlockTime, into report: inout RelayerReport) async -> [RelayerCall] {
    let hub: RelayerView
    do throws(EndpointError) {
      hub = RelayerView(relay, try await relay.status())
    } catch {
      report.failures.append(RelayerFailure(chain: relay.chain, reason: "\(error)"))
      return []
    }
    var spokes: [Spoke] = []
    for chain in chains {
      do throws(EndpointError) {
        spokes.append(try await spoke(chain, hub, now: now))
      } catch {
        report.failures.append(RelayerFailure(chain: chain.chain, reason: "\(error)"))
      }
    }
    var work = RelayerWork(hub: hub, spokes: spokes, options: options, origins: origins)
    for index in spokes.indices {
      do throws(EndpointError) {
        try await work.collect(from: index, limit: options.packetsPerTick)
        try await work.collectMarks(from: index)
      } catch {
        report.failures.append(RelayerFailure(chain: spokes[index].view.endpoint.chain, reason: "\(error)"))
      }
    }
    do throws(EndpointError) {
      try await work.collectTransit(limit: options.packetsPerTick)
    } catch {
      report.failures.append(RelayerFailure(chain: relay.chain, reason: "\(error)"))
    }
    var calls: [RelayerCall] = []
    do throws(EndpointError) {
      if let window = options.decisionMs { calls += try await decisions(of: hub, spokes, now: now, window, &work) }
    } catch {
      report.failures.append(RelayerFailure(chain: relay.chain, reason: "decisions: \(error)"))
    }
    for index in spokes.indices {
      do throws(EndpointError) {
        calls += try await work.calls(of: index, now: now)
      } catch {
        report.failures.append(RelayerFailure(chain: spokes[index].view.endpoint.chain, reason: "\(error)"))
      }
    }
    return calls
  }

  /// What brings decisions about transactions over several chains to those who wait.
  private func decisions(
    of hub: RelayerView, _ spokes: [Spoke], now: BlockTime, _ windowMs: UInt64, _ work: inout RelayerWork
  ) async throws(EndpointError) -> [RelayerCall] {
    let decisions = try await RelayerDecisions(of: hub, now: now, windowMs: windowMs)
    var calls = try await decisions.overdue()
    for index in spokes.indices {
      let (found, needsClock) = try await decisions.calls(for: spokes[index])
      calls += found
      if needsClock { work.moveClock(of: index) }
    }
    return calls
  }

  /// A chain and both clients between it and the relay.
  private func spoke(_ chain: any ChainEndpoint, _ hub: RelayerView, now: BlockTime) async throws(EndpointError) -> Spoke {
    let view = RelayerView(chain, try await chain.status())
    guard let atHub = try await hub.endpoint.ask("client", chain.chain, at: nil, as: ClientRecord?.self) else {
      throw .refused("\(chain.chain) is not registered on \(relay.chain)")
    }
    guard let ofHub = try await chain.ask("client", relay.chain, at: nil, as: ClientRecord?.self) else {
      throw .refused("\(chain.chain) has no client of \(relay.chain)")
    }
    return Spoke(
      view: view, clientAtHub: atHub, clientOfHub: ofHub, height: try await newestBelieved(view, atHub, by: hub, now: now),
      hubHeight: try await newestBelieved(hub, ofHub, by: view, now: now))
  }

  /// The height of `subject` that proofs for `verifier` are made at: the newest certified one, unless the client knows a newer already.
  ///
  /// A verifier does not believe a block whose time leads its own too far. The newest blocks of a chain whose clock leads always do;
  /// those a little before them do not.
  func newestBelieved(
    _ subject: RelayerView, _ client: ClientRecord, by verifier: RelayerView, now: BlockTime
  ) async throws(EndpointError) -> BlockHeight? {
    guard let certified = subject.status.certified, certified >= client.latest.height else { return nil }
    guard certified > client.latest.height else { return certified }
    #if DEBUG
      if RelayMutation.newestOnly.isPlanted { return certified }
    #endif
    let drift = client.registration.maxClockDriftMs
    let newest = try await subject.endpoint.lightBlock(at: certified).header.time
    guard newest > now.advanced(byMilliseconds: drift) else { return certified }
    var time = now
    if let height = verifier.status.certified { time = max(time, try await verifier.endpoint.lightBlock(at: height).header.time) }
    var (believed, tooNew) = (client.latest.height.rawValue, certified.next.rawValue)
    while tooNew - believed > 1 {
      let middle = believed + (tooNew - believed) / 2
      let block = try await subject.endpoint.lightBlock(at: BlockHeight(middle))
      if block.header.time > time.advanced(byMilliseconds: drift) { tooNew = middle } else { believed = middle }
    }
    return BlockHeight(believed)
  }

  func submit(_ call: RelayerCall, into report: inout RelayerReport) async {
    do throws(EndpointError) {
      let signed = try sign(call)
      try await call.target.endpoint.submit(signed)
      report.submitted.append(
        RelayerSubmission(
          chain: call.target.endpoint.chain, entry: call.entry, packets: call.packets,
          transaction: signed.id(genesis: call.target.endpoint.genesis, suite: call.target.endpoint.suite)))
    } catch {
      guard error != .alreadySubmitted else { return }
      report.failures.append(RelayerFailure(chain: call.target.endpoint.chain, reason: "\(call.entry): \(error)"))
    }
  }

  /// Equal work gives an equal transaction, so a tick that comes too early is recognised by the pool.
  private func sign(_ call: RelayerCall) throws(EndpointError) -> SignedTransaction {
    let endpoint = call.target.endpoint
    guard let key = keys[endpoint.chain] else { throw .refused("no account on \(endpoint.chain)") }
    let salt = endpoint.suite.hash(call.arguments).bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } ^ call.mark
    let quantum = max(1, endpoint.parameters.transactionWindow / 4)
    let until = BlockHeight((call.target.status.head.rawValue / quantum + 2) * quantum)
    let transaction = Transaction(
      chain: endpoint.chain, sender: endpoint.suite.accountID(of: key.publicKey), contract: call.contract, entry: call.entry,
      arguments: call.arguments, salt: salt, validUntilHeight: until)
    do throws(KeyError) {
      return try transaction.signed(by: key, genesis: endpoint.genesis)
    } catch {
      throw .refused("signing: \(error)")
    }
  }
}

/// A call that is due.
struct RelayerCall: Sendable {
  var target: RelayerView
  var entry: EntryName
  var arguments: [UInt8]
  var packets: Int
  /// Tells calls of equal arguments apart that go on where the one before stopped.
  var mark: UInt64 = 0
  var contract = CrossChainState.contract
}

/// An endpoint and where it stands in this tick.
struct RelayerView: Sendable {
  let endpoint: any ChainEndpoint
  let status: EndpointStatus

  init(_ endpoint: any ChainEndpoint, _ status: EndpointStatus) {
    self.endpoint = endpoint
    self.status = status
  }
}

/// A chain of the star, with the relay's client of it and its client of the relay as they are now.
struct Spoke: Sendable {
  let view: RelayerView
  let clientAtHub: ClientRecord
  let clientOfHub: ClientRecord
  /// The height of the chain that proofs for the relay are made at.
  let height: BlockHeight?
  /// The height of the relay that proofs for the chain are made at.
  let hubHeight: BlockHeight?
}
