import ChainTesting
import Testing

/// Known histories, each in a few lines: client, operation, outcome, call and return.
@Suite struct LinearizabilityTests {
  typealias Entry = HistoryEntry<Registers.Operation, UInt64>
  let checker = LinearizabilityChecker(Registers())

  func write(_ value: UInt64, _ called: Int, _ returned: Int, register: UInt64 = 0) -> Entry {
    Entry(.write(register, value), 0, called: called, returned: returned)
  }
  func read(_ value: UInt64, _ called: Int, _ returned: Int, register: UInt64 = 0) -> Entry {
    Entry(.read(register), value, called: called, returned: returned)
  }

  @Test func nothingIsLinearizable() {
    #expect(checker.check([]) == .linearizable)
    #expect(checker.check([Entry(unknown: .write(0, 1), called: 0)]) == .linearizable)
  }

  @Test func aReadMayComeBeforeOrAfterAConcurrentWrite() {
    #expect(checker.check([write(1, 0, 10), read(0, 5, 6)]) == .linearizable)
    #expect(checker.check([write(1, 0, 10), read(1, 5, 6)]) == .linearizable)
    // Herlihy and Wing's point: once one saw it, no later one may see the old value.
    #expect(checker.check([write(1, 0, 10), read(1, 2, 3), read(1, 5, 6)]) == .linearizable)
    #expect(checker.check([write(1, 0, 10), read(1, 2, 3), read(0, 5, 6)]) != .linearizable)
    #expect(checker.check([write(1, 0, 10), read(1, 2, 5), read(0, 3, 6)]) == .linearizable)
  }

  @Test func aStaleReadIsFound() {
    let verdict = checker.check([write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)])
    #expect(verdict == .broken(key: 0, order: [0, 1], stuck: 2))
    // What returns when another is called is concurrent with it.
    #expect(checker.check([write(1, 0, 1), write(2, 2, 4), read(1, 4, 5)]) == .linearizable)
  }

  @Test func aLostUpdateIsFound() {
    let both = [Entry(.add(0, 1), 1, called: 0, returned: 5), Entry(.add(0, 1), 1, called: 1, returned: 6)]
    guard case .broken(0, let order, _) = checker.check(both) else { return #expect(Bool(false), "not found") }
    #expect(order.count == 1)
    let right = [Entry(.add(0, 1), 2, called: 0, returned: 5), Entry(.add(0, 1), 1, called: 1, returned: 6)]
    #expect(checker.check(right) == .linearizable)
    #expect(
      checker.check(right.map { Entry($0.operation, $0.outcome ?? 0, called: $0.called * 10, returned: $0.called * 10 + 1) })
        != .linearizable)
  }

  @Test func whatNobodyKnowsMayHappenLateOrNever() {
    let lost = Entry(unknown: .write(0, 7), called: 0)
    #expect(checker.check([lost, read(0, 1, 2), read(0, 100, 101)]) == .linearizable)
    #expect(checker.check([lost, read(0, 1, 2), read(7, 100, 101)]) == .linearizable)
    #expect(checker.check([lost, read(7, 1, 2), read(0, 100, 101)]) != .linearizable)
    // Not before it was asked for, and not twice.
    #expect(checker.check([Entry(unknown: .write(0, 7), called: 5), read(7, 1, 2)]) != .linearizable)
    let adding = Entry(unknown: .add(0, 3), called: 0)
    #expect(checker.check([adding, read(3, 1, 2), read(3, 3, 4)]) == .linearizable)
    #expect(checker.check([adding, read(3, 1, 2), read(6, 3, 4)]) != .linearizable)
  }

  @Test func concurrentWritesHaveOneOrderForAll() {
    let writes = [write(1, 0, 10), write(2, 0, 10)]
    #expect(checker.check(writes + [read(1, 11, 12), read(1, 13, 14)]) == .linearizable)
    #expect(checker.check(writes + [read(2, 11, 12)]) == .linearizable)
    #expect(checker.check(writes + [read(1, 11, 12), read(2, 13, 14)]) != .linearizable)
    // Two readers that see them in opposite orders while they are under way.
    let opposite = [read(1, 1, 2), read(2, 3, 4), read(2, 1, 2), read(1, 3, 4)]
    #expect(checker.check(writes + opposite) != .linearizable)
  }

  @Test func keysAreCheckedAlone() {
    let good = [write(1, 0, 1), read(1, 2, 3), write(5, 0, 9, register: 1), read(0, 4, 5, register: 1)]
    #expect(checker.check(good) == .linearizable)
    #expect(checker.check(good + [read(5, 6, 7, register: 1), read(0, 8, 8, register: 1)]) == .broken(key: 1, order: [3, 2, 4], stuck: 5))
  }

  @Test func itGivesUpInsteadOfSearchingForever() {
    // Thirty writes at once, and a read of a value that nobody wrote: every order of every part would have to be tried.
    let writes = (1...30).map { write(UInt64($0), 0, 100) }
    let verdict = LinearizabilityChecker(Registers(), stepLimit: 10_000).check(writes + [read(99, 101, 102)])
    #expect(verdict == .gaveUp(key: 0, steps: 10_000))
  }

  /// The same answer as trying all orders, for small random histories.
  @Test func agreesWithTryingAllOrders() {
    var random = SeededRandom(1)
    var counts = [0, 0]
    for _ in 0..<3_000 {
      let history = (0..<(2 + random.below(5))).map { _ -> Entry in
        let called = random.below(12)
        let value = UInt64(random.below(3))
        let operation: Registers.Operation =
          [.read(0), .write(0, value), .swap(0, value), .add(0, 1)][random.below(4)]
        if random.chance(20) { return Entry(unknown: operation, called: called) }
        return Entry(operation, UInt64(random.below(3)), called: called, returned: called + random.below(6))
      }
      let expected = Self.canBeOrdered(history, Array(history.indices), state: 0)
      #expect((checker.check(history) == .linearizable) == expected, "\(history)")
      counts[expected ? 0 : 1] += 1
    }
    #expect(counts[0] > 300 && counts[1] > 300)
  }

  static func canBeOrdered(_ history: [Entry], _ left: [Int], state: UInt64) -> Bool {
    if left.allSatisfy({ history[$0].outcome == nil }) { return true }
    return left.contains { one in
      let isFirst = left.allSatisfy { history[$0].outcome == nil || history[$0].returned >= history[one].called }
      guard isFirst else { return false }
      let after = Registers().apply(history[one].operation, to: state, returning: history[one].outcome)
      return after.map { canBeOrdered(history, left.filter { $0 != one }, state: $0) } ?? false
    }
  }

  @Test func longHistoriesAreQuick() {
    var random = SeededRandom(2)
    var value: UInt64 = 0
    let history = (0..<5_000).map { index -> Entry in
      value += 1
      return Entry(.add(0, 1), value, called: index * 10 - random.below(200), returned: index * 10 + random.below(200))
    }
    #expect(checker.check(history) == .linearizable)
  }
}
