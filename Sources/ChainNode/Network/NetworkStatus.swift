public import ChainCore
public import CrossChain

/// Where a chain of a `Network` is in its life.
public enum ChainPhase: String, Sendable, Hashable, Codable, CaseIterable {
  /// Founded and started; the relay does not know it yet.
  case joining
  /// Registered, and served by the relayers.
  case running
  /// Nothing new is let to it; what is under way comes to its end.
  case draining
  /// Stopped. Its name stays taken, and what the relay knows of it stays provable.
  case retired
}

/// How one chain of a `Network` gets on.
public struct ChainStatus: Sendable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// Whether it is the relay.
  public var isRelay: Bool
  /// What orders its blocks.
  public var engine: EngineKind
  /// How many validators it has.
  public var validators: Int
  /// Where it is in its life.
  public var phase: ChainPhase
  /// The newest height that its first node executed.
  public var head: BlockHeight
  /// The newest height with a certificate there.
  public var certified: BlockHeight
  /// What went over it.
  public var traffic: TrafficTally
  /// How many records its state has.
  public var stateRecords: Int
  /// What the relay's light client of it says; `nil` on the relay, and for a chain that is not registered yet.
  public var client: ClientStatus?
  /// The newest height of it that the relay trusts; `nil` as above.
  public var trusted: BlockHeight?
  /// Why nodes of it stopped, if any did.
  public var failures: [NodeError]
}

/// Why a `Network` does not do what was asked.
@nonexhaustive
public enum NetworkError: Error, Hashable, Sendable {
  /// The name is taken, perhaps by a chain that retired: a name belongs to one genesis for ever.
  case taken(ChainID)
  /// There is no such chain, or it retired.
  case unknown(ChainID)
  /// The relay cannot retire; stop the network.
  case isRelay(ChainID)
  /// The plan brings `xc` with a configuration of another relay; leave it out, the network adds it.
  case foreignRelay(ChainID)
  /// The chain is joining or draining already.
  case busy(ChainID)
  /// Packets did not come to their end in time; the chain runs on and drains. Ask again.
  case notDrained(ChainID, unsettled: Int)
  /// The network was stopped.
  case stopped
}

extension NetworkError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .taken(let chain): "\(chain) is or was in the network: a name belongs to one genesis for ever, choose another"
    case .unknown(let chain): "\(chain) is not in the network"
    case .isRelay(let chain): "\(chain) is the relay: it cannot retire, stop the network instead"
    case .foreignRelay(let chain): "\(chain) is configured for another relay: leave xc out of the plan, the network adds it"
    case .busy(let chain): "\(chain) is joining or draining already"
    case .notDrained(let chain, let unsettled):
      "\(unsettled) packets from or to \(chain) are still under way; it runs on without new ones, ask again later"
    case .stopped: "the network was stopped"
    }
  }
}
