internal import ChainCore
internal import Consensus

/// The promises of agreement, watched from outside: it knows who lies and reads every disk.
struct SimplexChecker {
  private struct Wire {
    var notarize: [View: BlockProposal] = [:]
    var finalize: [View: BlockProposal] = [:]
    var nullify: Set<View> = []
  }

  private struct Certified {
    var notarized: BlockProposal?
    var isNullified = false
    var finalized: BlockProposal?
  }

  let root: BlockReference
  var honest: [Bool]
  /// The final chain as honest members gave it out, from the block after the root.
  private(set) var chain: [BlockReference] = []
  private(set) var longestPause = 0
  private var given: [Int]
  private var lastFinal = 0
  private var wires: [Wire]
  private var certified: [View: Certified] = [:]

  init(members: Int, root: BlockReference) {
    self.root = root
    honest = Array(repeating: true, count: members)
    given = Array(repeating: 0, count: members)
    wires = Array(repeating: Wire(), count: members)
  }

  /// An honest member gave a block out: one block a height, in order, each once a life.
  mutating func finalized(_ reference: BlockReference, by member: Int, at tick: Int) -> String? {
    let place = Int(reference.height.rawValue - root.height.rawValue) - 1
    if place < chain.count {
      return chain[place] == reference ? nil : "two final blocks at height \(reference.height)"
    }
    guard place == chain.count else { return "final block \(reference.height) before \(chain.count + 1)" }
    chain.append(reference)
    longestPause = max(longestPause, tick - lastFinal)
    lastFinal = tick
    return nil
  }

  mutating func crashed(_ member: Int, ledger: Int) { given[member] = ledger }

  /// An honest member holds a certificate of this statement. Also tells whether its view has notarization and nullification.
  mutating func certified(_ statement: VoteStatement) -> (broken: String?, isSplit: Bool) {
    var state = certified[statement.view] ?? Certified()
    defer { certified[statement.view] = state }
    switch statement {
    case .notarize(let proposal):
      if let other = state.notarized, other != proposal { return ("two notarized proposals in view \(proposal.view)", false) }
      let isNew = state.notarized == nil
      state.notarized = proposal
      if state.finalized != nil, state.finalized != proposal {
        return ("view \(proposal.view) notarized and finalized different blocks", false)
      }
      return (nil, isNew && state.isNullified)
    case .nullify(_, let view):
      if state.finalized != nil { return ("view \(view) is final and nullified", false) }
      let isNew = !state.isNullified
      state.isNullified = true
      return (nil, isNew && state.notarized != nil)
    case .finalize(let proposal):
      if state.isNullified { return ("view \(proposal.view) is nullified and final", false) }
      if let other = state.finalized, other != proposal { return ("two final proposals in view \(proposal.view)", false) }
      if let other = state.notarized, other != proposal { return ("view \(proposal.view) notarized and finalized different blocks", false) }
      state.finalized = proposal
      return (nil, false)
    }
  }

  /// What an honest member says, over all its lives, never contradicts itself, and was on its disk.
  mutating func sent(_ message: SimplexMessage, by member: Int, disk: SimplexDisk) -> String? {
    let statement: VoteStatement
    switch message.body {
    case .proposal(let proposal, _, _): statement = .notarize(proposal)
    case .vote(let said, _): statement = said
    default: return nil
    }
    guard disk.votes.contains(statement) else { return "says \(statement), which is not on its disk" }
    let view = statement.view
    switch statement {
    case .notarize(let proposal):
      guard disk.blocks.contains(proposal.blockID) else { return "notarizes a block of view \(view) that is not on its disk" }
      if let other = wires[member].notarize[view], other != proposal { return "notarizes two proposals in view \(view)" }
      wires[member].notarize[view] = proposal
    case .finalize(let proposal):
      if let other = wires[member].finalize[view], other != proposal { return "finalizes two proposals in view \(view)" }
      if certified[view]?.notarized != proposal { return "finalizes in view \(view) what is not notarized" }
      if wires[member].nullify.contains(view) { return "finalizes in view \(view), which it voted to leave" }
      wires[member].finalize[view] = proposal
    case .nullify:
      if wires[member].finalize[view] != nil { return "leaves view \(view), in which it finalized" }
      wires[member].nullify.insert(view)
    }
    return nil
  }

  /// At the end: whatever was notarized in a view that no honest member voted to leave is in the chain.
  func finished(disks: [SimplexDisk]) -> String? {
    let final = Set(chain.map(\.id))
    guard let last = certified.filter({ $0.value.finalized != nil }).keys.max() else { return nil }
    for (view, state) in certified.sorted(by: { $0.key < $1.key }) where view < last {
      guard let proposal = state.notarized, !state.isNullified else { continue }
      let isLeft = wires.indices.contains {
        honest[$0] && (wires[$0].nullify.contains(view) || disks[$0].votes.contains(.nullify(0, view)))
      }
      if !isLeft, !final.contains(proposal.blockID) {
        return "view \(view) was notarized, nobody honest left it, and its block is not final"
      }
    }
    return nil
  }
}
