/// One check of a document: what was looked at and whether it holds.
public struct Check: Codable, Hashable, Sendable {
  /// A short name, such as `certificate`.
  public var name: String
  /// Whether it holds.
  public var holds: Bool
  /// What was found, or why it does not hold.
  public var detail: String

  /// Puts the parts together.
  public init(name: String, holds: Bool, detail: String) {
    self.name = name
    self.holds = holds
    self.detail = detail
  }
}

/// A check that does not hold ends a verification: what comes after rests on it.
struct CheckFailed: Error {
  var check: Check

  init(_ name: String, _ detail: String) { check = Check(name: name, holds: false, detail: detail) }
}

/// Runs checks in order and stops at the first that does not hold.
struct CheckList {
  private(set) var checks: [Check] = []

  /// Notes that `name` holds.
  mutating func pass(_ name: String, _ detail: String) { checks.append(Check(name: name, holds: true, detail: detail)) }

  /// Runs `body` as check `name`; any error fails it.
  mutating func run<Value>(_ name: String, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let failure as CheckFailed {
      throw failure
    } catch {
      throw CheckFailed(name, "\(error)")
    }
  }

  /// Fails check `name` unless `condition` holds.
  func require(_ condition: Bool, _ name: String, _ detail: String) throws {
    guard condition else { throw CheckFailed(name, detail) }
  }

  mutating func fail(_ failure: CheckFailed) { checks.append(failure.check) }
}
