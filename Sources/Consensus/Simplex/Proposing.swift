internal import ChainCore

// The leader's block, and everybody's judgement of it.

extension SimplexNode {
  /// What a proposal's parent turns out to be.
  enum Parent {
    case ready(BlockReference)
    /// These are not held yet: undecided.
    case missing([Need])
    case impossible
  }

  /// The parent condition: f <= p < v, N or F of p held, X held for every view between.
  func parent(at parentView: View, below view: View) -> Parent {
    #if DEBUG
      let ignoresGap = has(.uncheckedGap)
    #else
      let ignoresGap = false
    #endif
    guard parentView < view, parentView >= final else { return .impossible }
    var missing: [Need] = []
    if !ignoresGap {
      var between = parentView.next
      while between < view, missing.count < 16 {
        if views[between]?.nullification == nil { missing.append(.view(between)) }
        between = between.next
      }
    }
    if parentView == outputView {
      return missing.isEmpty ? .ready(output) : .missing(missing)
    }
    if parentView == 0 {
      return missing.isEmpty ? .ready(configuration.root) : .missing(missing)
    }
    if let id = views[parentView]?.certified?.blockID {
      if let gap = firstMissing(below: id) {
        missing.append(.block(gap))
      } else if missing.isEmpty, let block = blocks[id] {
        return .ready(BlockReference(height: block.header.height, id: id))
      }
    } else {
      missing.append(.view(parentView))
    }
    return .missing(missing)
  }

  /// The first block that is not held on the way from `id` down to the last one given out.
  private func firstMissing(below id: BlockID) -> BlockReference? {
    var wanted = BlockReference(height: 0, id: id)
    while wanted.id != output.id {
      guard let block = blocks[wanted.id] else { return wanted }
      // Not on the final chain: judged when it is proposed on, never fetched for.
      guard block.header.height > output.height.next else { return nil }
      wanted = BlockReference(height: BlockHeight(block.header.height.rawValue - 1), id: block.header.parent)
    }
    return nil
  }

  /// The blocks between the last one given out and `reference`, oldest first; `nil` if one is missing.
  func ancestors(of reference: BlockReference) -> [Block]? {
    var found: [Block] = []
    var id = reference.id
    while id != output.id {
      guard let block = blocks[id], block.header.height > output.height else { return nil }
      found.append(block)
      id = block.header.parent
    }
    return found.reversed()
  }

  /// The greatest view below the current one whose block is certified.
  private var bestParent: View {
    var view = min(highestNotarized, current.previous)
    while view > final, views[view]?.certified == nil { view = view.previous }
    return max(view, final)
  }

  /// As leader: has a block built as soon as the parent is known, once a view.
  mutating func proposeIfLeading() {
    guard let voter, leaders.leader(of: current) == voter, timersFrom != nil, !isBuilding else { return }
    let state = views[current]
    guard state?.ownNotarize == nil, state?.ownNullify != true else { return }
    let parentView = bestParent
    guard case .ready(let parent) = parent(at: parentView, below: current) else { return }
    if parent.height == configuration.lastHeight {
      // The epoch ends when its last block is final: until then nothing can stand on it.
      cast(.notarize(BlockProposal(epoch: configuration.epoch, view: current, parentView: parentView, blockID: parent.id)))
      return
    }
    // Without work a block is made only to settle what is open, and only if that does not settle by itself; or because the chain was idle.
    let allowsEmpty = isUnsettled && now >= settleFrom || now.milliseconds(since: entered) >= configuration.idleIntervalMs
    guard hasWork && !hasNothing || allowsEmpty && !hasNothingAtAll, let ancestors = ancestors(of: parent) else { return }
    isBuilding = true
    isAskedForEmpty = allowsEmpty
    out.append(.build(current, parent: parent, ancestors: ancestors, allowsEmpty: allowsEmpty))
  }

  /// The host's block: proposed if the view is still this one and the block stands where it was asked for.
  mutating func propose(_ block: Block?, in view: View) {
    guard view == current, isBuilding, let voter, leaders.leader(of: view) == voter else { return }
    isBuilding = false
    let state = views[view]
    guard state?.ownNotarize == nil, state?.ownNullify != true, !isComplete else { return }
    guard let block else {
      hasNothing = true
      hasNothingAtAll = isAskedForEmpty
      return
    }
    let parentView = bestParent
    guard case .ready(let parent) = parent(at: parentView, below: view), block.header.parent == parent.id,
      block.header.height == parent.height.next
    else { return }
    let id = id(of: block)
    hold(block, id)
    cast(.notarize(BlockProposal(epoch: configuration.epoch, view: view, parentView: parentView, blockID: id)))
  }

  /// As member: votes for the leader's proposal once all that it stands on is held and the host finds it valid.
  mutating func notarizeIfReady() {
    guard voter != nil, let state = views[current], let proposal = state.proposal, state.ownNotarize == nil else { return }
    guard !state.ownNullify, leaders.leader(of: current) != voter else { return }
    switch state.verdict {
    case .invalid: return nullify()
    case .asked, .valid, .unasked: break
    }
    switch parent(at: proposal.parentView, below: current) {
    case .impossible: views[current]?.verdict = .invalid
    case .missing: return
    case .ready(let parent):
      guard let block = blocks[proposal.blockID] else { return }
      guard fits(proposal, block, on: parent) else {
        views[current]?.verdict = .invalid
        break
      }
      if state.verdict == .valid || proposal.blockID == parent.id { return cast(.notarize(proposal)) }
      guard state.verdict == .unasked, let ancestors = ancestors(of: parent) else { return }
      views[current]?.verdict = .asked
      out.append(.validate(proposal, block, ancestors: ancestors))
      return
    }
    out.append(.misbehaved(replicas[leaders.leader(of: current)], .invalidProposal))
    nullify()
  }

  private func fits(_ proposal: BlockProposal, _ block: Block, on parent: BlockReference) -> Bool {
    if proposal.blockID == parent.id { return parent.height == configuration.lastHeight }
    return block.header.parent == parent.id && block.header.height == parent.height.next && parent.height < configuration.lastHeight
  }

  mutating func noteVerdict(_ proposal: BlockProposal, _ isValid: Bool) {
    guard proposal.view == current, views[current]?.proposal == proposal, views[current]?.verdict == .asked else { return }
    views[current]?.verdict = isValid ? .valid : .invalid
    if !isValid { out.append(.misbehaved(replicas[leaders.leader(of: current)], .invalidProposal)) }
  }

  mutating func hold(_ block: Block, _ id: BlockID) {
    if block.header.height > output.height { blocks[id] = block }
  }

  /// Until then a leader without work waits for the finalization of what is notarized.
  var settleFrom: MonotonicInstant { entered.advanced(byMilliseconds: delayMs / 2) }

  /// A leader that has anything to propose waits no longer for more: far sooner than others give up on it.
  var isLate: Bool { now >= settleFrom }

  /// Something is notarized and not final.
  var isUnsettled: Bool { highestNotarized > final }
}
