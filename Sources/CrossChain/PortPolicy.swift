public import ChainCore

/// What a chain takes for one of its contracts, whatever the relay lets pass. Without a policy: all entries from all chains, no queries.
///
/// What it refuses is answered at once, so that the sender need not wait for the timeout.
public struct PortPolicy: CanonicalRecord, Codable, Hashable {
  /// Whether packets are taken at all.
  public var isOpen: Bool
  /// The chains that may send; none = all.
  public var sources: [ChainID]
  /// The entries that may be called; none = all.
  public var calls: [EntryName]
  /// The queries that packets may ask; none = none. Their answers are seen by all chains on the way.
  public var queries: [EntryName]
  /// The greatest class.
  public var maxClassification: PacketClass

  /// An open port for all entries of all chains and all classes, without queries.
  public init(
    isOpen: Bool = true, sources: [ChainID] = [], calls: [EntryName] = [], queries: [EntryName] = [],
    maxClassification: PacketClass = .sensitive
  ) {
    self.isOpen = isOpen
    self.sources = sources
    self.calls = calls
    self.queries = queries
    self.maxClassification = maxClassification
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.isOpen, \.sources, \.calls, \.queries, \.maxClassification)

  /// Throws unless the lists are of a size that every packet may be compared with.
  func validate() throws(ContractError) {
    for (name, count) in [("sources", sources.count), ("calls", calls.count), ("queries", queries.count)] {
      guard count <= RoutePolicy.callLimit else { throw .badArgument("\(name): at most \(RoutePolicy.callLimit)") }
    }
  }

  /// Throws `.notAuthorised` unless the port takes the packet.
  func check(_ header: PacketHeader) throws(ContractError) {
    let port = header.lane.destinationPort
    guard isOpen else { throw .notAuthorised("\(port) takes no packets") }
    guard sources.isEmpty || sources.contains(header.lane.source) else {
      throw .notAuthorised("\(port) takes no packets of \(header.lane.source)")
    }
    guard calls.isEmpty || calls.contains(header.call) || queries.contains(header.call) else {
      throw .notAuthorised("\(port) takes no packets for \(header.call)")
    }
    guard header.classification <= maxClassification else { throw .notAuthorised("\(port) takes no packets of this class") }
  }
}

/// Arguments of `xc.setPort`.
public struct SetPort: CanonicalRecord, Codable, Hashable {
  /// The contract.
  public var port: ContractName
  /// What it takes.
  public var policy: PortPolicy

  /// Puts the parts together.
  public init(port: ContractName, policy: PortPolicy) {
    self.port = port
    self.policy = policy
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.port, \.policy)
}

extension ValidatorSet {
  /// Whether less than a third of the weight may lie, and no organisation has a third: what classes above ordinary need.
  public var resistsLiars: Bool {
    guard rule == .moreThanTwoThirds else { return false }
    let total = totalWeight
    var weights: [OrganisationID: UInt128] = [:]
    for member in members { weights[member.organisation, default: 0] += UInt128(member.weight) }
    return weights.values.allSatisfy { $0 * 3 < total }
  }
}

extension ClientRecord {
  /// Whether the chain's certificates are fit for classes above ordinary.
  var resistsLiars: Bool { registration.faultModel == .byzantine && registration.threshold == .moreThanTwoThirds && set.resistsLiars }
}
