import Testing

@testable import ChainCore

/// What calls of a block see of each other's changes, against a plain model.
@Suite struct StateOverlays {
  private struct Base: StateReader {
    let records: [[UInt8]: [UInt8]]
    func value(_ space: StateSpace, _ key: [UInt8]) throws(StoreError) -> [UInt8]? { records[key] }
    func scan(
      _ space: StateSpace, from: [UInt8], to: [UInt8]?, reverse: Bool, _ body: ([UInt8], [UInt8]) -> Bool
    ) throws(StoreError) {
      for (key, value) in StateOverlays.range(records, from, to, reverse) where !body(key, value) { return }
    }
  }

  private static func range(
    _ records: [[UInt8]: [UInt8]], _ from: [UInt8], _ to: [UInt8]?, _ reverse: Bool
  ) -> [(key: [UInt8], value: [UInt8])] {
    let found = records.filter { pair in
      !pair.key.lexicographicallyPrecedes(from) && to.map { pair.key.lexicographicallyPrecedes($0) } ?? true
    }
    let sorted = found.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { (key: $0.key, value: $0.value) }
    return reverse ? sorted.reversed() : sorted
  }

  @Test(arguments: UInt64(1)...20) func rangesAndValuesAreThoseOfTheModel(seed: UInt64) throws {
    var state = seed
    func random(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % UInt64(bound))
    }
    func key() -> [UInt8] { (0...random(2)).map { _ in UInt8(random(6) * 50) } }
    var records: [[UInt8]: [UInt8]] = [:]
    for _ in 0..<random(30) { records[key()] = [UInt8(random(256))] }
    let overlay = StateOverlay(base: Base(records: records))
    var models = [records]
    for _ in 0..<300 {
      switch random(8) {
      case 0 where models.count < 4:
        overlay.beginLayer()
        models.append(models[models.count - 1])
      case 1 where models.count > 1:
        overlay.commitLayer()
        let top = models.removeLast()
        models[models.count - 1] = top
      case 2 where models.count > 1:
        overlay.dropLayer()
        models.removeLast()
      case 3, 4:
        let (key, value) = (key(), random(3) == 0 ? nil : [UInt8(random(256))])
        overlay.set(.state, key, value)
        models[models.count - 1][key] = value
        overlay.set(.index, key, [0])
      case 5:
        let key = key()
        #expect(try overlay.value(.state, key) == models[models.count - 1][key])
      default:
        let (from, to, reverse, limit) = (key(), random(2) == 0 ? nil : key(), random(2) == 0, random(8) + 1)
        var found: [[UInt8]] = []
        try overlay.scan(.state, from: from, to: to, reverse: reverse) { key, value in
          found.append(key + value)
          return found.count < limit
        }
        let expected = Self.range(models[models.count - 1], from, to, reverse).prefix(limit).map { $0.key + $0.value }
        #expect(found == Array(expected), "seed \(seed)")
      }
    }
    while models.count > 1 {
      overlay.commitLayer()
      models.remove(at: models.count - 2)
    }
    let changed = overlay.changes(.state)
    #expect(changed.map(\.key) == changed.map(\.key).sorted { $0.lexicographicallyPrecedes($1) })
    var after = records
    for change in changed { after[change.key] = change.value }
    #expect(after == models[0], "seed \(seed)")
  }
}
