public import ChainCore

/// The parts of CometBFT (Tendermint) that a light client looks at: headers, commits, validators. Source: CometBFT's specification of data
/// structures and light client, version 0.34 on.
public enum CometBFT {
  /// The greatest number of validators of a set.
  public static let validatorLimit = 512
  /// The greatest number of bytes of a message.
  public static let byteLimit = 1 << 20

  /// A moment, in seconds and nanoseconds since 1970-01-01 00:00 UTC.
  public struct Timestamp: Sendable, Hashable, Comparable, CanonicalRecord {
    /// Whole seconds; negative before 1970.
    public var seconds: Int64
    /// Nanoseconds, below 1,000,000,000.
    public var nanoseconds: UInt32

    /// Puts the parts together.
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
      self.seconds = seconds
      self.nanoseconds = nanoseconds
    }

    /// A block time of ours.
    public init(_ time: BlockTime) {
      self.init(seconds: Int64(time.rawValue / 1_000), nanoseconds: UInt32(time.rawValue % 1_000) * 1_000_000)
    }

    /// The fields in order.
    public static let layout = Layout(
      checked: { (seconds: Int64, nanoseconds: UInt32) in
        nanoseconds < 1_000_000_000 ? Timestamp(seconds: seconds, nanoseconds: nanoseconds) : nil
      }, expected: "less than a second of nanoseconds", \.seconds, \.nanoseconds)

    /// This moment as a block time of ours, rounded down; 1970 if it is earlier.
    public var blockTime: BlockTime {
      BlockTime(UInt64(clamping: Int128(seconds) * 1_000 + Int128(nanoseconds / 1_000_000)))
    }

    /// Nanoseconds since 1970.
    var total: Int128 { Int128(seconds) * 1_000_000_000 + Int128(nanoseconds) }

    /// Earlier before later.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.total < right.total }
  }

  /// How a block is cut into parts to be sent.
  public struct PartSetHeader: Sendable, Hashable {
    /// The number of parts.
    public var total: UInt32
    /// The root over them; empty or 32 bytes.
    public var hash: [UInt8]

    /// Puts the parts together.
    public init(total: UInt32 = 0, hash: [UInt8] = []) {
      self.total = total
      self.hash = hash
    }
  }

  /// What a vote is for.
  public struct BlockID: Sendable, Hashable {
    /// The header's hash; empty or 32 bytes.
    public var hash: [UInt8]
    /// How the block was cut.
    public var parts: PartSetHeader

    /// Puts the parts together.
    public init(hash: [UInt8] = [], parts: PartSetHeader = PartSetHeader()) {
      self.hash = hash
      self.parts = parts
    }
  }

  /// A block's header. Its hash is the root over these 14 fields.
  public struct Header: Sendable, Hashable {
    /// The version of the block protocol.
    public var blockVersion: UInt64
    /// The version of the application.
    public var appVersion: UInt64
    /// The chain's own name; at most 50 bytes.
    public var chainID: String
    /// The height, from 1.
    public var height: Int64
    /// The time: the weighted median of the votes for the block before.
    public var time: Timestamp
    /// The block before.
    public var lastBlockID: BlockID
    /// The root over the votes for the block before.
    public var lastCommitHash: [UInt8]
    /// The root over the transactions.
    public var dataHash: [UInt8]
    /// The hash of the set that signs this height; 32 bytes.
    public var validatorsHash: [UInt8]
    /// The hash of the set that signs the next height; 32 bytes.
    public var nextValidatorsHash: [UInt8]
    /// The hash of the consensus parameters.
    public var consensusHash: [UInt8]
    /// The application's state *after the block before*.
    public var appHash: [UInt8]
    /// The root over the results of the block before.
    public var lastResultsHash: [UInt8]
    /// The root over evidence.
    public var evidenceHash: [UInt8]
    /// The proposer.
    public var proposerAddress: [UInt8]

    /// Puts the parts together.
    public init(
      blockVersion: UInt64 = 11, appVersion: UInt64 = 0, chainID: String, height: Int64, time: Timestamp, lastBlockID: BlockID = BlockID(),
      lastCommitHash: [UInt8] = [], dataHash: [UInt8] = [], validatorsHash: [UInt8], nextValidatorsHash: [UInt8],
      consensusHash: [UInt8] = [], appHash: [UInt8] = [], lastResultsHash: [UInt8] = [], evidenceHash: [UInt8] = [],
      proposerAddress: [UInt8] = []
    ) {
      self.blockVersion = blockVersion
      self.appVersion = appVersion
      self.chainID = chainID
      self.height = height
      self.time = time
      self.lastBlockID = lastBlockID
      self.lastCommitHash = lastCommitHash
      self.dataHash = dataHash
      self.validatorsHash = validatorsHash
      self.nextValidatorsHash = nextValidatorsHash
      self.consensusHash = consensusHash
      self.appHash = appHash
      self.lastResultsHash = lastResultsHash
      self.evidenceHash = evidenceHash
      self.proposerAddress = proposerAddress
    }
  }

  /// What one validator did in the round that decided.
  public enum CommitSignature: Sendable, Hashable {
    /// Nothing that reached the proposer; a relayer may leave out any other vote as well.
    case absent
    /// It voted for the block.
    case commit(Vote)
    /// It voted for none. Such votes are not counted, and checked like all others.
    case none(Vote)
  }

  /// A vote within a commit.
  public struct Vote: Sendable, Hashable {
    /// Who voted: the first 20 bytes of the key's SHA-256.
    public var address: [UInt8]
    /// When, by its own clock.
    public var time: Timestamp
    /// The signature.
    public var signature: Signature

    /// Puts the parts together.
    public init(address: [UInt8], time: Timestamp, signature: Signature) {
      self.address = address
      self.time = time
      self.signature = signature
    }
  }

  /// The votes that decided a block.
  public struct Commit: Sendable, Hashable {
    /// The height.
    public var height: Int64
    /// The round.
    public var round: Int32
    /// What was decided.
    public var blockID: BlockID
    /// What each validator did.
    public var signatures: [CommitSignature]

    /// Puts the parts together.
    public init(height: Int64, round: Int32, blockID: BlockID, signatures: [CommitSignature]) {
      self.height = height
      self.round = round
      self.blockID = blockID
      self.signatures = signatures
    }
  }

  /// A member of a validator set. Only Ed25519 keys are supported.
  public struct Validator: Sendable, Hashable {
    /// The key.
    public var key: PublicKey
    /// The voting power; greater than 0.
    public var power: Int64

    /// Puts the parts together.
    public init(key: PublicKey, power: Int64) {
      self.key = key
      self.power = power
    }

    /// The first 20 bytes of the key's SHA-256.
    public var address: [UInt8] { Array(CryptoSuite.international.hash(key.bytes).bytes.prefix(20)) }
  }

  /// The validators of a height, in the order that their hash depends on.
  public struct ValidatorSet: Sendable, Hashable {
    /// The validators.
    public var validators: [Validator]

    /// A set of these validators.
    public init(_ validators: [Validator]) { self.validators = validators }

    /// The sum of the voting power.
    public var power: Int128 { validators.reduce(0) { $0 + Int128($1.power) } }
  }

  /// A header with the votes for it and the validators who gave them.
  public struct LightBlock: Sendable, Hashable {
    /// The header.
    public var header: Header
    /// The votes.
    public var commit: Commit
    /// The validators of its height.
    public var validators: ValidatorSet

    /// Puts the parts together; nothing is checked before it is verified.
    public init(header: Header, commit: Commit, validators: ValidatorSet) {
      self.header = header
      self.commit = commit
      self.validators = validators
    }
  }
}
