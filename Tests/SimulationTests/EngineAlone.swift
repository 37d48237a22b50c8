import ChainCore
import Consensus

/// The engine of a chain's only validator. What it wants written and signed is done at once; what it wants built is up to the test.
struct EngineAlone {
  private var engine: any Engine
  private let store: MemoryStore
  private let key: PrivateKey
  private var now: UInt64 = 0
  private(set) var requests: [BuildRequest] = []
  private(set) var decided: [(position: UInt64, block: Block)] = []

  init(_ engine: any Engine, store: MemoryStore, key: PrivateKey) {
    self.engine = engine
    self.store = store
    self.key = key
  }

  var status: EngineStatus { engine.status }

  mutating func step(_ event: EngineEvent) throws {
    var queue = [event]
    while !queue.isEmpty {
      var effects: [EngineEffect] = []
      engine.step(queue.removeFirst(), into: &effects)
      for effect in effects {
        switch effect {
        case .persist(let write):
          try store.write { try write.apply(to: $0) }
          queue.append(.persisted(sequence: write.sequence))
        case .sign(let statement, let digest): queue.append(.signed(statement, try key.sign(digest)))
        case .verify(let id, let checks): queue.append(.verified(id: id, checks.map(\.isValid)))
        case .build(let request): requests.append(request)
        case .decided(let position, let block): decided.append((position, block))
        case .fault(let fault): throw fault
        default: break
        }
      }
    }
  }

  /// Lets time pass, 10 ms at a time.
  mutating func pass(_ milliseconds: UInt64) throws {
    let end = now + milliseconds
    while now < end {
      now += 10
      try step(.time(MonotonicInstant(now)))
    }
  }
}
