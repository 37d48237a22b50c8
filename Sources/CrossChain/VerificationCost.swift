public import ChainCore

/// What a call of `xc` makes every validator of its chain verify of another chain's certificates.
///
/// Light clients are the whole cost of believing another chain: proofs are hashes only. Counted from the call's arguments, so anybody
/// who has the blocks counts the same.
public struct VerificationCost: Sendable, Hashable {
  /// How many checkpoint certificates.
  public var certificates: Int
  /// How many signatures they carry together.
  public var signatures: Int

  /// A sum to add to; nothing unless told.
  public init(certificates: Int = 0, signatures: Int = 0) {
    self.certificates = certificates
    self.signatures = signatures
  }

  /// The cost of one call; nothing for calls of other contracts, calls without a client's update, and arguments that do not decode.
  public init(of transaction: Transaction) {
    self.init()
    guard transaction.contract == CrossChainState.contract else { return }
    if transaction.entry == "reportMisbehaviour", let call = try? ReportMisbehaviour(canonicalBytes: transaction.arguments) {
      certificates = 2
      signatures = call.first.signatures.count + call.second.signatures.count
      return
    }
    for step in Self.update(in: transaction)?.steps ?? [] {
      certificates += 1
      signatures += step.block.certificate.signatures.count
    }
  }

  private static func update(in transaction: Transaction) -> ClientUpdate? {
    let bytes = transaction.arguments
    return switch transaction.entry {
    case "updateClient": (try? UpdateClient(canonicalBytes: bytes))?.update
    case "relay": (try? RelayPackets(canonicalBytes: bytes))?.update
    case "acknowledge": (try? AcknowledgePackets(canonicalBytes: bytes))?.update
    case "timeout": (try? TimeOutPackets(canonicalBytes: bytes))?.update
    case "receive": (try? ReceivePackets(canonicalBytes: bytes))?.update
    case "settle": (try? SettlePackets(canonicalBytes: bytes))?.update
    // The relay and the others have an entry of this name each.
    case "prune": (try? PruneSettled(canonicalBytes: bytes))?.update ?? (try? PruneArrivals(canonicalBytes: bytes))?.update
    case "skip": (try? SkipPackets(canonicalBytes: bytes))?.update
    default: nil
    }
  }

  /// Adds another cost.
  public static func += (sum: inout VerificationCost, more: VerificationCost) {
    sum.certificates += more.certificates
    sum.signatures += more.signatures
  }
}
