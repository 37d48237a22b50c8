internal import ChainCore
internal import Consensus

/// Members that run twice: two honest nodes with one key, each with its own disk, each seen by a part of the others that changes.
///
/// Bano, Sonnino, Chursin, Perelman, Li, Ching and Malkhi, "Twins: BFT Systems Made Robust" (2021): what such a pair says is, taken
/// together, what a liar says who equivocates, forgets and stays silent, and each of its messages is one that honest code can send.
struct SimplexTwins {
  /// The two nodes of each pair: the member's own place, and one behind all members.
  var pairs: [(first: Int, second: Int)] = []
  /// Links that do not exist now: from * nodes + to.
  var unseen: Set<Int> = []
  var turnsAt = 1
  /// What each pair signed, by its first place and view.
  var said: [Int: [View: [VoteStatement]]] = [:]

  func other(of place: Int) -> Int? { pairs.first { $0.first == place }?.second }
}

extension SimplexWorld {
  /// Makes the first liars twins.
  mutating func makeTwins() {
    var left = faults.twins
    for index in members.indices where members[index].isLiar && left > 0 {
      left -= 1
      members[index].isTwin = true
      twins.pairs.append((index, members.count))
      members.append(members[index])
    }
    // Until it first turns, nobody sees the second of a pair.
    for pair in twins.pairs { for other in members.indices { hide(pair.second, other) } }
  }

  private mutating func hide(_ one: Int, _ other: Int) {
    twins.unseen.insert(one * members.count + other)
    twins.unseen.insert(other * members.count + one)
  }

  /// Draws anew, from time to time, who sees which node of each pair. Twins go on in calm: they are faulty members, not a network.
  mutating func turnTwins() {
    guard !twins.pairs.isEmpty, now >= twins.turnsAt else { return }
    enter(.twins)
    twins.turnsAt = now + 10 + random.below(random.chance(30) ? 1_500 : 200)
    let before = twins.unseen
    twins.unseen = []
    var sides: [String] = []
    for pair in twins.pairs {
      hide(pair.first, pair.second)
      // Mostly each of the others sees one; now and then both, or none.
      let mixed = random.chance(30) ? 50 : 10
      let side = members.indices.map { other in
        if other == pair.first || other == pair.second { return "-" }
        let seesBoth = random.chance(mixed) && random.chance(50)
        let seesNone = !seesBoth && random.chance(mixed / 3)
        let seesFirst = random.chance(50)
        if !seesBoth, seesNone || seesFirst { hide(pair.second, other) }
        if !seesBoth, seesNone || !seesFirst { hide(pair.first, other) }
        return seesBoth ? "b" : seesNone ? "n" : seesFirst ? "1" : "2"
      }
      sides.append("M\(pair.first): \(side.joined())")
    }
    let text = sides.joined(separator: ", ")
    guard strikes(.twins, twins.pairs[0].first, twins.pairs[0].second, detail: text) else { return twins.unseen = before }
    trace.append(.note("twins: \(text)"), at: now)
  }

  /// Notes when the two nodes of a pair contradicted each other.
  mutating func noteTwin(_ statement: VoteStatement, _ index: Int) {
    guard members[index].isTwin else { return }
    let key = members[index].key
    let before = twins.said[key]?[statement.view] ?? []
    if before.contains(where: { EquivocationEvidence.contradict($0, statement) }) { note(.twins) }
    twins.said[key, default: [:]][statement.view] = before + [statement]
  }
}
