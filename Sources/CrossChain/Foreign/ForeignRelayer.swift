public import ChainCore

/// A full node of a foreign CometBFT chain, as a relayer uses it: how it is reached is the host's.
///
/// Nothing that it says is believed before it is verified; an answer that does not come is an error.
public protocol CometBFTSource: Sendable {
  /// The newest height for which it has a commit.
  func latestHeight() async throws(EndpointError) -> UInt64
  /// The block of a height with its commit, the validators of that height and those of the next one.
  func lightBlock(at height: UInt64) async throws(EndpointError) -> CometBFTProvided
}

/// Moves the relay's client of one CometBFT chain along with that chain. Untrusted: the relay verifies every step again.
///
/// It remembers nothing, as `Relayer`: each tick reads what the client trusts, searches the way to the newest height (`CometBFTBisection`) and
/// compares it with every witness. If a witness holds another block that the same validators signed, both ways are handed in, and the client
/// freezes. If a witness merely contradicts, nothing is handed in and the tick says so.
public struct ForeignRelayer: Sendable {
  let relay: any ChainEndpoint
  let key: PrivateKey
  let chain: ChainID
  let primary: any CometBFTSource
  let witnesses: [any CometBFTSource]
  let everyMs: UInt64

  /// A relayer for the client that `relay` keeps of `chain`.
  /// - Parameters:
  ///   - key: Of an account of role `relayer` on the relay.
  ///   - primary: The node that is followed.
  ///   - witnesses: Nodes of other operators that it is compared with. Without one, a primary and a third of the validators may deceive.
  ///   - everyMs: How old, by the host's clock, what the client trusts may become, in milliseconds.
  public init(
    relay: any ChainEndpoint, key: PrivateKey, chain: ChainID, primary: any CometBFTSource, witnesses: [any CometBFTSource],
    everyMs: UInt64 = 60_000
  ) {
    self.relay = relay
    self.key = key
    self.chain = chain
    self.primary = primary
    self.witnesses = witnesses
    self.everyMs = everyMs
  }

  /// Looks once and hands in what is due.
  /// - Parameter now: The host's time.
  public func tick(now: BlockTime) async -> RelayerReport {
    var report = RelayerReport()
    do throws(EndpointError) {
      try await follow(now: now, into: &report)
    } catch {
      report.failures.append(RelayerFailure(chain: chain, reason: "\(error)"))
    }
    return report
  }

  private func follow(now: BlockTime, into report: inout RelayerReport) async throws(EndpointError) {
    let view = RelayerView(relay, try await relay.status())
    let client = try await client(in: view)
    guard client.status == .active else { throw .refused("client of \(chain): \(client.status.text)") }
    guard now.milliseconds(since: client.latestTime) >= everyMs else { return }
    let target = try await primary.latestHeight()
    guard target > client.latestHeight else { return }
    var search = CometBFTBisection(client: client, from: client.latest, to: target, witnesses: witnesses.count, now: now)
    var effect = search.start()
    while case .fetch(let height, let source) = effect { effect = search.step(await fetch(height, from: source)) }
    switch effect {
    case .verified(let updates): await submit(updates, on: view, into: &report)
    case .failed(.conflict(let witness, let ours, let theirs)):
      report.failures.append(RelayerFailure(chain: chain, reason: "forked: witness \(witness) has another block of height \(target)"))
      // Both ways may begin with the same steps.
      await submit(ours + theirs.filter { !ours.contains($0) }, on: view, into: &report)
    case .failed(let failure): throw .refused("height \(target) is not believed: \(failure)")
    case .fetch: return
    }
  }

  /// What the relay trusts of the chain now.
  private func client(in view: RelayerView) async throws(EndpointError) -> CometBFTClient {
    let place = StateKey(contract: CrossChainState.contract, table: ForeignRegistry.clients.name, key: chain)
    guard let bytes = try await relay.prove([place], at: view.status.head).first?.value else {
      throw .refused("\(chain) is not registered on \(relay.chain)")
    }
    let record: ForeignRecord
    do throws(CanonicalError) {
      record = try ForeignRecord(canonicalBytes: bytes)
    } catch {
      throw .malformed("client of \(chain): \(error)")
    }
    guard let client = record.client as? CometBFTClient else { throw .refused("\(chain) is no CometBFT chain") }
    return client
  }

  private func fetch(_ height: UInt64, from source: CometBFTBisection.Source) async -> CometBFTBisection.Event {
    let node: any CometBFTSource
    switch source {
    case .primary: node = primary
    case .witness(let index):
      guard witnesses.indices.contains(index) else { return .unavailable }
      node = witnesses[index]
    }
    do throws(EndpointError) {
      return .received(try await node.lightBlock(at: height))
    } catch {
      return .unavailable
    }
  }

  /// Hands updates in, each standing on the one before. A pool keeps the order of arrival; what comes too early fails and is found again.
  private func submit(_ updates: [CometBFTUpdate], on view: RelayerView, into report: inout RelayerReport) async {
    let submitter = Relayer(relay: relay, chains: [], keys: [relay.chain: key])
    for update in updates {
      let call = UpdateForeign(chain: chain, message: update.encoded)
      await submitter.submit(
        RelayerCall(target: view, entry: "updateForeign", arguments: call.canonicalBytes, packets: 0), into: &report)
    }
  }
}
