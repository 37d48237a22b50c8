internal import ChainCore

/// Finds when a pallet was too warm: linear between readings, in whole milliseconds, seconds rounded up.
struct ColdChain {
  /// After how long without a reading a gap counts, in milliseconds.
  static let gapMs: UInt64 = 2 * 3_600_000

  let pallet: SSCC
  let limit: Int32
  let toleranceSeconds: UInt32

  /// Takes the readings into account; returns the excursions that are longer than the tolerance, those that go on included.
  func follow(_ readings: [Reading], _ state: inout TracePallet) -> [ColdExcursion] {
    var found: [ColdExcursion] = []
    for reading in readings {
      if let last = state.lastReading {
        let gap = reading.time.milliseconds(since: last)
        if gap > Self.gapMs {
          found.append(excursion(from: last, lasting: gap, greatest: max(state.lastValue, reading.value), isGap: true))
        }
        if state.warmSince == nil, reading.value > limit {
          state.warmSince = last.advanced(byMilliseconds: crossing(state.lastValue, reading.value, gap, roundsUp: false))
          state.warmest = reading.value
        } else if let since = state.warmSince, reading.value <= limit {
          let end = last.advanced(byMilliseconds: crossing(state.lastValue, reading.value, gap, roundsUp: true))
          report(since, until: end, state.warmest, &found)
          state.warmSince = nil
        }
      } else if reading.value > limit {
        state.warmSince = reading.time
        state.warmest = reading.value
      }
      state.warmest = max(state.warmest, reading.value)
      state.lastReading = reading.time
      state.lastValue = reading.value
    }
    if let since = state.warmSince, let last = state.lastReading { report(since, until: last, state.warmest, &found) }
    return found
  }

  private func report(_ since: BlockTime, until: BlockTime, _ greatest: Int32, _ found: inout [ColdExcursion]) {
    let lasting = until.milliseconds(since: since)
    guard lasting > UInt64(toleranceSeconds) * 1_000 else { return }
    found.append(excursion(from: since, lasting: lasting, greatest: greatest, isGap: false))
  }

  private func excursion(from start: BlockTime, lasting milliseconds: UInt64, greatest: Int32, isGap: Bool) -> ColdExcursion {
    ColdExcursion(
      pallet: pallet, crossedAt: start, seconds: (milliseconds + 999) / 1_000, greatest: greatest, limit: limit, isGap: isGap)
  }

  /// How long after the first of two readings `gap` ms apart the line between them meets the limit.
  private func crossing(_ first: Int32, _ second: Int32, _ gap: UInt64, roundsUp: Bool) -> UInt64 {
    let rise = UInt64((Int64(second) - Int64(first)).magnitude)
    let part = UInt64((Int64(limit) - Int64(first)).magnitude)
    guard rise > 0, part <= rise else { return 0 }
    let product = UInt128(gap) * UInt128(part)
    return UInt64(clamping: (product + (roundsUp ? UInt128(rise) - 1 : 0)) / UInt128(rise))
  }
}
