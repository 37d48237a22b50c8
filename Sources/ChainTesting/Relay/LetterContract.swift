internal import ChainCore

/// Letters of `ParcelWorkload`: they go in order, and the contract believes that they do.
struct LetterContract: Contract {
  static let name: ContractName = "letters"
  /// The number of the last letter from a chain.
  static let last = Table<ChainID, UInt64>("last")
  static let next = Table<ChainID, UInt64>("next")

  var entries: Entries {
    Entry("send", by: .role("clerk")) { (call: SendParcel, context) -> SentPacket in
      let number = try context.get(Self.next, call.to) ?? 1
      try context.put(Self.next, call.to, number + 1)
      return try context.send(
        OutgoingPacket(
          to: call.to, port: Self.name, call: call.call, payload: Parcel(number: number, account: 0, amount: 0).canonicalBytes,
          timeout: call.timeout, isOrdered: true))
    }
    Entry("post", by: .member) { (letter: Parcel, context) in try Self.take(letter, context) }
    Entry("return", by: .member) { (letter: Parcel, context) in
      try Self.take(letter, context)
      throw ContractError.badArgument("unwanted")
    }
    Entry("burn", by: .member) { (letter: Parcel, context) in try Self.take(letter, context) }
  }

  private static func take(_ letter: Parcel, _ context: ContractContext) throws {
    guard case .remote(let chain, _) = context.caller.origin else { throw ContractError.notAuthorised("letters come by packet") }
    let last = try context.get(last, chain) ?? 0
    guard letter.number > last else { throw ContractError.stale(found: last) }
    try context.put(Self.last, chain, letter.number)
  }
}
