internal import ChainCore
internal import CrossChain

// Lone packets in a network where nothing else moves: what any other traffic would carry along has to come by itself.
extension RelayWorld {
  /// By how much the lone packet's source leads the relay, in milliseconds; clients believe 5,000.
  private static let leadMs = 11_000
  /// When the lone packet is too late, and how long its destination is cut off, in milliseconds.
  private static let (lateMs, cutMs) = (12_000, 20_000)

  /// Sends one packet, from a chain whose clock leads or to one that is cut off until after its timeout, with the thief and all others silent.
  mutating func sendAlone() async throws {
    isQuiet = true
    defer { isQuiet = false }
    let source = 1 + random.below(chains.count - 1)
    let destination = 1 + source % (chains.count - 1)
    let isLead = random.chance(50)
    let time = chains[0].ledger.head.header.time
    if isLead {
      // Every new block of it is too new to be believed, for as long as it makes some.
      chains[source].skewMs = chains[0].skewMs + Self.leadMs
    } else {
      // No relayer reaches the destination before it is too late: only the timeout moves its clock.
      cutChains[destination] = now + Self.cutMs
    }
    let limit = time.advanced(byMilliseconds: UInt64(isLead ? 10 * Self.settlementBoundMs : Self.lateMs))
    guard
      let call = workload.lone(
        from: chains[source].id, to: chains[destination].id, timeout: PacketTimeout(relayTimeMs: limit.rawValue))
    else { return }
    let known = order.count
    log("\(chains[source].id) sends one packet to \(chains[destination].id), and nothing else moves")
    try hand(in: call, on: source)
    try await settle()
    for key in order[known...] {
      switch packets[key]?.end {
      case .acknowledged: if isLead { note(.loneLead) }
      case .timedOut:
        guard !isLead else { throw failure("\(describe(key)) timed out although all had time") }
        note(.loneTimeout)
      default: break
      }
    }
  }
}
