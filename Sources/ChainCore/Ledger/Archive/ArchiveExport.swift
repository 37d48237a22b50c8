/// Writes a ledger's certified blocks to archive files while the chain runs.
///
/// ```swift
/// var export = try ArchiveExport(ledger, to: "archive")
/// let report = try export.run()
/// ```
/// A file gets its name when it is durable and was read back and verified; an interrupted export goes on after the last such file. What is
/// archived is noted in the ledger, so that a policy may let it go.
public struct ArchiveExport {
  /// What an export did.
  public struct Report: Sendable, Hashable {
    /// The heights that the directory holds now.
    public var heights: ClosedRange<BlockHeight>
    /// How many files were written this time.
    public var written = 0
    /// How many bytes they have.
    public var bytes = 0
  }

  private let ledger: Ledger
  private let directory: String
  private let fileBytes: Int
  private let isNoted: Bool
  private var held: ClosedRange<BlockHeight>?
  private var next: BlockHeight
  private var verifier: ArchiveVerifier

  /// Begins an archive, or goes on with the one in `directory`; its last file is verified.
  ///
  /// - Parameters:
  ///   - directory: Is made if it does not exist; holds nothing but archive files of this chain without a gap.
  ///   - first: Where a new archive begins; by default at the oldest block that the ledger has.
  ///   - fileBytes: A file ends at the first certified height once it has so many bytes.
  ///   - isNoted: Whether the ledger is told what is archived. Say no for a copy that will not be kept.
  /// - Throws: `ArchiveError`.
  public init(
    _ ledger: Ledger, to directory: String, from first: BlockHeight? = nil, fileBytes: Int = 64 << 20, isNoted: Bool = true
  ) throws(ArchiveError) {
    precondition(fileBytes > 0, "a file holds something")
    self.ledger = ledger
    self.directory = directory
    self.fileBytes = fileBytes
    self.isNoted = isNoted
    do throws(StoreError) {
      try Directory.ensure(directory)
    } catch {
      throw .store(error)
    }
    let files = try ArchiveVerifier.files(in: directory)
    for (before, after) in zip(files, files.dropFirst()) where after.lowerBound != before.upperBound.next {
      throw .gap(expected: before.upperBound.next, got: after.lowerBound)
    }
    verifier = ArchiveVerifier(trust: ArchiveTrust(genesis: ledger.genesisID))
    if let oldest = files.first, let newest = files.last {
      try verifier.verify(file: "\(directory)/\(ArchiveFile.name(newest))")
      if let first, !(oldest.lowerBound...newest.upperBound.next).contains(first) {
        throw .gap(expected: newest.upperBound.next, got: first)
      }
      held = oldest.lowerBound...newest.upperBound
      next = newest.upperBound.next
    } else {
      next = max(first ?? 0, first == nil ? max(ledger.oldestBlock, ledger.base.next) : 0, 1)
    }
  }

  /// Archives up to `last`, or the greatest certified height below it; by default everything certified.
  ///
  /// - Parameter progress: Is told the last height of each file.
  /// - Throws: `ArchiveError.notCertified` if there is nothing to archive and nothing was, `.ledger`, `.store`.
  public mutating func run(through last: BlockHeight? = nil, progress: (BlockHeight) -> Void = { _ in }) throws(ArchiveError) -> Report {
    let last = min(last ?? .init(.max), ledger.newestCertified)
    var (written, bytes) = (0, 0)
    while next <= last, let (heights, count) = try writeFile(through: last) {
      written += 1
      bytes += count
      held = (held?.lowerBound ?? heights.lowerBound)...heights.upperBound
      next = heights.upperBound.next
      progress(heights.upperBound)
    }
    guard let held else { throw .notCertified(next) }
    if isNoted {
      do throws(LedgerError) {
        try ledger.noteArchived(held)
      } catch {
        throw .ledger(error)
      }
    }
    return Report(heights: held, written: written, bytes: bytes)
  }

  /// Writes the next file; `nil` if no height of the rest has a certificate.
  private mutating func writeFile(through last: BlockHeight) throws(ArchiveError) -> (ClosedRange<BlockHeight>, bytes: Int)? {
    do {
      // The name tells the last height, which is known only at the end.
      let name = "\(directory)/\(ArchiveFile.name(next...next))"
      var file = try FramedFileWriter(name, mark: ArchiveFile.mark)
      let head = ArchiveHead(genesis: ledger.genesis, first: next, frontier: try ledger.frontier(size: next.rawValue))
      try file.append(ArchiveItem.head(head).canonicalBytes)
      var cut: (bytes: Int, certificate: CheckpointCertificate)?
      var height = next
      while height <= last, cut == nil || file.count < fileBytes {
        let archived = ArchivedBlock(
          block: try ledger.block(at: height), receipts: try ledger.receipts(at: height),
          stateRoot: try ledger.checkpoint(at: height).stateRoot)
        try file.append(ArchiveItem.block(archived).canonicalBytes)
        if let certificate = try ledger.certificate(at: height) { cut = (file.count, certificate) }
        height = height.next
      }
      guard let cut else {
        try Directory.remove(FramedFileWriter.unfinished(name))
        return nil
      }
      try file.cut(to: cut.bytes)
      let end = cut.certificate.checkpoint.height
      let handovers = try ledger.handovers(after: ledger.genesis.validators.generation).filter { $0.since <= end }
      try file.append(ArchiveItem.seal(ArchiveSeal(handovers: handovers, certificate: cut.certificate)).canonicalBytes)
      let count = file.count
      try verifier.verify(file: try file.sync())
      try file.publish(as: "\(directory)/\(ArchiveFile.name(next...end))")
      return (next...end, count)
    } catch let error as ArchiveError {
      throw error
    } catch let error as LedgerError {
      throw .ledger(error)
    } catch let error as StoreError {
      throw .store(error)
    } catch {
      throw .malformed(offset: 0, "\(error)")
    }
  }
}
