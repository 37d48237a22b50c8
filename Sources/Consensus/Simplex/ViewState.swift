internal import ChainCore

/// What a replica knows of one view.
struct ViewState: Sendable {
  /// A vote as it came.
  struct Slot: Sendable {
    enum State { case unverified, asked, good }
    var statement: VoteStatement
    var signature: Signature
    var state: State
  }

  /// What the host says of the proposal's block.
  enum Verdict { case unasked, asked, valid, invalid }

  /// By kind and member: the first vote of each.
  var slots: [Slot?]
  /// By kind and member: a second one that contradicts it.
  var rivals: [Int: Slot] = [:]
  /// Notarization, nullification, finalization.
  var certificates: [QuorumCertificate?] = [nil, nil, nil]
  /// Who is known to hold each certificate: one bit a member.
  var holders: [UInt128] = [0, 0, 0]
  /// The leader's first proposal, its signature checked.
  var proposal: BlockProposal?
  var verdict = Verdict.unasked
  /// Own votes; decided, not necessarily durable.
  var ownNotarize: BlockProposal?
  var ownNullify = false
  var ownFinalize: BlockProposal?

  init(members: Int) { slots = Array(repeating: nil, count: 3 * members) }

  var notarization: QuorumCertificate? { certificates[Int(VoteKind.notarize.rawValue)] }
  var nullification: QuorumCertificate? { certificates[Int(VoteKind.nullify.rawValue)] }
  var finalization: QuorumCertificate? { certificates[Int(VoteKind.finalize.rawValue)] }
  /// The block that a quorum holds for good, if any.
  var certified: BlockProposal? { (finalization ?? notarization)?.statement.proposal }

  subscript(certificate kind: VoteKind) -> QuorumCertificate? {
    get { certificates[Int(kind.rawValue)] }
    set { certificates[Int(kind.rawValue)] = newValue }
  }
}

/// What a replica waits for from its peers.
enum Need: Sendable, Hashable {
  /// The certificates of a view.
  case view(View)
  /// A block.
  case block(BlockReference)
}

/// What was given to the host to verify.
enum Batch: Sendable {
  /// Votes: their view, their place in `slots`, whether it is a rival.
  case votes([(view: View, place: Int, isRival: Bool)])
  /// Some signatures of a certificate that this peer sent.
  case certificate(QuorumCertificate, from: Int)
}

/// Another member, as this replica deals with it.
struct Peer: Sendable {
  let id: ReplicaID
  /// The view this replica was in when it last heard from the peer.
  var heard: View = 0
  /// Whether a certificate of its is being verified.
  var isVerifying = false
  /// Certificates that wait for that.
  var waiting: [QuorumCertificate] = []
  /// What it was asked for, and when.
  var request: (need: Need, at: MonotonicInstant)?
  /// The last late vote of its that was answered, and when.
  var answered: (view: View, at: MonotonicInstant)?
  /// How many fetches it sent since `countedFrom`.
  var fetches = 0
  var countedFrom: MonotonicInstant = 0

  init(id: ReplicaID) { self.id = id }
}
