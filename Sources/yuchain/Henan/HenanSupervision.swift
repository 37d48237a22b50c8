internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain

// A supervisor stops a chain's routes and the relay's owners open them again; a chain joins, is used, and retires.

extension HenanStory {
  /// The relay's log shows what passed; a frozen chain's packets wait, everybody else goes on.
  func supervise(_ licences: [CityLicence]) async throws {
    let place = licences.count / 2
    let (frozen, source) = (licences[place], licences[place - 1])
    let others = (licences[0], licences[1])
    story.heading("The audit office stops every route from and to \(frozen.city.label); the others go on")
    let supervisor = try story.client(network.relay, DemoNetwork.auditOffice, "supervisor")
    let scopes = [RouteScope(source: frozen.city.chain), RouteScope(destination: frozen.city.chain)]
    try await network.network.endFounding()
    try DemoNetwork.succeeded(await supervisor.call("xc", "freezeChain", frozen.city.chain))
    try await requireRefusal { _ = try await supervisor.call("xc", "thaw", scopes[0]) }
    let alone = try await network.relay.client(network.relay.founding.administrator).call("xc", "thaw", scopes[0])
    guard alone.code == "notAllowed" else { throw CallFailed(receipt: alone) }
    let before = (try uses(of: source).count, try uses(of: others.0).count)
    _ = try await verify(source, by: frozen.city, on: frozen.chain)
    _ = try await verify(others.0, by: others.1.city, on: others.1.chain)
    try await story.wait(for: "the use record of the others") { try uses(of: others.0).count > before.1 ? () : nil }
    guard try uses(of: source).count == before.0 else { throw Misuse("a frozen chain's packet arrived") }
    story.tell("\(frozen.city.label) still verifies by proof, but its report waits on its own chain")
    story.tell(
      "\(others.1.city.label) reported to \(others.0.city.label) meanwhile; the supervisor may stop routes but not reopen them, nor may one administrator"
    )
    try await network.network.decide(.reopen(scopes[0]), .reopen(scopes[1]))
    try await story.wait(for: "the report that waited") { try uses(of: source).count > before.0 ? () : nil }
    story.tell("the relay's organisations vote to reopen the routes, and the report arrives in \(source.city.label)")
  }

  /// A supervisor may stop, and not reopen: the node refuses before it is ordered.
  private func requireRefusal(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch NodeError.refused {
      return
    }
    throw Misuse("the supervisor could reopen what it had stopped")
  }

  /// Traffic flows on all chains while one more is founded, registered, used and retired.
  func joinAndRetire(_ licences: [CityLicence]) async throws {
    guard let zone = network.plans.joining else { return }
    story.heading("\(zone.label) gets a chain of its own while traffic flows")
    let isOver = Occurrence()
    async let types = defineTypes(until: isOver)
    async let uses = verifyOn(licences, until: isOver)
    let old = try await network.network.status()
    let began = ContinuousClock.now
    let chain = try await network.network.add(network.plans.city(zone))
    story.tell("\(zone.chain): founded, started and let in by vote in \(DemoStory.seconds(since: began))")
    let seen = try await Self.together(licences) { licence in try await verify(licence, by: zone, on: chain) }
    for licence in licences {
      try await story.wait(for: "the zone's report to \(licence.city.label)") {
        try self.uses(of: licence).contains { $0.chain == zone.chain } ? () : nil
      }
    }
    story.tell("its bureau verified a licence of each of the \(seen.count) cities, and reported each use")
    try await network.network.retire(zone.chain)
    isOver.set()
    let (newTypes, newUses) = try await (types, uses)
    let clients = network.cityChains.map { chain in
      let own: ClientRecord? = try? chain.nodes[0].ledger.query("xc", "client", zone.chain)
      return own == nil
    }
    guard clients.allSatisfy(\.self), old.count == network.all.count else { throw Misuse("a city knows the zone's chain itself") }
    story.tell("retired after \(DemoStory.seconds(since: began)), nothing left under way; no other chain ever held anything of it")
    story.tell("meanwhile \(newTypes) types went to \(cities.count) cities each, and the cities verified \(newUses) licences of each other")
  }

  /// The main chain defines type after type; each goes to every city.
  private func defineTypes(until isOver: Occurrence) async throws -> Int {
    guard let known = story.input.types.first else { return 0 }
    let office = try story.client(network.main, DemoNetwork.dataHub, "data office clerk")
    let ledger = network.main.nodes[0].ledger
    var count = 0
    while !isOver.isSet, count < 900 {
      let number = 100 + count
      let call = DefineType(
        code: try LicenceTypeCode("\(known.code.text.prefix(18))\(number)"), name: "示例证照 \(number)",
        schema: known.fields.map { SchemaField(name: $0, fieldClass: .commitment) }, issuers: known.issuers.map(\.organisation),
        bases: known.bases, validityRule: known.validityRule, holderKind: .organisation)
      try DemoNetwork.succeeded(await office.call("licence", "defineType", call))
      count += 1
      try await story.wait(for: "settlement of type \(number)") {
        let pending: [PacketHeader] = try ledger.query("xc", "pending", PendingQuestion(limit: 1))
        return pending.isEmpty ? () : nil
      }
    }
    return count
  }

  /// The cities verify around the ring, one after the other.
  private func verifyOn(_ licences: [CityLicence], until isOver: Occurrence) async throws -> Int {
    var count = 0
    while !isOver.isSet {
      let verifier = licences[(count + 1) % licences.count]
      _ = try await verify(licences[count % licences.count], by: verifier.city, on: verifier.chain)
      count += 1
    }
    return count
  }
}
