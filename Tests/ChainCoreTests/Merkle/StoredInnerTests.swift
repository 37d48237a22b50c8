import Testing

@testable import ChainCore

/// Inner nodes read where they lie, against inner nodes decoded whole.
@Suite struct StoredInners {
  @Test(arguments: [CryptoSuite.guomi, .international]) func bothReadTheSame(suite: CryptoSuite) throws {
    var random = FastSM2.Source(state: 11)
    var hasher = TreeHasher(suite)
    for _ in 0..<300 {
      var inner = StateInner()
      for place in 0..<StateInner.width where Int(random.next() % 3) > 0 {
        inner.children[place] = StateChild(
          kind: Int(random.next() % 2) == 0 ? .leaf : .inner, version: random.next(),
          hash: Digest(words: (random.next(), 1, 2, random.next())))
      }
      let bytes = StateNode.inner(inner).canonicalBytes
      // A lone leaf is no inner node.
      guard (try? StateNode(canonicalBytes: bytes)) != nil else {
        #expect(StoredInner(ofNode: bytes) == nil)
        continue
      }
      let stored = try #require(StoredInner(ofNode: bytes))
      for (place, child) in inner.children.enumerated() {
        let (kind, version) = stored.child(place)
        #expect(kind == child.kind && version == child.version)
      }
      #expect(hasher.stateInner(stored) == hasher.stateInner(inner))
      // The same of each of its halves, quarters, eighths and places, all hashed together.
      let subtrees = [16, 8, 4, 2, 1].flatMap { count in
        stride(from: 0, to: StateInner.width, by: count).map { $0..<($0 + count) }
      }
      var level = StateHashLevel()
      for places in subtrees { level.add(bytes, from: 0, places: places) }
      level.hash(by: &hasher)
      for (number, places) in subtrees.enumerated() {
        #expect(level.result(number) == inner.hash(places.lowerBound, places.count, &hasher).hash)
      }
      // What one of them refuses the other refuses.
      for _ in 0..<20 {
        var changed = bytes
        changed[Int(random.next() % 5)] = UInt8(truncatingIfNeeded: random.next())
        if Int(random.next() % 4) == 0 { changed.removeLast(Int(random.next() % UInt64(changed.count))) }
        if Int(random.next() % 4) == 0 { changed.append(0) }
        let decoded = try? StateNode(canonicalBytes: changed)
        let isInner = if case .inner = decoded { true } else { false }
        #expect((StoredInner(ofNode: changed) != nil) == isInner)
      }
    }
  }
}
