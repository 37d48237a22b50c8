internal import ChainCore
internal import CrossChain

/// What the lying relayer of a `RelayWorld` tries.
enum RelayTrick: String, Sendable, CaseIterable {
  /// An old call again, as it was.
  case replay
  /// The same packets twice in one call.
  case twiceInOne
  /// An old call by an account without the role.
  case outsider
  /// An old call with a changed byte.
  case changedByte
  /// A packet that its source did not send, or with another value.
  case forgedPacket
  /// A packet with a proof of something else.
  case forgedProof
  /// A true packet after its timeout.
  case lateReceive
  /// An answer that the destination did not give.
  case forgedAnswer
  /// A timeout of a packet that arrived.
  case timeoutOfReceived
  /// A timeout of a packet that has time left.
  case earlyTimeout
  /// The end of a packet that the relay had not seen yet at some height.
  case falseAbsence
  /// A mark below which nothing is settled.
  case forgedMark
  /// A packet of an ordered lane before its turn.
  case earlyTurn
  /// An end that the relay did not record, for an ordered lane to pass over.
  case forgedSkip
  /// A certificate of others, or of too few.
  case foreignCertificate
  /// Another state at a height that is trusted.
  case forgedCheckpoint
  /// A set of validators of its own.
  case forgedHandover
  /// Evidence against validators that did not lie.
  case forgedEvidence
  /// A lower height: as it is, or changed.
  case backfill
  /// A true update, to make others' calls late.
  case trueUpdate

  /// What is counted when it had no effect.
  var refusal: RelaySight {
    switch self {
    case .replay, .twiceInOne: .replayRefused
    case .trueUpdate: .racedUpdate
    case .outsider: .outsiderRefused
    case .changedByte: .changedBytesRefused
    case .forgedPacket: .forgedPacketRefused
    case .forgedProof: .forgedProofRefused
    case .lateReceive: .lateDelivery
    case .forgedAnswer: .forgedAnswerRefused
    case .timeoutOfReceived, .earlyTimeout: .falseTimeoutRefused
    case .falseAbsence: .falseAbsenceRefused
    case .forgedMark: .forgedMarkRefused
    case .earlyTurn: .earlyTurnRefused
    case .forgedSkip: .forgedSkipRefused
    case .foreignCertificate: .foreignCertificateRefused
    case .forgedCheckpoint: .forgedCheckpointRefused
    case .forgedHandover: .forgedHandoverRefused
    case .forgedEvidence: .forgedEvidenceRefused
    case .backfill: .forgedBackfillRefused
    }
  }
}

/// A lying relayer: an account of the role on every chain, and what it heard of the others' calls.
struct RelayThief: Sendable {
  struct Heard: Sendable {
    var chain: Int
    var entry: EntryName
    var arguments: [UInt8]
  }

  /// A call that it would make.
  struct Forgery: Sendable {
    var chain: Int
    var entry: EntryName
    var arguments: [UInt8]
    var isByOutsider = false
  }

  var nextAt = 0
  var heard: [Heard] = []

  mutating func hear(_ chain: Int, _ transaction: Transaction) {
    heard.append(Heard(chain: chain, entry: transaction.entry, arguments: transaction.arguments))
    if heard.count > 400 { heard.removeFirst(200) }
  }
}

extension RelayWorld {
  /// Lets the thief try something.
  mutating func steal() throws {
    thief.nextAt = now + 200 + random.below(1_000)
    var trick = RelayTrick.allCases[random.below(RelayTrick.allCases.count)]
    if random.chance(30), try !lateReceived().isEmpty { trick = .timeoutOfReceived }
    var forgery = try forge(trick)
    for _ in 0..<3 where forgery == nil {
      trick = RelayTrick.allCases[random.below(RelayTrick.allCases.count)]
      forgery = try forge(trick)
    }
    guard let forgery else { return }
    let organisation = forgery.isByOutsider ? WorldChain.outsider : WorldChain.thief
    guard let account = chains[forgery.chain].founding.member(organisation, "clerk") else { throw failure("no thief") }
    let signed = try sign(CrossChainState.contract, forgery.entry, forgery.arguments, by: account, on: forgery.chain)
    let ledger = chains[forgery.chain].ledger
    guard signed.canonicalBytes.count <= Int(ledger.genesis.parameters.transactionBytes) else { return }
    origins[signed.id(genesis: ledger.genesisID, suite: ledger.suite)] = .thief(trick)
    log("the thief tries \(trick.rawValue): \(forgery.entry) on \(chains[forgery.chain].id)")
    send(signed, to: forgery.chain, by: nil, in: random.below(random.chance(85) ? 100 : 5_000))
  }

  private mutating func forge(_ trick: RelayTrick) throws -> RelayThief.Forgery? {
    switch trick {
    case .replay, .outsider:
      guard !thief.heard.isEmpty else { return nil }
      let old = thief.heard[random.below(thief.heard.count)]
      return RelayThief.Forgery(chain: old.chain, entry: old.entry, arguments: old.arguments, isByOutsider: trick == .outsider)
    case .changedByte:
      guard !thief.heard.isEmpty else { return nil }
      let old = thief.heard[random.below(thief.heard.count)]
      guard !old.arguments.isEmpty else { return nil }
      var arguments = old.arguments
      for _ in 0..<(1 + random.below(2)) { arguments[random.below(arguments.count)] ^= UInt8(1 << random.below(8)) }
      return RelayThief.Forgery(chain: old.chain, entry: old.entry, arguments: arguments)
    case .twiceInOne: return try twiceInOne()
    case .forgedPacket: return try forgedPacket()
    case .forgedProof: return try forgedProof()
    case .lateReceive: return try lateReceive()
    case .forgedAnswer: return try forgedAnswer()
    case .timeoutOfReceived, .earlyTimeout: return try falseTimeout(ofReceived: trick == .timeoutOfReceived)
    case .falseAbsence: return try falseAbsence()
    case .forgedMark: return try forgedMark()
    case .earlyTurn: return try earlyTurn()
    case .forgedSkip: return try forgedSkip()
    case .foreignCertificate: return try foreignCertificate()
    case .forgedCheckpoint: return try forgedCheckpoint()
    case .forgedHandover: return try forgedHandover()
    case .forgedEvidence: return try forgedEvidence()
    case .backfill: return try backfill()
    case .trueUpdate: return try trueUpdate()
    }
  }

  /// Counts what became of a call.
  mutating func judge(_ transaction: Transaction, _ receipt: Receipt, _ origin: WorldOrigin?) {
    let statuses = receipt.status == .succeeded ? (try? [PacketStatus](canonicalBytes: receipt.output)) ?? [] : []
    switch origin {
    case .relayer:
      if receipt.code == "stale" { note(.racedUpdate) }
      if statuses.contains(.alreadyDone) { note(.racedSubmission) }
      for status in statuses {
        if case .refused("expired", _) = status { note(.lateDelivery) }
        if case .refused("busy", _) = status { note(.busyRoute) }
      }
      if receipt.status == .failed { log("  \(transaction.entry) fails: \(receipt.message)") }
    case .thief(let trick):
      let isRefused = receipt.status == .failed || !statuses.contains(.done)
      if isRefused, receipt.status == .failed || !statuses.isEmpty { note(trick.refusal) }
      log("  the thief's \(trick.rawValue): \(receipt.status == .failed ? receipt.message : "\(statuses)")")
    default: if receipt.status == .failed { log("  a call fails: \(receipt.message)") }
    }
  }
}
