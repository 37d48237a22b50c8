/// The one right to use a directory, held as long as this object lives, in this process only.
final class DirectoryLock: Sendable {
  /// The file that is locked; it stays after the lock is gone.
  static let fileName = "LOCK"

  private let file: OpenFile

  // A child process that was started meanwhile may hold a copy of the descriptor, so closing alone might not end the lock.
  deinit { file.unlock() }

  /// Takes the lock of `directory`.
  ///
  /// - Throws: `StoreError.locked`, `.io`, `.diskFull`.
  init(_ directory: String) throws(StoreError) {
    file = try OpenFile("\(directory)/\(Self.fileName)", .createIfMissing)
    guard try file.lock() else {
      let text = String(decoding: try file.read(11, at: 0), as: UTF8.self)
      throw .locked(by: Int32(text) ?? 0)
    }
    // The id is for the message only: a full disk must not keep a node from starting.
    do throws(StoreError) {
      try file.setSize(0)
      try file.write(Array(String(SystemProcess.id).utf8), at: 0)
    } catch .diskFull {
    }
  }
}
