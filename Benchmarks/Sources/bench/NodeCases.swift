import ChainCore
import ChainNode
import Dispatch
import Foundation
import Synchronization
internal import CBaselines

/// Whole nodes, from submission to receipt.
enum NodeCases {
  static let all = [
    whole("node.endtoend", validators: 1, engine: .raft, share: 1),
    whole("cluster.endtoend", validators: 4, engine: .simplex, share: 4),
    whole("cluster.endtoend.raft", validators: 4, engine: .raft, share: 4),
  ]

  private static func whole(_ name: String, validators: Int, engine: EngineKind, share: Double) -> Case {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let words = "OpenSSL's verifications a second on \(cores) cores at once" + (share > 1 ? " ÷ \(Int(share)) validators" : "")
    return Case(name: name, unit: "transactions/s", baseline: words, runs: 5, writesFiles: true) { size in
      let count = size.count(setting("YUCHAIN_BENCH_CALLS", 20_000))
      // About as long as a run of ours, in which the machine's owner gives more at one moment than at the next.
      let verifications = size.count(4_000)
      let chain = try LicenceChain(validators: validators, engine: engine)
      try wait { try await chain.start() }
      let signer = try Signer()
      var rates: [Double] = []
      var ratesOfOneCore: [Double] = []
      return Sides(
        ours: {
          let calls = try chain.calls(count)
          rates.append(Double(count) / (try wait { try await chain.process(calls) }))
          return rates[rates.count - 1]
        },
        baseline: {
          ratesOfOneCore.append(signer.openSSLRate(verifications))
          // A key for each core: threads that share one wait for its count of references.
          return try rateOfAllCores(cores) { try Signer().openSSLRate(verifications) } / share
        },
        details: {
          defer { try? wait { await chain.chain.stop() } }
          let calls = try chain.calls(count)
          let written = bench_bytes_written()
          bench_count_allocations(1)
          let height = chain.node.ledger.head.height
          let rate = Double(count) / (try wait { try await chain.process(calls) })
          let blocks = chain.node.ledger.head.height.rawValue - height.rawValue
          bench_count_allocations(0)
          let bytes = Double(bench_bytes_written() - written)
          let timed = try chain.calls(count / 2)
          let halfway = chain.node.ledger.head.height
          let latencies = try wait { try await chain.latencies(timed, rate: rate / 2) }
          let blocksAtHalf = chain.node.ledger.head.height.rawValue - halfway.rawValue
          let own = try (0..<64).map { _ in try Signer() }
          for signer in own { for _ in 0..<10 { signer.verify() } }
          let requests = own.map(\.request)
          let limit = try rateOfAllCores(cores) { SM2Cases.batchRate(requests, rounds: size.count(50)) } / share
          // Without the first, which warms up.
          let ratios = zip(rates, ratesOfOneCore).map { $0 / ($1 * Double(cores) / share) }.suffix(max(1, rates.count - 1))
          return [
            "allocationsPerTransaction": Double(bench_allocations()) / Double(count), "writtenBytesPerTransaction": bytes / Double(count),
            "perCore": rate / Double(cores), "p50Ms": latencies[latencies.count / 2], "p99Ms": latencies[latencies.count * 99 / 100],
            "ratioToOneCoreAloneTimesCores": median(Array(ratios)), "shareOfOwnLimit": rate / limit,
            "callsPerBlock": Double(count) / Double(blocks), "callsPerBlockAtHalfLoad": Double(count / 2) / Double(blocksAtHalf),
          ]
        })
    }
  }

  /// Runs `body` on other threads and waits for it.
  private static func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let done = DispatchSemaphore(value: 0)
    let found = Outcome<Value>()
    Task {
      do {
        let value = try await body()
        found.result.withLock { $0 = .success(value) }
      } catch {
        found.result.withLock { $0 = .failure(error) }
      }
      done.signal()
    }
    done.wait()
    guard let result = found.result.withLock({ $0 }) else { preconditionFailure("the task said nothing") }
    return try result.get()
  }
}

/// What a task gave.
private final class Outcome<Value: Sendable>: Sendable {
  let result = Mutex<Result<Value, any Error>?>(nil)
}
