public import ChainCore

/// How far a lane is on the source chain.
public struct LaneOut: CanonicalRecord, Codable, Hashable {
  /// The number of the next packet.
  public var next: UInt64
  /// All numbers below this one are settled.
  public var settledBelow: UInt64

  /// A lane's counters; a fresh lane begins with number 1.
  public init(next: UInt64 = 1, settledBelow: UInt64 = 1) {
    self.next = next
    self.settledBelow = settledBelow
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.next, \.settledBelow)
}

/// How far a lane is on the destination.
public struct LaneIn: CanonicalRecord, Codable, Hashable {
  /// On an ordered lane, the number of the next packet that may arrive.
  public var nextExpected: UInt64
  /// All numbers below this one are forgotten: the relay proved that their senders know how they ended.
  public var prunedBelow: UInt64

  /// A lane's counters; a fresh lane begins with number 1.
  public init(nextExpected: UInt64 = 1, prunedBelow: UInt64 = 1) {
    self.nextExpected = nextExpected
    self.prunedBelow = prunedBelow
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.nextExpected, \.prunedBelow)
}

/// How far a lane is on the relay, and how its packets ended.
public struct RelayLane: CanonicalRecord, Codable, Hashable {
  /// All numbers below this one are forgotten: the source proved that their senders know how they ended.
  public var prunedBelow: UInt64
  /// How many packets the relay committed to.
  public var relayed: UInt64
  /// How many of them were answered.
  public var acknowledged: UInt64
  /// How many ended by timeout, relayed or not.
  public var timedOut: UInt64
  /// How many the route refused.
  public var rejected: UInt64
  /// How many governance ended.
  public var adjudicated: UInt64

  /// A lane's counters; a fresh lane begins with number 1.
  public init(
    prunedBelow: UInt64 = 1, relayed: UInt64 = 0, acknowledged: UInt64 = 0, timedOut: UInt64 = 0, rejected: UInt64 = 0,
    adjudicated: UInt64 = 0
  ) {
    self.prunedBelow = prunedBelow
    self.relayed = relayed
    self.acknowledged = acknowledged
    self.timedOut = timedOut
    self.rejected = rejected
    self.adjudicated = adjudicated
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.prunedBelow, \.relayed, \.acknowledged, \.timedOut, \.rejected, \.adjudicated)

  /// Counts what happened to one packet; numbers never wrap: a lane has 2^64 of them.
  mutating func count(_ stage: HopStage) {
    switch stage {
    case .relayed: relayed &+= 1
    case .rejected: rejected &+= 1
    case .acknowledged: acknowledged &+= 1
    case .timedOut: timedOut &+= 1
    case .adjudicated: adjudicated &+= 1
    case .sequenceReused: break
    }
  }
}

/// A lane and how far it is on its source; an answer of `xc.lanes` there.
public struct LaneMark: CanonicalRecord, Codable, Hashable {
  /// The lane.
  public var lane: LaneID
  /// How far it is.
  public var state: LaneOut

  /// Puts the parts together.
  public init(lane: LaneID, state: LaneOut) {
    self.lane = lane
    self.state = state
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lane, \.state)
}

/// Arguments of `xc.lanes` on a source chain.
public struct LanesQuestion: CanonicalRecord, Codable, Hashable {
  /// Begin after this lane; `nil` = from the first.
  public var after: LaneID?
  /// At most this many; at most 200 are given.
  public var limit: UInt32

  /// Asks for a page.
  public init(after: LaneID? = nil, limit: UInt32 = 200) {
    self.after = after
    self.limit = limit
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.after, \.limit)
}

/// A lane's settled mark with its proof.
public struct ProvenSettled: CanonicalRecord, Codable, Hashable {
  /// The lane.
  public var lane: LaneID
  /// How far it is on its source.
  public var state: LaneOut
  /// `CrossChainState.laneOutKey` → the state, on the source chain; `nil` = the batch's shared proof shows it.
  public var proof: StateProof?

  /// Puts the parts together; nothing is checked.
  public init(lane: LaneID, state: LaneOut, proof: StateProof? = nil) {
    self.lane = lane
    self.state = state
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lane, \.state, \.proof)
}

/// Arguments of `xc.prune` on the relay: lets it forget packets whose senders know how they ended.
public struct PruneSettled: CanonicalRecord, Codable, Hashable {
  /// The chain that sent them.
  public var source: ChainID
  /// Its height that the proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all lanes that bring none of their own.
  public var shared: StateMultiProof?
  /// The lanes.
  public var lanes: [ProvenSettled]

  /// Puts the parts together.
  public init(source: ChainID, height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, lanes: [ProvenSettled]) {
    self.source = source
    self.height = height
    self.update = update
    self.shared = shared
    self.lanes = lanes
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.source, \.height, \.update, \.shared, \.lanes)
}

/// A lane's pruned mark with its proof.
public struct ProvenPruned: CanonicalRecord, Codable, Hashable {
  /// The lane.
  public var lane: LaneID
  /// How far it is on the relay.
  public var state: RelayLane
  /// `CrossChainState.relayLaneKey` → the state, on the relay; `nil` = the batch's shared proof shows it.
  public var proof: StateProof?

  /// Puts the parts together; nothing is checked.
  public init(lane: LaneID, state: RelayLane, proof: StateProof? = nil) {
    self.lane = lane
    self.state = state
    self.proof = proof
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lane, \.state, \.proof)
}

/// Arguments of `xc.prune` on a destination: lets it forget packets that the relay forgot.
public struct PruneArrivals: CanonicalRecord, Codable, Hashable {
  /// The relay's height that the proofs are of.
  public var height: BlockHeight
  /// Moves the client to that height first, if needed.
  public var update: ClientUpdate?
  /// One proof for all lanes that bring none of their own.
  public var shared: StateMultiProof?
  /// The lanes.
  public var lanes: [ProvenPruned]

  /// Puts the parts together.
  public init(height: BlockHeight, update: ClientUpdate? = nil, shared: StateMultiProof? = nil, lanes: [ProvenPruned]) {
    self.height = height
    self.update = update
    self.shared = shared
    self.lanes = lanes
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.height, \.update, \.shared, \.lanes)
}

/// The event `xc.pruned`: a lane's packets below a number are forgotten here.
public struct PrunedLane: CanonicalRecord, Codable, Hashable {
  /// The lane.
  public var lane: LaneID
  /// The number.
  public var below: UInt64

  /// Puts the parts together.
  public init(lane: LaneID, below: UInt64) {
    self.lane = lane
    self.below = below
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.lane, \.below)
}
