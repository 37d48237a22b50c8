/// Why a transaction is refused before it is ordered. Nothing of it stays.
@nonexhaustive
public enum AdmissionError: Error, Hashable, Sendable {
  /// The bytes are no transaction.
  case malformed(CanonicalError)
  /// It cannot stand in the next block: version, chain, size or window.
  case unfit(TransactionFault)
  /// It waits here already; do nothing.
  case alreadyWaiting(TransactionID)
  /// It is in the chain already; read its receipt.
  case alreadyCommitted(TransactionID, height: BlockHeight)
  /// The signature does not fit transaction and key: sign it with the suite and genesis of this chain.
  case badSignature
  /// Sender, contract, entry or role do not allow the call.
  case refused(CallRefusal)
  /// The node holds as much as it may. Wait a block or two and send it again.
  case busy(waiting: Int, bytes: Int)
  /// The ledger cannot be read.
  case ledger(LedgerError)
}

extension AdmissionError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .malformed(let error): "no transaction: \(error)"
    case .unfit(let fault): "transaction: \(fault)"
    case .alreadyWaiting(let id): "transaction \(id) is waiting already"
    case .alreadyCommitted(let id, let height): "transaction \(id) is in block \(height) already"
    case .badSignature: "the signature is not valid for this chain"
    case .refused(let refusal): refusal.description
    case .busy(let waiting, let bytes): "busy: \(waiting) transactions (\(bytes) bytes) are waiting; send it again after a block"
    case .ledger(let error): error.description
    }
  }
}

/// A transaction that passed every check a node makes before ordering.
public struct AdmittedTransaction: Sendable, Hashable {
  /// The transaction.
  public let signed: SignedTransaction
  /// Its id.
  public let id: TransactionID
  /// The size of its canonical bytes.
  public let bytes: Int

  /// Only for what `Ledger.admit` or a quorum's block has checked.
  package init(signed: SignedTransaction, id: TransactionID, bytes: Int) {
    self.signed = signed
    self.id = id
    self.bytes = bytes
  }
}

extension Ledger {
  /// Decodes and checks a transaction for the block after the head: form, window, replay, sender, role, then signature.
  public func admit(_ bytes: [UInt8]) throws(AdmissionError) -> AdmittedTransaction {
    let limit = Int(genesis.parameters.transactionBytes)
    guard bytes.count <= limit else { throw .unfit(.tooLarge(bytes: bytes.count, limit: limit)) }
    let signed: SignedTransaction
    do throws(CanonicalError) {
      signed = try SignedTransaction(canonicalBytes: bytes)
    } catch {
      throw .malformed(error)
    }
    return try admit(signed, bytes: bytes.count)
  }

  /// Checks a transaction for the block after the head.
  public func admit(_ signed: SignedTransaction) throws(AdmissionError) -> AdmittedTransaction {
    try admit(signed, bytes: signed.canonicalBytes.count)
  }

  private func admit(_ signed: SignedTransaction, bytes: Int) throws(AdmissionError) -> AdmittedTransaction {
    do throws(TransactionFault) {
      try rules.check(signed, bytes: bytes, at: head.height.next)
    } catch {
      throw .unfit(error)
    }
    let id = signed.id(genesis: genesisID, suite: suite)
    let refusal: CallRefusal?
    let committed: TransactionPlace?
    do throws(LedgerError) {
      committed = try reading { reader throws(LedgerError) in
        let bytes = try LedgerError.wrap { try reader.get(LedgerTables.places, id.digest.bytes) }
        return try bytes.map { bytes throws(LedgerError) in try LedgerError.decode(bytes, "place") }
      }
      refusal = try atHeight(nil) { state, header throws(LedgerError) in
        do throws(CallRefusal) {
          _ = try self.executor.check(signed, on: state, height: header.height.next, time: header.time)
          return nil
        } catch {
          return error
        }
      }
    } catch {
      throw .ledger(error)
    }
    if let committed { throw .alreadyCommitted(id, height: committed.height) }
    if let refusal { throw .refused(refusal) }
    guard signed.isSignatureValid(genesis: genesisID, suite: suite) else { throw .badSignature }
    return AdmittedTransaction(signed: signed, id: id, bytes: bytes)
  }
}
