internal import Synchronization

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
    return try admit(signed)
  }

  /// Checks a transaction for the block after the head.
  public func admit(_ signed: SignedTransaction) throws(AdmissionError) -> AdmittedTransaction { try admit([signed])[0].get() }

  /// Checks transactions for the block after the head, each for itself, in one read of the state and with their signatures verified as a
  /// batch: what a busy node does. One thread does all of it; split what is large over threads.
  ///
  /// - Returns: For each, in order, what was admitted or why not.
  public func admit(_ batch: [SignedTransaction]) -> [Result<AdmittedTransaction, AdmissionError>] {
    let digests = TransactionBatch(batch, genesis: genesisID, suite: suite)
    let height = head.height.next
    var faults: [AdmissionError?] = []
    for (signed, bytes) in zip(batch, digests.sizes) {
      do throws(TransactionFault) {
        try rules.check(signed, bytes: bytes, at: height)
        faults.append(nil)
      } catch {
        faults.append(.unfit(error))
      }
    }
    do throws(LedgerError) {
      try refuse(batch, digests.ids, into: &faults)
    } catch {
      for place in faults.indices { faults[place] = faults[place] ?? .ledger(error) }
    }
    let rest = faults.indices.filter { faults[$0] == nil }
    let valid = rest.filter { batch[$0].key.suite == suite }
    for place in rest where batch[place].key.suite != suite { faults[place] = .badSignature }
    let requests = valid.map { SignatureRequest(key: batch[$0].key, signature: batch[$0].signature, message: digests.ids[$0].digest.bytes) }
    for (place, isValid) in zip(valid, requests.verified()) where !isValid { faults[place] = .badSignature }
    return batch.indices.map { place in
      if let fault = faults[place] { return .failure(fault) }
      return .success(AdmittedTransaction(signed: batch[place], id: digests.ids[place], bytes: digests.sizes[place]))
    }
  }

  /// The heights of those of `ids` that are in the chain.
  ///
  /// Whoever admitted a transaction before the head it sees now asks again: since then it may have been committed, and a block that
  /// repeats it is void.
  package func committed(_ ids: [TransactionID]) throws(LedgerError) -> [TransactionID: BlockHeight] {
    try reading { reader throws(LedgerError) in
      var found: [TransactionID: BlockHeight] = [:]
      for id in ids {
        guard let bytes = try LedgerError.wrap({ try reader.get(LedgerTables.places, id.digest.bytes) }) else { continue }
        let place: TransactionPlace = try LedgerError.decode(bytes, "place")
        found[id] = place.height
      }
      return found
    }
  }

  /// Notes what is committed already, or refused by state.
  private func refuse(_ batch: [SignedTransaction], _ ids: [TransactionID], into faults: inout [AdmissionError?]) throws(LedgerError) {
    let known = faults
    faults = try atHeight(nil) { state, header throws(LedgerError) in
      var faults = known
      var state = state
      state.remembered = RememberedRecords()
      // A frame a transaction, since each has its own meter; what they read is read once.
      let shared = try LedgerError.wrap { try self.executor.readFrame(on: state, height: header.height.next, time: header.time) }
      let callers = self.admittedCallers.withLock { $0.callers(at: header.height) }
      for (place, signed) in batch.enumerated() where faults[place] == nil {
        let bytes = try LedgerError.wrap { try state.reader.get(LedgerTables.places, ids[place].digest.bytes) }
        if let bytes {
          let committed: TransactionPlace = try LedgerError.decode(bytes, "place")
          faults[place] = .alreadyCommitted(ids[place], height: committed.height)
          continue
        }
        do throws(CallRefusal) {
          _ = try self.executor.check(signed, by: callers, in: shared)
        } catch {
          faults[place] = .refused(error)
        }
      }
      self.admittedCallers.withLock { $0.note(callers, at: header.height) }
      return faults
    }
  }
}
