internal import ChainCore
internal import Consensus

/// Carries out what a `StateSync` wants done to a ledger and its store.
struct SyncHost {
  private let store: any KeyValueStore
  private let genesis: Genesis
  private let contracts: ContractRegistry
  private var snapshot: SnapshotImport?
  /// The ledger, as soon as there is one.
  private(set) var ledger: Ledger?

  /// A host of the chain of `genesis`. An empty store stays empty until a snapshot or a block comes.
  /// - Throws: `LedgerError` if the store holds a ledger that does not open.
  init(store: any KeyValueStore, genesis: Genesis, contracts: ContractRegistry) throws(LedgerError) {
    self.store = store
    self.genesis = genesis
    self.contracts = contracts
    do throws(LedgerError) {
      _ = try Ledger.genesis(in: store)
    } catch {
      guard error == .empty else { throw error }
      return
    }
    ledger = try Ledger(store: store, genesis: genesis, contracts: contracts)
  }

  /// The host of a ledger that is open.
  init(_ ledger: Ledger, store: any KeyValueStore) {
    self.store = store
    genesis = ledger.genesis
    contracts = ledger.executor.registry
    self.ledger = ledger
  }

  /// The ledger's newest block.
  var head: BlockReference? { ledger.map { BlockReference(height: $0.head.height, id: $0.head.blockID) } }

  /// Does what an effect asks; returns what to report. Effects that ask for nothing here give nothing.
  mutating func carryOut(_ effect: StateSync.Effect) -> StateSync.Event? {
    switch effect {
    case .begin(let manifest): begin(manifest)
    case .store(let number, let bytes): add(bytes, as: number)
    case .discard: discard()
    case .finish: finish()
    case .execute(let blocks, let certificate): execute(blocks, certificate)
    case .send, .fault, .caughtUp, .stopped: nil
    }
  }

  /// What to tell the sync of a new head: who signs from then on, then the head.
  func news(_ event: StateSync.Event) -> [StateSync.Event] {
    guard case .head = event, let seats = ledger?.head.seats else { return [event] }
    return [.seated(seats.current, since: seats.since), event]
  }

  private mutating func begin(_ manifest: SnapshotManifest) -> StateSync.Event {
    do throws(SnapshotError) {
      let begun: SnapshotImport
      do throws(SnapshotError) {
        begun = try SnapshotImport(manifest, into: store, genesis: genesis, contracts: contracts)
      } catch {
        // What was begun before this process is of an older snapshot, which peers no longer give.
        guard case .otherImport = error else { throw error }
        try SnapshotImport.discard(in: store)
        begun = try SnapshotImport(manifest, into: store, genesis: genesis, contracts: contracts)
      }
      snapshot = begun
      return .begun(begun.missing)
    } catch {
      return .refused(nil, error)
    }
  }

  private mutating func add(_ bytes: [UInt8], as number: Int) -> StateSync.Event? {
    do throws(SnapshotError) {
      try snapshot?.add(bytes, as: number)
      return .stored(number)
    } catch {
      return .refused(number, error)
    }
  }

  private mutating func discard() -> StateSync.Event? {
    snapshot = nil
    do throws(SnapshotError) {
      try SnapshotImport.discard(in: store)
      return nil
    } catch {
      return .failed(.snapshot(error))
    }
  }

  private mutating func finish() -> StateSync.Event? {
    do throws(SnapshotError) {
      ledger = try snapshot?.finish()
      snapshot = nil
      return head.map { .head($0) }
    } catch {
      return .failed(.snapshot(error))
    }
  }

  private mutating func execute(_ blocks: [Block], _ certificate: CheckpointCertificate) -> StateSync.Event? {
    do throws(LedgerError) {
      // Blocks from the first one on are executed on the genesis state; what was imported of an abandoned snapshot is gone by now.
      let opened: Ledger
      if let ledger {
        opened = ledger
      } else {
        opened = try Ledger(store: store, genesis: genesis, contracts: contracts)
        ledger = opened
      }
      // The engine's position is not known here: it stays, and what the engine decides again changes nothing.
      for block in blocks { try opened.commit(block, position: opened.head.position) }
      try opened.add(certificate)
      return head.map { .head($0) }
    } catch {
      return .failed(.ledger(error))
    }
  }
}
