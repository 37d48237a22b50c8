public import ChainCore

/// Arguments of `parcels.send`.
public struct SendParcel: CanonicalRecord, Codable, Hashable {
  /// The chain it goes to.
  public var to: ChainID
  /// The entry that it calls there.
  public var call: EntryName
  /// The account that pays, and gets the value there.
  public var from: UInt64
  /// The value.
  public var amount: UInt64
  /// When it is too late.
  public var timeout: PacketTimeout
  /// The care that it needs.
  public var classification: PacketClass

  /// Puts the parts together.
  public init(
    to: ChainID, call: EntryName, from: UInt64, amount: UInt64, timeout: PacketTimeout, classification: PacketClass = .ordinary
  ) {
    self.to = to
    self.call = call
    self.from = from
    self.amount = amount
    self.timeout = timeout
    self.classification = classification
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(to:call:from:amount:timeout:classification:), \.to, \.call, \.from, \.amount, \.timeout, \.classification)
}

/// What travels: the payload of a packet of `parcels`.
public struct Parcel: CanonicalRecord, Codable, Hashable {
  /// The sending chain's own number for it.
  public var number: UInt64
  /// The account that gets it.
  public var account: UInt64
  /// The value.
  public var amount: UInt64

  /// Puts the parts together.
  public init(number: UInt64, account: UInt64, amount: UInt64) {
    self.number = number
    self.account = account
    self.amount = amount
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.number, \.account, \.amount)
}

struct ParcelKey: CanonicalRecord, OrderedKey, Codable, Hashable {
  var chain: ChainID
  var number: UInt64

  static let layout = Layout(Self.init, \.chain, \.number)

  init(chain: ChainID, number: UInt64) {
    self.chain = chain
    self.number = number
  }

  func encodeKey(into bytes: inout [UInt8]) {
    chain.encodeKey(into: &bytes)
    number.encodeKey(into: &bytes)
  }

  init?(key bytes: inout ArraySlice<UInt8>) {
    guard let chain = ChainID(key: &bytes), let number = UInt64(key: &bytes) else { return nil }
    self.init(chain: chain, number: number)
  }
}

struct HeldParcel: CanonicalRecord, Codable {
  var destination: ChainID
  var number: UInt64
  var account: UInt64
  var amount: UInt64

  static let layout = Layout(Self.init, \.destination, \.number, \.account, \.amount)
}

struct ParcelStock: CanonicalRecord, Codable {
  var balance: UInt64
  var held: [HeldParcel]

  static let layout = Layout(Self.init, \.balance, \.held)
}

/// The contract of `ParcelWorkload`. It does not look for repeated parcels itself: that is what is tested.
struct ParcelContract: Contract {
  static let name: ContractName = "parcels"
  static let balances = Table<UInt64, UInt64>("balances")
  /// By destination and the packet's number on its lane.
  static let held = Table<ParcelKey, HeldParcel>("held")
  /// How often a parcel was paid out, by source and its number.
  static let paid = Table<ParcelKey, UInt64>("paid")
  static let next = Table<SingleKey, UInt64>("next")
  /// Parcels that a clerk has to decide on.
  static let undecided = Table<PacketTicket, Parcel>("undecided")
  /// The one that was decided last.
  static let decided = Table<SingleKey, PacketTicket>("decided")

  var entries: Entries {
    Entry("send", by: .role("clerk")) { (call: SendParcel, context) -> SentPacket in
      let balance = try context.get(Self.balances, call.from) ?? ParcelWorkload.opening
      try context.require(balance >= call.amount, .badArgument("amount"))
      try context.put(Self.balances, call.from, balance - call.amount)
      let number = try context.get(Self.next, SingleKey()) ?? 1
      try context.put(Self.next, SingleKey(), number + 1)
      let parcel = Parcel(number: number, account: call.from, amount: call.amount)
      let sent = try context.send(
        OutgoingPacket(
          to: call.to, port: Self.name, call: call.call, payload: parcel.canonicalBytes, timeout: call.timeout,
          classification: call.classification, sealedTo: call.classification == .sensitive ? [1] : nil))
      try context.put(
        Self.held, ParcelKey(chain: call.to, number: sent.sequence),
        HeldParcel(destination: call.to, number: number, account: call.from, amount: call.amount))
      return sent
    }
    Entry("deliver", by: .member) { (parcel: Parcel, context) -> UInt64 in try Self.pay(parcel, context) }
    Entry("deliverLater", by: .member) { (parcel: Parcel, context) in
      try context.put(Self.undecided, try context.answerLater(), parcel)
    }
    Entry("decide", by: .role("clerk")) { (accepts: Bool, context) -> UInt64 in try Self.decide(accepts, context) }
    Entry("refuse", by: .member) { (parcel: Parcel, context) -> UInt64 in throw ContractError.badArgument("unwanted") }
    Entry("spoil", by: .member) { (parcel: Parcel, context) -> UInt64 in
      _ = try Self.pay(parcel, context)
      throw ContractError.quota
    }
    Entry("hide", by: .member) { (parcel: Parcel, context) -> UInt64 in try Self.pay(parcel, context) }
    Query("undecided") { (_: NoResult, context) -> UInt64 in UInt64(try context.range(Self.undecided, limit: 1).count) }
    Query("stock") { (_: NoResult, context) -> ParcelStock in
      var sum: UInt64 = 0
      for account in 0..<ParcelWorkload.accounts { sum += try context.get(Self.balances, account) ?? ParcelWorkload.opening }
      return ParcelStock(balance: sum, held: try context.range(Self.held, limit: 1_000).map(\.value))
    }
    Query("paid") { (keys: [ParcelKey], context) -> [UInt64] in
      var times: [UInt64] = []
      for key in keys { times.append(try context.get(Self.paid, key) ?? 0) }
      return times
    }
  }

  private static func pay(_ parcel: Parcel, _ context: ContractContext) throws -> UInt64 {
    guard case .remote(let chain, _) = context.caller.origin else { throw ContractError.notAuthorised("parcels come by packet") }
    return try pay(parcel, from: chain, context)
  }

  private static func pay(_ parcel: Parcel, from chain: ChainID, _ context: ContractContext) throws -> UInt64 {
    let key = ParcelKey(chain: chain, number: parcel.number)
    let times = (try context.get(paid, key) ?? 0) + 1
    try context.put(paid, key, times)
    let balance = try context.get(balances, parcel.account) ?? ParcelWorkload.opening
    try context.put(balances, parcel.account, balance + parcel.amount)
    return times
  }

  /// Answers some parcels that wait, and tries to answer one again.
  private static func decide(_ accepts: Bool, _ context: ContractContext) throws -> UInt64 {
    if let old = try context.get(decided, SingleKey()) {
      do throws(ContractError) {
        try context.answer(old, with: .failed(code: "changedMind", message: "after all"))
      } catch {
        try context.require(error == .notFound, error)
      }
    }
    let waiting = try context.range(undecided, limit: 8)
    for (ticket, parcel) in waiting {
      try context.remove(undecided, ticket)
      if accepts {
        let times = try pay(parcel, from: ticket.source, context)
        try context.answer(ticket, with: .succeeded(times.canonicalBytes))
      } else {
        try context.answer(ticket, with: .failed(code: "unwanted", message: "the clerk sent it back"))
      }
      try context.put(decided, SingleKey(), ticket)
    }
    return UInt64(waiting.count)
  }

  func packetSettled(_ packet: SettledPacket, _ context: ContractContext) throws {
    let key = ParcelKey(chain: packet.destination, number: packet.packet.sequence)
    let parcel = try context.require(Self.held, key)
    try context.remove(Self.held, key)
    if case .succeeded = packet.outcome { return }
    let balance = try context.get(Self.balances, parcel.account) ?? ParcelWorkload.opening
    try context.put(Self.balances, parcel.account, balance + parcel.amount)
    try context.emit("parcels.refunded", key)
  }
}
