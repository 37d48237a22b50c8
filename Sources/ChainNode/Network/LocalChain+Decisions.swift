public import ChainCore

extension LocalChain {
  /// The name of the member that speaks for an organisation when its chain decides.
  public static let administrator = "administrator"

  /// Makes calls take effect the way their entries demand: what governance alone may call is proposed, voted on and executed when its
  /// delay is over, all of it or none; anything else the platform's administrator calls, one after the other.
  ///
  /// Every organisation with the role administrator votes for it, through its member called `administrator`; one without such a member
  /// does not vote. An idle chain makes a block each `idleIntervalMs`, so a delay of many heights takes long there.
  /// - Throws: `CallFailed` with the receipt of the first step that failed, and as `ChainClient.call`.
  public func decide(_ calls: [GovernedCall]) async throws {
    let isGoverned = calls.contains { call in
      founding.registry.manifest(call.contract)?.entries.contains { $0.name == call.entry && $0.access == "governance" } == true
    }
    guard isGoverned else {
      for call in calls { try await perform(founding.administrator, call.contract, call.entry, Encoded(call.arguments)) }
      return
    }
    let ledger = nodes[0].ledger
    let voters: [OrganisationID] = try ledger.query(GovernanceContract.name, "voters", Electorate.administrators)
    let accounts = voters.compactMap { $0 == Founding.platform ? founding.administrator : founding.member($0, Self.administrator) }
    let proposer = accounts.first ?? founding.administrator
    let proposed = try await perform(proposer, GovernanceContract.name, "propose", ProposeChange(calls: calls, reason: ""))
    let id = try UInt64(canonicalBytes: proposed.output)
    for account in accounts.dropFirst() where try proposal(id)?.status == .open {
      try await perform(account, GovernanceContract.name, "vote", CastVote(proposal: id, approves: true))
    }
    while let found = try proposal(id), found.status == .approved {
      let head = ledger.head
      guard head.height.next >= found.fromHeight, head.header.time >= found.fromTime else {
        try await nodes[0].executed(head.height.next)
        continue
      }
      try await perform(proposer, GovernanceContract.name, "execute", id)
    }
  }

  private func proposal(_ id: UInt64) throws(QueryError) -> GovernanceProposal? {
    try nodes[0].ledger.query(GovernanceContract.name, "proposal", id)
  }

  @discardableResult
  private func perform(
    _ account: Account, _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable
  ) async throws -> Receipt {
    let receipt = try await client(account).call(contract, entry, arguments)
    guard receipt.status == .succeeded else { throw CallFailed(receipt: receipt) }
    return receipt
  }
}

/// Arguments that are encoded already.
private struct Encoded: CanonicalCodable {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  init(from reader: inout CanonicalReader) throws(CanonicalError) { bytes = try [UInt8](from: &reader) }
  func encode(into writer: inout CanonicalWriter) { writer.writeFixed(bytes) }
}
