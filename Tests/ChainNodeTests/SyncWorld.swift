import ChainCore
import Consensus
import Testing

@testable import ChainNode

/// How a peer answers.
enum PeerConduct {
  case honest
  /// Never answers.
  case silent
  /// Flips a byte of every chunk.
  case falseChunks
  /// Offers a snapshot that divides the state where no key is, and serves no chunk of it.
  case falseManifest
  /// Offers a snapshot with another state root.
  case forgedManifest
  /// Answers every question with many answers to others.
  case nonsense
  /// Changes a transaction's signature in every answer with blocks.
  case falseBlocks
  /// Sends blocks of a chain of its own, with signatures of itself alone.
  case forgedChain
  /// Has nothing.
  case empty
}

/// A certified chain, its peers, and one node that catches up, in virtual time.
struct SyncWorld {
  static let settings = {
    var settings = StateSync.Settings()
    settings.blockLag = 2
    settings.snapshotLag = 20
    return settings
  }()

  let founding: Founding
  let source: Ledger
  private(set) var sync: StateSync
  private(set) var host: SyncHost
  private(set) var now: MonotonicInstant = 0
  private(set) var caughtUp: [BlockHeight] = []
  private(set) var faults: [ReplicaID: Int] = [:]
  private(set) var stopped: SyncFailure?
  private(set) var chunksFrom: [ReplicaID: Int] = [:]
  private(set) var begun = 0
  private(set) var discarded = 0
  let peers: [ReplicaID]
  private let conduct: [PeerConduct]
  private let store: any KeyValueStore
  private var servers: [SyncServer]
  /// Whether the network is cut.
  var isCut = false
  private var inbox: [(SyncMessage, ReplicaID)] = []

  static func found(validators: Int = 7, engine: EngineKind = .simplex) throws -> Founding {
    try Founding(
      FoundingPlan(
        chain: "henan/410100", suite: .international, engine: engine, validators: Array(repeating: Founding.platform, count: validators),
        organisations: [GenesisOrganisation(id: "city-hall", name: "City hall", roles: ["department"])],
        members: [("city-hall", "clerk")], contracts: [CounterContract()], parameters: ChainParameters(transactionWindow: 10),
        time: 1_700_000_000_000))
  }

  /// A ledger of `count` certified blocks.
  static func ledger(_ founding: Founding, blocks count: Int) throws -> Ledger {
    let ledger = try Ledger(store: MemoryStore(), genesis: founding.genesis, contracts: founding.registry)
    try extend(ledger, founding, by: count)
    return ledger
  }

  static func extend(_ ledger: Ledger, _ founding: Founding, by count: Int) throws {
    let clerk = try #require(founding.member("city-hall", "clerk"))
    for _ in 0..<count {
      let head = ledger.head
      let signed = try clerk.sign(
        "counter", "add", Add(amount: head.height.rawValue % 7 + 1), chain: founding.genesis.chain, genesis: ledger.genesisID,
        validUntil: head.height.advanced(by: 5), salt: head.height.rawValue)
      let block = Block(
        on: head.header, parentID: head.blockID, time: head.header.time.advanced(byMilliseconds: 1_000), proposer: clerk.id,
        transactions: [signed], genesis: ledger.genesisID, suite: ledger.suite)
      let checkpoint = try ledger.commit(block, position: 0)
      try ledger.add(try certify(checkpoint, founding, signers: founding.validatorKeys.indices, ledger))
    }
  }

  static func certify(
    _ checkpoint: Checkpoint, _ founding: Founding, signers: Range<Int>, _ ledger: Ledger
  ) throws -> CheckpointCertificate {
    let digest = checkpoint.digest(genesis: ledger.genesisID, suite: ledger.suite)
    return CheckpointCertificate(
      checkpoint: checkpoint, set: founding.genesis.validators,
      signatures: try signers.map { (index: $0, signature: try founding.validatorKeys[$0].sign(digest)) })
  }

  init(
    _ conduct: [PeerConduct], blocks: Int, founding: Founding? = nil, source: Ledger? = nil, store: any KeyValueStore = MemoryStore(),
    chunkBytes: Int = 700
  ) throws {
    self.founding = try founding ?? Self.found()
    self.source = try source ?? Self.ledger(self.founding, blocks: blocks)
    self.conduct = conduct
    self.store = store
    let genesis = self.founding.genesis
    peers = conduct.indices.map { genesis.validators.members[$0].replica(suite: genesis.suite) }
    let served = self.source
    servers = conduct.map { _ in SyncServer(served, limits: .init(interval: 8, chunkBytes: chunkBytes)) }
    host = try SyncHost(store: store, genesis: genesis, contracts: self.founding.registry)
    sync = StateSync(genesis: genesis, head: host.head, peers: peers, settings: Self.settings)
  }

  /// Runs until the node caught up, stopped, or the time is over.
  mutating func run(seconds: UInt64 = 120, until isDone: (SyncWorld) -> Bool = { !$0.caughtUp.isEmpty }) throws {
    let end = now.advanced(byMilliseconds: seconds * 1_000)
    while now < end, stopped == nil, !isDone(self) {
      step(.time(now))
      while !inbox.isEmpty, !isDone(self) {
        let (message, from) = inbox.removeFirst()
        // Over the wire and back.
        let sent = NodeMessage.sync(message)
        #expect(try NodeMessage(canonicalBytes: sent.canonicalBytes) == sent)
        step(.received(message, from: from))
      }
      now = now.advanced(byMilliseconds: 100)
    }
  }

  mutating func step(_ event: StateSync.Event) {
    var events = [event]
    while !events.isEmpty {
      var effects: [StateSync.Effect] = []
      sync.step(events.removeFirst(), into: &effects)
      for effect in effects {
        switch effect {
        case .send(let question, let peer): answer(question, peer)
        case .fault(let peer, _): faults[peer, default: 0] += 1
        case .caughtUp(let height): caughtUp.append(height)
        case .stopped(let failure): stopped = failure
        case .begin: begun += 1
        case .discard: discarded += 1
        case .store, .finish, .execute: break
        }
        if let next = host.carryOut(effect) { events.append(next) }
      }
    }
  }

  private mutating func answer(_ question: SyncMessage, _ peer: ReplicaID) {
    guard let index = peers.firstIndex(of: peer) else { return }
    #expect(inbox.filter { $0.1 == peer }.isEmpty || conduct[index].isNonsense, "one open question a peer")
    guard !isCut, let honest = servers[index].answer(question, from: peer, now: now) else { return }
    switch (conduct[index], honest) {
    case (.silent, _): return
    case (.nonsense, _):
      for _ in 0..<50 {
        inbox.append((.chunk(snapshot: .zero, number: 7, [1, 2, 3]), peer))
        inbox.append((.blocks(from: 99_999, [], nil), peer))
        inbox.append((.manifest([1, 2, 3]), peer))
      }
    case (.empty, .status): inbox.append((.status(nil, []), peer))
    case (.empty, .manifest): inbox.append((.manifest(nil), peer))
    case (.empty, .chunk(let id, let number, _)): inbox.append((.chunk(snapshot: id, number: number, nil), peer))
    case (.empty, .blocks(let from, _, _)): inbox.append((.blocks(from: from, [], nil), peer))
    case (.falseChunks, .chunk(let id, let number, let bytes)):
      chunksFrom[peer, default: 0] += 1
      var lie = bytes
      lie?[(bytes?.count ?? 0) / 2] ^= 1
      inbox.append((.chunk(snapshot: id, number: number, lie), peer))
    case (.falseManifest, .manifest(let bytes)):
      guard let bytes, var manifest = try? SnapshotManifest(canonicalBytes: bytes) else { return }
      manifest.stateChunks = [.zero] + manifest.stateChunks
      inbox.append((.manifest(manifest.canonicalBytes), peer))
    case (.forgedManifest, .manifest(let bytes)):
      guard let bytes, var manifest = try? SnapshotManifest(canonicalBytes: bytes) else { return }
      manifest.certificate.checkpoint.stateRoot = .zero
      inbox.append((.manifest(manifest.canonicalBytes), peer))
    case (.falseBlocks, .blocks(let from, var blocks, let certificate)):
      if let last = blocks.indices.last, let key = founding.validatorKeys.first, let forged = try? key.sign(.zero) {
        blocks[last].transactions[0].signature = forged
      }
      inbox.append((.blocks(from: from, blocks, certificate), peer))
    case (.forgedChain, .blocks(let from, var blocks, let certificate)): inbox.append((forge(from, &blocks, certificate), peer))
    case (.forgedChain, .status(var certificate, let handovers)):
      certificate?.checkpoint.height = 1_000_000
      inbox.append((.status(certificate, handovers), peer))
    case (_, let answer):
      if case .chunk(_, _, .some) = answer { chunksFrom[peer, default: 0] += 1 }
      inbox.append((answer, peer))
    }
  }

  /// Another last block, certified by two of seven.
  private func forge(_ from: BlockHeight, _ blocks: inout [Block], _ certificate: CheckpointCertificate?) -> SyncMessage {
    guard let last = blocks.indices.last, var checkpoint = certificate?.checkpoint else { return .blocks(from: from, [], nil) }
    blocks[last].header.time = blocks[last].header.time.advanced(byMilliseconds: 1)
    checkpoint.blockID = blocks[last].header.id(genesis: source.genesisID, suite: source.suite)
    return .blocks(from: from, blocks, try? Self.certify(checkpoint, founding, signers: 0..<2, source))
  }
}

extension PeerConduct {
  var isNonsense: Bool { self == .nonsense }
}
