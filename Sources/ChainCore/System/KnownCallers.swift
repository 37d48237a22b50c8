/// Who may make which call, as it was found out before on the same state: a block's senders are few, and each is looked up in three records.
///
/// What it gives, and what the meter then shows, is what looking up would: it forgets everything when a record of identity or access changes.
/// All frames that it is asked with have one environment, one overlay and the same limits.
final class KnownCallers {
  private struct Question: Hashable {
    let sender: AccountID
    let key: PublicKey
    let contract: ContractName
    let entry: EntryName
  }

  private var known: [Question: (caller: Caller, meter: Meter)] = [:]
  private var changes = 0

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
    return caller
  }
}
