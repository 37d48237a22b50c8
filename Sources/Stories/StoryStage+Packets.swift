internal import Apps
internal import ChainCore

extension StoryStage {
  /// Sends a call to the same contract on another chain, and waits until the sender's chain knows how it ended.
  func forward(
    _ organisation: OrganisationID, on chain: ChainID, _ contract: ContractName, to destination: ChainID, _ call: EntryName,
    _ arguments: some CanonicalCodable
  ) async throws -> (sent: Happened<SentPacket>, ended: ForwardedCall) {
    let sent = try await self.call(
      organisation, on: chain, contract, "forward", ForwardCall(to: destination, call, arguments), returning: SentPacket.self)
    let question = ForwardedQuestion(chain: destination, sequence: sent.output.sequence)
    let ended = try await wait(for: "the end of packet \(sent.output.sequence) from \(chain) to \(destination)") {
      let found: ForwardedCall? = try ask(organisation, on: chain, contract, "forwarded", question)
      return found?.result == nil ? nil : found
    }
    return (sent, ended)
  }

  /// Sends a call that succeeds there.
  @discardableResult
  func forwardAccepted(
    _ organisation: OrganisationID, on chain: ChainID, _ contract: ContractName, to destination: ChainID, _ call: EntryName,
    _ arguments: some CanonicalCodable
  ) async throws -> Happened<SentPacket> {
    let (sent, ended) = try await forward(organisation, on: chain, contract, to: destination, call, arguments)
    guard ended.result == "ok" else { throw failure("\(contract).\(call) on \(destination): \(ended.result ?? "")") }
    return sent
  }

  /// Sends a call that must be refused there, and tells of it.
  func forwardRefused(
    _ fact: String, _ code: String, zh: String, en: String, _ organisation: OrganisationID, on chain: ChainID, _ contract: ContractName,
    to destination: ChainID, _ call: EntryName, _ arguments: some CanonicalCodable
  ) async throws {
    let (sent, ended) = try await forward(organisation, on: chain, contract, to: destination, call, arguments)
    try expect(fact, ended.result ?? "", code)
    tell(
      .refused, zh: "\(zh)：拒绝（\(code)）", en: "\(en): refused, \(code)", on: chain, height: sent.height,
      ids: ["packet": sent.output.id.hex])
  }
}
