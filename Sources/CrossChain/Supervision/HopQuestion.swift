public import ChainCore

/// Which records of the relay's log a supervisor asks for; an absent part stands for all.
public struct HopQuestion: CanonicalRecord, Codable, Hashable {
  /// The greatest number of records of one answer.
  public static let limit: UInt32 = 500

  /// The chain that sent or was to receive.
  public var chain: ChainID?
  /// The organisation that sent.
  public var organisation: OrganisationID?
  /// Not before this relay time.
  public var from: BlockTime?
  /// Not after this relay time.
  public var until: BlockTime?
  /// The class.
  public var classification: PacketClass?
  /// What happened.
  public var stage: HopStage?
  /// Begin with this number; an answer says where to go on.
  public var first: UInt64
  /// At most so many records; at most 500 are given.
  public var count: UInt32

  /// Asks for all records unless a part is given.
  public init(
    chain: ChainID? = nil, organisation: OrganisationID? = nil, from: BlockTime? = nil, until: BlockTime? = nil,
    classification: PacketClass? = nil, stage: HopStage? = nil, first: UInt64 = 0, count: UInt32 = Self.limit
  ) {
    self.chain = chain
    self.organisation = organisation
    self.from = from
    self.until = until
    self.classification = classification
    self.stage = stage
    self.first = first
    self.count = count
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(chain:organisation:from:until:classification:stage:first:count:), \.chain, \.organisation, \.from, \.until,
    \.classification, \.stage, \.first, \.count)

  /// Whether every record is asked for, so that none may be left out.
  var isAboutAll: Bool {
    chain == nil && organisation == nil && from == nil && until == nil && classification == nil && stage == nil
  }

  /// Whether a record is asked for. Answers and timeouts do not name organisation and class themselves: `origin` does, as far as known.
  func matches(_ record: HopRecord, origin: HopOrigin?) -> Bool {
    guard chain.map({ $0 == record.key.lane.source || $0 == record.key.lane.destination }) ?? true else { return false }
    guard from.map({ $0 <= record.time }) ?? true, until.map({ record.time <= $0 }) ?? true else { return false }
    guard stage.map({ $0 == record.stage }) ?? true else { return false }
    if let organisation, let found = record.organisation ?? origin?.organisation, found != organisation { return false }
    if let classification, let found = record.classification ?? origin?.classification, found != classification { return false }
    return true
  }
}

/// Who sent a packet and of which class it is, as its first record says.
public struct HopOrigin: CanonicalRecord, Codable, Hashable {
  /// The organisation.
  public var organisation: OrganisationID
  /// The class.
  public var classification: PacketClass

  /// Puts the parts together.
  public init(organisation: OrganisationID, classification: PacketClass) {
    self.organisation = organisation
    self.classification = classification
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.organisation, \.classification)
}

/// A record of the relay's log with its place there.
public struct ProvenHop: CanonicalRecord, Codable, Hashable {
  /// The record.
  public var record: HopRecord
  /// Its leaf under the log's root.
  public var path: InclusionProof

  /// Puts the parts together; nothing is checked.
  public init(record: HopRecord, path: InclusionProof) {
    self.record = record
    self.path = path
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.record, \.path)
}

/// What a relay's node answers to a supervisor: records, each proven, under one certificate, and that the log only grew since the last visit.
public struct HopAnswer: CanonicalRecord, Codable, Hashable {
  /// The relay's certificates, from the validators of the supervisor's anchor on; the last is of the height that the log is read at.
  public var steps: [UpdateStep]
  /// The relay block that the anchor pins, in the history of the last step, if it pins one.
  public var pin: HistoryProof?
  /// The log's edge in the relay's state there.
  public var log: RecordProof
  /// That it continues the log of the last visit; `nil` on the first one.
  public var consistency: ConsistencyProof?
  /// The records, in the order of their numbers.
  public var hops: [ProvenHop]
  /// Where to go on; `nil` if there is nothing more.
  public var next: UInt64?

  /// Puts the parts together; nothing is checked.
  public init(
    steps: [UpdateStep], pin: HistoryProof? = nil, log: RecordProof, consistency: ConsistencyProof?, hops: [ProvenHop], next: UInt64?
  ) {
    self.steps = steps
    self.pin = pin
    self.log = log
    self.consistency = consistency
    self.hops = hops
    self.next = next
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.steps, \.pin, \.log, \.consistency, \.hops, \.next)
}

/// Why supervision stops: an answer that proves nothing, or an archive that cannot go on.
@nonexhaustive
public enum SupervisionError: Error, Hashable, Sendable {
  /// The relay's certificates do not lead from the anchor to the log's height.
  case relay(RemoteProofError)
  /// The log's edge is not in the relay's state, or does not decode.
  case log(ProofError)
  /// The answer is about an older log than the last visit's; ask a node that is not behind.
  case older(size: UInt64, seen: UInt64)
  /// The log does not continue the one of the last visit: the relay's history was rewritten. Keep both heads; they are the evidence.
  case rewritten(ProofError)
  /// A record is not in the log.
  case record(number: UInt64, ProofError)
  /// A record was not asked for, stands twice, or has another number than its place.
  case unasked(number: UInt64)
  /// All records were asked for and this one is missing.
  case missing(number: UInt64)
  /// The relay's ledger could not be read.
  case ledger(LedgerError)
  /// No certificate leads there; wait for one.
  case proof(RemoteProofBuildError)
  /// The archive's store failed.
  case store(StoreError)
  /// The archive holds another log than the ledger: begin with an empty store.
  case otherLog(number: UInt64)
  /// The ledger began with a snapshot and lacks the events before; take the archive of another node along.
  case gap(from: BlockHeight, base: BlockHeight)
}

extension SupervisionError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .relay(let error): "relay's certificates: \(error)"
    case .log(let error): "the log's edge is not in the relay's state: \(error)"
    case .older(let size, let seen): "the answer is about a log of \(size) records; \(seen) were seen before"
    case .rewritten(let error): "the log does not continue the one that was seen before: \(error)"
    case .record(let number, let error): "record \(number) is not in the log: \(error)"
    case .unasked(let number): "record \(number) was not asked for, or stands at the wrong place"
    case .missing(let number): "record \(number) is missing"
    case .ledger(let error): error.description
    case .proof(let error): error.description
    case .store(let error): "archive: \(error)"
    case .otherLog(let number): "the archive's record \(number) is not the ledger's: begin with an empty store"
    case .gap(let from, let base): "events from height \(from) on are needed, the ledger begins with \(base)"
    }
  }
}
