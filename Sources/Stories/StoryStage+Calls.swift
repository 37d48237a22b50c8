internal import Apps
public import ChainCore
internal import ChainNode
public import CrossChain

// What a story's parties do: call, be refused, ask, prove, wait.

/// A call that succeeded: what it gave and where it stands.
public struct Happened<Output: Sendable>: Sendable {
  /// What the call returned.
  public var output: Output
  /// The chain.
  public var chain: ChainID
  /// The height of its block.
  public var height: BlockHeight
  /// Its transaction.
  public var transaction: TransactionID
}

extension StoryStage {
  private func client(_ organisation: OrganisationID, on chain: ChainID) throws -> ChainClient {
    try self.chain(chain).client(try account(organisation, on: chain))
  }

  /// Makes a call that succeeds, and gives what it returns.
  /// - Throws: `StoryFailure` with the receipt's reason if it does not.
  @discardableResult
  public func call<Output: CanonicalCodable & Sendable>(
    _ organisation: OrganisationID, on chain: ChainID, _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable,
    returning: Output.Type
  ) async throws -> Happened<Output> {
    let receipt = try await accepted(organisation, on: chain, contract, entry, arguments)
    return try happened(try Output(canonicalBytes: receipt.output), receipt, on: chain)
  }

  private func happened<Output>(_ output: Output, _ receipt: Receipt, on chain: ChainID) throws -> Happened<Output> {
    Happened(
      output: output, chain: chain, height: try ledger(chain).transaction(receipt.transaction).height, transaction: receipt.transaction)
  }

  private func accepted(
    _ organisation: OrganisationID, on chain: ChainID, _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable
  ) async throws -> Receipt {
    let receipt: Receipt
    do {
      receipt = try await client(organisation, on: chain).call(contract, entry, arguments)
    } catch let error as NodeError {
      throw failure("\(contract).\(entry) of \(organisation) on \(chain): \(error)")
    }
    guard receipt.status == .succeeded else {
      throw failure("\(contract).\(entry) of \(organisation) on \(chain): \(receipt.code): \(receipt.message)")
    }
    return receipt
  }

  /// Makes a call that succeeds and whose result does not matter.
  @discardableResult
  public func call(
    _ organisation: OrganisationID, on chain: ChainID, _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable
  ) async throws -> Happened<NoResult> {
    try happened(NoResult(), try await accepted(organisation, on: chain, contract, entry, arguments), on: chain)
  }

  /// Makes a call that must be refused, by the node before ordering or in its block, and tells of it.
  ///
  /// What it names becomes a fact: `name` = the code.
  /// - Parameter code: A `ContractError` code, such as `quota`.
  /// - Throws: `StoryFailure` if it succeeds or is refused with another code.
  public func refuse(
    _ name: String, _ code: String, zh: String, en: String, _ organisation: OrganisationID, on chain: ChainID, _ contract: ContractName,
    _ entry: EntryName, _ arguments: some CanonicalCodable, because reason: String? = nil
  ) async throws {
    var found: String
    var message = ""
    var height: BlockHeight?
    var ids: [String: String] = [:]
    do {
      let receipt = try await client(organisation, on: chain).call(contract, entry, arguments)
      found = receipt.status == .succeeded ? "no refusal" : receipt.code
      message = receipt.message
      height = try ledger(chain).transaction(receipt.transaction).height
      ids["transaction"] = receipt.transaction.description
    } catch NodeError.refused(.refused(.roleNotAllowed(let reason))) {
      // The node asks the chain's state before it takes a call: who lacks the role does not get into a block.
      (found, message) = ("notAuthorised", reason)
    }
    try expect(name, found, code)
    if let reason, !message.contains(reason) { throw failure("\(name) should be refused because of \(reason), not: \(message)") }
    tell(.refused, zh: "\(zh)：拒绝（\(code)）", en: "\(en): refused, \(code)", on: chain, height: height, ids: ids)
  }

  /// Tells of a call that succeeded.
  public func tell<Output>(_ happened: Happened<Output>, zh: String, en: String, ids: [String: String] = [:]) {
    tell(.done, zh: zh, en: en, on: happened.chain, height: happened.height, ids: ids)
  }

  /// Asks a query as an organisation's clerk.
  public func ask<Answer: CanonicalCodable & Sendable>(
    _ organisation: OrganisationID, on chain: ChainID, _ contract: ContractName, _ query: EntryName, _ question: some CanonicalCodable,
    as: Answer.Type = Answer.self
  ) throws -> Answer {
    try client(organisation, on: chain).query(contract, query, question, as: Answer.self)
  }

  /// Reads a record from a chain's newest state, as its operator may.
  public func record<Key, Value>(_ contract: ContractName, _ table: Table<Key, Value>, _ key: Key, on chain: ChainID) throws -> Value? {
    try ledger(chain).record(StateKey(contract: contract, table: table.name, key: key)).map { try Value(canonicalBytes: $0) }
  }

  /// Waits until `condition` gives a value, at most 120 seconds.
  /// - Throws: `StoryFailure` naming `what`, or why a node stopped.
  public func wait<Value>(for what: String, _ condition: () async throws -> Value?) async throws -> Value {
    for _ in 0..<6_000 {
      if let value = try await condition() { return value }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw failure("\(what) did not happen within 120 s")
  }

  /// Puts the clock forward, and waits until every chain that runs has a block of that time and the relay knows of it.
  ///
  /// Long leaps are made in parts, so that no light client is left without news for its trusting period.
  /// - Parameter without: Chains that are halted.
  public func advance(to time: BlockTime, without halted: Set<ChainID> = []) async throws {
    while clock.now < time {
      let step = min(time.rawValue, clock.now.advanced(byMilliseconds: 7 * 86_400_000).rawValue)
      clock.advance(to: BlockTime(step))
      try await catchUp(to: BlockTime(step), without: halted)
    }
  }

  private func catchUp(to time: BlockTime, without halted: Set<ChainID>) async throws {
    let names = chainNames.filter { !halted.contains($0) }
    for name in names {
      let ledger = try ledger(name)
      try await wait(for: "a block of \(name) after the clock was put forward") { ledger.head.header.time >= time ? () : nil }
    }
    guard names.contains(HomeChain.relay) else { return }
    let members = names.filter { $0 != HomeChain.relay }
    for name in members {
      let ledger = try ledger(name)
      try await wait(for: "\(name)'s news of the other chains after the clock was put forward") {
        guard let seen = try Self.newest(of: HomeChain.relay, in: ledger, at: nil), seen.time >= time else { return nil as Void? }
        let all = try members.allSatisfy { try Self.newest(of: $0, in: try relay, at: seen.height)?.time ?? 0 >= time }
        return all ? () : nil
      }
    }
  }

  private static func newest(of chain: ChainID, in ledger: Ledger, at height: BlockHeight?) throws -> TrustedCheckpoint? {
    let client: ClientRecord? = try ledger.query(CrossChainState.contract, "client", chain, at: height)
    return client?.latest
  }

  /// Proves a record of one chain to a contract on another: at a height that is not below `height`, as the relay and the verifier's
  /// chain know it.
  public func prove(
    _ key: StateKey, of chain: ChainID, notBelow height: BlockHeight, for verifier: ChainID
  ) async throws -> (proof: RemoteProof, seen: VerifiedRecord) {
    try await wait(for: "\(verifier)'s view of height \(height) of \(chain)") {
      guard let proof = try? RemoteProof(of: key, on: try ledger(chain), through: try relay, for: try ledger(verifier)),
        let seen = try? proof.verify(anchor: try TrustAnchor(of: try relay)), seen.height >= height
      else { return nil }
      return (proof, seen)
    }
  }
}
