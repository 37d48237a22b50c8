@testable import ChainCore
import Foundation
import Testing

@Suite struct SM2Vectors {
  struct Keys: Decodable {
    struct Key: Decodable {
      var id: String
      var d, x, y, spki, spkiCompressed, pkcs8: Hexes
    }
    struct BadPublic: Decodable {
      var id: String
      var spki: Hexes
    }
    struct BadPrivate: Decodable {
      var id: String
      var d: Hexes
    }
    var keys: [Key]
    var invalidPublic: [BadPublic]
    var invalidPrivate: [BadPrivate]
  }

  static func keys() throws -> [String: PublicKey] {
    var found: [String: PublicKey] = [:]
    try GuomiFiles.each("sm2-keys.json", as: Keys.self) { file, _ in
      for key in file.keys { found[key.id] = try PublicKey(suite: .guomi, bytes: key.x.bytes + key.y.bytes) }
    }
    return found
  }

  @Test func keyForms() throws {
    try GuomiFiles.each("sm2-keys.json", as: Keys.self) { file, isShared in
      for key in file.keys {
        let secret = try PrivateKey(suite: .guomi, secret: key.d.bytes)
        #expect(secret.publicKey.bytes == key.x.bytes + key.y.bytes)
        #expect(try PublicKey(subjectPublicKeyInfo: key.spki.bytes) == secret.publicKey)
        #expect(try PublicKey(subjectPublicKeyInfo: key.spkiCompressed.bytes) == secret.publicKey)
        #expect(try secret.publicKey.subjectPublicKeyInfo == key.spki.bytes)
        let pem = "-----BEGIN PRIVATE KEY-----\n\(Data(key.pkcs8.bytes).base64EncodedString())\n-----END PRIVATE KEY-----\n"
        #expect(try PrivateKey(pem: pem).publicKey == secret.publicKey)
        #expect(try PrivateKey(pem: secret.pem()).publicKey == secret.publicKey)
      }
      for key in file.invalidPublic { #expect(throws: KeyError.self, "\(key.id)") { try PublicKey(subjectPublicKeyInfo: key.spki.bytes) } }
      for key in file.invalidPrivate {
        #expect(throws: KeyError.scalarOutOfRange, "\(key.id)") { try PrivateKey(suite: .guomi, secret: key.d.bytes) }
      }
      print(
        "gm/sm2-keys.json (\(isShared ? "all" : "copy")): \(file.keys.count) keys, \(file.invalidPublic.count) bad public, \(file.invalidPrivate.count) bad private"
      )
    }
  }

  struct ZA: Decodable {
    struct Repeat: Decodable {
      var unit: Hexes
      var count: Int
    }
    struct Case: Decodable {
      var id: String
      var key: String?
      var userID: Hexes?
      var userIDRepeat: Repeat?
      var za: Hexes?
      var bytes: [UInt8] {
        userID?.bytes ?? userIDRepeat.map { Array(repeatElement($0.unit.bytes, count: $0.count).joined()) } ?? []
      }
    }
    var tests, rejected: [Case]
  }

  @Test func za() throws {
    let keys = try Self.keys()
    try GuomiFiles.each("sm2-za.json", as: ZA.self) { file, isShared in
      for item in file.tests {
        let key = try #require(keys[item.key ?? ""])
        #expect(try key.za(id: item.bytes).bytes == item.za?.bytes, "\(item.id)")
      }
      for item in file.rejected { #expect(throws: KeyError.idTooLong(item.bytes.count)) { try keys["key0"]?.za(id: item.bytes) } }
      print("gm/sm2-za.json (\(isShared ? "all" : "copy")): \(file.tests.count) ids, \(file.rejected.count) refused")
    }
  }

  struct Sign: Decodable {
    struct Case: Decodable {
      var id, key: String
      var userID, msg, e, raw, der: Hexes
    }
    struct Prehashed: Decodable {
      var id: String
      var x, y, e, r, s: Hexes
      var der: Hexes?
    }
    var tests: [Case]
    var prehashed, prehashedMustFail: [Prehashed]
  }

  @Test func signatures() throws {
    let keys = try Self.keys()
    try GuomiFiles.each("sm2-sign.json", as: Sign.self) { file, isShared in
      for item in file.tests {
        let key = try #require(keys[item.key])
        let raw = try #require(Signature(item.raw.bytes))
        #expect(SignatureDER.raw(item.der.bytes) == raw && SignatureDER.der(raw) == item.der.bytes, "\(item.id)")
        #expect(key.verify(raw, ofMessage: item.msg.bytes, id: item.userID.bytes), "\(item.id)")
        let paths = try #require(SM2Paths(key.bytes))
        for path in SM2Paths.Path.allCases {
          #expect(paths.verify(raw, ofMessage: item.msg.bytes, id: item.userID.bytes, by: path), "\(item.id) by \(path)")
        }
        #expect(CryptoSuite.guomi.hash(try key.za(id: item.userID.bytes).bytes + item.msg.bytes).bytes == item.e.bytes)
      }
      func holds(_ item: Sign.Prehashed) throws -> Bool {
        let key = try PublicKey(suite: .guomi, bytes: item.x.bytes + item.y.bytes)
        let signature = try #require(Signature(item.r.bytes + item.s.bytes))
        let hash = try #require(Digest(item.e.bytes))
        let expected = key.verify(signature, ofHash: hash)
        let paths = try #require(SM2Paths(key.bytes))
        for path in SM2Paths.Path.allCases { #expect(paths.verify(signature, ofHash: hash, by: path) == expected, "\(item.id) by \(path)") }
        return expected
      }
      for item in file.prehashed { #expect(try holds(item), "\(item.id)") }
      for item in file.prehashedMustFail { #expect(try !holds(item), "\(item.id)") }
      print(
        "gm/sm2-sign.json (\(isShared ? "all" : "copy")): \(file.tests.count) messages, \(file.prehashed.count) hashes, \(file.prehashedMustFail.count) refused"
      )
    }
  }

  struct Negative: Decodable {
    struct Case: Decodable {
      var id, key, why: String
      var userID, msg: Hexes
      var raw, der: Hexes?
    }
    var tests: [Case]
  }

  @Test func badSignaturesAreRefused() throws {
    let keys = try Self.keys()
    try GuomiFiles.each("sm2-sign-negative.json", as: Negative.self) { file, isShared in
      var forms = 0
      for item in file.tests {
        let key = try #require(keys[item.key])
        let paths = try #require(SM2Paths(key.bytes))
        for signature in [item.raw.flatMap { Signature($0.bytes) }, item.der.flatMap { SignatureDER.raw($0.bytes) }].compactMap(\.self) {
          for path in SM2Paths.Path.allCases {
            #expect(!paths.verify(signature, ofMessage: item.msg.bytes, id: item.userID.bytes, by: path), "\(item.id) by \(path)")
          }
        }
        if let raw = item.raw {
          forms += 1
          let signature = Signature(raw.bytes)
          #expect(signature.map { !key.verify($0, ofMessage: item.msg.bytes, id: item.userID.bytes) } ?? true, "\(item.id): \(item.why)")
        }
        if let der = item.der {
          forms += 1
          let signature = SignatureDER.raw(der.bytes)
          #expect(signature.map { !key.verify($0, ofMessage: item.msg.bytes, id: item.userID.bytes) } ?? true, "\(item.id): \(item.why)")
        }
      }
      print("gm/sm2-sign-negative.json (\(isShared ? "all" : "copy")): \(file.tests.count) cases, \(forms) forms refused")
    }
  }

  struct Encrypt: Decodable {
    struct Case: Decodable {
      var id: String
      var d, plaintext, asn1, c1c3c2: Hexes
    }
    struct DecryptOnly: Decodable {
      var id: String
      var d, plaintext, asn1: Hexes
    }
    struct Bad: Decodable {
      var id, why: String
      var d: Hexes
      var asn1, c1c3c2: Hexes?
    }
    var tests: [Case]
    var decryptOnly: [DecryptOnly]
    var mustFail: [Bad]
  }

  @Test func encryption() throws {
    try GuomiFiles.each("sm2-encrypt.json", as: Encrypt.self) { file, isShared in
      for item in file.tests {
        let key = try PrivateKey(suite: .guomi, secret: item.d.bytes)
        let ciphertext = try SM2Ciphertext(der: item.asn1.bytes)
        #expect(try SM2Ciphertext(c1c3c2: item.c1c3c2.bytes) == ciphertext && ciphertext.c1c3c2 == item.c1c3c2.bytes, "\(item.id)")
        #expect(ciphertext.der == item.asn1.bytes)
        #expect(try key.decrypt(ciphertext) == item.plaintext.bytes, "\(item.id)")
        #expect(try key.decrypt(try key.publicKey.encrypt(item.plaintext.bytes)) == item.plaintext.bytes)
      }
      for item in file.decryptOnly {
        #expect(
          try PrivateKey(suite: .guomi, secret: item.d.bytes).decrypt(try SM2Ciphertext(der: item.asn1.bytes)) == item.plaintext.bytes,
          "\(item.id)")
      }
      for item in file.mustFail {
        let key = try PrivateKey(suite: .guomi, secret: item.d.bytes)
        if let asn1 = item.asn1 {
          #expect(throws: CipherError.self, "\(item.id): \(item.why)") { try key.decrypt(try SM2Ciphertext(der: asn1.bytes)) }
        }
        if let raw = item.c1c3c2 {
          #expect(throws: CipherError.self, "\(item.id): \(item.why)") { try key.decrypt(try SM2Ciphertext(c1c3c2: raw.bytes)) }
        }
      }
      print(
        "gm/sm2-encrypt.json (\(isShared ? "all" : "copy")): \(file.tests.count + file.decryptOnly.count) decrypted, \(file.mustFail.count) refused"
      )
    }
  }

  struct Certificates: Decodable {
    struct Case: Decodable {
      var id, expect: String
      var der: Hexes
    }
    var certificates: [Case]
    var verifyAt: UInt64
  }

  @Test func certificates() throws {
    try GuomiFiles.each("sm2-certs.json", as: Certificates.self) { file, isShared in
      var read: [String: Certificate] = [:]
      for item in file.certificates { read[item.id] = try Certificate(der: item.der.bytes) }
      let root = try #require(read["root"])
      let issuing = try #require(read["issuing"])
      let time = BlockTime(file.verifyAt * 1_000)
      func fault(_ id: String, _ intermediates: [Certificate], at time: BlockTime = time) -> CertificateError? {
        guard let leaf = read[id] else { return .malformed("missing") }
        do throws(CertificateError) {
          try CertificatePath(leaf: leaf, intermediates: intermediates).verify(under: [root], suite: .guomi, at: time)
          return nil
        } catch {
          return error
        }
      }
      let leaf = try #require(read["leafSign"])
      #expect(fault("leafSign", [issuing]) == nil && leaf.organisation == "郑州市测试局" && leaf.commonName == "licence-issuer")
      #expect(fault("leafSign", []) == .untrusted(issuer: leaf.issuer))
      #expect(fault("leafEncrypt", [issuing]) == .notForSigning)
      #expect(fault("leafExpired2023", [issuing]) == nil)
      #expect(fault("leafExpired2023", [issuing], at: 1_704_067_200_000) == .expired(until: 1_703_980_800_000))
      #expect(fault("leafOtherID", [issuing]) == .wrongSignature)
      #expect(fault("leafEmptyID", [issuing]) == .wrongSignature)
      #expect(fault("leafBadSignature", [issuing]) == .wrongSignature)
      #expect(fault("leafIssuedByLeaf", [leaf, issuing]) == .notAnAuthority(leaf.subject))
      #expect(fault("caBelowPathLen", [issuing]) == .notForSigning)
      #expect(fault("issuing", []) == .notForSigning && fault("root", []) == .notForSigning)
      print("gm/sm2-certs.json (\(isShared ? "all" : "copy")): \(file.certificates.count) certificates")
    }
  }
}
