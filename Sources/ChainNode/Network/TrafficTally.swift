public import ChainCore
public import CrossChain

/// What went over a chain, counted from its blocks: how many packets, how many transactions, what was verified.
///
/// It reads each block once, so that keeping it up to date costs what is new. Two readers of one chain count the same.
public struct TrafficTally: Sendable, Hashable {
  /// Packets that the chain sent.
  public private(set) var sent = 0
  /// Packets that it received, whatever their call answered.
  public private(set) var received = 0
  /// Packets of its own that came to their end: succeeded, failed, timed out or refused by a route.
  public private(set) var settled = 0
  /// Of these, those whose call did not succeed at the destination: failed, timed out or refused.
  public private(set) var unsuccessful = 0
  /// On a relay: how many records its log got, one for each stage of each packet.
  public private(set) var hops = 0
  /// Transactions in blocks.
  public private(set) var transactions = 0
  /// Their bytes, signatures included.
  public private(set) var bytes = 0
  /// What their calls made every validator verify of other chains' certificates.
  public private(set) var verified = VerificationCost()
  /// The last height that was counted.
  public private(set) var height: BlockHeight

  /// Counts from the block after `height` on.
  public init(after height: BlockHeight = 0) { self.height = height }

  /// Packets of its own that are under way.
  public var unsettled: Int { sent - settled }

  /// Counts the blocks that `ledger` has beyond `height`.
  /// - Throws: `LedgerError` if a block cannot be read; what was counted before it stands.
  public mutating func follow(_ ledger: Ledger) throws(LedgerError) {
    let head = ledger.head.height
    while height < head {
      let next = height.next
      let block = try ledger.block(at: next)
      let receipts = try ledger.receipts(at: next)
      for signed in block.transactions {
        transactions += 1
        bytes += signed.canonicalBytes.count
        verified += VerificationCost(of: signed.transaction)
      }
      for receipt in receipts {
        for event in receipt.events where event.contract == CrossChainState.contract { count(event) }
      }
      height = next
    }
  }

  private mutating func count(_ event: Event) {
    switch event.name {
    case "xc.sent": sent += 1
    case "xc.received": received += 1
    case "xc.hop": hops += 1
    case "xc.settled":
      settled += 1
      let outcome = (try? SettledEvent(canonicalBytes: event.payload))?.outcome
      if case .acknowledged(let answer) = outcome, case .success = answer.result { return }
      unsuccessful += 1
    default: return
    }
  }
}
