/// Who signed a certificate: one bit a member in set order, most significant bit first; spare bits are zero.
package enum SignerBitmap {
  /// The bitmap of these members, ascending, of a set of `count`.
  package static func make(_ signers: some Sequence<Int>, of count: Int) -> [UInt8] {
    var bitmap = [UInt8](repeating: 0, count: (count + 7) / 8)
    for index in signers { bitmap[index / 8] |= 0x80 >> UInt8(index % 8) }
    return bitmap
  }

  /// The members whose bit is set, ascending.
  package static func signers(_ bitmap: [UInt8]) -> [Int] {
    (0..<(bitmap.count * 8)).filter { bitmap[$0 / 8] & (0x80 >> UInt8($0 % 8)) != 0 }
  }

  /// The signers of a well-formed certificate who reach the rule of `set`; no signature is looked at.
  package static func check(
    _ bitmap: [UInt8], signatures: Int, in set: ValidatorSet, rule: QuorumRule? = nil
  ) throws(CheckpointCertificateError) -> [Int] {
    let bytes = (set.members.count + 7) / 8
    guard bitmap.count == bytes else { throw .bitmapLength(bitmap.count, expected: bytes) }
    let signers = signers(bitmap)
    guard signers.allSatisfy({ $0 < set.members.count }) else { throw .spareBits }
    guard signatures == signers.count else { throw .signatureCount(signatures, expected: signers.count) }
    let signed = signers.reduce(UInt128(0)) { $0 + UInt128(set.members[$1].weight) }
    let total = set.totalWeight
    guard set.rule.isReached(signed: signed, total: total), rule?.isReached(signed: signed, total: total) ?? true else {
      throw .insufficientWeight(signed: signed, total: total)
    }
    return signers
  }
}
