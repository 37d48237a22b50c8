internal import ChainCore

// Finality: the certified block and all before it are given out, in order, each once.

extension SimplexNode {
  mutating func raiseFinal(to certificate: QuorumCertificate) {
    let view = certificate.statement.view
    guard view > final else { return }
    final = view
    finalization = certificate
    isFarBehind = false
    missing = nil
    delayMs = configuration.delayMs
    #if DEBUG
      if has(.delayNeverResets) { delayMs = max(delayMs, configuration.delayMs * 4) }
    #endif
  }

  /// A second finalization at or below f is lawful only if its block is one of those already final.
  mutating func judge(_ certificate: QuorumCertificate) throws(SimplexFault) {
    guard let mine = finalization ?? outputCertificate, let theirs = certificate.statement.proposal else { return }
    if mine.statement.view == theirs.view {
      guard mine.statement.proposal == theirs else { throw .conflictingFinalization(mine, certificate) }
      return
    }
    open(theirs.view)
    views[theirs.view]?[certificate: .finalize] = certificate
    for (validator, signature) in zip(certificate.signers, certificate.signatures) {
      store(certificate.statement, signature, by: validator, .good)
    }
  }

  /// Gives out what is final and not given out, if all blocks of it are here.
  mutating func outputFinal() throws(SimplexFault) {
    guard final > outputView, let finalization, let proposal = finalization.statement.proposal, !isFarBehind else { return }
    if let missing, blocks[missing] == nil { return }
    missing = nil
    var chain: [Block] = []
    var id = proposal.blockID
    while id != output.id {
      guard let block = blocks[id] else {
        missing = id
        if chain.count >= configuration.backfillLimit { fallBehind(finalization) }
        return
      }
      guard block.header.height > output.height else {
        throw .conflictingFinalization(outputCertificate ?? finalization, finalization)
      }
      chain.append(block)
      id = block.header.parent
    }
    for (index, block) in chain.reversed().enumerated() {
      let isLast = index == chain.count - 1
      out.append(.finalized(block, view: isLast ? final : outputView, isLast ? finalization : nil))
    }
    let before = outputView
    if let last = chain.first { output = BlockReference(height: last.header.height, id: proposal.blockID) }
    outputView = final
    outputCertificate = finalization
    prune(from: before)
  }

  private mutating func fallBehind(_ finalization: QuorumCertificate) {
    isFarBehind = true
    blocks = blocks.filter { $0.value.header.height <= output.height }
    out.append(.behind(finalization))
  }

  /// The ledger got further by other means.
  mutating func noteSynced(_ reference: BlockReference) throws(SimplexFault) {
    guard reference.height > output.height else { return }
    output = reference
    isFarBehind = false
    missing = nil
    if let finalization, finalization.statement.proposal?.blockID == reference.id {
      let before = outputView
      outputView = final
      outputCertificate = finalization
      prune(from: before)
    }
  }

  /// What the block of the highest finalization still lacks.
  var missingOutput: Need? {
    guard final > outputView, !isFarBehind else { return nil }
    guard let proposal = finalization?.statement.proposal else { return .view(final) }
    guard let missing else { return blocks[proposal.blockID] == nil ? .block(BlockReference(height: 0, id: proposal.blockID)) : nil }
    // The child of the missing block, if held, tells its height.
    let child = missing == proposal.blockID ? nil : blocks.values.first { $0.header.parent == missing }
    return .block(BlockReference(height: child.map { BlockHeight($0.header.height.rawValue - 1) } ?? 0, id: missing))
  }

  /// Drops what the finalization of `outputView` makes useless: votes stay for `viewRetention`, as evidence.
  private mutating func prune(from before: View) {
    var view = before.next
    while view <= outputView {
      if view < outputView {
        views[view]?.certificates = [nil, nil, nil]
      } else {
        views[view]?[certificate: .notarize] = nil
      }
      view = view.next
    }
    let lowest = outputView.lowered(by: configuration.viewRetention)
    while lowestView < lowest {
      if views.isEmpty {
        lowestView = lowest
      } else {
        views[lowestView] = nil
        lowestView = lowestView.next
      }
    }
    let kept = output.height.rawValue > Self.keptBlocks ? output.height.rawValue - Self.keptBlocks : 0
    let onChain = Set(recentChain())
    blocks = blocks.filter { id, block in
      block.header.height > output.height || block.header.height.rawValue > kept && onChain.contains(id)
    }
  }

  /// How many blocks below the last one are kept for peers; older ones come from the ledger.
  static var keptBlocks: UInt64 { 16 }

  private func recentChain() -> [BlockID] {
    var found = [output.id]
    var id = output.id
    while found.count <= Int(Self.keptBlocks), let block = blocks[id] {
      id = block.header.parent
      found.append(id)
    }
    return found
  }
}
