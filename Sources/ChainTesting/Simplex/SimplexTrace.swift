internal import ChainCore
internal import Consensus

/// The last steps of a run in words.
struct SimplexTrace {
  typealias Item = RecentSteps<SimplexNode.Event, SimplexNode.Effect>.Item

  private var steps: RecentSteps<SimplexNode.Event, SimplexNode.Effect>
  private let ids: [ReplicaID]

  init(limit: Int, ids: [ReplicaID]) {
    steps = RecentSteps(limit: limit)
    self.ids = ids
  }

  mutating func append(_ item: Item, at tick: Int) { steps.append(item, at: tick) }

  var lines: [String] { steps.lines(letter: "M", event: describe, effect: describe) }

  private func name(_ id: ReplicaID) -> String { ids.firstIndex(of: id).map { "M\($0)" } ?? "\(id)" }

  private func describe(_ event: SimplexNode.Event) -> String {
    switch event {
    case .time(let instant): "time \(instant)"
    case .received(let message, let from): "← \(name(from)) \(describe(message))"
    case .workPending(let hasWork): hasWork ? "work" : "no work"
    case .built(let view, let block): "built \(view) \(block.map { "height \($0.header.height)" } ?? "nothing")"
    case .validated(let proposal, let isValid): "validated \(describe(proposal)) \(isValid)"
    case .signed(let statement, _): "signed \(describe(statement))"
    case .verified(let batch, let verdicts): "verified #\(batch) \(verdicts)"
    case .persisted(let sequence): "persisted #\(sequence)"
    case .executed(let view): "executed through \(view)"
    case .synced(let reference): "synced \(reference.height)"
    @unknown default: "\(event)"
    }
  }

  private func describe(_ effect: SimplexNode.Effect) -> String {
    switch effect {
    case .persist(let batch): "persist #\(batch.sequence) \(batch.records.map(describe))"
    case .send(let message, let to): "→ \(name(to)) \(describe(message))"
    case .broadcast(let message): "→ all \(describe(message))"
    case .sign(let statement): "sign \(describe(statement))"
    case .verify(let batch, let statements): "verify #\(batch) \(statements.map { "M\($0.validator) \(describe($0.statement))" })"
    case .build(let view, let parent, _, _): "build \(view) on \(parent.height)"
    case .validate(let proposal, _, _): "validate \(describe(proposal))"
    case .finalized(let block, let view, _): "FINAL height \(block.header.height) by view \(view)"
    case .viewEntered(let view, let leader): "view \(view), leader \(name(leader))"
    case .wake(let instant): "wake at \(instant)"
    case .fault(let fault): "FAULT \(fault)"
    default: "\(effect)"
    }
  }

  private func describe(_ record: SimplexRecord) -> String {
    switch record {
    case .block(let block): "block \(block.header.height)"
    case .vote(let statement, _): "vote \(describe(statement))"
    case .certificate(let certificate): "certificate \(describe(certificate.statement))"
    }
  }

  private func describe(_ proposal: BlockProposal) -> String {
    "\(proposal.view)<-\(proposal.parentView) \(proposal.blockID.description.prefix(4))"
  }

  private func describe(_ statement: VoteStatement) -> String {
    switch statement {
    case .notarize(let proposal): "notarize(\(describe(proposal)))"
    case .nullify(_, let view): "nullify(\(view))"
    case .finalize(let proposal): "finalize(\(describe(proposal)))"
    }
  }

  private func describe(_ message: SimplexMessage) -> String {
    switch message.body {
    case .proposal(let proposal, _, let block): "proposal \(describe(proposal))\(block == nil ? " without block" : "")"
    case .vote(let statement, _): describe(statement)
    case .certificate(let certificate): "certificate \(describe(certificate.statement)) of \(certificate.signers)"
    case .fetchView(let view): "fetch view \(view)"
    case .fetchBlocks(let reference, _): "fetch block \(reference.height) \(reference.id.description.prefix(4))"
    case .blocks(let blocks): "blocks \(blocks.map { $0.header.height })"
    }
  }
}
