/// Reads the frames of one archive file in order, strictly and within bounds. It proves nothing: see `ArchiveVerifier`.
public struct ArchiveReader: ~Copyable {
  private var file: FramedFileReader
  private let path: String

  /// Opens an archive file.
  /// - Throws: `ArchiveError.store`, `.notAnArchive`.
  public init(_ path: String) throws(ArchiveError) {
    self.path = path
    do throws(FrameFault) {
      file = try FramedFileReader(path, mark: ArchiveFile.mark)
    } catch {
      throw Self.error(error, path)
    }
  }

  /// The byte of the file at which the next frame begins.
  public var offset: Int { file.offset }

  /// The next frame, or `nil` at the end of the file.
  /// - Throws: `ArchiveError.truncated`, `.malformed`, `.store`.
  public mutating func next() throws(ArchiveError) -> ArchiveItem? {
    let start = file.offset
    let frame: [UInt8]?
    do throws(FrameFault) {
      frame = try file.next(limit: ArchiveFile.frameLimit)
    } catch {
      throw Self.error(error, path)
    }
    guard let frame else { return nil }
    do throws(CanonicalError) {
      return try ArchiveItem(canonicalBytes: frame)
    } catch {
      throw .malformed(offset: start, "\(error)")
    }
  }

  mutating func required() throws(ArchiveError) -> ArchiveItem {
    guard let item = try next() else { throw .truncated(path: path) }
    return item
  }

  mutating func isAtEnd() throws(ArchiveError) -> Bool { try next() == nil }

  private static func error(_ fault: FrameFault, _ path: String) -> ArchiveError {
    switch fault {
    case .mark: .notAnArchive(path: path)
    case .truncated: .truncated(path: path)
    case .tooLong(let offset, let bytes, let limit): .malformed(offset: offset, "a frame of \(bytes) bytes; at most \(limit) are allowed")
    case .store(let error): .store(error)
    }
  }
}
