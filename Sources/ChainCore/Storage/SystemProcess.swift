#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the storage files ask of the process they run in.
enum SystemProcess {
  /// The id of this process.
  static var id: Int32 { getpid() }

  /// Time since some moment in the past; it never goes back.
  static var uptime: Duration {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }

  /// Makes a write beyond the file size limit an error, as its default is to kill the process. A handler of the host stays.
  static func ignoreFileSizeSignal() {
    var current = sigaction()
    guard unsafe sigaction(SIGXFSZ, nil, &current) == 0 else { return }
    #if canImport(Darwin)
      let handler = unsafe current.__sigaction_u.__sa_handler
    #else
      let handler = unsafe current.__sigaction_handler.sa_handler
    #endif
    // The default is the null handler.
    if handler == nil { _ = signal(SIGXFSZ, SIG_IGN) }
  }
}
