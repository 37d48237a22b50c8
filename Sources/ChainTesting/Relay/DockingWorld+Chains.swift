internal import ChainCore
internal import CrossChain

// The chains of a `DockingWorld`, their blocks, and those who carry between them.
extension DockingWorld {
  mutating func found() throws {
    for id in Self.relays {
      let founding = try WorldChain.found(
        id, suite: .international, validators: random.chance(70) ? 1 : 4, contracts: [RelayContract()], organisations: [:])
      chains.append(try WorldChain(founding, skewMs: random.below(faults.clockSkewMs + 1), sealMs: 300 + random.below(900)))
    }
    for (id, relay) in Self.cities {
      let registration = try ChainRegistration(of: chains[relay].ledger, organisation: Founding.platform)
      let founding = try WorldChain.found(
        id, suite: .international, validators: 1, contracts: [CrossChainContract()] + workload.contracts,
        organisations: workload.organisations, configurations: [CrossChainContract.name: registration.canonicalBytes])
      chains.append(try WorldChain(founding, skewMs: random.below(faults.clockSkewMs + 1), sealMs: 400 + random.below(1_200)))
    }
    now = Self.stepMs
    for relay in 0..<3 {
      let administrator = chains[relay].founding.administrator
      var calls: [(EntryName, [UInt8])] = []
      for (place, city) in Self.cities.enumerated() where city.relay == relay {
        calls.append(
          ("registerChain", try ChainRegistration(of: chains[3 + place].ledger, organisation: Founding.platform).canonicalBytes))
      }
      for other in 0..<3 where other != relay && (other == Self.nation || relay == Self.nation) {
        calls.append(
          ("registerChain", try ChainRegistration(of: chains[other].ledger, organisation: Founding.platform).canonicalBytes))
        let kind: DockKind = other == Self.nation ? .above : .below
        calls.append(("dock", DockRelay(chain: chains[other].id, kind: kind).canonicalBytes))
      }
      calls.append(
        (
          "setRoute",
          SetRoute(
            scope: RouteScope(port: ParcelContract.name), policy: RoutePolicy(calls: ["deliver", "deliverLater", "refuse", "spoil"])
          ).canonicalBytes
        ))
      for (entry, arguments) in calls {
        let signed = try sign(CrossChainState.contract, entry, arguments, by: administrator, on: relay)
        chains[relay].pool.append((signed, signed.id(genesis: chains[relay].ledger.genesisID, suite: .international)))
      }
      let begun = chains[relay].pool.map(\.id)
      try seal(relay)
      for id in begun {
        let receipt = try chains[relay].ledger.receipt(id)
        if receipt.status != .succeeded { throw failure("\(chains[relay].id) refuses to begin: \(receipt.message)") }
      }
    }
  }

  /// Makes a block of what waits, executes it, and checks what must hold after it.
  mutating func seal(_ index: Int) throws {
    chains[index].nextSeal = now + chains[index].sealMs
    let chain = chains[index]
    guard !chain.pool.isEmpty || now - chain.lastSeal >= WorldChain.idleMs || chain.lastSeal == 0 else { return }
    let head = chain.ledger.head
    let height = head.height.next
    var transactions: [SignedTransaction] = []
    for (signed, id) in chain.pool {
      do throws(TransactionFault) {
        try chain.ledger.rules.check(signed, bytes: signed.canonicalBytes.count, at: height)
      } catch {
        if origins[id] == .client { openCalls -= 1 }
        continue
      }
      transactions.append(signed)
    }
    chains[index].pool = []
    let receives = index > 2 && transactions.contains { $0.transaction.entry == "receive" }
    let before = try !receives ? nil : chain.ledger.query(CrossChainState.contract, "view", NoResult(), as: RelayView.self)
    let block = Block(
      on: head.header, parentID: head.blockID, time: chain.time(at: now), proposer: AccountID(.zero), transactions: transactions,
      genesis: chain.ledger.genesisID, suite: chain.ledger.suite)
    let checkpoint = try chain.ledger.commit(block, position: height.rawValue, signatures: .alreadyChecked)
    chains[index].lastSeal = now
    let due = isHealed ? now : max(chain.uncertified.last?.due ?? 0, now + random.below(faults.certificateMs + 1))
    chains[index].uncertified.append((checkpoint, due))
    steps += 1
    mix(UInt64(index) << 32 | height.rawValue)
    for byte in checkpoint.stateRoot.bytes.prefix(8) { mix(UInt64(byte)) }
    try check(block, on: index, viewBefore: before)
  }

  mutating func certify(_ index: Int) throws {
    while let first = chains[index].uncertified.first, first.due <= now || isHealed {
      chains[index].uncertified.removeFirst()
      let founding = chains[index].founding
      let genesis = founding.genesis
      let digest = first.checkpoint.digest(genesis: genesis.id, suite: genesis.suite)
      let absent = random.below(4)
      var signatures: [(index: Int, signature: Signature)] = []
      for (place, key) in founding.validatorKeys.enumerated() where place != absent || founding.validatorKeys.count == 1 {
        signatures.append((place, try key.sign(digest)))
      }
      try chains[index].ledger.add(
        CheckpointCertificate(checkpoint: first.checkpoint, set: genesis.validators, signatures: signatures))
    }
  }

  /// A chain's nodes start again: what waited is lost.
  mutating func restart(_ index: Int) throws {
    note(.chainRestart)
    for (_, id) in chains[index].pool where origins[id] == .client { openCalls -= 1 }
    chains[index].pool = []
    chains[index].waiting = []
    let founding = chains[index].founding
    chains[index].ledger = try Ledger(store: chains[index].store, genesis: founding.genesis, contracts: founding.registry)
    let ledger = chains[index].ledger
    chains[index].uncertified = []
    var height = ledger.newestCertified.next
    while height <= ledger.head.height {
      chains[index].uncertified.append((try ledger.checkpoint(at: height), now + 100 + random.below(faults.certificateMs + 1)))
      height = height.next
    }
  }

  /// Lets a relayer look at all stretches once, and sends off what it hands in.
  mutating func tick(_ index: Int) async throws {
    relayers[index].nextAt = now + relayers[index].periodMs
    guard unsettled > 0 || isForgetting else { return }
    steps += 1
    var keys: [ChainID: PrivateKey] = [:]
    var outboxes: [WorldOutbox] = []
    var endpoints: [WorldEndpoint] = []
    for chain in chains {
      guard let account = chain.founding.member(relayers[index].organisation, "clerk") else { throw failure("no relayer on \(chain.id)") }
      keys[chain.id] = account.key
      let outbox = WorldOutbox()
      outboxes.append(outbox)
      let ledger = chain.ledger
      let inner = LedgerEndpoint(ledger) { (transaction) throws(EndpointError) in
        guard !chain.knows(transaction.id(genesis: ledger.genesisID, suite: ledger.suite)) else { throw .alreadySubmitted }
        outbox.add(transaction)
      }
      let isSilent = !isHealed && random.chance(faults.silentNodes)
      let behind = !isHealed && random.chance(faults.staleNodes) ? UInt64(1 + random.below(5)) : 0
      let head = ledger.head.height.rawValue
      endpoints.append(
        WorldEndpoint(inner: inner, height: BlockHeight(head > behind + 1 ? head - behind : head), isSilent: isSilent))
    }
    let options = RelayerOptions(pruneLag: isForgetting ? 1 : 4)
    let time = WorldChain.start.advanced(byMilliseconds: UInt64(now))
    for relay in 1...2 {
      let own = Self.cities.indices.filter { Self.cities[$0].relay == relay }.map { endpoints[3 + $0] }
      let others = Self.cities.indices.filter { Self.cities[$0].relay != relay }.map { endpoints[3 + $0] }
      let relayer = Relayer(relay: endpoints[relay], chains: own, keys: keys, options: options, origins: others)
      let dock = DockRelayer(above: endpoints[Self.nation], below: endpoints[relay], keys: keys, options: options)
      let reports = [await relayer.tick(now: time), await dock.tick(now: time)]
      for failure in reports.flatMap(\.failures) { log("relayer \(index): \(failure.chain) \(failure.reason)") }
    }
    for (place, outbox) in outboxes.enumerated() {
      for signed in outbox.all { dispatch(signed, to: place, by: index) }
    }
  }

  private mutating func dispatch(_ signed: SignedTransaction, to chain: Int, by relayer: Int) {
    origins[signed.id(genesis: chains[chain].ledger.genesisID, suite: chains[chain].ledger.suite)] = .relayer(relayer)
    if signed.transaction.entry == "copy", let call = try? CopyOutcomes(canonicalBytes: signed.transaction.arguments) {
      heard.append((chain, call))
      if heard.count > 100 { heard.removeFirst(50) }
    }
    log("relayer \(relayer) calls \(signed.transaction.entry) on \(chains[chain].id)")
    if !isHealed {
      if random.chance(faults.loss) { return note(.loss) }
      if random.chance(faults.repetition) { send(signed, to: chain, by: nil, in: random.below(8_000)) }
    }
    send(signed, to: chain, by: relayer, in: random.below(isHealed ? min(faults.latencyMs, 100) : faults.latencyMs))
  }

  /// The liar tells a relay of another end than the next relay has, or that the next relay never had a packet.
  mutating func lie() throws {
    nextLieAt = now + 300 + random.below(1_000)
    var forged: (chain: Int, call: CopyOutcomes)?
    if random.chance(50), !heard.isEmpty {
      var (chain, call) = heard[random.below(heard.count)]
      call.packets = call.packets.map { item in
        var item = item
        guard case .recorded(let outcome, let proof) = item.evidence else { return item }
        item.evidence = .recorded(outcome == .timedOut ? .rejected(.noRoute) : .timedOut, proof)
        return item
      }
      forged = (chain, call)
    } else if let key = order.filter({ packets[$0].map { $0.end == nil && $0.relayedBy.count > 1 } ?? false }).last {
      forged = try falseAbsence(of: key)
    }
    guard let forged, let account = chains[forged.chain].founding.member(WorldChain.thief, "clerk") else { return }
    let signed = try sign(CrossChainState.contract, "copy", forged.call.canonicalBytes, by: account, on: forged.chain)
    origins[signed.id(genesis: chains[forged.chain].ledger.genesisID, suite: .international)] = .thief(.forgedAnswer)
    send(signed, to: forged.chain, by: nil, in: random.below(500))
  }

  /// The packet's first relay is told that the nation's never had it: with proofs of an old height, or of the newest.
  private func falseAbsence(of key: PacketKey) throws -> (chain: Int, call: CopyOutcomes)? {
    guard let city = Self.cities.first(where: { $0.id == key.lane.source }) else { return nil }
    let nation = chains[Self.nation].ledger
    guard
      let client = try chains[city.relay].ledger.query(
        CrossChainState.contract, "client", nation.genesis.chain, as: ClientRecord?.self)
    else { return nil }
    let height = client.latest.height
    let relayed = try nation.proveRecord(CrossChainState.relayedKey(key), at: height).proof
    let outcome = try nation.proveRecord(CrossChainState.outcomeKey(key), at: height).proof
    return (
      city.relay,
      CopyOutcomes(
        relay: nation.genesis.chain, height: height,
        packets: [ProvenOutcome(key: key, evidence: .neverRelayed(relayed: relayed, outcome: outcome))])
    )
  }
}
