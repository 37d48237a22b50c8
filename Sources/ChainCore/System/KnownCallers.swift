/// Who may make which call, as it was found out before on the same state: a block's senders are few, and each is looked up in three records.
///
/// What it gives, and what the meter then shows, is what looking up would: it forgets everything when a record of identity or access changes.
/// All frames that it is asked with have one environment, one overlay and the same limits.
final class KnownCallers {
  struct Question: Hashable, Sendable {
    let sender: AccountID
    let key: PublicKey
    let contract: ContractName
    let entry: EntryName

    /// Of an account there is one key and few contracts have entries of one name.
    func hash(into hasher: inout Hasher) {
      hasher.combine(sender.digest.words.0)
      hasher.combine(entry)
    }
  }

  typealias Answers = [Question: (caller: Caller, meter: Meter)]

  /// What was found out.
  private(set) var known: Answers
  /// Whether anything was found out that was not given.
  private(set) var hasLearnt = false
  private var changes = 0

  /// - Parameter known: What was found out before on the same state at the same time.
  init(_ known: Answers = [:]) { self.known = known }

  /// The caller of a signed call; `frame` has metered nothing yet.
  /// - Throws: `CallRefusal` if it may not be made.
  func caller(_ signed: SignedTransaction, _ frame: CallFrame) throws(CallRefusal) -> Caller {
    if changes != frame.overlay.callerChanges {
      changes = frame.overlay.callerChanges
      known = [:]
    }
    let transaction = signed.transaction
    let question = Question(sender: transaction.sender, key: signed.key, contract: transaction.contract, entry: transaction.entry)
    if let found = known[question] {
      frame.meter = found.meter
      return found.caller
    }
    let caller = try CallCheck(frame: frame).caller(
      transaction.sender, key: signed.key, contract: transaction.contract, entry: transaction.entry)
    known[question] = (caller, frame.meter)
    hasLearnt = true
    return caller
  }
}

/// The callers that admission found out on the newest state, in bounded space: a batch need not look up whom the one before it did.
struct AdmittedCallers: Sendable {
  private static let limit = 4_096

  private var height = BlockHeight(0)
  private var known: KnownCallers.Answers = [:]

  /// What is known of the state at `height`.
  func callers(at height: BlockHeight) -> KnownCallers { KnownCallers(height == self.height ? known : [:]) }

  /// Remembers what was found out at `height`, unless a newer one was asked about already.
  mutating func note(_ callers: KnownCallers, at height: BlockHeight) {
    guard callers.hasLearnt, height >= self.height else { return }
    if height > self.height { (self.height, known) = (height, [:]) }
    if known.isEmpty {
      known = callers.known
    } else {
      known.merge(callers.known) { known, _ in known }
    }
    if known.count > Self.limit { known = [:] }
  }
}
