// The statements of Byzantine agreement (Simplex; Chan, Pass, IACR ePrint 2023/463). Here, and not beside the engine, so that a
// contract can judge evidence of double votes.

/// A period with one validator set and its own views.
public struct Epoch: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The epoch with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }
  /// The epoch after this one.
  public var next: Epoch { Epoch(rawValue == .max ? .max : rawValue + 1) }
}

/// A try at agreeing on one block, with one leader; from 1 in each epoch. View 0 stands for the last block of the epoch before.
public struct View: NumericIdentifier, ExpressibleByIntegerLiteral {
  /// The plain number.
  public let rawValue: UInt64
  /// The view with this number.
  public init(_ rawValue: UInt64) { self.rawValue = rawValue }
  /// A number in source code.
  public init(integerLiteral value: UInt64) { rawValue = value }
  /// Messages with a greater view are refused; at one a second no epoch reaches it.
  public static let limit = View(1 << 32 - 1)
  /// The view after this one.
  public var next: View { View(rawValue == .max ? .max : rawValue + 1) }
  /// The view before this one; 0 before 0.
  public var previous: View { View(rawValue == 0 ? 0 : rawValue - 1) }
  /// This view raised by `count`, or the greatest number.
  public func advanced(by count: UInt64) -> View {
    let (sum, overflow) = rawValue.addingReportingOverflow(count)
    return View(overflow ? .max : sum)
  }
  /// This view lowered by `count`, or 0.
  public func lowered(by count: UInt64) -> View { View(rawValue > count ? rawValue - count : 0) }
}

/// What a leader puts before the validators: a block, and the view of the block that it stands on.
public struct BlockProposal: CanonicalRecord, Hashable, Codable {
  /// The epoch.
  public var epoch: Epoch
  /// The view whose leader proposes.
  public var view: View
  /// The view in which the parent was notarized; 0 for the epoch's root.
  public var parentView: View
  /// The block. At an epoch's end its last block is proposed again, so that it may be the parent's own.
  public var blockID: BlockID

  /// Puts the fields together.
  public init(epoch: Epoch, view: View, parentView: View, blockID: BlockID) {
    self.epoch = epoch
    self.view = view
    self.parentView = parentView
    self.blockID = blockID
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.epoch, \.view, \.parentView, \.blockID)
}

/// What a validator can say in a view.
public enum VoteKind: UInt8, CanonicalEnum, Hashable, CaseIterable {
  /// This block is good, and I saw what it stands on.
  case notarize = 0
  /// Let us leave this view.
  case nullify = 1
  /// I saw this block notarized, and never said to leave its view.
  case finalize = 2
}

/// A validator's statement. Two are equal if they say the same: signatures of SM2 differ each time and mean nothing here.
public enum VoteStatement: CanonicalCodable, Hashable, Sendable, Codable {
  /// This block is good, and I saw what it stands on.
  case notarize(BlockProposal)
  /// Let us leave this view.
  case nullify(Epoch, View)
  /// I saw this block notarized, and never said to leave its view.
  case finalize(BlockProposal)

  /// Which of the three it is.
  public var kind: VoteKind {
    switch self {
    case .notarize: .notarize
    case .nullify: .nullify
    case .finalize: .finalize
    }
  }

  /// The block it speaks of, if any.
  public var proposal: BlockProposal? {
    switch self {
    case .notarize(let proposal), .finalize(let proposal): proposal
    case .nullify: nil
    }
  }

  /// The epoch it counts in.
  public var epoch: Epoch {
    switch self {
    case .notarize(let proposal), .finalize(let proposal): proposal.epoch
    case .nullify(let epoch, _): epoch
    }
  }

  /// The view it counts in.
  public var view: View {
    switch self {
    case .notarize(let proposal), .finalize(let proposal): proposal.view
    case .nullify(_, let view): view
    }
  }

  /// The digest that a validator of the set with this hash signs.
  public func digest(genesis: GenesisID, suite: CryptoSuite, validatorSetHash: Digest) -> Digest {
    suite.digest("Vote", genesis, BoundVote(validatorSetHash: validatorSetHash, statement: self))
  }

  /// Appends the variant and its fields.
  public func encode(into writer: inout CanonicalWriter) {
    writer.writeVariant(UInt32(kind.rawValue))
    switch self {
    case .notarize(let proposal), .finalize(let proposal): proposal.encode(into: &writer)
    case .nullify(let epoch, let view):
      epoch.encode(into: &writer)
      view.encode(into: &writer)
    }
  }

  /// Reads the variant and its fields.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "VoteStatement") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .notarize(try BlockProposal(from: &reader))
      case 1: .nullify(try Epoch(from: &reader), try View(from: &reader))
      case 2: .finalize(try BlockProposal(from: &reader))
      default: nil
      }
    }
  }
}

/// What is signed: a statement counts only in the set that it was made for.
struct BoundVote: CanonicalRecord {
  var validatorSetHash: Digest
  var statement: VoteStatement

  static let layout = Layout(Self.init, \.validatorSetHash, \.statement)
}
