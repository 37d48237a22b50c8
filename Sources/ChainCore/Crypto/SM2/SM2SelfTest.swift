extension SM2Verifier {
  /// Answers the example of GM/T 0003.5 annex A by every path, refuses it with one bit changed anywhere that matters, and compares itself with
  /// OpenSSL on both.
  static func selfTest() -> Bool {
    guard
      let key = [UInt8](
        hex:
          "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
      ),
      let bytes = [UInt8](
        hex:
          "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
      ),
      let digest = Digest(hex: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"), let signature = Signature(bytes),
      let point = SM2AffinePoint(key)
    else { return false }
    let table = SM2Table(of: point, width: SM2Table.keyWidth)
    func answers(_ signature: Signature, _ hash: SM2Number) -> [Bool] {
      [
        verify(signature, hash: hash, point: point, table: nil), verify(signature, hash: hash, point: point, table: table),
        verify([Prepared(signature: signature, hash: hash, table: table)])[0],
      ]
    }
    let hash = SM2Number(digest)
    guard answers(signature, hash) == [true, true, true], PublicKey(checked: .guomi, key).verify(signature, ofHash: digest) else {
      return false
    }
    for place in [0, 31, 32, 63] {
      var changed = bytes
      changed[place] ^= 1
      guard let signature = Signature(changed), !PublicKey(checked: .guomi, key).verify(signature, ofHash: digest),
        answers(signature, hash) == [false, false, false]
      else { return false }
    }
    return answers(signature, SM2Number.adding(hash, SM2Number(l0: 1, l1: 0, l2: 0, l3: 0)).sum) == [false, false, false]
  }
}
