import Dispatch
import Synchronization
internal import CBaselines

/// One figure with what it is compared to.
struct Case: Sendable {
  /// Such as `sm2.verify.known`.
  var name: String
  /// Of both figures.
  var unit: String
  /// What the baseline is, in words.
  var baseline: String
  /// How often each side is measured; the sides take turns.
  var runs = 7
  /// Whether it writes files, for which the kernel takes new memory at each run.
  var writesFiles = false
  /// Makes keys, trees and files, which are not measured.
  var prepare: @Sendable (Size) throws -> Sides
}

/// How large a case is: `smoke` only shows that it runs.
enum Size: Sendable {
  case full, smoke

  /// `full`, or a small part of it.
  func count(_ full: Int) -> Int { self == .full ? full : max(1, full / 100) }
}

/// Both sides of a case; each call is one run and gives its figure.
struct Sides {
  var ours: () throws -> Double
  var baseline: () throws -> Double
  /// Further figures, taken once after the runs, by name with their unit at the end.
  var details: () throws -> [String: Double] = { [:] }
}

/// What one case gave.
struct Figure: Encodable {
  var name: String
  /// Median of the runs.
  var value: Double
  var unit: String
  var baseline: String
  /// Median of the runs.
  var baselineValue: Double
  /// `value` over `baselineValue`: the median over neighbouring runs, which a busy machine disturbs less than it does either median.
  var ratio: Double
  var runs: Int
  /// How far the middle half of the values lies apart, over their median.
  var spread: Double
  var cpu: String
  /// Further figures of the case, such as `p99Ms`.
  var details: [String: Double] = [:]
}

extension Case {
  func measured(_ size: Size, cpu: String) throws -> Figure {
    let sides = try prepare(size)
    let runs = size == .full ? runs : 1
    let touched = writesFiles && size == .full ? TouchedMemory.touch() : nil
    defer { TouchedMemory.release() }
    // Caches and lazily made tables are not what is measured.
    if size == .full { _ = (try sides.ours(), try sides.baseline()) }
    var ours: [Double] = []
    var theirs: [Double] = []
    for _ in 0..<runs {
      ours.append(try sides.ours())
      theirs.append(try sides.baseline())
    }
    let sorted = ours.sorted()
    var details = try sides.details()
    if let touched { details["touchedPageMicroseconds"] = touched }
    return Figure(
      name: name, value: median(ours), unit: unit, baseline: baseline, baselineValue: median(theirs),
      ratio: median(zip(ours, theirs).map { $0 / $1 }), runs: runs,
      spread: (sorted[runs * 3 / 4] - sorted[runs / 4]) / median(ours), cpu: cpu, details: details)
  }
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

/// How many of `count` a second `body` does, by this thread's processor time: other processes disturb it least.
func processorRate(of count: Int, _ body: () throws -> Void) rethrows -> Double {
  let began = bench_processor_seconds()
  try body()
  return Double(count) / (bench_processor_seconds() - began)
}

/// The sum of the rates of as many threads at once as there are cores, each of which `body` gives: what the machine can do
/// of it. To its owner two cores may be one that two threads share, and then it is less than the cores' number times what one does alone.
func rateOfAllCores(_ cores: Int, _ body: @Sendable () throws -> Double) throws -> Double {
  let rates = Mutex<[Result<Double, any Error>]>([])
  DispatchQueue.concurrentPerform(iterations: cores) { _ in
    let rate = Result { try body() }
    rates.withLock { $0.append(rate) }
  }
  return try rates.withLock { try $0.reduce(0) { try $0 + $1.get() } }
}

/// Seconds on the clock, for what waits for a disk.
func clockSeconds(_ body: () throws -> Void) rethrows -> Double {
  let began = ContinuousClock.now
  try body()
  let parts = (ContinuousClock.now - began).components
  return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
}
