extension ICS23.NonExistenceProof {
  /// Verifies that no leaf with `absent` stands under `root`.
  func verify(key absent: [UInt8], root: [UInt8], spec: ICS23.ProofSpec) throws(ICS23Error) {
    guard left != nil || right != nil else { throw .noNeighbours }
    let place = try spec.comparable(absent)
    if let left {
      try Self.verify(left, .left, root: root, spec: spec)
      guard try spec.comparable(left.key).lexicographicallyPrecedes(place) else { throw .neighbourOrder(.left) }
    }
    if let right {
      try Self.verify(right, .right, root: root, spec: spec)
      guard place.lexicographicallyPrecedes(try spec.comparable(right.key)) else { throw .neighbourOrder(.right) }
    }
    switch (left, right) {
    case (nil, let right?): guard spec.inner.isFirst(right.path[...]) else { throw .notOutermost(.right) }
    case (let left?, nil): guard spec.inner.isLast(left.path[...]) else { throw .notOutermost(.left) }
    case (let left?, let right?): guard spec.inner.areAdjacent(left.path, right.path) else { throw .notAdjacent }
    case (nil, nil): throw .noNeighbours
    }
  }

  private static func verify(
    _ proof: ICS23.ExistenceProof, _ side: ICS23Error.Side, root: [UInt8], spec: ICS23.ProofSpec
  ) throws(ICS23Error) {
    do throws(ICS23Error) {
      try proof.verify(root: root, spec: spec)
    } catch {
      throw error == .badRoot ? error : .neighbour(side, error)
    }
  }
}

extension ICS23.InnerSpec {
  /// Whether no leaf stands before the one that `path` leads up from.
  func isFirst(_ path: ArraySlice<ICS23.InnerOp>) -> Bool {
    path.allSatisfy { branch(of: $0) == 0 || leftBranchesAreEmpty($0) }
  }

  /// Whether no leaf stands after the one that `path` leads up from.
  func isLast(_ path: ArraySlice<ICS23.InnerOp>) -> Bool {
    path.allSatisfy { branch(of: $0) == childOrder.count - 1 || rightBranchesAreEmpty($0) }
  }

  /// Whether no leaf stands between those that the two paths lead up from: they meet in a node whose neighbouring children hold them,
  /// one as the last of its subtree, one as the first.
  func areAdjacent(_ left: [ICS23.InnerOp], _ right: [ICS23.InnerOp]) -> Bool {
    var left = left[...]
    var right = right[...]
    while let low = left.popLast(), let high = right.popLast() {
      if low.prefix == high.prefix, low.suffix == high.suffix { continue }
      guard let lowBranch = branch(of: low), let highBranch = branch(of: high), lowBranch + 1 == highBranch else { return false }
      return isLast(left) && isFirst(right)
    }
    return false
  }
}
