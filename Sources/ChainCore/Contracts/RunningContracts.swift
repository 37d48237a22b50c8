internal import Synchronization

/// Why a block was not executed. Nothing may be concluded about it.
@nonexhaustive
public enum ExecutionFault: Error, Hashable, Sendable {
  /// The state cannot be read.
  case store(StoreError)
  /// The chain runs what this host does not contain.
  case missingContract(MissingContract)
}

extension ExecutionFault: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .store(let error): "store: \(error)"
    case .missingContract(let missing): missing.description
    }
  }
}

/// The contracts that run in a state, out of those of a host. Remembers the last few answers: they change with governance only.
final class RunningContracts: Sendable {
  private struct Answer: Sendable {
    var bytes: [UInt8]
    var active: ActiveContracts
    var registry: ContractRegistry
  }

  private static let remembered = 4
  private static let key = StateKey(contract: LifecycleContract.name, table: LifecycleContract.active.name, key: SingleKey()).bytes

  private let host: ContractRegistry
  private let suite: CryptoSuite
  private let answers = Mutex<[Answer]>([])

  init(host: ContractRegistry, suite: CryptoSuite) {
    self.host = host
    self.suite = suite
  }

  /// What runs, and with which of this host's contracts.
  /// - Throws: `StoreError` if the state cannot be read or says nothing of its contracts.
  func registry(in state: any StateReader) throws(StoreError) -> (active: ActiveContracts, registry: ContractRegistry) {
    guard let bytes = try state.value(.state, Self.key) else { throw .corrupt(table: LedgerTables.current, key: Self.key) }
    if let known = answers.withLock({ answers in answers.first { $0.bytes == bytes } }) { return (known.active, known.registry) }
    guard let active = try? ActiveContracts(canonicalBytes: bytes) else { throw .corrupt(table: LedgerTables.current, key: Self.key) }
    let registry = host.running(active, suite: suite)
    answers.withLock { answers in
      answers.insert(Answer(bytes: bytes, active: active, registry: registry), at: 0)
      if answers.count > Self.remembered { answers.removeLast() }
    }
    return (active, registry)
  }
}
