internal import ChainCore

/// What a tick does for a client: the way to the height that proofs are made at, or the first part of it.
struct RelayerUpdate {
  /// The update; `nil` if the client is there.
  let update: ClientUpdate?
  /// Whether proofs at the height are believed after it. If not, the next tick goes on.
  let isWhole: Bool

  /// Plans what moves `client` of `subject` to `height`: a step for each change of the validators on the way, then the height itself.
  /// - Parameter bytesLimit: What the steps may take of a transaction; the first one is always in.
  init(
    of subject: any ChainEndpoint, _ client: ClientRecord, to height: BlockHeight, bytesLimit: Int
  ) async throws(EndpointError) {
    guard height > client.latest.height else {
      (update, isWhole) = (nil, true)
      return
    }
    var steps: [UpdateStep] = []
    var bytes = 0
    func fits(_ step: UpdateStep) -> Bool {
      bytes += step.canonicalBytes.count
      return steps.isEmpty || (bytes <= bytesLimit && steps.count < LightClient.stepLimit)
    }
    var isCut = false
    for handover in try await subject.handovers(after: client.set.generation, limit: LightClient.stepLimit) {
      let boundary = handover.certificate.checkpoint.height
      guard boundary <= height else { break }
      // A certificate of another quorum than the light block's would prove the same: the block's own is taken.
      let step = UpdateStep(block: try await subject.lightBlock(at: boundary), nextSet: handover.next)
      guard fits(step) else {
        isCut = true
        break
      }
      steps.append(step)
    }
    if !isCut, steps.last?.block.height != height {
      let step = UpdateStep(block: try await subject.lightBlock(at: height))
      if fits(step) { steps.append(step) }
    }
    guard let last = steps.last else { throw .malformed("handovers: no step fits") }
    update = ClientUpdate(steps: steps, history: try await subject.history(of: client.latest.height, under: last.block.height))
    isWhole = last.block.height == height
  }
}
