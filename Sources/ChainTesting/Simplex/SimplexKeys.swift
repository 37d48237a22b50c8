internal import ChainCore
internal import Consensus
internal import Synchronization

/// Signatures of a simulated world: as good as real ones to whoever has no key, a thousand times cheaper, and never twice the same.
///
/// A member's signature holds a keyed hash of the statement that liars do not compute for others, and a number that varies.
enum SimplexKeys {
  /// Real Ed25519 keys, so that replica ids and set hashes are what they are on a chain.
  private static let made = Mutex<[PublicKey]>([])

  static func members(_ count: Int) throws -> [PublicKey] {
    try made.withLock { keys in
      while keys.count < count {
        let secret = [UInt8](repeating: UInt8(keys.count + 1), count: 32)
        keys.append(try PrivateKey(suite: .international, secret: secret).publicKey)
      }
      return Array(keys[..<count])
    }
  }

  static func sign(_ statement: VoteStatement, by member: Int, set: UInt64, nonce: UInt64) -> Signature? {
    Signature(words(tag(statement, member, set)) + words(set) + words(nonce) + [UInt8](repeating: 0, count: 40))
  }

  static func isValid(_ signature: Signature, of statement: VoteStatement, by member: Int, set: UInt64) -> Bool {
    Array(signature.bytes[..<16]) == words(tag(statement, member, set)) + words(set)
  }

  private static func words(_ value: UInt64) -> [UInt8] { value.keyBytes }

  private static func tag(_ statement: VoteStatement, _ member: Int, _ set: UInt64) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func mix(_ value: UInt64) {
      hash = (hash ^ value) &* 0x100_0000_01b3
      hash ^= hash >> 29
    }
    mix(UInt64(member) &+ 0x5eed)
    mix(set)
    mix(UInt64(statement.kind.rawValue))
    mix(statement.epoch.rawValue)
    mix(statement.view.rawValue)
    if let proposal = statement.proposal {
      mix(proposal.parentView.rawValue)
      for byte in proposal.blockID.digest.bytes.prefix(16) { mix(UInt64(byte)) }
    }
    return hash
  }
}
