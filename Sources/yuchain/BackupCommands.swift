internal import ArgumentParser
internal import ChainCore
internal import ChainNode
internal import Foundation

struct Backup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copies a ledger to files and reads the copy back.",
    discussion: """
      A backup holds no keys and no votes. Give the directory of a stopped node, or the admin socket of a running one.

      Examples:
        yuchain backup out/chains/henan-410100/validator-1/ledger --out backup
        yuchain backup node.sock --out /backups/monday
        yuchain backup --check backup --genesis 5d1c…
      """)
  @Argument(help: "The ledger's directory, or the admin socket of a running node.") var ledger: String?
  @Option(help: "The directory of the backup; must be empty.") var out: String?
  @Option(help: "Check this backup instead of making one.") var check: String?
  @Option(help: "With --check: the genesis id that is trusted.") var genesis: GenesisText?

  func run() async throws {
    if let check {
      guard let genesis, ledger == nil, out == nil else { throw Misuse("--check takes --genesis and nothing else") }
      show(check, try refusing { try LedgerBackup.verify(check, trusting: genesis.id) })
      return Console.say("the files are what the manifest says")
    }
    guard let ledger, let out else { throw Misuse("say which ledger, and where to with --out") }
    if RunningNode.listens(at: ledger) { return try RunningNode.ask(ledger, .backup(to: RunningNode.absolute(out))) }
    let opened = try OpenedLedger(ledger)
    defer { opened.store.close() }
    show(out, try refusing { try LedgerBackup.make(of: opened.ledger, in: out) })
  }

  private func show(_ directory: String, _ manifest: BackupManifest) {
    Console.say(
      """
      backup      \(directory)
      chain       \(manifest.genesis.chain)
      genesis     \(manifest.genesis.id)
      height      \(manifest.head.height), certified \(manifest.certificate?.checkpoint.height ?? 0)
      block       \(manifest.head.blockID)
      state root  \(manifest.head.stateRoot)
      files       \(manifest.files.count), \(manifest.files.reduce(0) { $0 + $1.bytes }) bytes
      """)
  }
}

struct Restore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Makes a new ledger of a backup, and a new key for the node that will run it.",
    discussion: """
      The old node may have signed what the backup does not know, so the restored ledger never runs with the old key. It follows the chain
      with the new key, and votes once the members have given that key a seat.

      Example: yuchain restore backup ledger --genesis 5d1c… --new-key validator.pem --passphrase-file secret.txt
      """)
  @Argument(help: "The directory of the backup.") var backup: String
  @Argument(help: "The directory of the new ledger; must be empty, its parent must exist.") var ledger: String
  @Option(help: "The genesis id that is trusted.") var genesis: GenesisText
  @Option(help: "Where the new key is written; the file must not exist.") var newKey: String
  @Option(help: "A file whose first line encrypts the key.") var passphraseFile: String?

  func run() async throws {
    let known = try refusing { try LedgerBackup.verify(backup, trusting: genesis.id) }
    let key = try PrivateKey.generate(known.genesis.suite)
    let passphrase = try passphraseFile.map(KeyCommand.passphrase)
    // First the key: a ledger whose key is lost never votes.
    try Console.write(Array(try key.pem(passphrase: passphrase).utf8), to: newKey, mode: 0o600, replacing: false)
    do {
      let (manifest, examination) = try refusing {
        try LedgerBackup.restore(backup, to: ledger, trusting: genesis.id, key: key.publicKey) { try OpenedLedger.registry(of: $0) }
      }
      Console.say(
        """
        ledger      \(ledger)
        chain       \(manifest.genesis.chain)
        height      \(manifest.head.height), certified \(manifest.certificate?.checkpoint.height ?? 0)
        state root  \(manifest.head.stateRoot)
        records     \(examination.records)
        executed    \(examination.execution?.transactions ?? 0) transactions again, \(examination.certificates) certificates
        new key     \(newKey)
        public key  \(key.publicKey)
        The node follows with this key. Propose it as a validator; the old key must be removed by the same vote.
        """)
      for gap in examination.unchecked { Console.say("not checked \(gap)") }
    } catch {
      try? FileManager.default.removeItem(atPath: newKey)
      throw error
    }
  }
}
