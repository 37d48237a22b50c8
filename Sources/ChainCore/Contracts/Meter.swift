/// Counts what a call uses and stops it at the limits of genesis.
struct Meter: Sendable {
  /// What counts against `limits`.
  private var own = MeterReading()
  /// What parts used that were metered by themselves.
  private var parts = MeterReading()
  let limits: CallLimits

  /// Everything that was used, for the receipt.
  var reading: MeterReading { own.adding(parts) }

  init(limits: CallLimits) { self.limits = limits }

  /// This meter with what a part metered by itself used: recorded, not limited.
  func adding(_ part: MeterReading) -> Meter {
    var sum = self
    sum.parts = sum.parts.adding(part)
    return sum
  }

  mutating func read(bytes: Int) throws(ContractError) {
    own.reads &+= 1
    guard own.reads <= limits.reads else { throw .limitExceeded("\(limits.reads) reads a call") }
    try account(bytes)
  }

  mutating func write(bytes: Int) throws(ContractError) {
    own.writes &+= 1
    guard own.writes <= limits.writes else { throw .limitExceeded("\(limits.writes) writes a call") }
    try account(bytes)
  }

  mutating func charge(_ steps: UInt64) throws(ContractError) {
    let (sum, overflow) = own.steps.addingReportingOverflow(steps)
    guard !overflow, sum <= limits.steps else { throw .limitExceeded("\(limits.steps) steps a call") }
    own.steps = sum
  }

  private mutating func account(_ bytes: Int) throws(ContractError) {
    own.bytes &+= UInt64(bytes)
    guard own.bytes <= limits.bytes else { throw .limitExceeded("\(limits.bytes) bytes a call") }
    try charge(1)
  }
}

extension MeterReading {
  fileprivate func adding(_ other: MeterReading) -> MeterReading {
    MeterReading(
      reads: reads &+ other.reads, writes: writes &+ other.writes, bytes: bytes &+ other.bytes, steps: steps &+ other.steps)
  }
}
