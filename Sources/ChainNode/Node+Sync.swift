internal import ChainCore
internal import Consensus

extension Node {
  /// Hands a question about catching up to the server, beside the node's own work.
  func sync(_ message: SyncMessage, from peer: ReplicaID) {
    guard message.isQuestion else { return }
  }
}
