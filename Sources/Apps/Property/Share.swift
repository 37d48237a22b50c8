public import ChainCore

/// A part of a whole as an exact fraction, greater than zero and at most one, in lowest terms: one value, one form.
public struct Share: CanonicalRecord, Codable, Hashable, CustomStringConvertible {
  /// The numerator, at least 1.
  public let numerator: UInt32
  /// The denominator, at least the numerator.
  public let denominator: UInt32

  /// The whole.
  public static let whole = Share(known: 1, 1)

  private init(known numerator: UInt32, _ denominator: UInt32) {
    self.numerator = numerator
    self.denominator = denominator
  }

  /// The fraction in lowest terms; `nil` unless 0 < numerator ≤ denominator.
  public init?(_ numerator: UInt32, of denominator: UInt32) {
    guard numerator > 0, numerator <= denominator else { return nil }
    let divisor = Self.gcd(UInt64(numerator), UInt64(denominator))
    self.init(known: UInt32(UInt64(numerator) / divisor), UInt32(UInt64(denominator) / divisor))
  }

  private static func lowest(_ numerator: UInt32, _ denominator: UInt32) -> Share? {
    guard let share = Share(numerator, of: denominator), share.numerator == numerator else { return nil }
    return share
  }

  /// The fields in order.
  public static let layout = Layout(checked: lowest, expected: "a share in lowest terms", \.numerator, \.denominator)

  /// Reads numerator and denominator from JSON and checks them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    let (numerator, denominator) = (
      try container.decode(UInt32.self, forKey: .numerator), try container.decode(UInt32.self, forKey: .denominator)
    )
    guard let share = Self.lowest(numerator, denominator) else {
      throw DecodingError.dataCorruptedError(forKey: .numerator, in: container, debugDescription: "a share in lowest terms is expected")
    }
    self = share
  }

  /// Writes numerator and denominator.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(numerator, forKey: .numerator)
    try container.encode(denominator, forKey: .denominator)
  }

  private enum Key: String, CodingKey { case numerator, denominator }

  /// Such as `1/2`.
  public var description: String { "\(numerator)/\(denominator)" }

  /// The exact sum of shares.
  /// - Throws: `.overflow` if it has no form of 32 bits, or is more than the whole.
  public static func sum(_ shares: some Sequence<Share>) throws(ContractError) -> Share? {
    var total: Share?
    for share in shares {
      guard let found = total else {
        total = share
        continue
      }
      total = try share.combined(with: found, subtracting: false)
    }
    return total
  }

  /// What is left of this share without `other`; `nil` = nothing.
  /// - Throws: `.overflow` if `other` is more.
  public func subtracting(_ other: Share) throws(ContractError) -> Share? {
    self == other ? nil : try combined(with: other, subtracting: true)
  }

  private func combined(with other: Share, subtracting: Bool) throws(ContractError) -> Share {
    let left = UInt64(numerator) * UInt64(other.denominator)
    let right = UInt64(other.numerator) * UInt64(denominator)
    let bottom = UInt64(denominator) * UInt64(other.denominator)
    let (top, overflow) = subtracting ? left.subtractingReportingOverflow(right) : left.addingReportingOverflow(right)
    guard !overflow, top > 0 else { throw .overflow }
    let divisor = Self.gcd(top, bottom)
    guard let numerator = UInt32(exactly: top / divisor), let denominator = UInt32(exactly: bottom / divisor),
      let share = Share(numerator, of: denominator)
    else { throw .overflow }
    return share
  }

  private static func gcd(_ first: UInt64, _ second: UInt64) -> UInt64 {
    var (first, second) = (first, second)
    while second > 0 { (first, second) = (second, first % second) }
    return first
  }
}
