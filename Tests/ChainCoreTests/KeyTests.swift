import ChainCore
import Foundation
import TestSupport
import Testing

@Suite struct Keys {
  @Test(arguments: CryptoSuite.allCases) func signAndVerify(suite: CryptoSuite) throws {
    let key = try PrivateKey.generate(suite)
    let digest = suite.hash(Array("one".utf8))
    let signature = try key.sign(digest)
    #expect(key.publicKey.verify(signature, of: digest))
    #expect(!key.publicKey.verify(signature, of: suite.hash([])))
    #expect(!(try PrivateKey.generate(suite)).publicKey.verify(signature, of: digest))
    for index in 0..<64 {
      var bytes = signature.bytes
      bytes[index] ^= 1
      #expect(!key.publicKey.verify(try #require(Signature(bytes)), of: digest))
    }
  }

  @Test(arguments: CryptoSuite.allCases) func pemRoundTrip(suite: CryptoSuite) throws {
    let key = try PrivateKey.generate(suite)
    #expect(try PrivateKey(pem: key.pem()).publicKey == key.publicKey)
    let secret = Array("correct horse".utf8)
    let locked = try key.pem(passphrase: secret)
    #expect(try PrivateKey(pem: locked, passphrase: secret).publicKey == key.publicKey)
    #expect(throws: KeyError.wrongPassphrase) { try PrivateKey(pem: locked, passphrase: Array("wrong".utf8)) }
    #expect(throws: KeyError.wrongPassphrase) { try PrivateKey(pem: locked) }
    #expect(try PublicKey(subjectPublicKeyInfo: key.publicKey.subjectPublicKeyInfo) == key.publicKey)
  }

  @Test(arguments: CryptoSuite.allCases) func certificateUnderRoot(suite: CryptoSuite) throws {
    let rootKey = try PrivateKey.generate(suite)
    let root = try CertificateAuthority.root(
      .init(organisation: "root", commonName: "河南根"), key: rootKey, from: 1_000_000, until: 9_000_000_000_000)
    let key = try PrivateKey.generate(suite)
    let leaf = try root.issue(
      .init(organisation: "11410100MB0A010107", commonName: "clerk"), publicKey: key.publicKey, serial: 7, from: 2_000_000,
      until: 8_000_000_000_000)
    #expect(leaf.organisation == "11410100MB0A010107")
    #expect(leaf.serial == [7] && leaf.publicKey == key.publicKey && !leaf.isCA)
    #expect(leaf.notBefore == 2_000_000 && leaf.notAfter == 8_000_000_000_000)
    #expect(root.certificate.commonName == "河南根")
    try CertificatePath(leaf: leaf).verify(under: [root.certificate], suite: suite, at: 3_000_000)
    #expect(throws: CertificateError.notYetValid(from: 2_000_000)) {
      try CertificatePath(leaf: leaf).verify(under: [root.certificate], suite: suite, at: 1_999_999)
    }
    #expect(throws: CertificateError.expired(until: 8_000_000_000_000)) {
      try CertificatePath(leaf: leaf).verify(under: [root.certificate], suite: suite, at: 8_000_000_000_001)
    }
    let other = try CertificateAuthority.root(
      .init(organisation: "root", commonName: "河南根"), key: try PrivateKey.generate(suite), from: 1_000_000, until: 9_000_000_000_000)
    #expect(throws: CertificateError.wrongSignature) {
      try CertificatePath(leaf: leaf).verify(under: [other.certificate], suite: suite, at: 3_000_000)
    }
    for length in 0..<leaf.der.count {
      #expect(throws: CertificateError.self) { try Certificate(der: Array(leaf.der[..<length])) }
    }
    #expect(throws: CertificateError.self) { try Certificate(der: leaf.der + [0]) }
  }
}
