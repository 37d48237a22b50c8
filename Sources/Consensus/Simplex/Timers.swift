internal import ChainCore

// Time: leader timer 2D, view timer 3D, repetition each 5D. An idle chain does not count.

extension SimplexNode {
  /// Starts the view's timers when there is something to agree on.
  mutating func startTimersIfActive() {
    let isQuiet = now.milliseconds(since: entered) < configuration.idleIntervalMs
    guard hasWork || isUnsettled || !isQuiet || othersAct else {
      // What was under way became final, and there is nothing else.
      timersFrom = nil
      return
    }
    guard timersFrom == nil else { return }
    timersFrom = now
    skipAbsentLeader()
  }

  /// Whether the leader, or enough weight to hold an honest member, is at work in this view.
  private var othersAct: Bool {
    guard let state = views[current] else { return false }
    if state.proposal != nil { return true }
    var weight: UInt64 = 0
    for validator in replicas.indices where VoteKind.allCases.contains(where: { state.slots[place($0, validator)] != nil }) {
      weight += weights[validator]
    }
    return 3 * weight >= totalWeight
  }

  /// A leader that was not heard for long, while a quorum was, is not waited for. Once heard, it leads again.
  private mutating func skipAbsentLeader() {
    let leader = leaders.leader(of: current)
    guard leader != voter, isAbsent(leader) else { return }
    var heard: UInt64 = 0
    for validator in replicas.indices where replicas[validator] == configuration.id || !isAbsent(validator) { heard += weights[validator] }
    if isQuorum(heard) { nullify() }
  }

  private func isAbsent(_ validator: Int) -> Bool {
    peers[validator].heard.advanced(by: configuration.skipViews) < current
  }

  mutating func checkTimers() {
    if let timersFrom {
      let waited = now.milliseconds(since: timersFrom)
      if waited >= 3 * delayMs || waited >= 2 * delayMs && views[current]?.proposal == nil { nullify() }
    }
    if now.milliseconds(since: repeated) >= 5 * delayMs { repeatVotes() }
  }

  /// Tells the host when the next of these is due.
  mutating func scheduleWake() {
    var next = repeated.advanced(byMilliseconds: 5 * delayMs)
    if let timersFrom {
      if views[current]?.ownNullify != true {
        let due = views[current]?.proposal == nil ? 2 * delayMs : 3 * delayMs
        next = min(next, timersFrom.advanced(byMilliseconds: due))
      }
    } else {
      next = min(next, entered.advanced(byMilliseconds: configuration.idleIntervalMs))
    }
    if now < settleFrom, isUnsettled, views[current]?.ownNotarize == nil { next = min(next, settleFrom) }
    for peer in peers {
      if let request = peer.request { next = min(next, request.at.advanced(byMilliseconds: fetchMs)) }
    }
    guard next > now, next != wakeAt else { return }
    wakeAt = next
    out.append(.wake(at: next))
  }
}
