internal import ChainCore
internal import CrossChain

/// What a call of `xc` claims of another chain's heights.
struct RelayClaim {
  /// The chain; `nil` = the relay.
  var subject: ChainID?
  /// The heights that the client should trust afterwards.
  var heights: [BlockHeight]
  /// Whether the call is about the client only.
  var isAlone = false
  /// Whether the heights come by history.
  var isBackfill = false

  /// `nil` if the call claims nothing.
  init?(_ transaction: Transaction, on chain: ChainID) {
    let bytes = transaction.arguments
    var update: ClientUpdate?
    switch transaction.entry {
    case "updateClient":
      guard let call = try? UpdateClient(canonicalBytes: bytes) else { return nil }
      (subject, update, isAlone) = (call.chain, call.update, true)
    case "backfill":
      guard let call = try? BackfillClient(canonicalBytes: bytes) else { return nil }
      (subject, isAlone, isBackfill) = (call.chain, true, true)
      heights = [call.backfill.history.leaf.height]
      return
    case "relay":
      guard let call = try? RelayPackets(canonicalBytes: bytes) else { return nil }
      (subject, update) = (call.source, call.update)
    case "acknowledge":
      guard let call = try? AcknowledgePackets(canonicalBytes: bytes) else { return nil }
      (subject, update) = (call.destination, call.update)
    case "timeout":
      guard let call = try? TimeOutPackets(canonicalBytes: bytes) else { return nil }
      (subject, update) = (call.destination, call.update)
    case "receive":
      guard let call = try? ReceivePackets(canonicalBytes: bytes) else { return nil }
      update = call.update
    case "prune":
      if let call = try? PruneSettled(canonicalBytes: bytes) {
        (subject, update) = (call.source, call.update)
      } else {
        guard let call = try? PruneArrivals(canonicalBytes: bytes) else { return nil }
        update = call.update
      }
    case "skip":
      guard let call = try? SkipPackets(canonicalBytes: bytes) else { return nil }
      update = call.update
    case "settle":
      guard let call = try? SettlePackets(canonicalBytes: bytes) else { return nil }
      update = call.update
    default: return nil
    }
    guard let update else { return nil }
    heights = update.steps.map(\.block.height)
  }
}
