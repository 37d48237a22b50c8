public import ChainCore

/// What one Simplex replica tells another. The transport authenticates the sender.
public struct SimplexMessage: CanonicalCodable, Hashable, Sendable {
  /// The kinds of messages and their fields.
  public enum Body: Hashable, Sendable {
    /// The leader's proposal: its notarize vote, and the block unless the receiver has it as the parent.
    case proposal(BlockProposal, Signature, Block?)
    /// The sender's vote.
    case vote(VoteStatement, Signature)
    /// A quorum's votes.
    case certificate(QuorumCertificate)
    /// Send me the certificates of this view, or a later finalization.
    case fetchView(View)
    /// Send me this block and up to `count` - 1 before it. Height 0 if the asker does not know it.
    case fetchBlocks(BlockReference, count: UInt8)
    /// The answer to `fetchBlocks`, highest first.
    case blocks([Block])
  }

  /// The greatest number of blocks in one message.
  public static let blockLimit = 64

  /// The chain.
  public let genesis: GenesisID
  /// The epoch.
  public let epoch: Epoch
  /// The kind and its fields.
  public let body: Body

  /// A message with these values.
  public init(genesis: GenesisID, epoch: Epoch, body: Body) {
    self.genesis = genesis
    self.epoch = epoch
    self.body = body
  }

  /// Appends genesis, epoch, body.
  public func encode(into writer: inout CanonicalWriter) {
    genesis.encode(into: &writer)
    epoch.encode(into: &writer)
    body.encode(into: &writer)
  }

  /// Reads a message; counts are checked before anything is allocated.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    genesis = try GenesisID(from: &reader)
    epoch = try Epoch(from: &reader)
    body = try Body(from: &reader)
    reader.leave()
  }
}

extension SimplexMessage.Body: CanonicalCodable {
  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .proposal(let proposal, let signature, let block):
      writer.writeVariant(0)
      proposal.encode(into: &writer)
      signature.encode(into: &writer)
      block.encode(into: &writer)
    case .vote(let statement, let signature):
      writer.writeVariant(1)
      statement.encode(into: &writer)
      signature.encode(into: &writer)
    case .certificate(let certificate):
      writer.writeVariant(2)
      certificate.encode(into: &writer)
    case .fetchView(let view):
      writer.writeVariant(3)
      view.encode(into: &writer)
    case .fetchBlocks(let reference, let count):
      writer.writeVariant(4)
      reference.encode(into: &writer)
      writer.writeInteger(count)
    case .blocks(let blocks):
      writer.writeVariant(5)
      blocks.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "SimplexMessage") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .proposal(try BlockProposal(from: &reader), try Signature(from: &reader), try Block?(from: &reader))
      case 1: .vote(try VoteStatement(from: &reader), try Signature(from: &reader))
      case 2: .certificate(try QuorumCertificate(from: &reader))
      case 3: .fetchView(try View(from: &reader))
      case 4: .fetchBlocks(try BlockReference(from: &reader), count: try reader.readInteger())
      case 5: .blocks(try Self.blocks(from: &reader))
      default: nil
      }
    }
  }

  // A block takes at least its header: name, height, three digests, time.
  private static func blocks(from reader: inout CanonicalReader) throws(CanonicalError) -> [Block] {
    let count = try reader.readCount(limit: SimplexMessage.blockLimit, elementBytes: 114)
    var blocks: [Block] = []
    for _ in 0..<count { blocks.append(try Block(from: &reader)) }
    return blocks
  }
}
