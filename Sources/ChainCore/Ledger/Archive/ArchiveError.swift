/// Why an archive was not written, or does not prove what it says.
@nonexhaustive
public enum ArchiveError: Error, Hashable, Sendable {
  /// A file cannot be read or written.
  case store(StoreError)
  /// The file is no archive, or its first bytes are damaged.
  case notAnArchive(path: String)
  /// The file ends inside a frame, or before its seal.
  case truncated(path: String)
  /// The frame at this byte of the file is longer than any may be, or does not decode.
  case malformed(offset: Int, String)
  /// The frame at this byte is of a kind that does not belong there; something follows the seal.
  case misplaced(offset: Int)
  /// Another version wrote the file. Use that release.
  case version(UInt16)
  /// The archive is of another chain.
  case otherGenesis(expected: GenesisID, found: GenesisID)
  /// The heights do not follow each other: a file is missing.
  case gap(expected: BlockHeight, got: BlockHeight)
  /// The block of this height fails a check.
  case block(BlockHeight, ArchivedBlockFault)
  /// The blocks up to this height do not have the certified history.
  case history(BlockHeight)
  /// The certificate is not that of the last block, of this height.
  case seal(BlockHeight)
  /// Handover number `index` proves nothing.
  case handover(index: Int, HandoverError)
  /// No quorum of the trusted validators signed the last block.
  case certificate(CheckpointCertificateError)
  /// No height from this one on has a certificate yet. Archive later.
  case notCertified(BlockHeight)
  /// The directory holds something else than archive files, this one. Choose another.
  case foreign(name: String)
  /// The directory holds no archive file.
  case empty
  /// The ledger does not have the blocks.
  case ledger(LedgerError)
}

/// The check that an archived block fails.
@nonexhaustive
public enum ArchivedBlockFault: Error, Hashable, Sendable {
  /// Its header is of another chain or height.
  case header
  /// Its parent is not the block before.
  case parent
  /// Its transactions do not have the root in its header.
  case transactions
  /// It does not have a receipt for each transaction, in order.
  case receipts
}

extension ArchiveError: CustomStringConvertible {
  /// The sentence for a person, with what to do.
  public var description: String {
    switch self {
    case .store(let error): error.description
    case .notAnArchive(let path): "\(path) is no archive file"
    case .truncated(let path): "\(path) is cut off: copy it again"
    case .malformed(let offset, let why): "byte \(offset): \(why)"
    case .misplaced(let offset): "byte \(offset): a frame that does not belong there"
    case .version(let version): "archive format \(version) is unknown to this release"
    case .otherGenesis(let expected, let found): "the archive is of genesis \(found), not \(expected)"
    case .gap(let expected, let got): "height \(expected) is missing: the archive goes on with \(got)"
    case .block(let height, let fault): "block \(height): \(fault)"
    case .history(let height): "the blocks up to \(height) do not have the certified history"
    case .seal(let height): "the certificate is not that of block \(height)"
    case .handover(let index, let error): "handover \(index): \(error)"
    case .certificate(let error): "certificate: \(error)"
    case .notCertified(let height): "no height from \(height) on has a certificate yet: archive later"
    case .foreign(let name): "the directory holds \(name), which is no archive file: choose another"
    case .empty: "the directory holds no archive file"
    case .ledger(let error): error.description
    }
  }
}

extension ArchivedBlockFault: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .header: "its header is of another chain or height"
    case .parent: "its parent is not the block before"
    case .transactions: "its transactions do not have the header's root"
    case .receipts: "its receipts are not those of its transactions"
    }
  }
}
