public import ChainCore

/// Which lanes a route policy is about; an absent part stands for all. The policy of the narrowest scope counts.
public struct RouteScope: CanonicalRecord, OrderedKey, Codable, Hashable {
  /// The chain that sends.
  public var source: ChainID?
  /// The contract on both sides.
  public var port: ContractName?
  /// The chain that receives.
  public var destination: ChainID?

  /// Puts the parts together.
  public init(source: ChainID? = nil, port: ContractName? = nil, destination: ChainID? = nil) {
    self.source = source
    self.port = port
    self.destination = destination
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.source, \.port, \.destination)

  /// Appends the parts; absent ones as empty names.
  public func encodeKey(into bytes: inout [UInt8]) {
    (source?.rawValue ?? "").encodeKey(into: &bytes)
    (port?.rawValue ?? "").encodeKey(into: &bytes)
    (destination?.rawValue ?? "").encodeKey(into: &bytes)
  }

  /// Reads the parts.
  public init?(key bytes: inout ArraySlice<UInt8>) {
    guard let source = String(key: &bytes), let port = String(key: &bytes), let destination = String(key: &bytes) else { return nil }
    self.init(source: ChainID(source), port: ContractName(port), destination: ChainID(destination))
    guard self.source != nil || source.isEmpty, self.port != nil || port.isEmpty, self.destination != nil || destination.isEmpty else {
      return nil
    }
  }

  /// The scopes that hold a lane, the narrowest first.
  static func holding(_ lane: LaneID) -> [RouteScope] {
    let source = lane.source
    let port = lane.destinationPort
    let destination = lane.destination
    return [
      RouteScope(source: source, port: port, destination: destination), RouteScope(source: source, port: port),
      RouteScope(port: port, destination: destination), RouteScope(source: source, destination: destination), RouteScope(port: port),
      RouteScope(source: source), RouteScope(destination: destination), RouteScope(),
    ]
  }
}

/// How many packets may pass in a while.
public struct RouteRate: CanonicalRecord, Codable, Hashable {
  /// How many packets a window takes; above 0.
  public var packets: UInt32
  /// How long a window is, in milliseconds of relay time; above 0. In any time of this length at most twice as many pass.
  public var windowMs: UInt64

  /// So many packets in each window.
  public init(packets: UInt32, windowMs: UInt64) {
    self.packets = packets
    self.windowMs = windowMs
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.packets, \.windowMs)
}

/// How much of a route's rate is used.
public struct RouteUsage: CanonicalRecord, Codable, Hashable {
  /// The number of the window since 1970.
  public var window: UInt64
  /// How many packets passed in it.
  public var packets: UInt32

  /// Puts the parts together.
  public init(window: UInt64, packets: UInt32) {
    self.window = window
    self.packets = packets
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.window, \.packets)
}

/// What the relay lets pass: deny by default, decided from the relay's state alone.
public struct RoutePolicy: CanonicalRecord, Codable, Hashable {
  /// The greatest number of entries that a policy lists.
  public static let callLimit = 64

  /// Rises with every change; the relay sets it.
  public var version: UInt64
  /// The entries that may be called; none = all.
  public var calls: [EntryName]
  /// The greatest class. Above `ordinary` the validators on the way have to resist liars; `sensitive` content has to be sealed.
  public var maxClassification: PacketClass
  /// The greatest payload in bytes.
  public var maxPayload: UInt32
  /// Whether packets arrive in the order of their numbers. Packets that say otherwise are refused.
  public var ordered: Bool
  /// How many packets may pass in a while; `nil` = any number. What is over it waits.
  public var rate: RouteRate?
  /// How far off a timeout may be, in milliseconds of relay time.
  public var maxTimeoutMs: UInt64
  /// How far off a timeout may be, in relay heights.
  public var maxTimeoutHeights: UInt64
  /// From when the route is open.
  public var validFrom: BlockTime
  /// Until when the route is open; `nil` = until it is changed.
  public var validUntil: BlockTime?
  /// Whether it allows packets; a scope without them only carries a freeze.
  public var isOpen: Bool
  /// Stops every lane in the scope, whatever narrower routes say. Packets wait, and time out in the end.
  public var isFrozen: Bool

  /// An open route for all calls. Defaults: ordinary class, 64 KiB, one day.
  public init(
    calls: [EntryName] = [], maxClassification: PacketClass = .ordinary, maxPayload: UInt32 = UInt32(Packet.payloadLimit),
    ordered: Bool = false, rate: RouteRate? = nil, maxTimeoutMs: UInt64 = 86_400_000, maxTimeoutHeights: UInt64 = 100_000,
    validFrom: BlockTime = 0, validUntil: BlockTime? = nil
  ) {
    self.init(
      version: 0, calls: calls, maxClassification: maxClassification, maxPayload: maxPayload, ordered: ordered, rate: rate,
      maxTimeoutMs: maxTimeoutMs, maxTimeoutHeights: maxTimeoutHeights, validFrom: validFrom, validUntil: validUntil, isOpen: true,
      isFrozen: false)
  }

  private init(
    version: UInt64, calls: [EntryName], maxClassification: PacketClass, maxPayload: UInt32, ordered: Bool, rate: RouteRate?,
    maxTimeoutMs: UInt64, maxTimeoutHeights: UInt64, validFrom: BlockTime, validUntil: BlockTime?, isOpen: Bool, isFrozen: Bool
  ) {
    self.version = version
    self.calls = calls
    self.maxClassification = maxClassification
    self.maxPayload = maxPayload
    self.ordered = ordered
    self.rate = rate
    self.maxTimeoutMs = maxTimeoutMs
    self.maxTimeoutHeights = maxTimeoutHeights
    self.validFrom = validFrom
    self.validUntil = validUntil
    self.isOpen = isOpen
    self.isFrozen = isFrozen
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(
      version:calls:maxClassification:maxPayload:ordered:rate:maxTimeoutMs:maxTimeoutHeights:validFrom:validUntil:isOpen:isFrozen:),
    \.version, \.calls, \.maxClassification, \.maxPayload, \.ordered, \.rate, \.maxTimeoutMs, \.maxTimeoutHeights, \.validFrom,
    \.validUntil, \.isOpen, \.isFrozen)

  /// A scope that only carries a freeze.
  static let closed = RoutePolicy(
    version: 0, calls: [], maxClassification: .ordinary, maxPayload: 0, ordered: false, rate: nil, maxTimeoutMs: 0,
    maxTimeoutHeights: 0, validFrom: 0, validUntil: nil, isOpen: false, isFrozen: false)

  /// Throws unless the numbers can be kept.
  func validate() throws(ContractError) {
    guard maxPayload <= UInt32(Packet.payloadLimit) else { throw .badArgument("maxPayload: at most \(Packet.payloadLimit)") }
    guard rate.map({ $0.packets > 0 && $0.windowMs > 0 }) ?? true else { throw .badArgument("rate: packets and window above 0") }
    guard calls.count <= Self.callLimit else { throw .badArgument("calls: at most \(Self.callLimit)") }
  }

  /// Why the route refuses the packet for good, or `nil`.
  func refusal(of header: PacketHeader, at view: RelayView) -> RouteRefusal? {
    guard validFrom <= view.time, validUntil.map({ view.time <= $0 }) ?? true else { return .notValidNow }
    guard calls.isEmpty || calls.contains(header.call) else { return .call }
    guard header.classification <= maxClassification else { return .classification }
    guard header.classification < .sensitive || header.sealedTo != nil else { return .unsealed }
    guard header.isOrdered == ordered else { return .order }
    guard header.payloadSize <= maxPayload else { return .payloadSize }
    let timeout = header.timeout
    let nearTime = timeout.relayTimeMs != 0 && timeout.relayTimeMs <= view.time.advanced(byMilliseconds: maxTimeoutMs).rawValue
    let nearHeight = timeout.relayHeight != 0 && timeout.relayHeight <= view.height.advanced(by: maxTimeoutHeights).rawValue
    guard nearTime || nearHeight else { return .timeout }
    return nil
  }
}
