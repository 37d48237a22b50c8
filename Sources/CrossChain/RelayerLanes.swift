internal import ChainCore

/// What stands before the packets of ordered lanes to one chain.
struct LaneGaps {
  /// Packets whose turn it is, or will be once those before them in the same batch are in.
  var ready: Set<PacketKey> = []
  /// Numbers that the relay ended without ever relaying them, in order.
  var skipped: [PacketKey] = []
  /// Lanes on which the relay forgot numbers that the chain waits for.
  var pruned: [LaneID] = []
}

// Which lanes may forget, and what ordered lanes wait for.
extension RelayerWork {
  /// How many lanes one call prunes: each may take many deletions.
  static let lanesPerCall = 16
  /// How many numbers of an ordered lane one tick looks ahead.
  private static let gapLimit: UInt64 = 200

  /// Compares how far the lanes of chain `source` are there, on the relay and at their destinations.
  mutating func collectMarks(from source: Int) async throws(EndpointError) {
    guard let height = spokes[source].height else { return }
    let endpoint = spokes[source].view.endpoint
    var after: LaneID?
    while true {
      let page: [LaneMark] = try await endpoint.ask("lanes", LanesQuestion(after: after, limit: 200), at: height)
      guard let last = page.last else { return }
      let lanes = page.map(\.lane)
      let relayed: [RelayLane] = try await hub.endpoint.ask("lanes", lanes, at: nil)
      guard relayed.count == lanes.count else { throw .malformed("lanes: \(relayed.count) answers for \(lanes.count)") }
      for (mark, state) in zip(page, relayed) where state.prunedBelow < mark.state.settledBelow {
        toForget[source].append((mark.lane, mark.state.settledBelow - state.prunedBelow))
      }
      for destination in spokes.indices { try await compareArrivals(lanes, at: destination) }
      after = last.lane
      if page.count < 200 { return }
    }
  }

  /// The same for lanes that come from other relays.
  mutating func collectDistantMarks(at height: BlockHeight) async throws(EndpointError) {
    var after: LaneID?
    while true {
      let page: [RelayLaneMark] = try await hub.endpoint.ask("relayLanes", LanesQuestion(after: after, limit: 200), at: height)
      let lanes = page.map(\.lane).filter { place($0.source) == nil }
      for destination in spokes.indices { try await compareArrivals(lanes, at: destination) }
      guard page.count == 200, let last = page.last else { return }
      after = last.lane
    }
  }

  private mutating func compareArrivals(_ all: [LaneID], at destination: Int) async throws(EndpointError) {
    let endpoint = spokes[destination].view.endpoint
    let lanes = all.filter { $0.destination == endpoint.chain }
    guard !lanes.isEmpty, let height = spokes[destination].hubHeight else { return }
    let forgotten: [RelayLane] = try await hub.endpoint.ask("lanes", lanes, at: height)
    let arrived: [LaneIn] = try await endpoint.ask("arrivals", lanes, at: nil)
    guard forgotten.count == lanes.count, arrived.count == lanes.count else { throw .malformed("lanes: too few answers") }
    for (index, lane) in lanes.enumerated() where arrived[index].prunedBelow < forgotten[index].prunedBelow {
      toForgetArrivals[destination].append((lane, forgotten[index].prunedBelow - arrived[index].prunedBelow))
    }
  }

  /// The lanes whose turn it is to forget: those far behind, and with an idle update all.
  func lanes(_ lagging: [(lane: LaneID, lag: UInt64)], _ isDue: Bool, forced: [LaneID] = []) -> [LaneID] {
    #if DEBUG
      if RelayMutation.neverForgets.isPlanted { return [] }
    #endif
    let due = lagging.filter { isDue || $0.lag >= options.pruneLag || forced.contains($0.lane) }
    return Array(due.prefix(Self.lanesPerCall).map(\.lane))
  }

  /// How many settled packets are remembered altogether.
  static func lag(_ lagging: [(lane: LaneID, lag: UInt64)]) -> UInt64 { lagging.reduce(0) { $0 &+ $1.lag } }

  /// What ordered lanes to chain `index` wait for.
  func gaps(of index: Int, at height: BlockHeight) async throws(EndpointError) -> LaneGaps {
    var gaps = LaneGaps()
    var lanes: [LaneID] = []
    for header in toReceive[index] where header.isOrdered && lanes.last != header.lane { lanes.append(header.lane) }
    guard !lanes.isEmpty else { return gaps }
    let endpoint = spokes[index].view.endpoint
    let arrived: [LaneIn] = try await endpoint.ask("arrivals", lanes, at: nil)
    guard arrived.count == lanes.count else { throw .malformed("arrivals: \(arrived.count) answers for \(lanes.count)") }
    for (lane, state) in zip(lanes, arrived) {
      let waiting = toReceive[index].filter { $0.isOrdered && $0.lane == lane }.map(\.sequence)
      guard let last = waiting.max() else { continue }
      let end = min(last, state.nextExpected &+ Self.gapLimit)
      var number = state.nextExpected
      while number <= end {
        let key = PacketKey(lane: lane, sequence: number)
        if waiting.contains(number) {
          gaps.ready.insert(key)
        } else if try await isPassedOver(key, on: endpoint, at: height, &gaps) == false {
          break
        }
        number += 1
      }
    }
    return gaps
  }

  /// Whether the chain can pass over a number that is not under way.
  private func isPassedOver(
    _ key: PacketKey, on endpoint: any ChainEndpoint, at height: BlockHeight, _ gaps: inout LaneGaps
  ) async throws(EndpointError) -> Bool {
    let arrived: [Delivery] = try await endpoint.ask("deliveries", [key], at: nil)
    if arrived.first?.receipt != nil { return true }
    let found: [RelayedPacket] = try await hub.endpoint.ask("packets", [key], at: height)
    guard let record = found.first else { throw .malformed("packets: no answer") }
    switch record.outcome {
    case .acknowledged: return false
    case .some:
      gaps.skipped.append(key)
      return true
    case nil:
      let forgotten: [RelayLane] = try await hub.endpoint.ask("lanes", [key.lane], at: height)
      guard let mark = forgotten.first?.prunedBelow, key.sequence < mark else { return false }
      if !gaps.pruned.contains(key.lane) { gaps.pruned.append(key.lane) }
      return true
    }
  }
}
