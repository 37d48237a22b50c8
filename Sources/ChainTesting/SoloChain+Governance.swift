public import ChainCore

// Proposals carried through in one call.
extension SoloChain {
  /// Proposes a call that governance alone may make, votes for every organisation that has a vote, lets the delay pass, executes it.
  ///
  /// - Returns: The receipt of the execution, or of the first step that failed.
  @discardableResult
  public mutating func govern(
    _ contract: ContractName, _ entry: EntryName, _ arguments: some CanonicalCodable
  ) throws -> Receipt {
    try govern([GovernedCall(contract, entry, arguments)])
  }

  /// Proposes calls that governance alone may make, all of them or none, and carries them through.
  ///
  /// - Returns: The receipt of the execution, or of the first step that failed.
  @discardableResult
  public mutating func govern(_ calls: [GovernedCall]) throws -> Receipt {
    let approved = try approve(calls)
    guard approved.status == .succeeded, let id = try? UInt64(canonicalBytes: approved.output) else { return approved }
    return try execute(id)
  }

  /// Proposes calls and votes for every organisation that has a vote.
  ///
  /// - Returns: The receipt of the proposal, whose output is its id, or of the first step that failed.
  public mutating func approve(_ calls: [GovernedCall]) throws -> Receipt {
    var voters: [OrganisationID] = []
    for electorate in [Electorate.administrators, .validators] {
      let found: [OrganisationID] = try ledger.query(GovernanceContract.name, "voters", electorate)
      voters += found.filter { !voters.contains($0) }
    }
    var proposed: Receipt?
    for voter in voters {
      let account = voter == Founding.platform ? administrator : try member(voter)
      guard let known = proposed else {
        let receipt = try call(GovernanceContract.name, "propose", ProposeChange(calls: calls, reason: ""), by: account)
        // The first may have no vote on this.
        if receipt.status == .failed, receipt.code == "notAuthorised", voter != voters.last { continue }
        guard receipt.status == .succeeded else { return receipt }
        proposed = receipt
        continue
      }
      let id = try UInt64(canonicalBytes: known.output)
      let proposal: GovernanceProposal? = try ledger.query(GovernanceContract.name, "proposal", id)
      guard proposal?.status == .open else { break }
      let receipt = try call(GovernanceContract.name, "vote", CastVote(proposal: id, approves: true), by: account)
      guard receipt.status == .succeeded || receipt.code == "notAuthorised" else { return receipt }
    }
    guard let proposed else { throw SoloChainError.noVoters }
    return proposed
  }

  /// Lets the delay of an approved proposal pass and executes it.
  public mutating func execute(_ proposal: UInt64) throws -> Receipt {
    if let found: GovernanceProposal = try ledger.query(GovernanceContract.name, "proposal", proposal, as: GovernanceProposal?.self) {
      while ledger.head.height.next < found.fromHeight { try makeBlock() }
      time = max(time, found.fromTime)
    }
    return try call(GovernanceContract.name, "execute", proposal, by: administrator)
  }
}
