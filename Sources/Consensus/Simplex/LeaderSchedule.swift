public import ChainCore

/// Who leads which view of an epoch: smooth weighted round robin, so that a member leads as often as its weight says and turns are spread.
///
/// Each step every member's credit grows by its weight; the greatest credit (lowest index on ties) leads and pays the total.
public struct LeaderSchedule: Sendable, Hashable {
  /// A set whose turns repeat only after more steps than this is refused.
  public static let lengthLimit: UInt64 = 4_096

  private let slots: [Int]

  /// The schedule of `set`.
  /// - Throws: `SimplexFault.badConfiguration` for weights whose sum is 2^31 or more, or whose turns do not repeat soon enough.
  public init(_ set: ValidatorSet) throws(SimplexFault) {
    let total = set.totalWeight
    guard total < 1 << 31 else { throw .badConfiguration("the weights of the validators must sum to less than 2^31") }
    let weights = set.members.map { Int64($0.weight) }
    let divisor = weights.reduce(0, Self.divisor)
    let length = UInt64(total) / UInt64(divisor)
    guard length <= Self.lengthLimit else {
      throw .badConfiguration("the weights give \(length) turns before they repeat; use smaller ones, at most \(Self.lengthLimit) turns")
    }
    var credits = [Int64](repeating: 0, count: weights.count)
    var slots: [Int] = []
    slots.reserveCapacity(Int(length))
    for _ in 0..<length {
      var best = 0
      for index in weights.indices {
        credits[index] += weights[index]
        if credits[index] > credits[best] { best = index }
      }
      credits[best] -= Int64(total)
      slots.append(best)
    }
    self.slots = slots
  }

  /// How many views a round of turns has.
  public var length: Int { slots.count }

  /// The place in the set of the leader of `view`, which is 1 or more.
  public func leader(of view: View) -> Int { slots[Int(view.previous.rawValue % UInt64(slots.count))] }

  private static func divisor(_ left: Int64, _ right: Int64) -> Int64 {
    var (left, right) = (left, right)
    while right != 0 { (left, right) = (right, left % right) }
    return left
  }
}
