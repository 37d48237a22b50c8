public import ChainCore

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Darwin)
  internal import Darwin
#endif

extension BlockTime {
  /// The system's wall clock. Proposers stamp blocks with it; nothing else may depend on it.
  public static var now: BlockTime {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return BlockTime(UInt64(max(time.tv_sec, 0)) * 1_000 + UInt64(max(time.tv_nsec, 0)) / 1_000_000)
  }
}
