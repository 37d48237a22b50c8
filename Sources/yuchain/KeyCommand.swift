internal import ArgumentParser
internal import ChainCore
internal import Foundation

/// The suites as people write them.
enum SuiteName: String, ExpressibleByArgument, CaseIterable {
  case guomi, international

  var suite: CryptoSuite { self == .guomi ? .guomi : .international }
}

struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key", abstract: "Makes and shows key files (PKCS #8, as openssl reads and writes them).",
    subcommands: [New.self, Show.self])

  struct New: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a key and writes it to a file that only its owner may read.",
      discussion: "Example: yuchain key new --suite guomi --out clerk.pem --passphrase-file secret.txt")
    @Option(help: "guomi (SM2) or international (Ed25519).") var suite: SuiteName = .guomi
    @Option(help: "The file to write; it must not exist.") var out: String
    @Option(help: "A file whose first line encrypts the key.") var passphraseFile: String?

    func run() async throws {
      let key = try PrivateKey.generate(suite.suite)
      let passphrase = try passphraseFile.map(KeyCommand.passphrase)
      try Console.write(Array(try key.pem(passphrase: passphrase).utf8), to: out, mode: 0o600, replacing: false)
      Console.say("\(out): account \(suite.suite.accountID(of: key.publicKey))")
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows suite, public key and account of a key file.", discussion: "Example: yuchain key show clerk.pem --json")
    @Argument(help: "The key file.") var file: String
    @Option(help: "A file whose first line decrypts the key.") var passphraseFile: String?
    @Flag(help: "Print JSON.") var json = false

    struct Shown: Encodable {
      var suite: String
      var publicKey: PublicKey
      var account: AccountID
    }

    func run() async throws {
      let text = String(decoding: try Console.read(file), as: UTF8.self)
      let passphrase = try passphraseFile.map(KeyCommand.passphrase)
      let key: PrivateKey
      do throws(KeyError) {
        key = try PrivateKey(pem: text, passphrase: passphrase)
      } catch {
        throw Misuse("\(file): \(error)" + (error == .wrongPassphrase ? "; give the right one with --passphrase-file" : ""))
      }
      let shown = Shown(
        suite: key.suite == .guomi ? "guomi" : "international", publicKey: key.publicKey,
        account: key.suite.accountID(of: key.publicKey))
      if json { return try Console.json(shown) }
      Console.say("suite      \(shown.suite)\npublic key \(shown.publicKey)\naccount    \(shown.account)")
    }
  }

  static func passphrase(_ path: String) throws -> [UInt8] {
    let line = try Console.read(path).prefix { $0 != 0x0a && $0 != 0x0d }
    guard !line.isEmpty else { throw Misuse("\(path) has no passphrase on its first line") }
    return Array(line)
  }
}
