internal import ChainCore
internal import CrossChain

/// One chain of the world.
struct WorldChain: Sendable {
  static let relayID: ChainID = "henan"
  /// The municipal divisions: 17 cities, Jiyuan, the airport zone.
  static let divisions = [
    "410100", "410200", "410300", "410400", "410500", "410600", "410700", "410800", "410900", "411000", "411100", "411200", "411300",
    "411400", "411500", "411600", "411700", "419001", "410173",
  ]
  static let carriers: [OrganisationID] = ["carrier-1", "carrier-2"]
  static let thief: OrganisationID = "carrier-0"
  static let outsider: OrganisationID = "passer-by"
  /// Four organisations, none of which has a third of the weight, for chains that carry more than ordinary content.
  static let operators: [OrganisationID] = [Founding.platform, "carrier-1", "carrier-2", "passer-by"]
  static let start: BlockTime = 1_700_000_000_000
  /// After so many milliseconds a chain makes an empty block.
  static let idleMs = 2_500
  /// How many heights ahead a transaction may be valid: few, so that slow ones expire.
  static let window: UInt64 = 24
  /// The same on a relay of whole nodes, which makes blocks more often.
  static let clusterWindow: UInt64 = 500

  let id: ChainID
  let founding: Founding
  let store = MemoryStore()
  /// The chain as it is known; of a relay of whole nodes that of the first honest node at the newest height.
  var ledger: Ledger
  /// By how much its clock leads; in the end one chain's is set ahead.
  var skewMs: Int
  let sealMs: Int
  var pool: [(signed: SignedTransaction, id: TransactionID)] = []
  /// What waits or waited since the last restart.
  var waiting: Set<TransactionID> = []
  var nextSeal = 0
  var lastSeal = 0
  var pausedUntil = 0
  var uncertified: [(checkpoint: Checkpoint, due: Int)] = []

  init(_ founding: Founding, skewMs: Int, sealMs: Int) throws {
    id = founding.genesis.chain
    self.founding = founding
    self.skewMs = skewMs
    self.sealMs = sealMs
    ledger = try Ledger(store: store, genesis: founding.genesis, contracts: founding.registry)
  }

  /// Whether a pool would not take it: it waits, or is in the chain.
  func knows(_ id: TransactionID) -> Bool { waiting.contains(id) || (try? ledger.transaction(id)) != nil }

  func time(at now: Int) -> BlockTime {
    max(Self.start.advanced(byMilliseconds: UInt64(now + skewMs)), ledger.head.header.time.advanced(byMilliseconds: 1))
  }
}

extension WorldChain {
  /// The first cities.
  static func few(_ count: Int) -> [ChainID] { divisions.prefix(count).compactMap { ChainID("henan/\($0)") } }

  /// The main chain and so many subchains; beyond those that the province has, numbered ones.
  static func province(_ subchains: Int) -> [ChainID] {
    let more = subchains > divisions.count ? (divisions.count..<subchains).map { "extra-\($0)" } : []
    return (["main"] + (divisions + more).prefix(subchains)).compactMap { ChainID("henan/\($0)") }
  }

  /// The secrets and the genesis of a chain, the same in every world.
  static func found(
    _ chain: ChainID, suite: CryptoSuite, validators: Int, contracts: [any Contract], organisations: [OrganisationID: [Role]],
    configurations: [ContractName: [UInt8]] = [:], window: UInt64 = window, epochLength: UInt64? = nil, isShared: Bool = false
  ) throws -> Founding {
    var all = organisations.sorted { $0.key < $1.key }.map { GenesisOrganisation(id: $0.key, name: $0.key.rawValue, roles: $0.value) }
    for carrier in carriers + [thief] { all.append(GenesisOrganisation(id: carrier, name: carrier.rawValue, roles: [.relayer])) }
    all.append(GenesisOrganisation(id: outsider, name: outsider.rawValue, roles: []))
    var parameters = ChainParameters()
    parameters.idleIntervalMs = UInt64(idleMs)
    parameters.transactionWindow = window
    if let epochLength { parameters.epochLength = epochLength }
    return try Founding(
      FoundingPlan(
        chain: chain, suite: suite, engine: .simplex,
        validators: isShared ? operators : Array(repeating: Founding.platform, count: validators),
        organisations: all, members: all.map { (organisation: $0.id, name: "clerk") }, contracts: contracts,
        configurations: configurations, parameters: parameters, time: start)
    ) { purpose throws(KeyError) in
      try PrivateKey(suite: suite, secret: suite.hash(Array("relay world \(chain) \(purpose)".utf8)).bytes)
    }
  }
}

extension RelayWorld {
  /// Founds the relay and the members, registers them and opens the routes.
  mutating func found(members ids: [ChainID], isCluster: Bool = false, hasFaults: Bool = false) throws {
    // SM2 is slow to sign: few worlds have it, and one validator then.
    let isMixed = seed % 20 == 7
    // Everywhere four validators of four organisations, in half of these worlds on one chain only one.
    let isCareful = seed % 4 == 2
    let careless = isCareful && random.chance(50) ? random.below(ids.count) : nil
    let hub = try WorldChain.found(
      WorldChain.relayID, suite: isMixed && !isCluster ? .guomi : .international,
      validators: isCluster ? 4 : isMixed || random.chance(70) ? 1 : 4, contracts: [RelayContract()], organisations: [:],
      window: isCluster ? WorldChain.clusterWindow : WorldChain.window, epochLength: isCluster ? ChainWorld.shortEpoch : nil,
      isShared: isCareful)
    chains.append(try WorldChain(hub, skewMs: random.below(faults.clockSkewMs + 1), sealMs: 300 + random.below(700)))
    if isCluster { try openCluster(hub, hasFaults: hasFaults) }
    // Few kept checkpoints make proofs of earlier heights too old.
    let kept = random.chance(30) ? UInt32(3 + random.below(30)) : ChainRegistration.checkpointLimit
    var registration = try ChainRegistration(of: chains[0].ledger, organisation: Founding.platform)
    registration.checkpoints = kept
    let configuration = registration.canonicalBytes
    for (place, id) in ids.enumerated() {
      let founding = try WorldChain.found(
        id, suite: isMixed && place == 1 ? .guomi : .international, validators: isMixed || random.chance(70) ? 1 : 4,
        contracts: [CrossChainContract()] + workload.contracts,
        organisations: workload.organisations, configurations: [CrossChainContract.name: configuration],
        isShared: isCareful && place != careless)
      chains.append(try WorldChain(founding, skewMs: random.below(faults.clockSkewMs + 1), sealMs: 400 + random.below(1_200)))
    }
    let administrator = chains[0].founding.administrator
    var calls: [(entry: EntryName, arguments: [UInt8])] = []
    for chain in chains.dropFirst() {
      var registration = try ChainRegistration(of: chain.ledger, organisation: Founding.platform)
      registration.checkpoints = kept
      calls.append(("registerChain", registration.canonicalBytes))
    }
    for var route in workload.routes {
      if isCareful { route.policy.maxClassification = .sensitive }
      calls.append(("setRoute", route.canonicalBytes))
    }
    var begun: [(signed: SignedTransaction, id: TransactionID)] = []
    for (entry, arguments) in calls {
      let signed = try sign(CrossChainState.contract, entry, arguments, by: administrator, on: 0)
      begun.append((signed, signed.id(genesis: chains[0].ledger.genesisID, suite: chains[0].ledger.suite)))
    }
    if isCluster {
      try begin(begun)
    } else {
      chains[0].pool = begun
      now = Self.stepMs
      try seal(0)
    }
    for (_, id) in begun {
      let receipt = try chains[0].ledger.receipt(id)
      if receipt.status != .succeeded { throw failure("the relay refuses to begin: \(receipt.message)") }
    }
    for index in chains.indices {
      for subject in chains.indices where subject != index && (subject == 0 || index == 0) {
        trusted[ClientPlace(subject: subject, chain: index)] = [0]
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
    var ids: [TransactionID] = []
    for (signed, id) in chain.pool {
      do throws(TransactionFault) {
        try chain.ledger.rules.check(signed, bytes: signed.canonicalBytes.count, at: height)
      } catch {
        note(.expiredTransaction)
        if origins[id] == .client { openCalls -= 1 }
        continue
      }
      transactions.append(signed)
      ids.append(id)
    }
    chains[index].pool = []
    let receives = index > 0 && transactions.contains { $0.transaction.entry == "receive" }
    let before = try !receives ? nil : chain.ledger.query(CrossChainState.contract, "view", NoResult(), as: RelayView.self)
    let block = Block(
      on: head.header, parentID: head.blockID, time: chain.time(at: now), proposer: AccountID(.zero), transactions: transactions,
      genesis: chain.ledger.genesisID, suite: chain.ledger.suite)
    // Every signature was made here; pools check those that come from outside.
    let checkpoint = try chain.ledger.commit(block, position: height.rawValue, signatures: .alreadyChecked)
    chains[index].lastSeal = now
    let due = isHealed ? now : max(chain.uncertified.last?.due ?? 0, now + random.below(faults.certificateMs + 1))
    chains[index].uncertified.append((checkpoint, due))
    steps += 1
    mix(UInt64(index) << 32 | height.rawValue)
    for byte in checkpoint.stateRoot.bytes.prefix(8) { mix(UInt64(byte)) }
    try check(block, ids: ids, on: index, viewBefore: before)
  }

  /// A chain's nodes start again: what waited is lost, and certificates that no block carried to the store come anew.
  mutating func restart(_ index: Int) throws {
    note(.chainRestart)
    log("\(chains[index].id) restarts")
    for (_, id) in chains[index].pool where origins[id] == .client { openCalls -= 1 }
    chains[index].pool = []
    chains[index].waiting = []
    let founding = chains[index].founding
    chains[index].ledger = try Ledger(store: chains[index].store, genesis: founding.genesis, contracts: founding.registry)
    let ledger = chains[index].ledger
    chains[index].uncertified = []
    var height = ledger.newestCertified.next
    while height <= ledger.head.height {
      let due = max(chains[index].uncertified.last?.due ?? 0, now + 100 + random.below(faults.certificateMs + 1))
      chains[index].uncertified.append((try ledger.checkpoint(at: height), due))
      height = height.next
    }
  }

  /// Gives certificates of a quorum to the blocks whose time has come.
  mutating func certify(_ index: Int) throws {
    while let first = chains[index].uncertified.first, first.due <= now || isHealed {
      chains[index].uncertified.removeFirst()
      let chain = chains[index]
      try chain.ledger.add(try certificate(of: first.checkpoint, by: chain.founding, without: random.below(4)))
    }
  }

  /// A certificate of the smallest quorum; of four validators one is left out.
  func certificate(of checkpoint: Checkpoint, by founding: Founding, without absent: Int?) throws -> CheckpointCertificate {
    let genesis = founding.genesis
    let digest = checkpoint.digest(genesis: genesis.id, suite: genesis.suite)
    var signatures: [(index: Int, signature: Signature)] = []
    for (index, key) in founding.validatorKeys.enumerated() where index != absent || founding.validatorKeys.count == 1 {
      signatures.append((index, try key.sign(digest)))
    }
    return CheckpointCertificate(checkpoint: checkpoint, set: genesis.validators, signatures: signatures)
  }
}
