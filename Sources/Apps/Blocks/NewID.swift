public import ChainCore

/// What the id of a record without a natural key is made of.
private struct NumberedTransaction: CanonicalRecord {
  var transaction: TransactionID
  var index: UInt32
  static let layout = Layout(Self.init, \.transaction, \.index)
}

extension Registry where Key == Digest {
  /// An unused id for a record without a natural key: of the transaction, and an index where one transaction makes several.
  public func newID(_ tag: TypeTag, _ context: ContractContext) throws(ContractError) -> Digest {
    var index: UInt32 = 0
    while true {
      let id = context.suite.digest(tag, context.genesis, NumberedTransaction(transaction: context.transaction, index: index))
      if try context.get(records, id) == nil { return id }
      index += 1
    }
  }
}
