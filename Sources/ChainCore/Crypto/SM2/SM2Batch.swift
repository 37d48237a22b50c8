internal import Synchronization

extension SM2Verifier {
  /// A signature, its hash e and its key's table.
  struct Prepared {
    let signature: Signature
    let hash: SM2Number
    let table: SM2Table
  }

  /// How many signatures are added in lock step: enough to share inversions, few enough that their points stay in the processor's cache.
  static let batchSize = 64
  /// With fewer, the inversions cost more than lock step saves: measured, both ways are even at four in lanes, and at seven without.
  private static let leastBatch = SM2PointLanes.isPresent ? 4 : 8

  /// Verifies each for itself: [s]G + [t]P is a sum of points of two tables, and such sums are made in lock step.
  ///
  /// What is shared is inversions alone. There is no equation over the whole batch, which could accept what verification one by one refuses.
  static func verify(_ batch: [Prepared]) -> [Bool] {
    var results: [Bool] = []
    results.reserveCapacity(batch.count)
    for start in stride(from: 0, to: batch.count, by: batchSize) {
      let part = batch[start..<min(start + batchSize, batch.count)]
      let scalars = part.map { Scalars($0.signature) }
      var sums = SM2Sums(capacity: part.count * (generatorTable.windows + (part.first?.table.windows ?? 0)))
      for (one, scalars) in zip(part, scalars) {
        sums.add { terms in
          guard let scalars else { return }
          one.table.appendTerms(scalars.t, to: &terms)
          generatorTable.appendTerms(scalars.s, to: &terms)
        }
      }
      for ((one, scalars), sum) in zip(zip(part, scalars), sums.results()) {
        guard let scalars, let sum else {
          results.append(false)
          continue
        }
        results.append(candidates(scalars.r, one.hash) { $0 == sum.x })
      }
    }
    return results
  }

  /// How many requests are looked at together. It bounds the tables that keys may get before their signatures are known to be valid.
  private static let windowSize = 4 * batchSize

  /// Verifies signatures of SM2 keys with the default id, each for itself.
  static func verify(_ requests: [SignatureRequest]) -> [Bool] {
    var results: [Bool] = []
    results.reserveCapacity(requests.count)
    for start in stride(from: 0, to: requests.count, by: windowSize) {
      results += verify(window: requests[start..<min(start + windowSize, requests.count)])
    }
    return results
  }

  private static func verify(window: ArraySlice<SignatureRequest>) -> [Bool] {
    let requests = Array(window)
    let places = requests.map { ByteKey($0.key.bytes) }
    var occurrences: [ByteKey: Int] = [:]
    for place in places { occurrences[place, default: 0] += 1 }
    var keys = cache.withLock { cache in
      var keys: [ByteKey: SM2KeyCache.Known] = [:]
      for key in occurrences.keys { keys[key] = cache.find(key.bytes) }
      return keys
    }
    let remembered = keys
    for (key, count) in occurrences where keys[key]?.table == nil {
      guard var known = keys[key] ?? SM2KeyCache.Known(key.bytes) else { continue }
      // A table repays itself within the batch. Whether it is kept depends on the signatures' validity.
      if count >= SM2KeyCache.usesBeforeTable { known.table = SM2Table(of: known.point, width: SM2Table.keyWidth) }
      keys[key] = known
    }
    var results = [Bool](repeating: false, count: requests.count)
    var together: [(place: Int, prepared: Prepared)] = []
    for (place, request) in requests.enumerated() {
      guard let known = keys[places[place]], let hash = hash(request.message, under: known, request.key.bytes, id: nil) else {
        continue
      }
      if let table = known.table {
        together.append((place, Prepared(signature: request.signature, hash: hash, table: table)))
      } else {
        results[place] = verify(request.signature, hash: hash, point: known.point, table: nil)
      }
    }
    if together.count >= leastBatch {
      for (one, valid) in zip(together, verify(together.map(\.prepared))) { results[one.place] = valid }
    } else {
      for (place, one) in together {
        results[place] = verify(one.signature, hash: one.hash, point: .init(x: .zero, y: .zero), table: one.table)
      }
    }
    var valid: [ByteKey: Int] = [:]
    for (place, key) in places.enumerated() where results[place] && remembered[key]?.table == nil { valid[key, default: 0] += 1 }
    for (key, count) in valid {
      if let known = keys[key] { note(key.bytes, known, valid: count, table: known.table) }
    }
    return results
  }
}
