import Foundation
internal import CBaselines

/// Memory that is the machine's before a run writes files.
///
/// The owner of a virtual machine takes free memory back, and the first write to a page is then a fault outside it, which may take as long as
/// a hundred hashes in lanes. How many there are in a run depends on what the machine did before, not on the program.
enum TouchedMemory {
  /// How many MiB at most: more than the files of a case grow in its runs.
  private static let usualMiB = 3_072

  /// Touches as much as YUCHAIN_BENCH_TOUCHED_MIB says, 3 GiB without it, and at most an eighth of the memory; returns the microseconds that
  /// the first write to a page took, `nil` if none was touched.
  static func touch() -> Double? {
    let bytes = min(max(0, setting("YUCHAIN_BENCH_TOUCHED_MIB", usualMiB)), (memory / 8) >> 20) << 20
    let seconds = bench_touch_memory(bytes)
    return seconds > 0 ? seconds * 1_000_000 : nil
  }

  /// Gives back what `touch` keeps.
  static func release() { _ = bench_touch_memory(0) }

  /// Bytes that this process may have: a container's limit can be far less than the machine's memory.
  private static var memory: Int {
    let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let limit = try? String(contentsOfFile: "/sys/fs/cgroup/memory.max", encoding: .utf8)
    return min(machine, limit.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) } ?? machine)
  }
}
