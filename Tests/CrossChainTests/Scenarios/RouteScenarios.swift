import ChainCore
import ChainTesting
@testable import CrossChain
import Testing

/// Scenarios 18 and 22: what a route lets pass, how much of it, and what classes above ordinary need.
@Suite struct RouteScenarios {
  private let r = TestNetwork.relayID
  private let s = TestNetwork.sourceID
  private let d = TestNetwork.destinationID

  /// Over the rate a packet waits; nothing is recorded, and the next window takes it.
  @Test func s18RateAndWindow() async throws {
    var network = try TestNetwork(route: RoutePolicy(rate: RouteRate(packets: 2, windowMs: 10_000)))
    network.clock = BlockTime((network.clock.rawValue / 10_000 + 1) * 10_000)
    for number in 0..<5 { _ = try network.send("n\(number)") }
    let relay = try #require(try await network.planned("relay", as: RelayPackets.self))
    let statuses = try network.deliver(r, "relay", relay)
    #expect(statuses[..<2] == [.done, .done])
    #expect(statuses[2...].allSatisfy { $0.isRefused(with: "busy") })
    let log: LogHead = try network.relay.ledger.query("xc", "log", NoResult())
    #expect(log.size == 2)
    #expect(try network.relay.ledger.recordCount(of: "xc", "relayed") == 2)
    _ = try await network.run()
    #expect(try network.end(2) == "succeeded" && network.end(3) == nil)
    for _ in 0..<3 {
      network.clock = network.clock.advanced(byMilliseconds: 10_000)
      for id in network.ids { try network.block(id) }
      _ = try await network.run()
    }
    for number in 1...5 { #expect(try network.end(UInt64(number)) == "succeeded") }
    // The window of the sender's lane is another bound: see `aFullLaneTellsTheSender`.
  }

  @Test func s22RouteRefuses() async throws {
    var network = try TestNetwork(route: RoutePolicy(calls: ["fileAnyone"]))
    _ = try network.send("wrong call", call: "file")
    _ = try network.send("right call", call: "fileAnyone")
    _ = try await network.run()
    #expect(try network.end(1) == "rejected call" && network.end(2) == "succeeded")
    #expect(try network.outcome(1) == .rejected(.call))
    #expect(try network.note("wrong call") == nil)
    let hops = try network.relay.ledger.events(from: 1).filter { $0.event.name == "xc.hop" }.map {
      try HopRecord(canonicalBytes: $0.event.payload)
    }
    #expect(hops.map(\.stage) == [.rejected, .relayed, .acknowledged])
    #expect(hops[0].reason == .call && hops[0].organisation == "city-hall" && hops[0].policyVersion == 1)
    let lanes: [RelayLane] = try network.relay.ledger.query("xc", "lanes", [network.lane()])
    #expect(lanes == [RelayLane(relayed: 1, acknowledged: 1, rejected: 1)])
  }

  private func sendCarefully(
    _ network: inout TestNetwork, _ text: String, _ classification: PacketClass, sealedTo: [UInt8]? = nil
  ) throws -> Receipt {
    try network.call(
      s, "courier", "sendCarefully",
      SendCarefully(
        note: SendNote(to: d, call: "fileAnyone", text: text, timeout: nil), classification: classification, sealedTo: sealedTo,
        isOrdered: false))
  }

  /// Four validators of four organisations on each chain that votes Byzantine.
  private let keepers: [OrganisationID] = ["keeper-1", "keeper-2", "keeper-3", "keeper-4"]

  @Test func classesAboveOrdinaryNeedValidatorsThatResistLiars() async throws {
    // Raft everywhere: no such route, and nothing of the kind is sent.
    var network = try TestNetwork()
    let careful = SetRoute(scope: RouteScope(port: "courier"), policy: RoutePolicy(maxClassification: .sensitive))
    #expect(try network.administer("setRoute", careful).code == "notAllowed")
    #expect(try sendCarefully(&network, "x", .important).code == "notAllowed")
    // Byzantine votes of four organisations everywhere.
    network = try TestNetwork(engine: .simplex, operators: keepers, route: RoutePolicy(maxClassification: .sensitive))
    #expect(try sendCarefully(&network, "unsealed", .sensitive).code == "badArgument")
    #expect(try sendCarefully(&network, "no seal", .sensitive, sealedTo: []).code == "badArgument")
    #expect(try sendCarefully(&network, "long seal", .sensitive, sealedTo: Array(repeating: 1, count: 65)).code == "badArgument")
    #expect(try sendCarefully(&network, "important", .important).status == .succeeded)
    #expect(try sendCarefully(&network, "sealed", .sensitive, sealedTo: [1, 2]).status == .succeeded)
    _ = try await network.run()
    #expect(try network.end(1) == "succeeded" && network.end(2) == "succeeded")
    // A route for class ordinary refuses both for good.
    network = try TestNetwork(engine: .simplex, operators: keepers)
    #expect(try sendCarefully(&network, "important", .important).status == .succeeded)
    _ = try await network.run()
    #expect(try network.end(1) == "rejected classification")
  }

  /// One organisation with a third of the weight, anywhere on the way, is too much.
  @Test func s04OneThirdIsTooMuch() async throws {
    let uneven: [OrganisationID] = ["keeper-1", "keeper-1", "keeper-2", "keeper-3"]
    var network = try TestNetwork(engine: .simplex, operators: uneven, route: nil)
    let careful = SetRoute(scope: RouteScope(port: "courier"), policy: RoutePolicy(maxClassification: .important))
    #expect(try network.administer("setRoute", careful).code == "notAllowed")
    network = try TestNetwork(
      engine: .simplex, operators: keepers, destinationOperators: uneven, route: RoutePolicy(maxClassification: .important))
    #expect(try sendCarefully(&network, "important", .important).status == .succeeded)
    _ = try await network.run()
    #expect(try network.end(1) == "rejected quorum")
    let narrow = SetRoute(
      scope: RouteScope(destination: d), policy: RoutePolicy(maxClassification: .important))
    #expect(try network.administer("setRoute", narrow).code == "notAllowed")
    #expect(!(try ValidatorSet(generation: 1, rule: .moreThanHalf, members: network.relay.ledger.genesis.validators.members)).resistsLiars)
  }

  /// What the destination does not take is answered at once.
  @Test func aPortKeepsItsOwnList() async throws {
    var network = try TestNetwork()
    let administrator = network.destination.solo.administrator
    let cases: [(PortPolicy, String)] = [
      (PortPolicy(isOpen: false), "failed notAuthorised"), (PortPolicy(sources: ["henan/410700"]), "failed notAuthorised"),
      (PortPolicy(calls: ["fileAnyone"]), "failed notAuthorised"), (PortPolicy(sources: [s], calls: ["file"]), "succeeded"),
    ]
    for (index, (policy, end)) in cases.enumerated() {
      let set = SetPort(port: "courier", policy: policy)
      #expect(try network.call(d, "xc", "setPort", set, by: administrator).status == .succeeded)
      _ = try network.send("note \(index)")
      _ = try await network.run()
      #expect(try network.end(UInt64(index + 1)) == end)
    }
    let citizen = network.accounts[d]
    #expect(try network.call(d, "xc", "setPort", SetPort(port: "courier", policy: PortPolicy()), by: citizen).code == "notAuthorised")
    let long = PortPolicy(calls: Array(repeating: "file", count: 65))
    #expect(try network.call(d, "xc", "setPort", SetPort(port: "courier", policy: long), by: administrator).code == "badArgument")
  }

  /// The answer to a query that the port lets packets ask is the acknowledgement; others are refused.
  @Test func aRecordedQuery() async throws {
    var network = try TestNetwork()
    _ = try network.send("asked for")
    _ = try await network.run()
    _ = try network.send("asked for", call: "noteFor")
    _ = try await network.run()
    #expect(try network.end(2) == "failed notSupported")
    let administrator = network.destination.solo.administrator
    let port = SetPort(port: "courier", policy: PortPolicy(queries: ["noteFor"]))
    #expect(try network.call(d, "xc", "setPort", port, by: administrator).status == .succeeded)
    _ = try network.send("asked for", call: "noteFor")
    _ = try await network.run()
    let answer = try #require(try network.note("asked for") as FiledNote?).asOptional.canonicalBytes
    guard case .acknowledged(let acknowledgement) = try network.outcome(3) else {
      Issue.record("no answer")
      return
    }
    #expect(acknowledgement.result == .answer(answer))
    #expect(try network.end(3) == "answered \(answer.count)")
    // Whoever lacks the query's role is refused, and all others may ask what the port lists only.
    var stranger = try TestNetwork(remoteRoles: [])
    let keeper = stranger.destination.solo.administrator
    #expect(try stranger.call(d, "xc", "setPort", port, by: keeper).status == .succeeded)
    _ = try stranger.send("asked for", call: "noteFor")
    _ = try await stranger.run()
    #expect(try stranger.end(1) == "failed notAuthorised")
  }
}

extension FiledNote {
  fileprivate var asOptional: FiledNote? { self }
}
