internal import CHashLanes

/// SM3 of many messages at once, in the lanes of the processor's vector instructions. For public data only; else OpenSSL hashes.
enum SM3Lanes {
  /// What hashes; all give the same digests.
  enum Body: CaseIterable {
    /// The fastest that this processor has.
    case best
    /// One message after another.
    case one
    /// Eight lanes in what every processor of the architecture has.
    case portable
    /// Eight lanes.
    case avx2
    /// Sixteen lanes.
    case avx512

    fileprivate var number: Int32 {
      switch self {
      case .best: Int32(YUCHAIN_LANES_BEST)
      case .one: Int32(YUCHAIN_LANES_ONE)
      case .portable: Int32(YUCHAIN_LANES_PORTABLE)
      case .avx2: Int32(YUCHAIN_LANES_AVX2)
      case .avx512: Int32(YUCHAIN_LANES_AVX512)
      }
    }

    /// Whether this processor has it.
    var isPresent: Bool { self == .best || yuchain_lanes_has(number) == 1 }
  }

  /// The longest prefix of a node.
  static let prefixLimit = 32

  /// H(prefix ‖ left ‖ right) of every pair in `children`, whose count is even.
  static func nodes(_ prefix: [UInt8], _ children: [Digest], body: Body = .best) -> [Digest] {
    precondition(prefix.count <= prefixLimit, "a node's prefix is short")
    let count = children.count / 2
    return unsafe children.withUnsafeBytes { children in
      unsafe digests(count) { digests in
        guard let children = unsafe children.assumingMemoryBound(to: UInt64.self).baseAddress else { return }
        unsafe yuchain_sm3_nodes(prefix, prefix.count, children, count, digests, body.number)
      }
    }
  }

  /// H(prefix ‖ left ‖ right).
  static func node(_ prefix: [UInt8], _ left: Digest, _ right: Digest) -> Digest {
    precondition(prefix.count <= prefixLimit, "a node's prefix is short")
    let (l, r) = (left.words, right.words)
    var words: InlineArray<8, UInt64> = [l.0, l.1, l.2, l.3, r.0, r.1, r.2, r.3]
    var span = words.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe yuchain_sm3_nodes(prefix, prefix.count, base, 1, base, Body.best.number)
    }
    return Digest(words: (words[0], words[1], words[2], words[3]))
  }

  /// The digest of one message.
  static func hash(_ message: [UInt8]) -> Digest {
    var words: InlineArray<4, UInt64> = [0, 0, 0, 0]
    var span = words.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      unsafe yuchain_sm3_messages(message, message.count, 1, base, Body.best.number)
    }
    return Digest(words: (words[0], words[1], words[2], words[3]))
  }

  /// The digests of messages of any lengths; those of one length share lanes.
  static func hash(_ messages: [[UInt8]], body: Body = .best) -> [Digest] {
    var order = Array(messages.indices)
    // Blocks are mostly of one length already.
    if messages.contains(where: { $0.count != messages[0].count }) { order.sort { messages[$0].count < messages[$1].count } }
    var results = [Digest](repeating: .zero, count: messages.count)
    var rest = order[...]
    while let first = rest.first {
      let length = messages[first].count
      let group = rest.prefix { messages[$0].count == length }
      rest = rest[group.endIndex...]
      var bytes: [UInt8] = []
      bytes.reserveCapacity(group.count * length)
      for place in group { bytes += messages[place] }
      let hashed = unsafe digests(group.count) { digests in
        unsafe yuchain_sm3_messages(bytes, length, group.count, digests, body.number)
      }
      for (place, digest) in zip(group, hashed) { results[place] = digest }
    }
    return results
  }

  /// `count` digests whose words `write` writes, all of them.
  private static func digests(_ count: Int, _ write: (UnsafeMutablePointer<UInt64>) -> Void) -> [Digest] {
    unsafe [Digest](unsafeUninitializedCapacity: count) { buffer, written in
      guard count > 0, let base = buffer.baseAddress else { return }
      unsafe base.withMemoryRebound(to: UInt64.self, capacity: 4 * count) { unsafe write($0) }
      written = count
    }
  }
}

extension CryptoSuite {
  /// The digest of a public message, without a context of OpenSSL where the suite has lanes.
  func publicHash(_ message: [UInt8]) -> Digest { self == .guomi ? SM3Lanes.hash(message) : hash(message) }

  /// The digests of many public messages, faster than one by one where the suite has lanes.
  func hashes(ofPublic messages: [[UInt8]]) -> [Digest] {
    self == .guomi ? SM3Lanes.hash(messages) : messages.map { hash($0) }
  }
}
