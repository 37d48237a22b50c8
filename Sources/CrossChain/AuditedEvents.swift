internal import ChainCore

// What of the relay's and the chains' traffic belongs into the audit log: who is believed, what may pass, and what was stopped.
private let auditedEvents = ["xc.clientOpened", "xc.clientFrozen", "xc.routeSet", "xc.routeFrozen", "xc.routeThawed"]

extension RelayContract {
  /// Whether an event is about trust or routes, not about a packet.
  package static func isAudited(_ event: String) -> Bool { auditedEvents.contains(event) }
}

extension CrossChainContract {
  /// Whether an event is about trust, not about a packet.
  package static func isAudited(_ event: String) -> Bool { auditedEvents.contains(event) }
}
