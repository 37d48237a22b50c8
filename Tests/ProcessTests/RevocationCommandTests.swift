import ChainCore
import Foundation
import Testing

/// Revocation lists that the `openssl` command makes are read, and it reads ours.
@Suite struct RevocationCommand {
  static func pem(_ der: [UInt8], _ label: String) -> String {
    let text = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
    return "-----BEGIN \(label)-----\n\(text)\n-----END \(label)-----\n"
  }

  static let configuration = """
    [ca]
    default_ca = here
    [here]
    database = index.txt
    crlnumber = number.txt
    default_crl_days = 30
    default_md = MD
    """

  @Test(arguments: CryptoSuite.allCases) func itsListsAreRead(suite: CryptoSuite) throws {
    let folder = try OpenSSLCommand.Folder()
    let key = try PrivateKey.generate(suite)
    let root = try CertificateAuthority.root(
      .init(organisation: "ministry", commonName: "root"), key: key, from: 0, until: 4_000_000_000_000)
    try folder.write(try key.pem(), "key.pem")
    try folder.write(try root.certificate.pem, "root.pem")
    try folder.write(Self.configuration.replacing("MD", with: suite == .guomi ? "sm3" : "default"), "ca.conf")
    try folder.write(
      "R\t961231235959Z\t250101000000Z,keyCompromise\t0BAD\tunknown\t/CN=a\nR\t961231235959Z\t250101000000Z,certificateHold\t07\tunknown\t/CN=b\n",
      "index.txt")
    try folder.write("01F4\n", "number.txt")
    var arguments = ["ca", "-gencrl", "-config", "ca.conf", "-keyfile", "key.pem", "-cert", "root.pem", "-out", "list.pem"]
    if suite == .guomi { arguments += ["-sigopt", OpenSSLCommand.id] }
    let made = try folder.run(arguments)
    #expect(made.status == 0, "\(made.output)")
    let converted = try folder.run(["crl", "-in", "list.pem", "-outform", "DER", "-out", "list.der"])
    #expect(converted.status == 0, "\(converted.output)")
    let list = try RevocationList(der: try folder.read("list.der"))
    #expect(list.number == [0x01, 0xf4])
    #expect(list.entries == [.init(serial: [7], reason: .hold), .init(serial: [0x0b, 0xad], reason: .final(1))])
    let now = BlockTime(UInt64(Date().timeIntervalSince1970 * 1_000))
    try list.verify(by: root.certificate, suite: suite, at: now)
    let other = try CertificateAuthority.root(
      .init(organisation: "ministry", commonName: "root"), key: try PrivateKey.generate(suite), from: 0, until: 4_000_000_000_000)
    #expect(throws: CertificateError.wrongSignature) { try list.verify(by: other.certificate, suite: suite, at: now) }

    let ours = try root.revocationList(
      number: 501, entries: [.init(serial: [0x0b, 0xad], reason: .final(4))], from: 1_700_000_000_000, until: 4_000_000_000_000)
    try folder.write(Self.pem(ours.der, "X509 CRL"), "ours.pem")
    let shown = try folder.run(["crl", "-in", "ours.pem", "-text", "-noout"])
    #expect(shown.status == 0 && shown.output.contains("Serial Number: 0BAD") && shown.output.contains("Superseded"), "\(shown.output)")
    // The command verifies SM2 signatures of lists with an empty id only.
    guard suite == .international else { return }
    let verified = try folder.run(["crl", "-in", "ours.pem", "-CAfile", "root.pem", "-noout"])
    #expect(verified.status == 0 && verified.output.contains("verify OK"), "\(verified.output)")
  }
}
