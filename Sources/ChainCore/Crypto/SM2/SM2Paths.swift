/// A key that verifies by a chosen path, whatever is remembered of it: so that tests can hold all paths to OpenSSL's answer.
package struct SM2Paths: Sendable {
  /// How a signature is verified; all three give one answer.
  package enum Path: CaseIterable, Sendable {
    /// By doublings: for a key that is not known.
    case new
    /// By the key's table.
    case known
    /// By tables, together with others.
    case batch
  }

  private let bytes: [UInt8]
  private let known: SM2KeyCache.Known
  private let table: SM2Table

  /// The key with these 64 bytes, or `nil` if they are no point of the curve.
  package init?(_ bytes: [UInt8]) {
    guard let known = SM2KeyCache.Known(bytes) else { return nil }
    self.bytes = bytes
    self.known = known
    table = SM2Table(of: known.point, width: SM2Table.keyWidth)
  }

  /// Whether the signature is valid for `message`, by one path.
  package func verify(_ signature: Signature, ofMessage message: [UInt8], id: [UInt8]? = nil, by path: Path) -> Bool {
    guard let hash = SM2Verifier.hash(message, under: known, bytes, id: id) else { return false }
    return verify(signature, hash: hash, by: path)
  }

  /// Whether the signature is valid for a hash e given ready, by one path.
  package func verify(_ signature: Signature, ofHash hash: Digest, by path: Path) -> Bool {
    verify(signature, hash: SM2Number(hash), by: path)
  }

  /// Whether each of many signatures is valid for its message, in one batch.
  package func verify(_ batch: [(signature: Signature, message: [UInt8], id: [UInt8]?)]) -> [Bool] {
    let hashes = batch.map { SM2Verifier.hash($0.message, under: known, bytes, id: $0.id) }
    let answers = SM2Verifier.verify(
      zip(batch, hashes).map { SM2Verifier.Prepared(signature: $0.signature, hash: $1 ?? .zero, table: table) })
    return zip(answers, hashes).map { $0 && $1 != nil }
  }

  private func verify(_ signature: Signature, hash: SM2Number, by path: Path) -> Bool {
    switch path {
    case .new: SM2Verifier.verify(signature, hash: hash, point: known.point, table: nil)
    case .known: SM2Verifier.verify(signature, hash: hash, point: known.point, table: table)
    case .batch: SM2Verifier.verify([SM2Verifier.Prepared(signature: signature, hash: hash, table: table)])[0]
    }
  }
}

extension Signature {
  /// The signature that DER holds in its one canonical form, or `nil`.
  package init?(sm2DER der: [UInt8]) {
    guard let signature = SignatureDER.raw(der) else { return nil }
    self = signature
  }

  /// SEQUENCE { INTEGER r, INTEGER s }.
  package var sm2DER: [UInt8] { SignatureDER.der(self) }
}
