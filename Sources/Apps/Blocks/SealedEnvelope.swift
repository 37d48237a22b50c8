public import ChainCore

/// Why an envelope was not made or not opened.
@nonexhaustive
public enum EnvelopeError: Error, Hashable, Sendable {
  /// An Ed25519 key only signs: wrap to an `EncryptionKey` of the suite.
  case notSupported
  /// Content key and reader's key are of different suites.
  case otherSuite
  /// The text is longer than `SealedEnvelope.textLimit` bytes.
  case tooLong(Int)
  /// Another key, other associated bytes, or changed bytes: nothing was decrypted.
  case authentication
  /// The envelope is authentic and yet not of this form; its maker is at fault.
  case malformed
  /// A cipher refused.
  case cipher(CipherError)
}

extension EnvelopeError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .notSupported: "an Ed25519 key only signs: wrap to an encryption key"
    case .otherSuite: "the content's key and the reader's are of different suites"
    case .tooLong(let bytes): "\(bytes) bytes are more than the \(SealedEnvelope.textLimit) of an envelope"
    case .authentication: "the envelope was not made with this key for this purpose, or was changed"
    case .malformed: "the envelope is not of the known form"
    case .cipher(let error): "\(error)"
    }
  }
}

/// Encrypted bytes that stand on chain or beside it: SM4-CTR over a text padded to 256·2ⁿ bytes, authenticated by HMAC-SM3; in the
/// international suite AES-256-CTR and HMAC-SHA-256.
///
/// The order is encrypt-then-MAC; nothing is decrypted before the tag is checked. The padding hides the text's length but for its
/// power of two. The content key never stands on chain: `ContentKey.wrap(to:)` gives it to each reader.
public struct SealedEnvelope: CanonicalRecord, Codable, Hashable {
  /// The longest text in bytes.
  public static let textLimit = 16 << 20

  /// The first counter block: 16 random bytes.
  public var counter: [UInt8]
  /// The encrypted bytes.
  public var ciphertext: [UInt8]
  /// The authentication tag.
  public var tag: Digest

  /// Puts the parts together.
  public init(counter: [UInt8], ciphertext: [UInt8], tag: Digest) {
    self.counter = counter
    self.ciphertext = ciphertext
    self.tag = tag
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.counter, \.ciphertext, \.tag)

  /// What stands on chain for an envelope that lies beside it.
  public func digest(suite: CryptoSuite) -> Digest { suite.digest("SealedEnvelope", .none, self) }

  /// The number of bytes that a text of `count` bytes is padded to, with its length of 4 bytes: 256·2ⁿ.
  public static func paddedCount(_ count: Int) -> Int {
    var size = 256
    while size < count + 4 { size *= 2 }
    return size
  }
}

/// The key of one envelope: 32 random bytes of its maker.
///
/// ```swift
/// let key = ContentKey.random(.guomi)
/// let envelope = try key.seal(text, associated: recordKey)            // the digest of it goes on chain
/// let wrap = try key.wrap(to: reader.publicKey())                     // once per grantee
/// let text = try ContentKey(unwrapping: wrap, with: readerKey).open(envelope, associated: recordKey)
/// ```
public struct ContentKey: Sendable {
  private let secret: [UInt8]
  /// The suite of its ciphers.
  public let suite: CryptoSuite

  /// A fresh key, outside contracts.
  public static func random(_ suite: CryptoSuite = .guomi) -> ContentKey {
    // lint: allow randomness, a client's key
    ContentKey(secret: Digest.random().bytes, suite: suite)
  }

  private init(secret: [UInt8], suite: CryptoSuite) {
    self.secret = secret
    self.suite = suite
  }

  /// The key in `wrap`.
  /// - Throws: `EnvelopeError.cipher` if the wrap is for another key or was changed, `.malformed`.
  public init(unwrapping wrap: [UInt8], with key: EncryptionKey) throws(EnvelopeError) {
    let bytes: [UInt8]
    do throws(CipherError) {
      bytes = try key.decrypt(wrap)
    } catch {
      throw .cipher(error)
    }
    guard bytes.count == Digest.byteCount else { throw .malformed }
    self.init(secret: bytes, suite: key.suite)
  }

  /// The key encrypted to a reader: SM2, or RSA-3072 with OAEP.
  /// - Throws: `EnvelopeError.otherSuite`, `.cipher` for a malformed key.
  public func wrap(to key: EncryptionPublicKey) throws(EnvelopeError) -> [UInt8] {
    guard key.suite == suite else { throw .otherSuite }
    do throws(CipherError) {
      return try key.encrypt(secret)
    } catch {
      throw .cipher(error)
    }
  }

  /// The key in a wrap to an SM2 key.
  /// - Throws: `EnvelopeError.notSupported` for Ed25519 keys, and as for an `EncryptionKey`.
  public init(unwrapping wrap: [UInt8], with key: PrivateKey) throws(EnvelopeError) {
    guard key.suite == .guomi else { throw .notSupported }
    let bytes: [UInt8]
    do throws(CipherError) {
      bytes = try key.decrypt(try SM2Ciphertext(der: wrap))
    } catch {
      throw .cipher(error)
    }
    guard bytes.count == Digest.byteCount else { throw .malformed }
    self.init(secret: bytes, suite: .guomi)
  }

  /// The key encrypted to the holder of an SM2 key, in DER (GM/T 0009).
  /// - Throws: `EnvelopeError.notSupported` for Ed25519 keys.
  public func wrap(to key: PublicKey) throws(EnvelopeError) -> [UInt8] {
    guard key.suite == .guomi else { throw .notSupported }
    guard suite == .guomi else { throw .otherSuite }
    do throws(CipherError) {
      return try key.encrypt(secret).der
    } catch {
      throw .cipher(error)
    }
  }

  /// Seals `text`; `associated` says what for, and must be given again to open it.
  public func seal(_ text: [UInt8], associated: [UInt8]) throws(EnvelopeError) -> SealedEnvelope {
    guard text.count <= SealedEnvelope.textLimit else { throw .tooLong(text.count) }
    let length = UInt32(text.count)
    var padded: [UInt8] = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + text
    padded += [UInt8](repeating: 0, count: SealedEnvelope.paddedCount(text.count) - padded.count)
    // lint: allow randomness, sealing is done by clients
    let counter = Array(Digest.random().bytes.prefix(SM4.blockBytes))
    let ciphertext: [UInt8]
    do throws(CipherError) {
      ciphertext = try crypt(padded, counter)
    } catch {
      throw .cipher(error)
    }
    return SealedEnvelope(counter: counter, ciphertext: ciphertext, tag: try tag(counter, ciphertext, associated))
  }

  /// Checks the tag and opens the envelope.
  /// - Throws: `EnvelopeError.authentication` before anything is decrypted.
  public func open(_ envelope: SealedEnvelope, associated: [UInt8]) throws(EnvelopeError) -> [UInt8] {
    let expected = try tag(envelope.counter, envelope.ciphertext, associated)
    // All bytes are compared, whatever the first difference: how long it takes says nothing about the tag.
    let difference = zip(expected.bytes, envelope.tag.bytes).reduce(0) { $0 | ($1.0 ^ $1.1) }
    guard difference == 0 else { throw .authentication }
    let padded: [UInt8]
    do throws(CipherError) {
      padded = try crypt(envelope.ciphertext, envelope.counter)
    } catch {
      throw .cipher(error)
    }
    guard padded.count >= 256 else { throw .malformed }
    let length = padded.prefix(4).reduce(0) { $0 << 8 | Int($1) }
    guard length <= padded.count - 4, SealedEnvelope.paddedCount(length) == padded.count else { throw .malformed }
    guard padded[(4 + length)...].allSatisfy({ $0 == 0 }) else { throw .malformed }
    return Array(padded[4..<(4 + length)])
  }

  /// Counter mode: encrypts and decrypts.
  private func crypt(_ bytes: [UInt8], _ counter: [UInt8]) throws(CipherError) -> [UInt8] {
    let key: [UInt8]
    do throws(KeyError) {
      key = try suite.hmac(key: secret, message: Array("YUCHAIN/1/envelope/encrypt".utf8)).bytes
    } catch {
      throw .openSSL("HMAC")
    }
    switch suite {
    case .guomi: return try SM4.encrypt(bytes, key: Array(key.prefix(SM4.blockBytes)), mode: .ctr(counter: counter))
    case .international: return try AES256.ctr(bytes, key: key, counter: counter)
    }
  }

  private func tag(_ counter: [UInt8], _ ciphertext: [UInt8], _ associated: [UInt8]) throws(EnvelopeError) -> Digest {
    do throws(KeyError) {
      let key = try suite.hmac(key: secret, message: Array("YUCHAIN/1/envelope/authenticate".utf8))
      return try suite.hmac(
        key: key.bytes, message: associated.canonicalBytes + counter.canonicalBytes + ciphertext.canonicalBytes)
    } catch {
      throw .cipher(.openSSL("HMAC"))
    }
  }
}
