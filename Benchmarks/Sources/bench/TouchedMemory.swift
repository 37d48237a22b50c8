import Foundation
internal import CBaselines

/// Memory that is the machine's before a run writes files.
///
/// The owner of a virtual machine takes free memory back, and the first write to a page is then a fault outside it, which may take as long as
/// a hundred hashes in lanes. How many there are in a run depends on what the machine did before, not on the program.
enum TouchedMemory {
  /// How many MiB at most: more than the files of a case grow in its runs.
  private static let usualMiB = 3_072

  /// Touches an eighth of the machine's memory, at most 3 GiB, or what YUCHAIN_BENCH_TOUCHED_MIB says; returns the microseconds that the
  /// first write to a page took, `nil` if none was touched.
  static func touch() -> Double? {
    let eighth = Int(ProcessInfo.processInfo.physicalMemory >> 20) / 8
    let seconds = bench_touch_memory(max(0, setting("YUCHAIN_BENCH_TOUCHED_MIB", min(usualMiB, eighth))) << 20)
    return seconds > 0 ? seconds * 1_000_000 : nil
  }
}
