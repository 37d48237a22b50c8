/// The XXH64 checksum, fed in parts. It finds accidents, not attackers.
///
/// Source: xxHash fast digest algorithm, specification 0.2.0, §"XXH64 algorithm description".
struct XXH64: Sendable {
  private static let prime1: UInt64 = 0x9e37_79b1_85eb_ca87
  private static let prime2: UInt64 = 0xc2b2_ae3d_27d4_eb4f
  private static let prime3: UInt64 = 0x1656_67b1_9e37_79f9
  private static let prime4: UInt64 = 0x85eb_ca77_c2b2_ae63
  private static let prime5: UInt64 = 0x27d4_eb2f_1656_67c5

  private let seed: UInt64
  private var lanes: (UInt64, UInt64, UInt64, UInt64)
  /// Bytes given so far.
  private var total: UInt64 = 0
  /// The bytes of an unfinished stripe, little-endian; `total % 32` of them count.
  private var pending: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  /// An empty input under `seed`.
  init(seed: UInt64 = 0) {
    self.seed = seed
    lanes = (seed &+ Self.prime1 &+ Self.prime2, seed &+ Self.prime2, seed, seed &- Self.prime1)
  }

  /// The checksum of all of `bytes`.
  static func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 { unsafe hash(bytes.span.bytes, seed: seed) }

  /// The checksum of all of `bytes`, without the state between parts: each record read or written needs two.
  static func hash(_ bytes: RawSpan, seed: UInt64 = 0) -> UInt64 {
    let count = bytes.byteCount
    var offset = 0
    var hash: UInt64
    if count >= 32 {
      var state = XXH64(seed: seed)
      while count - offset >= 32 {
        state.mix((word(bytes, offset), word(bytes, offset + 8), word(bytes, offset + 16), word(bytes, offset + 24)))
        offset += 32
      }
      hash = state.joined
    } else {
      hash = seed &+ prime5
    }
    hash &+= UInt64(count)
    while count - offset >= 8 {
      hash = step(hash, word: word(bytes, offset))
      offset += 8
    }
    if count - offset >= 4 {
      let half = UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
      hash = step(hash, half: UInt64(half))
      offset += 4
    }
    while offset < count {
      hash = step(hash, byte: UInt64(byte(bytes, offset)))
      offset += 1
    }
    return avalanche(hash)
  }

  /// Appends `bytes` to the input.
  mutating func update(_ bytes: [UInt8]) { unsafe update(bytes.span.bytes) }

  /// Appends `bytes` to the input.
  mutating func update(_ bytes: RawSpan) {
    var offset = 0
    let count = bytes.byteCount
    // Complete the stripe that an earlier part began.
    while total % 32 != 0, offset < count {
      pend(Self.byte(bytes, offset))
      offset += 1
    }
    while count - offset >= 32 {
      mix((Self.word(bytes, offset), Self.word(bytes, offset + 8), Self.word(bytes, offset + 16), Self.word(bytes, offset + 24)))
      total &+= 32
      offset += 32
    }
    while offset < count {
      pend(Self.byte(bytes, offset))
      offset += 1
    }
  }

  /// The checksum of the input so far.
  func finish() -> UInt64 {
    var hash = total >= 32 ? joined : seed &+ Self.prime5
    hash &+= total
    let rest = Int(total % 32)
    var offset = 0
    while rest - offset >= 8 {
      hash = Self.step(hash, word: pendingWord(offset / 8))
      offset += 8
    }
    var word = offset < rest ? pendingWord(offset / 8) : 0
    if rest - offset >= 4 {
      hash = Self.step(hash, half: word & 0xffff_ffff)
      word >>= 32
      offset += 4
    }
    while offset < rest {
      hash = Self.step(hash, byte: word & 0xff)
      word >>= 8
      offset += 1
    }
    return Self.avalanche(hash)
  }

  /// The lanes as one number.
  private var joined: UInt64 {
    var hash = Self.rotate(lanes.0, 1) &+ Self.rotate(lanes.1, 7) &+ Self.rotate(lanes.2, 12) &+ Self.rotate(lanes.3, 18)
    hash = Self.merge(hash, lanes.0)
    hash = Self.merge(hash, lanes.1)
    hash = Self.merge(hash, lanes.2)
    return Self.merge(hash, lanes.3)
  }

  private static func step(_ hash: UInt64, word: UInt64) -> UInt64 { rotate(hash ^ round(0, word), 27) &* prime1 &+ prime4 }
  private static func step(_ hash: UInt64, half: UInt64) -> UInt64 { rotate(hash ^ (half &* prime1), 23) &* prime2 &+ prime3 }
  private static func step(_ hash: UInt64, byte: UInt64) -> UInt64 { rotate(hash ^ (byte &* prime5), 11) &* prime1 }

  private static func avalanche(_ sum: UInt64) -> UInt64 {
    var hash = sum ^ sum >> 33
    hash = hash &* prime2
    hash ^= hash >> 29
    hash = hash &* prime3
    return hash ^ hash >> 32
  }

  /// Appends one byte; the thirty-second mixes the stripe in.
  private mutating func pend(_ byte: UInt8) {
    let place = total % 32
    let bits = UInt64(byte) << (place % 8 * 8)
    switch place / 8 {
    case 0: pending.0 |= bits
    case 1: pending.1 |= bits
    case 2: pending.2 |= bits
    default: pending.3 |= bits
    }
    total &+= 1
    if place == 31 {
      mix(pending)
      pending = (0, 0, 0, 0)
    }
  }

  private mutating func mix(_ stripe: (UInt64, UInt64, UInt64, UInt64)) {
    lanes.0 = Self.round(lanes.0, stripe.0)
    lanes.1 = Self.round(lanes.1, stripe.1)
    lanes.2 = Self.round(lanes.2, stripe.2)
    lanes.3 = Self.round(lanes.3, stripe.3)
  }

  private func pendingWord(_ index: Int) -> UInt64 {
    switch index {
    case 0: pending.0
    case 1: pending.1
    case 2: pending.2
    default: pending.3
    }
  }

  private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
    rotate(lane &+ input &* prime2, 31) &* prime1
  }

  private static func merge(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
    (hash ^ round(0, lane)) &* prime1 &+ prime4
  }

  private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 { value << bits | value >> (64 - bits) }

  /// Bounds are checked; any bytes are a number.
  private static func word(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  private static func byte(_ bytes: RawSpan, _ offset: Int) -> UInt8 {
    unsafe bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}
