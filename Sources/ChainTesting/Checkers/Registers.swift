/// Numbered registers that hold a number, 0 at first.
public struct Registers: SequentialSpecification {
  /// What a client asks of a register.
  public enum Operation: Hashable, Sendable {
    /// Its value.
    case read(UInt64)
    /// A new value; the outcome says nothing.
    case write(UInt64, UInt64)
    /// A new value, for the old one.
    case swap(UInt64, UInt64)
    /// So much more; the outcome is the new value.
    case add(UInt64, UInt64)

    /// Which register.
    public var register: UInt64 {
      switch self {
      case .read(let register), .write(let register, _), .swap(let register, _), .add(let register, _): register
      }
    }
  }

  /// The specification.
  public init() {}

  /// The register.
  public func key(of operation: Operation) -> UInt64 { operation.register }

  /// 0.
  public func initial(_ key: UInt64) -> UInt64 { 0 }

  /// The value after the operation, if it can return `outcome`.
  public func apply(_ operation: Operation, to state: UInt64, returning outcome: UInt64?) -> UInt64? {
    switch operation {
    case .read: outcome.map { $0 == state } ?? true ? state : nil
    case .write(_, let value): value
    case .swap(_, let value): outcome.map { $0 == state } ?? true ? value : nil
    case .add(_, let amount): outcome.map { $0 == state &+ amount } ?? true ? state &+ amount : nil
    }
  }
}
