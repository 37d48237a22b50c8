internal import Apps
internal import ArgumentParser
internal import ChainCore
internal import CrossChain

/// A node's ledger that this command opened; the node must not be running.
struct OpenedLedger {
  let store: LMDBStore
  let ledger: Ledger

  /// Opens the ledger in `directory`.
  /// - Parameter readLimit: How long one read may last.
  init(_ directory: String, readLimit: Duration = .seconds(3_600)) throws {
    var options = LMDBStore.Options()
    options.create = false
    options.reserveMiB = 0
    options.readLimit = readLimit
    do throws(StoreError) {
      store = try LMDBStore(directory: directory, options: options)
    } catch {
      if case .locked(let process) = error { throw Misuse("\(directory) is in use by process \(process): stop the node first") }
      throw error
    }
    let genesis = try Ledger.genesis(in: store)
    ledger = try Ledger(store: store, genesis: genesis, contracts: try Self.registry(of: genesis))
  }

  /// The contracts of this program in the form that the genesis activates; `xc` has two.
  static func registry(of genesis: Genesis) throws -> ContractRegistry {
    let plain = try ContractRegistry(KnownContracts.ofChains)
    let active = genesis.contracts.first { $0.name == CrossChainContract.name }
    guard let active, plain.manifest(CrossChainContract.name)?.hash(suite: genesis.suite) != active.manifest else { return plain }
    return try ContractRegistry(KnownContracts.ofRelays)
  }
}

/// A genesis id as people write it: 64 lower-case hexadecimal characters.
struct GenesisText: ExpressibleByArgument {
  let id: GenesisID

  init?(argument: String) {
    guard let digest = Digest(hex: argument) else { return nil }
    id = GenesisID(digest)
  }
}

/// Throws `ExitCode(1)` after saying why, for what does not hold; other errors go on.
func refusing<Value>(_ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch let error as ArchiveError {
    switch error {
    case .empty, .foreign, .store, .notCertified, .ledger: throw error
    default: throw Refusal(error)
    }
  } catch let error as BackupError {
    switch error {
    case .store, .ledger, .interrupted, .notEmpty, .version, .oldKey: throw error
    default: throw Refusal(error)
    }
  } catch let error as SnapshotError {
    switch error {
    case .otherGenesis, .manifest, .chunk, .damagedStore: throw Refusal(error)
    default: throw error
    }
  }
}

/// What was checked does not hold: exit code 1.
struct Refusal: Error, CustomStringConvertible {
  let description: String
  init(_ error: some CustomStringConvertible) { description = error.description }
}
