import Apps
import ChainCore
import ChainTesting
import Foundation
import TestSupport
import Testing

/// `lifecycles.json`: who may call what in which state, by contract and state machine.
struct Lifecycles: Decodable {
  struct Call: Decodable {
    var call: String
    var from: [String]?
    var to: String
    var alsoTo: [String]?
    var who: [String]
  }
  struct Machine: Decodable {
    var states: [String]
    var derived: [String: [String]]
    var calls: [Call]
    /// Stored and derived states.
    var allStates: [String] { (states + derived.keys).sorted() }
  }
  var contracts: [String: [String: Machine]]
  var roles, relations: [String]

  /// The shared file; the copy of our contracts' machines, which always runs, if that is absent.
  static func load() throws -> Lifecycles {
    let data = try Vectors.shared("domain/lifecycles.json") ?? Vectors.bundled("domain/lifecycles.json")
    return try JSONDecoder().decode(Lifecycles.self, from: data)
  }
}

/// Who calls in a test of the oracle.
enum LifecycleActor: Hashable, CustomStringConvertible {
  /// A member of the organisation that stands in this relation to the record, without any role.
  case relation(String)
  /// A member of a foreign organisation that has only this role.
  case role(String)
  /// A member of an organisation of the chain without roles.
  case noRole
  /// A member of an organisation that the chain does not know.
  case stranger

  var description: String {
    switch self {
    case .relation(let name): "relation \(name)"
    case .role(let name): "role \(name)"
    case .noRole: "member without role"
    case .stranger: "stranger"
    }
  }
}

/// A contract in one state of one of its machines, ready for any call by anybody.
protocol LifecycleScenario {
  static var contract: ContractName { get }
  /// Kinds of world that all triples are run in.
  static var variants: [String] { get }
  static func organisation(withRole role: String) -> OrganisationID
  var sandbox: ContractSandbox { get set }
  /// The world with a record of `machine` in `state`; `nil` = with everything that a creating call needs, but no record.
  init(machine: String, state: String?, variant: String) throws
  /// The organisation in `relation` to the record, or to the parent that a creating call names; `nil` = nobody is.
  func organisation(in relation: String) -> OrganisationID?
  /// Makes the call with arguments that are right for the world and the caller.
  mutating func perform(_ call: String, by caller: Caller) throws
  /// The state of the machine's record, derived at the next block's time.
  func state() throws -> String?
  /// Whether the actor is one of `who` in this kind of world, where that is not what the file's words say.
  func isIn(_ who: [String], _ actor: LifecycleActor) -> Bool?
  /// What the call meets in this world where guard or kind of record decide, not the file's table.
  func ruling(_ call: String, state: String?, by actor: LifecycleActor, isListed: Bool) -> LifecycleRuling?
  /// Whether records of the machine in this kind of world can be in the state.
  static func canBe(_ machine: String, in state: String?, variant: String) -> Bool
  /// What a creating call meets in this world, if it is let through: `nil` = it creates a record.
  func refusal(creating call: String, by actor: LifecycleActor) -> String?
}

/// What a world knows better than the table.
enum LifecycleRuling {
  case allowed
  case refused(String)
}

extension LifecycleScenario {
  func ruling(_ call: String, state: String?, by actor: LifecycleActor, isListed: Bool) -> LifecycleRuling? { nil }
  static func canBe(_ machine: String, in state: String?, variant: String) -> Bool { true }
  func refusal(creating call: String, by actor: LifecycleActor) -> String? { nil }
  func isIn(_ who: [String], _ actor: LifecycleActor) -> Bool? { nil }
  static var variants: [String] { [""] }

  static func organisation(withRole role: String) -> OrganisationID { OrganisationID(unchecked: "foreign-\(role)") }
  static var noRole: OrganisationID { "no-role" }

  /// Foreign organisations with one role each, and one without.
  static func foreigners(_ roles: [String]) -> [OrganisationID: [Role]] {
    var found: [OrganisationID: [Role]] = [noRole: []]
    for role in roles { found[organisation(withRole: role)] = [Role(unchecked: role)] }
    return found
  }

  func caller(_ actor: LifecycleActor) -> Caller? {
    switch actor {
    case .relation(let name): organisation(in: name).map { sandbox.caller($0, roles: []) }
    case .role(let name): sandbox.caller(Self.organisation(withRole: name), roles: [Role(unchecked: name)])
    case .noRole: sandbox.caller(Self.noRole, roles: [])
    case .stranger: sandbox.caller("stranger", roles: [])
    }
  }
}

/// What happened in a run of the oracle.
struct LifecycleCounts: CustomStringConvertible {
  var allowed = 0
  var refused: [String: Int] = [:]
  var total: Int { allowed + refused.values.reduce(0, +) }
  var description: String {
    let codes = refused.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    return "\(total) (state, call, actor) triples: \(allowed) allowed, refused \(codes)"
  }
}

enum LifecycleOracle {
  /// Runs every (state, call, actor) triple of the scenario's contract and holds it to the file.
  static func run<Scenario: LifecycleScenario>(_: Scenario.Type) throws -> LifecycleCounts {
    let file = try Lifecycles.load()
    let machines = try #require(file.contracts[Scenario.contract.rawValue])
    var counts = LifecycleCounts()
    let actors =
      file.relations.map { LifecycleActor.relation($0) } + file.roles.map { .role($0) } + [.noRole, .stranger]
    for variant in Scenario.variants {
      for (name, machine) in machines.sorted(by: { $0.key < $1.key }) {
        for state in [nil] + machine.allStates.map(Optional.some) where Scenario.canBe(name, in: state, variant: variant) {
          let world = try Scenario(machine: name, state: state, variant: variant)
          let place = "\(variant) \(name) \(state ?? "absent")"
          #expect(try world.state() == state, "\(place): the world is not in the state that it says")
          for call in machine.calls {
            for actor in actors {
              guard let caller = world.caller(actor) else { continue }
              let expected = expectation(world, call, state: state, actor)
              try check(world, call, caller, expected, "\(place): \(call.call) by \(actor)", state, &counts)
            }
          }
        }
      }
    }
    return counts
  }

  /// The code of the refusal, or `nil` if the call must succeed. Order of checks: role, existence, relation, state, guards.
  private static func expectation(
    _ world: some LifecycleScenario, _ call: Lifecycles.Call, state: String?, _ actor: LifecycleActor
  ) -> String? {
    let isListed =
      world.isIn(call.who, actor)
      ?? {
        switch actor {
        // One organisation may stand in several relations: a holder that grants is also the grantor.
        case .relation(let name): call.who.contains { world.organisation(in: $0) == world.organisation(in: name) }
        case .role(let name): call.who.contains(name)
        case .noRole, .stranger: false
        }
      }()
    switch world.ruling(call.call, state: state, by: actor, isListed: isListed) {
    case .allowed: return nil
    case .refused(let code): return code
    case nil: break
    }
    let isByRelation = call.who.contains(where: relationNames.contains)
    guard let from = call.from else { return isListed ? world.refusal(creating: call.call, by: actor) : "notAuthorised" }
    guard let state else { return isListed || isByRelation ? "notFound" : "notAuthorised" }
    guard isListed else { return "notAuthorised" }
    return from.contains(state) ? nil : "notAllowed"
  }

  private static let relationNames = (try? Lifecycles.load().relations) ?? []

  private static func check(
    _ world: some LifecycleScenario, _ call: Lifecycles.Call, _ caller: Caller, _ expected: String?, _ what: String, _ state: String?,
    _ counts: inout LifecycleCounts
  ) throws {
    var copy = world
    do {
      try copy.perform(call.call, by: caller)
      #expect(expected == nil, "\(what): must be refused with \(expected ?? "")")
      counts.allowed += 1
      #expect(copy.sandbox.records != world.sandbox.records, "\(what): succeeded and wrote nothing")
      let names = copy.sandbox.lastEvents.map(\.name)
      #expect(names.contains("\(type(of: world).contract).\(call.call)"), "\(what): no event, but \(names)")
      guard call.from != nil || state == nil else { return }
      let reached = try copy.state()
      let wanted = call.to == "unchanged" ? state : call.to
      let isReached = reached == wanted || call.alsoTo?.contains(reached ?? "") == true
      #expect(call.from == nil && state != nil || isReached, "\(what): leads to \(reached ?? "nothing")")
    } catch let error as ContractError {
      #expect(error.code == expected, "\(what): \(error)")
      counts.refused[error.code, default: 0] += 1
      #expect(copy.sandbox.records == world.sandbox.records, "\(what): refused and yet written")
    }
  }

  /// That the contract has the listed calls and no other.
  static func checkCalls<Listed: Contract>(of contract: Listed) throws {
    let machines = try #require(try Lifecycles.load().contracts[Listed.name.rawValue])
    let listed = machines.values.flatMap { $0.calls.map(\.call) }.sorted()
    #expect(contract.entries.entries.map(\.name.rawValue).sorted() == listed)
  }
}
