public import ChainCore

/// A trusted height of a chain: the key of its checkpoint.
public struct CheckpointKey: CanonicalRecord, OrderedKey, Codable, Hashable {
  /// The chain.
  public var chain: ChainID
  /// The height.
  public var height: BlockHeight

  /// Puts the parts together.
  public init(chain: ChainID, height: BlockHeight) {
    self.chain = chain
    self.height = height
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.chain, \.height)

  /// Appends chain and height.
  public func encodeKey(into bytes: inout [UInt8]) {
    chain.encodeKey(into: &bytes)
    height.encodeKey(into: &bytes)
  }

  /// Reads chain and height.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let chain = ChainID(key: &bytes), let height = BlockHeight(key: &bytes) else { return nil }
    self.init(chain: chain, height: height)
  }
}

/// The tables of the system contract `xc`, and the state keys that proofs are about. Only this module writes them.
public enum CrossChainState {
  /// The contract's name on every chain.
  public static let contract: ContractName = "xc"

  // On the source chain.
  static let laneOut = Table<LaneID, LaneOut>("lane-out")
  static let pending = Table<PacketKey, Digest>("pending")
  /// What relayers carry: header and payload, until settled. Nothing is proven of it.
  static let outbox = Table<PacketKey, Packet>("outbox")

  // On the destination.
  static let laneIn = Table<LaneID, LaneIn>("lane-in")
  static let receipts = Table<PacketKey, PacketReceipt>("receipt")
  /// The answer itself, not its digest: the tree holds the digest anyway, and relayers need no event history.
  static let acks = Table<PacketKey, Acknowledgement>("ack")

  /// Received packets that their contract answers later: the packet's id.
  static let open = Table<PacketKey, Digest>("open")
  static let ports = Table<ContractName, PortPolicy>("port")

  // On every chain but the relay.
  static let view = Table<SingleKey, RelayView>("relay-view")

  // On every chain.
  static let clients = Table<ChainID, ClientRecord>("client")
  static let checkpoints = Table<CheckpointKey, TrustedCheckpoint>("checkpoint")
  static let evidence = Table<ChainID, Misbehaviour>("evidence")

  // On the relay.
  static let chains = Table<ChainID, ChainRegistration>("chain")
  static let routes = Table<RouteScope, RoutePolicy>("route")
  static let relayed = Table<PacketKey, Digest>("relayed")
  static let outcomes = Table<PacketKey, Outcome>("outcome")
  static let relayLanes = Table<LaneID, RelayLane>("relay-lane")
  static let usage = Table<RouteScope, RouteUsage>("usage")
  static let log = Table<SingleKey, AppendOnlyTree>("log")

  /// Where the source chain commits to a packet: value = packet id.
  public static func pendingKey(_ packet: PacketKey) -> StateKey { key(pending, packet) }
  /// Where the source chain records how far a lane is: value = `LaneOut`.
  public static func laneOutKey(_ lane: LaneID) -> StateKey { key(laneOut, lane) }
  /// Where the relay records how far a lane is: value = `RelayLane`.
  public static func relayLaneKey(_ lane: LaneID) -> StateKey { key(relayLanes, lane) }
  /// Where the relay keeps its log: value = `AppendOnlyTree`.
  public static let logKey = key(log, SingleKey())
  /// Where the relay records a transaction over several chains: value = `TransactionRecord`.
  public static func transactionKey(_ id: Digest) -> StateKey { key(TransactionCoordinator.records, id) }
  /// Where the relay commits to a packet: value = packet id.
  public static func relayedKey(_ packet: PacketKey) -> StateKey { key(relayed, packet) }
  /// Where the relay records how a packet ended: value = `Outcome`.
  public static func outcomeKey(_ packet: PacketKey) -> StateKey { key(outcomes, packet) }
  /// Where the destination records that a packet arrived: value = `PacketReceipt`.
  public static func receiptKey(_ packet: PacketKey) -> StateKey { key(receipts, receiptPlace(packet)) }
  /// Where the destination records its answer: value = `Acknowledgement`.
  public static func acknowledgementKey(_ packet: PacketKey) -> StateKey { key(acks, packet) }
  /// Where a chain records the newest relay block that it verified: value = `RelayView`.
  public static let viewKey = key(view, SingleKey())
  /// Where a chain records a trusted height of another: value = `TrustedCheckpoint`.
  public static func checkpointKey(_ chain: ChainID, _ height: BlockHeight) -> StateKey {
    key(checkpoints, CheckpointKey(chain: chain, height: height))
  }

  /// Under which key a packet's receipt stands: its own, source chain included.
  static func receiptPlace(_ packet: PacketKey) -> PacketKey {
    #if DEBUG
      if RelayMutation.receiptWithoutSource.isPlanted {
        var lane = packet.lane
        lane.source = lane.destination
        return PacketKey(lane: lane, sequence: packet.sequence)
      }
    #endif
    return packet
  }

  private static func key<Key, Value>(_ table: Table<Key, Value>, _ key: Key) -> StateKey {
    StateKey(contract: contract, table: table.name, key: key)
  }
}
