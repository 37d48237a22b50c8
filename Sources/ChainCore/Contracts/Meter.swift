/// Counts what a call uses and stops it at the limits of genesis.
struct Meter: Sendable {
  private(set) var reading = MeterReading()
  let limits: CallLimits

  init(limits: CallLimits) { self.limits = limits }

  mutating func read(bytes: Int) throws(ContractError) {
    reading.reads &+= 1
    guard reading.reads <= limits.reads else { throw .limitExceeded("\(limits.reads) reads a call") }
    try account(bytes)
  }

  mutating func write(bytes: Int) throws(ContractError) {
    reading.writes &+= 1
    guard reading.writes <= limits.writes else { throw .limitExceeded("\(limits.writes) writes a call") }
    try account(bytes)
  }

  mutating func charge(_ steps: UInt64) throws(ContractError) {
    let (sum, overflow) = reading.steps.addingReportingOverflow(steps)
    guard !overflow, sum <= limits.steps else { throw .limitExceeded("\(limits.steps) steps a call") }
    reading.steps = sum
  }

  private mutating func account(_ bytes: Int) throws(ContractError) {
    reading.bytes &+= UInt64(bytes)
    guard reading.bytes <= limits.bytes else { throw .limitExceeded("\(limits.bytes) bytes a call") }
    try charge(1)
  }
}
