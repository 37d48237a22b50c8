public import ChainCore

/// A point on the host's monotonic clock, in milliseconds; only differences mean anything. It never reaches a hash.
public struct MonotonicInstant: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The instant with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }

  /// This instant plus `milliseconds`, or the greatest number.
  public func advanced(byMilliseconds milliseconds: UInt64) -> MonotonicInstant {
    let (sum, overflow) = rawValue.addingReportingOverflow(milliseconds)
    return MonotonicInstant(overflow ? .max : sum)
  }

  /// The milliseconds since `earlier`; 0 if that is later.
  public func milliseconds(since earlier: MonotonicInstant) -> UInt64 {
    rawValue > earlier.rawValue ? rawValue - earlier.rawValue : 0
  }
}
