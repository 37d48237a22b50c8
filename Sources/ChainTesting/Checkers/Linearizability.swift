/// What operations do one after another, as the linearizability checker needs it.
public protocol SequentialSpecification: Sendable {
  /// Operations with different keys do not concern each other: each key's are checked alone.
  associatedtype Key: Hashable & Sendable
  /// The state of one key.
  associatedtype State: Hashable & Sendable
  /// What a client asks for.
  associatedtype Operation: Sendable
  /// What it is told.
  associatedtype Outcome: Sendable

  /// Which part of the state the operation concerns.
  func key(of operation: Operation) -> Key
  /// The state before all operations.
  func initial(_ key: Key) -> State
  /// The state after `operation`, or `nil` if it cannot return `outcome` in `state`. An unknown outcome (`nil`) is always possible.
  func apply(_ operation: Operation, to state: State, returning outcome: Outcome?) -> State?
}

/// One operation of a history. Leave out those that certainly did not happen.
public struct HistoryEntry<Operation: Sendable, Outcome: Sendable>: Sendable {
  /// Who asked, for people.
  public var client: Int
  /// What was asked for.
  public var operation: Operation
  /// What was told; `nil` if nobody knows. It may then have happened at any time since the call, or may never happen.
  public var outcome: Outcome?
  /// When it was asked for.
  public var called: Int
  /// When the outcome was told; without meaning if it is unknown. Of two operations one precedes the other if it returned before the
  /// other was called; if both were at the same time they count as concurrent.
  public var returned: Int

  /// An operation whose outcome was told at `returned`.
  public init(client: Int = 0, _ operation: Operation, _ outcome: Outcome, called: Int, returned: Int) {
    self.client = client
    self.operation = operation
    self.outcome = outcome
    self.called = called
    self.returned = max(called, returned)
  }

  /// An operation of which nothing was heard.
  public init(client: Int = 0, unknown operation: Operation, called: Int) {
    self.client = client
    self.operation = operation
    self.called = called
    returned = .max
  }
}

/// What the checker found.
public enum LinearizabilityVerdict<Key: Hashable & Sendable>: Hashable, Sendable {
  /// Each key's operations can be put in an order that clients saw and the specification allows.
  case linearizable
  /// Those of this key cannot. `order` is the longest part that can be put in order, by places in the history; `stuck` returned before
  /// anything else was left, and fits nowhere.
  case broken(key: Key, order: [Int], stuck: Int)
  /// After so many applied operations the question is open. A history with many concurrent operations whose outcomes say little may
  /// need exponentially many.
  case gaveUp(key: Key, steps: Int)
}

/// Decides whether a history is linearizable (Herlihy and Wing, 1990): whether each operation can have taken effect at one moment
/// between its call and its return.
///
/// The algorithm is that of Wing and Gong ("Testing and verifying concurrent objects", 1993) with Lowe's memory of configurations
/// ("Testing for linearizability", 2017), per key, as in porcupine. The problem is NP-complete; work is bounded by `stepLimit`.
public struct LinearizabilityChecker<Specification: SequentialSpecification>: Sendable {
  /// An operation of this specification.
  public typealias Entry = HistoryEntry<Specification.Operation, Specification.Outcome>
  /// What is found.
  public typealias Verdict = LinearizabilityVerdict<Specification.Key>

  let specification: Specification
  let stepLimit: Int

  /// A checker.
  /// - Parameter stepLimit: How many operations it applies before it gives up; also bounds its memory.
  public init(_ specification: Specification, stepLimit: Int = 1_000_000) {
    self.specification = specification
    self.stepLimit = stepLimit
  }

  /// Checks a history, in any order. The keys are checked in the order in which they first occur.
  public func check(_ history: [Entry]) -> Verdict {
    var keys: [Specification.Key] = []
    var parts: [Specification.Key: [Int]] = [:]
    for (place, entry) in history.enumerated() {
      let key = specification.key(of: entry.operation)
      if parts[key] == nil { keys.append(key) }
      parts[key, default: []].append(place)
    }
    var steps = 0
    for key in keys {
      guard let places = parts[key] else { continue }
      var search = LinearizabilitySearch(history: history, places: places)
      let verdict = search.run(specification, key, limit: stepLimit, &steps)
      if verdict != .linearizable { return verdict }
    }
    return .linearizable
  }
}

/// The search within one key.
private struct LinearizabilitySearch<Operation: Sendable, Outcome: Sendable> {
  private struct Configuration<State: Hashable>: Hashable {
    var done: [UInt64]
    var state: State
  }

  private enum Event {
    case head
    case call(Int)
    case back(Int)
  }

  private let entries: [HistoryEntry<Operation, Outcome>]
  private let places: [Int]
  // Calls and returns in the order of time, as a doubly linked list from which operations are taken and put back.
  private var events: [Event] = [.head]
  private var next: [Int] = []
  private var previous: [Int] = []
  private var returnOf: [Int?]
  private var left = 0

  init(history: [HistoryEntry<Operation, Outcome>], places: [Int]) {
    entries = places.map { history[$0] }
    self.places = places
    returnOf = Array(repeating: nil, count: places.count)
    var times: [(time: Int, isReturn: Bool, entry: Int)] = []
    for (index, entry) in entries.enumerated() {
      times.append((entry.called, false, index))
      // What nobody knows the outcome of never has to be in order.
      if entry.outcome != nil {
        times.append((entry.returned, true, index))
        left += 1
      }
    }
    times.sort { ($0.time, $0.isReturn ? 1 : 0, $0.entry) < ($1.time, $1.isReturn ? 1 : 0, $1.entry) }
    for item in times {
      if item.isReturn { returnOf[item.entry] = events.count }
      events.append(item.isReturn ? .back(item.entry) : .call(item.entry))
    }
    next = events.indices.map { ($0 + 1) % events.count }
    previous = events.indices.map { ($0 + events.count - 1) % events.count }
  }

  mutating func run<Specification: SequentialSpecification>(
    _ specification: Specification, _ key: Specification.Key, limit: Int, _ steps: inout Int
  ) -> LinearizabilityVerdict<Specification.Key>
  where Specification.Operation == Operation, Specification.Outcome == Outcome {
    var state = specification.initial(key)
    var done = [UInt64](repeating: 0, count: (entries.count + 63) / 64)
    var order: [(event: Int, entry: Int, before: Specification.State)] = []
    var known: Set<Configuration<Specification.State>> = []
    var longest: [Int] = []
    var stuck: Int?
    var event = next[0]
    while left > 0 {
      switch events[event] {
      case .call(let index):
        guard steps < limit else { return .gaveUp(key: key, steps: steps) }
        steps += 1
        let after = specification.apply(entries[index].operation, to: state, returning: entries[index].outcome)
        if let after {
          done[index / 64] |= 1 << UInt64(index % 64)
          if known.insert(Configuration(done: done, state: after)).inserted {
            order.append((event, index, state))
            state = after
            take(event, index)
            event = next[0]
            continue
          }
          done[index / 64] &= ~(1 << UInt64(index % 64))
        }
        event = next[event]
      case .back(let index):
        // It returned, and could not be put before: something earlier must go elsewhere.
        if stuck == nil || order.count > longest.count {
          longest = order.map { places[$0.entry] }
          stuck = places[index]
        }
        guard let last = order.popLast() else { return .broken(key: key, order: longest, stuck: stuck ?? places[index]) }
        state = last.before
        done[last.entry / 64] &= ~(1 << UInt64(last.entry % 64))
        putBack(last.event, last.entry)
        event = next[last.event]
      case .head: return .linearizable
      }
    }
    return .linearizable
  }

  private mutating func take(_ call: Int, _ entry: Int) {
    unlink(call)
    if let back = returnOf[entry] {
      unlink(back)
      left -= 1
    }
  }

  private mutating func putBack(_ call: Int, _ entry: Int) {
    if let back = returnOf[entry] {
      link(back)
      left += 1
    }
    link(call)
  }

  private mutating func unlink(_ event: Int) {
    next[previous[event]] = next[event]
    previous[next[event]] = previous[event]
  }

  private mutating func link(_ event: Int) {
    next[previous[event]] = event
    previous[next[event]] = event
  }
}
