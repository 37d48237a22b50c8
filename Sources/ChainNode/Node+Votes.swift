package import ChainCore
package import Consensus

// What a Byzantine engine asks of its host: judging blocks, signing votes, serving blocks.

/// What is to be said of a proposed block.
package enum Judgement: Sendable, Hashable {
  case valid
  case invalid(LedgerError)
  /// Its time is ahead of this clock, or certificates are not here yet: ask again.
  case undecided

  /// How far a block's time may be ahead of this node's clock, in milliseconds.
  package static let clockToleranceMs: UInt64 = 500

  /// Judges a proposed block as a validator does.
  package static func of(_ request: ValidationRequest, signatures: Ledger.SignatureCheck, on ledger: Ledger, now: BlockTime) -> Judgement {
    let header = request.block.header
    guard header.time <= now.advanced(byMilliseconds: clockToleranceMs) else { return .undecided }
    guard header.height.rawValue < ledger.newestCertified.rawValue + ledger.genesis.parameters.certificateLag else { return .undecided }
    // What was final when it was asked may be executed by now; what is not yet executed comes.
    let head = ledger.head
    let ancestors = Array(request.ancestors.drop { $0.header.height <= head.height })
    guard (ancestors.first?.header ?? header).parent == head.blockID else { return header.height > head.height ? .undecided : .valid }
    do throws(LedgerError) {
      try ledger.validate(request.block, after: ancestors, signatures: signatures)
      return .valid
    } catch {
      return .invalid(error)
    }
  }
}

extension Ledger {
  /// How many of the newest heights are searched for a block whose height is not known.
  private static let searchedHeights: UInt64 = 256

  /// The block and up to `count` - 1 before it, highest first, at most 2 MiB beyond the first; empty if it is not here.
  package func blocks(endingAt reference: BlockReference, count: Int) -> [Block] {
    var height = reference.height
    if height == 0 {
      var candidate = head.height
      let lowest = candidate.rawValue > Self.searchedHeights ? candidate.rawValue - Self.searchedHeights : 0
      while candidate.rawValue > lowest, (try? checkpoint(at: candidate).blockID) != reference.id {
        candidate = BlockHeight(candidate.rawValue - 1)
      }
      guard candidate.rawValue > lowest else { return [] }
      height = candidate
    }
    guard height <= head.height, height > 0, (try? checkpoint(at: height).blockID) == reference.id else { return [] }
    var found: [Block] = []
    var bytes = 0
    while height > 0, found.count < count, let block = try? block(at: height) {
      bytes += block.canonicalBytes.count
      guard found.isEmpty || bytes <= 2 << 20 else { break }
      found.append(block)
      height = BlockHeight(height.rawValue - 1)
    }
    return found
  }
}
