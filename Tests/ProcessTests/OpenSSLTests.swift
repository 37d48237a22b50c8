import ChainCore
import Foundation
import TestSupport
import Testing

/// The `openssl` command accepts what we make, and we accept what it makes.
@Suite struct OpenSSLCommand {
  final class Folder {
    let url: URL
    init() throws {
      url = FileManager.default.temporaryDirectory.appending(path: "yuchain-openssl-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(at: url) }
    func path(_ name: String) -> String { url.appending(path: name).path }
    func write(_ bytes: [UInt8], _ name: String) throws { try Data(bytes).write(to: url.appending(path: name)) }
    func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }
    func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: url.appending(path: name))) }
    func text(_ name: String) throws -> String { String(decoding: try read(name), as: UTF8.self) }
    @discardableResult func openssl(_ arguments: String...) throws -> (status: Int32, output: String) { try run(arguments) }
    func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["openssl"] + arguments
      process.currentDirectoryURL = url
      let pipe = Pipe()
      process.standardOutput = pipe
      process.standardError = pipe
      process.standardInput = FileHandle.nullDevice
      try process.run()
      let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return (process.terminationStatus, output)
    }
  }

  static let id = "distid:1234567812345678"
  /// RSA-OAEP with SHA-256: the key of an international envelope, both ways.
  @Test func wrapsOfBothSidesOpen() throws {
    let folder = try Folder()
    let key = try EncryptionKey.generate(.international)
    try folder.write(try key.pem(), "key.pem")
    try folder.write(pem(try key.publicKey().der, "PUBLIC KEY"), "public.pem")
    let secret = Digest.random().bytes
    try folder.write(try key.publicKey().encrypt(secret), "ours")
    let form = ["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256"]
    var answer = try folder.run(["pkeyutl", "-decrypt", "-inkey", "key.pem", "-in", "ours", "-out", "opened"] + form)
    #expect(answer.status == 0, "\(answer.output)")
    #expect(try folder.read("opened") == secret)
    try folder.write(secret, "secret")
    answer = try folder.run(["pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem", "-in", "secret", "-out", "theirs"] + form)
    #expect(answer.status == 0, "\(answer.output)")
    var theirs = try folder.read("theirs")
    #expect(try key.decrypt(theirs) == secret)
    theirs[100] ^= 1
    #expect(throws: CipherError.authentication) { try key.decrypt(theirs) }
    // AES-256 in counter mode, over a block boundary.
    let counter = Array(repeating: UInt8(0xff), count: 16)
    let text = Array(repeating: UInt8(7), count: 37)
    try folder.write(text, "text")
    answer = try folder.openssl(
      "enc", "-aes-256-ctr", "-K", secret.hex, "-iv", counter.hex, "-nosalt", "-in", "text", "-out", "encrypted")
    #expect(answer.status == 0, "\(answer.output)")
    #expect(try AES256.ctr(text, key: secret, counter: counter) == folder.read("encrypted"))
  }

  static let message = Array("河南链: a message of no particular length".utf8)

  func pem(_ der: [UInt8], _ label: String) -> String {
    "-----BEGIN \(label)-----\n\(Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed]))\n-----END \(label)-----\n"
  }

  /// r ‖ s as the DER that the command wants.
  func der(_ signature: Signature) -> [UInt8] {
    func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
      var digits = Array(bytes.drop { $0 == 0 })
      if digits.first.map({ $0 >= 0x80 }) ?? true { digits.insert(0, at: 0) }
      return [2, UInt8(digits.count)] + digits
    }
    let body = integer(signature.bytes[..<32]) + integer(signature.bytes[32...])
    return [0x30, UInt8(body.count)] + body
  }

  func raw(_ der: [UInt8]) -> Signature? {
    func integer(_ at: Int) -> [UInt8] {
      let digits = der[(at + 2)..<(at + 2 + Int(der[at + 1]))].drop { $0 == 0 }
      return [UInt8](repeating: 0, count: 32 - digits.count) + digits
    }
    return Signature(integer(2) + integer(4 + Int(der[3])))
  }

  @Test func itAcceptsOurSignaturesAndKeys() throws {
    let folder = try Folder()
    try folder.write(Self.message, "m")
    for suite in CryptoSuite.allCases {
      let key = try PrivateKey.generate(suite)
      let signature = try key.sign(message: Self.message)
      try folder.write(pem(try key.publicKey.subjectPublicKeyInfo, "PUBLIC KEY"), "pub.pem")
      try folder.write(try key.pem(), "key.pem")
      try folder.write(try key.pem(passphrase: Array("secret".utf8)), "locked.pem")
      try folder.write(suite == .guomi ? der(signature) : signature.bytes, "s")
      if suite == .guomi {
        let good = try folder.openssl("dgst", "-sm3", "-verify", "pub.pem", "-sigopt", Self.id, "-signature", "s", "m")
        #expect(good.status == 0 && good.output.contains("Verified OK"), "\(good.output)")
      } else {
        let good = try folder.openssl("pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-in", "m", "-sigfile", "s")
        #expect(good.status == 0, "\(good.output)")
      }
      let shown = try folder.openssl("pkey", "-in", "key.pem", "-pubout")
      let expected = try folder.text("pub.pem")
      #expect(shown.status == 0 && shown.output == expected)
      let unlocked = try folder.openssl("pkey", "-in", "locked.pem", "-passin", "pass:secret", "-pubout")
      #expect(unlocked.status == 0 && unlocked.output == shown.output)
      #expect(try folder.openssl("pkey", "-in", "locked.pem", "-passin", "pass:wrong", "-noout").status != 0)
    }
  }

  @Test func weAcceptItsSignaturesAndKeys() throws {
    let folder = try Folder()
    try folder.write(Self.message, "m")
    for (suite, algorithm) in [(CryptoSuite.guomi, "SM2"), (.international, "ED25519")] {
      #expect(try folder.openssl("genpkey", "-algorithm", algorithm, "-out", "key.pem").status == 0)
      #expect(try folder.openssl("pkey", "-in", "key.pem", "-aes256", "-passout", "pass:secret", "-out", "locked.pem").status == 0)
      #expect(try folder.openssl("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "pub.der").status == 0)
      let key = try PrivateKey(pem: try folder.text("key.pem"))
      #expect(key.suite == suite)
      #expect(try PublicKey(subjectPublicKeyInfo: try folder.read("pub.der")) == key.publicKey)
      #expect(try PrivateKey(pem: try folder.text("locked.pem"), passphrase: Array("secret".utf8)).publicKey == key.publicKey)
      #expect(throws: KeyError.wrongPassphrase) { try PrivateKey(pem: try folder.text("locked.pem"), passphrase: Array("no".utf8)) }
      let signed =
        suite == .guomi
        ? try folder.openssl("dgst", "-sm3", "-sign", "key.pem", "-sigopt", Self.id, "-out", "s", "m")
        : try folder.openssl("pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "m", "-out", "s")
      #expect(signed.status == 0, "\(signed.output)")
      let bytes = try folder.read("s")
      let signature = try #require(suite == .guomi ? raw(bytes) : Signature(bytes))
      #expect(key.publicKey.verify(signature, ofMessage: Self.message))
      #expect(!key.publicKey.verify(signature, ofMessage: Self.message + [0]))
    }
  }

  @Test func itAcceptsOurCertificates() throws {
    let folder = try Folder()
    let now = BlockTime(UInt64(Date().timeIntervalSince1970) * 1_000)
    let until = now.advanced(byMilliseconds: 86_400_000)
    for suite in CryptoSuite.allCases {
      let root = try CertificateAuthority.root(
        .init(organisation: "河南", commonName: "root"), key: try PrivateKey.generate(suite), from: 0, until: until)
      let member = try PrivateKey.generate(suite)
      let leaf = try root.issue(
        .init(organisation: "11410100MB0A010107", commonName: "clerk"), publicKey: member.publicKey, serial: 9, from: 0, until: until)
      try folder.write(try root.certificate.pem, "root.pem")
      try folder.write(try leaf.pem, "leaf.pem")
      let options = suite == .guomi ? ["-vfyopt", Self.id] : []
      for name in ["root.pem", "leaf.pem"] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl", "verify"] + options + ["-CAfile", "root.pem", name]
        process.currentDirectoryURL = folder.url
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(suite) \(name)")
      }
      let shown = try folder.openssl("x509", "-in", "leaf.pem", "-noout", "-serial", "-subject", "-nameopt", "utf8")
      #expect(shown.output.contains("serial=09") && shown.output.contains("11410100MB0A010107"))
    }
  }

  @Test func weAcceptItsCertificates() throws {
    let folder = try Folder()
    // The command stamps certificates with its own clock, after this line.
    let now = BlockTime((UInt64(Date().timeIntervalSince1970) + 3_600) * 1_000)
    for (suite, algorithm) in [(CryptoSuite.guomi, "SM2"), (.international, "ED25519")] {
      for name in ["root", "leaf"] { #expect(try folder.openssl("genpkey", "-algorithm", algorithm, "-out", "\(name).key").status == 0) }
      let digest = suite == .guomi ? ["-sm3", "-sigopt", Self.id] : []
      func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder.url
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(arguments)")
      }
      try folder.write("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n", "leaf.ext")
      try run(
        ["req", "-x509", "-key", "root.key", "-subj", "/O=henan/CN=root", "-days", "2", "-out", "root.pem"] + digest
          + ["-addext", "keyUsage=critical,keyCertSign", "-addext", "basicConstraints=critical,CA:TRUE"])
      try run(["req", "-new", "-key", "leaf.key", "-subj", "/O=city-hall/CN=clerk", "-out", "leaf.csr"] + digest)
      let verify = suite == .guomi ? ["-vfyopt", Self.id] : []
      try run(
        [
          "x509", "-req", "-in", "leaf.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "77", "-days", "1", "-extfile",
          "leaf.ext", "-out", "leaf.pem",
        ]
          + digest + verify)
      let root = try Certificate(pem: try folder.text("root.pem"))
      let leaf = try Certificate(pem: try folder.text("leaf.pem"))
      #expect(leaf.organisation == "city-hall" && leaf.serial == [77] && root.isCA)
      try CertificatePath(leaf: leaf).verify(under: [root], suite: suite, at: now)
      #expect(throws: CertificateError.self) {
        try CertificatePath(leaf: leaf).verify(under: [root], suite: suite, at: now.advanced(byMilliseconds: 3 * 86_400_000))
      }
      for index in stride(from: 0, to: leaf.der.count, by: 11) {
        var changed = leaf.der
        changed[index] ^= 0x10
        let path = (try? Certificate(der: changed)).map { CertificatePath(leaf: $0) }
        #expect(throws: (any Error).self, "byte \(index)") {
          guard let path else { throw CertificateError.malformed("not read") }
          try path.verify(under: [root], suite: suite, at: now)
        }
      }
    }
  }
}
