/// Who signs now, who will from the next epoch on, and who wants to: what governance knows of a chain's validators.
public struct ValidatorSeats: CanonicalRecord, Hashable, Codable {
  /// A validator that was accepted and still has to show that it holds the state.
  public struct Joining: CanonicalRecord, Hashable, Codable {
    /// The newcomer.
    public var validator: Validator
    /// The key whose seat it takes, if it replaces one.
    public var replaces: PublicKey?

    /// Puts the fields together.
    public init(validator: Validator, replaces: PublicKey?) {
      self.validator = validator
      self.replaces = replaces
    }

    /// The fields in order.
    public static let layout = Layout(Self.init, \.validator, \.replaces)
  }

  /// The greatest number of validators that wait at once.
  public static let joiningLimit = 16

  /// The set that signs the checkpoint of the next height.
  public var current: ValidatorSet
  /// The first height whose checkpoint `current` signs.
  public var since: BlockHeight
  /// The members from the next epoch on, if they will be others.
  public var next: [Validator]?
  /// Accepted, but not ready yet, in order of acceptance.
  public var joining: [Joining]

  /// Puts the fields together.
  public init(current: ValidatorSet, since: BlockHeight, next: [Validator]? = nil, joining: [Joining] = []) {
    self.current = current
    self.since = since
    self.next = next
    self.joining = joining
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.current, \.since, \.next, \.joining)

  /// The members from the next epoch on.
  var coming: [Validator] { next ?? current.members }

  /// Everyone whom nodes of the chain talk to: those who sign, those who will, and those who wait.
  public var everyone: [Validator] {
    var found = current.members
    for validator in coming + joining.map(\.validator) where !found.contains(where: { $0.key == validator.key }) {
      found.append(validator)
    }
    return found
  }

  /// The seats after an epoch's last block: what was coming is current.
  func rotated(after height: BlockHeight) -> ValidatorSeats? {
    guard let next,
      let set = try? ValidatorSet(generation: current.generation + 1, rule: current.rule, members: next)
    else { return nil }
    return ValidatorSeats(current: set, since: height.next, joining: joining)
  }
}

/// A set that was or is current, and the first height whose checkpoint it signs.
struct SeatedSet: CanonicalRecord {
  var set: ValidatorSet
  var since: BlockHeight

  static let layout = Layout(Self.init, \.set, \.since)
}
