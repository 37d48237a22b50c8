import ChainCore
import ChainTesting
import Foundation

/// A directory that goes with the test.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "yuchain-ledger-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  static func names(_ path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  static func read(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }
  static func write(_ bytes: [UInt8], _ path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }
}

extension SoloChain {
  /// Gives a validator a seat; on a Raft chain it signs from the block after.
  mutating func seat(_ key: PrivateKey) throws {
    let seat = Validator(key: key.publicKey, weight: 1, organisation: Founding.platform)
    let proposed = try call("governance", "propose", ProposeChange(change: .add(seat), reason: ""), by: administrator)
    guard proposed.status == .succeeded else { throw SoloChainError.refused(proposed) }
    let ready = try call("governance", "ready", try GovernanceTests.ready(key, self), by: administrator)
    guard ready.status == .succeeded else { throw SoloChainError.refused(ready) }
    joinedKeys.append(key)
  }
}
