public import ChainCore

/// The state of a registered record, such as `valid`: a short name of letters.
public struct RecordState: NameIdentifier, OrderedKey, ExpressibleByStringLiteral {
  /// The characters of the name.
  public let rawValue: String
  /// Takes the name as it is; `isWellFormed` has been checked.
  public init(unchecked rawValue: String) { self.rawValue = rawValue }
  /// What the name may hold besides letters and digits.
  public static let punctuation = "-"
  /// For names in source code. An ill-formed literal is a bug of ours.
  public init(stringLiteral value: String) {
    // lint: allow trap, literals stand in source code and are met by the first test
    guard let state = RecordState(value) else { preconditionFailure("ill-formed state") }
    self = state
  }
}

/// Who may make a call.
public enum Actor: Sendable, Hashable {
  /// A member of an organisation with this role.
  case role(Role)
  /// The organisation that created the record.
  case owner
  /// The organisation in this relation to the record, as the registry's `relations` tells.
  case relation(String)
  /// Whom the contract's code has let through before: relations to other records.
  case checked
}

/// One row of a record's life: which call leads from which states to which, and who may make it.
public struct Transition: Sendable, Hashable {
  /// The call.
  public let call: EntryName
  /// From which states; empty = it creates the record.
  public let from: [RecordState]
  /// To which state; `nil` = the state stays.
  public let to: RecordState?
  /// Who may; any one of them.
  public let by: [Actor]
  /// Whether the call replaces the content, and so carries the version it worked from.
  public let amends: Bool

  /// Creates a record in state `to`.
  public static func create(_ call: EntryName, to: RecordState, by actors: Actor...) -> Transition {
    Transition(call: call, from: [], to: to, by: actors, amends: false)
  }

  /// Moves a record between states; without `to` the state stays.
  public static func move(_ call: EntryName, from: [RecordState], to: RecordState? = nil, by actors: Actor...) -> Transition {
    Transition(call: call, from: from, to: to, by: actors, amends: false)
  }

  /// Replaces a record's content; without `to` the state stays.
  public static func amend(_ call: EntryName, from: [RecordState], to: RecordState? = nil, by actors: Actor...) -> Transition {
    Transition(call: call, from: from, to: to, by: actors, amends: true)
  }

  /// What roles alone tell: if a relation may call too, the code decides.
  public var access: Access {
    var roles: [Role] = []
    for actor in by {
      guard case .role(let role) = actor else { return .member }
      roles.append(role)
    }
    return .roles(roles)
  }
}
