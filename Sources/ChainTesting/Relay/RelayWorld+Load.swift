internal import ChainCore
internal import CrossChain

/// Many packets over many chains under faults: each sent one settles, exactly once, and the state comes back to its size.
public struct RelayLoad: Sendable {
  /// The faults of the run.
  public let faults: RelayFaults
  /// Packets that were sent, and that came to their end.
  public let sent: Int
  /// The same.
  public let settled: Int
  /// How the packets ended: answered, refused, timed out, refused by the relay.
  public let ends: [String: Int]
  /// Blocks and looks of relayers.
  public let steps: Int
  /// How long the senders sent, in virtual milliseconds.
  public let sendingMs: Int
  /// The longest time that a packet needed to settle once all faults had ended, in virtual milliseconds.
  public let longestSettlementMs: Int
  /// What was met.
  public let sights: [String: Int]

  /// Lets each of `chains` members send at least `packets` packets under the faults that the seed draws, ends the faults, and checks that
  /// all are settled, once each, that no chain holds anything of them any more, and that a regulator's replay is the relay's log.
  /// - Parameter progress: Told how many packets were sent, now and then.
  /// - Throws: `CheckFailure` at the first broken promise.
  public static func run(
    chains: Int, packets: Int, seed: UInt64, progress: (Int) -> Void = { _ in }
  ) async throws -> RelayLoad {
    var random = SeededRandom(seed)
    var faults = RelayFaults.swarm(&random)
    faults.callRate = 200
    var world = try RelayWorld(ParcelWorkload(letterRate: nil), shape: .members(chains), seed: seed, faults: .these(faults))
    let begin = world.now
    try await world.run(packetsEach: packets, progress: progress)
    let sendingMs = world.now - begin
    try await world.heal()
    var ends: [String: Int] = [:]
    for packet in world.packets.values {
      let end =
        switch packet.end {
        case .acknowledged(let answer): if case .success = answer.result { "succeeded" } else { "failed" }
        case .timedOut: packet.isRelayed ? "timed out" : "never relayed"
        case .rejected: "rejected"
        case .adjudicated: "adjudicated"
        // The last packets of all: to and from the chain whose validators lied in the end.
        case nil: "stopped"
        }
      ends[end, default: 0] += 1
    }
    return RelayLoad(
      faults: faults, sent: world.packets.count, settled: world.settledPackets, ends: ends, steps: world.steps, sendingMs: sendingMs,
      longestSettlementMs: world.longestSettlementMs,
      sights: Dictionary(uniqueKeysWithValues: world.sights.map { ($0.key.rawValue, $0.value) }))
  }
}

extension RelayWorld {
  /// How long the members may take to send their packets, in virtual milliseconds for each packet.
  private static let limitMsPerPacket = 5_000

  /// Runs under faults until each member has sent so many packets.
  /// - Throws: `CheckFailure`.
  public mutating func run(packetsEach count: Int, progress: (Int) -> Void = { _ in }) async throws {
    let end = now + 60_000 + count * Self.limitMsPerPacket
    var told = 0
    while chains.dropFirst().contains(where: { sentBy[$0.id] ?? 0 < count }) {
      guard now < end else { throw failure("after \(now) ms some members still have not sent \(count) packets") }
      try await step()
      for index in chains.indices.dropFirst() where sentBy[chains[index].id] ?? 0 < count && random.below(10_000) < faults.callRate {
        try call(on: index)
      }
      if order.count >= told + 500 {
        told = order.count
        progress(told)
      }
    }
  }
}
