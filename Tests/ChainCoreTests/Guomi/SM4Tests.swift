import ChainCore
import Testing

@Suite struct SM4Vectors {
  struct Modes: Decodable {
    struct Case: Decodable {
      var id, mode: String
      var key, ciphertext: Hexes
      var plaintext, iv: Hexes?
      var padding: String?
      var result: String?
    }
    struct Iterated: Decodable {
      var key, plaintext, ciphertext: Hexes
      var iterations: Int
    }
    var tests, padded: [Case]
    var iterated: [Iterated]
  }

  @Test func modes() throws {
    try GuomiFiles.each("sm4-modes.json", as: Modes.self) { file, isShared in
      for item in file.tests {
        let mode: SM4.Mode
        switch item.mode {
        case "ECB": mode = .ecb
        case "CBC": mode = .cbc(iv: try #require(item.iv).bytes)
        default: mode = .ctr(counter: try #require(item.iv).bytes)
        }
        let plaintext = try #require(item.plaintext).bytes
        #expect(try SM4.encrypt(plaintext, key: item.key.bytes, mode: mode) == item.ciphertext.bytes, "\(item.id)")
        #expect(try SM4.decrypt(item.ciphertext.bytes, key: item.key.bytes, mode: mode) == plaintext, "\(item.id)")
      }
      for item in file.padded {
        let mode = SM4.Mode.cbcPadded(iv: try #require(item.iv).bytes)
        if item.result == "valid" {
          let plaintext = item.plaintext?.bytes ?? []
          #expect(try SM4.encrypt(plaintext, key: item.key.bytes, mode: mode) == item.ciphertext.bytes, "\(item.id)")
          #expect(try SM4.decrypt(item.ciphertext.bytes, key: item.key.bytes, mode: mode) == plaintext, "\(item.id)")
        } else {
          #expect(throws: CipherError.self, "\(item.id)") { try SM4.decrypt(item.ciphertext.bytes, key: item.key.bytes, mode: mode) }
        }
      }
      for item in file.iterated {
        // Encrypting again and again is CBC over zero blocks: each is the one before, encrypted.
        let blocks = item.plaintext.bytes + [UInt8](repeating: 0, count: 16 * (item.iterations - 1))
        let chained = try SM4.encrypt(blocks, key: item.key.bytes, mode: .cbc(iv: [UInt8](repeating: 0, count: 16)))
        #expect(Array(chained.suffix(16)) == item.ciphertext.bytes)
      }
      print(
        "gm/sm4-modes.json (\(isShared ? "all" : "copy")): \(file.tests.count) modes, \(file.padded.count) padded, \(file.iterated.count) iterated"
      )
    }
  }

  struct AEAD: Decodable {
    struct Case: Decodable {
      var id, mode: String
      var key, iv, plaintext, ciphertext: Hexes
    }
    var tests: [Case]
  }

  /// OpenSSL 3.0 has neither mode: each case is refused by name, never answered with something else.
  @Test func authenticatedModesAreNotSupported() throws {
    try GuomiFiles.each("sm4-aead.json", as: AEAD.self) { file, isShared in
      for item in file.tests {
        let mode: SM4.Mode = item.mode == "GCM" ? .gcm(nonce: item.iv.bytes) : .ccm(nonce: item.iv.bytes)
        #expect(throws: CipherError.notSupported("SM4-\(item.mode)"), "\(item.id)") {
          try SM4.encrypt(item.plaintext.bytes, key: item.key.bytes, mode: mode)
        }
        #expect(throws: CipherError.notSupported("SM4-\(item.mode)")) {
          try SM4.decrypt(item.ciphertext.bytes, key: item.key.bytes, mode: mode)
        }
      }
      print("gm/sm4-aead.json (\(isShared ? "all" : "copy")): \(file.tests.count) cases, all refused as not supported")
    }
  }

  @Test func wrongLengthsAreRefused() {
    let block = [UInt8](repeating: 0, count: 16)
    for count in [0, 15, 17, 32] {
      let wrong = [UInt8](repeating: 0, count: count)
      #expect(throws: CipherError.wrongLength(count)) { try SM4.encrypt(block, key: wrong, mode: .ecb) }
      #expect(throws: CipherError.wrongLength(count)) { try SM4.encrypt(block, key: block, mode: .ctr(counter: wrong)) }
    }
    #expect(throws: CipherError.notWholeBlocks(5)) { try SM4.encrypt([1, 2, 3, 4, 5], key: block, mode: .ecb) }
    #expect(throws: CipherError.notWholeBlocks(0)) { try SM4.decrypt([], key: block, mode: .cbcPadded(iv: block)) }
  }
}
