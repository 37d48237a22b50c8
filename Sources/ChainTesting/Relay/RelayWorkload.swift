public import ChainCore
public import CrossChain

/// What clients do on the member chains of a `RelayWorld`, and what must always hold of all chains together.
public protocol RelayWorkload: Sendable {
  /// The contracts that each member chain has besides `xc`.
  var contracts: [any Contract] { get }
  /// The organisations of each member chain with their roles; each has a member called "clerk" who can sign calls.
  var organisations: [OrganisationID: [Role]] { get }
  /// The routes that the relay opens.
  var routes: [SetRoute] { get }
  /// The next call of some client on `chain`.
  /// - Parameters:
  ///   - chains: All member chains.
  ///   - relay: The relay's newest block, by whose clock packets time out.
  mutating func next(on chain: ChainID, among chains: [ChainID], relay: RelayView, _ random: inout SeededRandom) -> ChainCall
  /// What is wrong with the state of the member chains at their heads, if anything. Asked after each block that changed one.
  func violation(in ledgers: [Ledger]) -> String?
}

/// Parcels of value between chains: held back when sent, paid out when received, given back when refused or late. The sum over all
/// chains and what is under way never changes.
public struct ParcelWorkload: RelayWorkload {
  static let opening: UInt64 = 1_000_000
  static let accounts: UInt64 = 4

  /// The workload.
  public init() {}

  /// The contract `parcels`.
  public var contracts: [any Contract] { [ParcelContract()] }
  /// A post office.
  public var organisations: [OrganisationID: [Role]] { ["post-office": ["clerk"]] }
  /// One route for what parcels may call.
  public var routes: [SetRoute] {
    [SetRoute(scope: RouteScope(port: ParcelContract.name), policy: RoutePolicy(calls: ["deliver", "refuse", "spoil"]))]
  }

  /// A parcel to another chain: most arrive, some are too late, some are refused there or on the relay.
  public mutating func next(
    on chain: ChainID, among chains: [ChainID], relay: RelayView, _ random: inout SeededRandom
  ) -> ChainCall {
    let others = chains.filter { $0 != chain }
    var destination = others[random.below(others.count)]
    var call: EntryName = "deliver"
    switch random.below(100) {
    case 0..<10: call = "refuse"
    case 10..<15: call = "spoil"
    case 15..<18: call = "hide"
    case 18..<20: destination = "henan/419900"
    default: break
    }
    let timeout: PacketTimeout
    switch random.below(100) {
    case 0..<35: timeout = PacketTimeout(relayTimeMs: relay.time.advanced(byMilliseconds: 500 + UInt64(random.below(6_000))).rawValue)
    case 35..<50: timeout = PacketTimeout(relayHeight: relay.height.rawValue + 2 + UInt64(random.below(10)))
    default: timeout = PacketTimeout(relayTimeMs: relay.time.advanced(byMilliseconds: 30_000 + UInt64(random.below(90_000))).rawValue)
    }
    return ChainCall(
      ParcelContract.name, "send",
      SendParcel(
        to: destination, call: call, from: UInt64(random.below(Int(Self.accounts))), amount: UInt64(1 + random.below(400)),
        timeout: timeout), by: "post-office")
  }

  /// Whether value was made or lost, or a parcel was paid out twice.
  public func violation(in ledgers: [Ledger]) -> String? {
    var sum: UInt64 = 0
    var underWay: [(source: ChainID, parcel: HeldParcel)] = []
    for ledger in ledgers {
      guard let stock = try? ledger.query(ParcelContract.name, "stock", NoResult(), as: ParcelStock.self) else {
        return "\(ledger.genesis.chain) does not answer"
      }
      sum += stock.balance
      for parcel in stock.held { underWay.append((ledger.genesis.chain, parcel)) }
    }
    for ledger in ledgers {
      let chain = ledger.genesis.chain
      let keys = underWay.filter { $0.parcel.destination == chain }.map { ParcelKey(chain: $0.source, number: $0.parcel.number) }
      guard !keys.isEmpty else { continue }
      guard let paid = try? ledger.query(ParcelContract.name, "paid", keys, as: [UInt64].self), paid.count == keys.count else {
        return "\(chain) does not answer"
      }
      for (key, times) in zip(keys, paid) where times > 1 { return "\(chain) paid parcel \(key.number) of \(key.chain) \(times) times" }
      let arrived = Set(zip(keys, paid).filter { $1 > 0 }.map(\.0))
      underWay.removeAll { $0.parcel.destination == chain && arrived.contains(ParcelKey(chain: $0.source, number: $0.parcel.number)) }
    }
    for (_, parcel) in underWay { sum += parcel.amount }
    let expected = UInt64(ledgers.count) * Self.accounts * Self.opening
    return sum == expected ? nil : "all chains together hold \(sum) instead of \(expected)"
  }
}

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

  /// Puts the parts together.
  public init(to: ChainID, call: EntryName, from: UInt64, amount: UInt64, timeout: PacketTimeout) {
    self.to = to
    self.call = call
    self.from = from
    self.amount = amount
    self.timeout = timeout
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.to, \.call, \.from, \.amount, \.timeout)
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

  var entries: Entries {
    Entry("send", by: .role("clerk")) { (call: SendParcel, context) -> SentPacket in
      let balance = try context.get(Self.balances, call.from) ?? ParcelWorkload.opening
      try context.require(balance >= call.amount, .badArgument("amount"))
      try context.put(Self.balances, call.from, balance - call.amount)
      let number = try context.get(Self.next, SingleKey()) ?? 1
      try context.put(Self.next, SingleKey(), number + 1)
      let parcel = Parcel(number: number, account: call.from, amount: call.amount)
      let sent = try context.send(
        OutgoingPacket(to: call.to, port: Self.name, call: call.call, payload: parcel.canonicalBytes, timeout: call.timeout))
      try context.put(
        Self.held, ParcelKey(chain: call.to, number: sent.sequence),
        HeldParcel(destination: call.to, number: number, account: call.from, amount: call.amount))
      return sent
    }
    Entry("deliver", by: .member) { (parcel: Parcel, context) -> UInt64 in try Self.pay(parcel, context) }
    Entry("refuse", by: .member) { (parcel: Parcel, context) -> UInt64 in throw ContractError.badArgument("unwanted") }
    Entry("spoil", by: .member) { (parcel: Parcel, context) -> UInt64 in
      _ = try Self.pay(parcel, context)
      throw ContractError.quota
    }
    Entry("hide", by: .member) { (parcel: Parcel, context) -> UInt64 in try Self.pay(parcel, context) }
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
    let key = ParcelKey(chain: chain, number: parcel.number)
    let times = (try context.get(paid, key) ?? 0) + 1
    try context.put(paid, key, times)
    let balance = try context.get(balances, parcel.account) ?? ParcelWorkload.opening
    try context.put(balances, parcel.account, balance + parcel.amount)
    return times
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
