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
  /// What a client on `chain` still has to do before the world comes to rest, if anything: answers that were left open.
  func closing(on chain: ChainID, _ ledger: Ledger) -> ChainCall?
  /// A packet that travels alone, and succeeds if it comes in time; `nil` if clients send none.
  func lone(from chain: ChainID, to destination: ChainID, timeout: PacketTimeout) -> ChainCall?
  /// What is wrong with the state of the member chains at their heads, if anything. Asked after each block that changed one.
  func violation(in ledgers: [Ledger]) -> String?
}

extension RelayWorkload {
  /// Most clients leave nothing open.
  public func closing(on chain: ChainID, _ ledger: Ledger) -> ChainCall? { nil }
  /// Some clients send nothing alone.
  public func lone(from chain: ChainID, to destination: ChainID, timeout: PacketTimeout) -> ChainCall? { nil }
}

/// Parcels of value between chains: held back when sent, paid out when received or when a clerk there says so, given back when
/// refused or late. The sum over all chains and what is under way never changes. Letters go in order beside them.
public struct ParcelWorkload: RelayWorkload {
  static let opening: UInt64 = 1_000_000
  static let accounts: UInt64 = 4

  /// How many letters the relay takes at a time.
  private let letterRate: RouteRate?

  /// The workload.
  /// - Parameter letterRate: How many letters the relay takes at a time; `nil` = any number.
  public init(letterRate: RouteRate? = RouteRate(packets: 3, windowMs: 4_000)) {
    self.letterRate = letterRate
  }

  /// The contracts `parcels`, `letters` and `deals`.
  public var contracts: [any Contract] { [ParcelContract(), LetterContract(), DealContract()] }
  /// A post office.
  public var organisations: [OrganisationID: [Role]] { ["post-office": ["clerk"]] }
  /// A route for deals, one for what parcels may call, and an ordered one of few letters at a time.
  public var routes: [SetRoute] {
    [
      SetRoute(scope: RouteScope(port: DealContract.name), policy: RoutePolicy()),
      SetRoute(
        scope: RouteScope(port: ParcelContract.name), policy: RoutePolicy(calls: ["deliver", "deliverLater", "refuse", "spoil"])),
      SetRoute(
        scope: RouteScope(port: LetterContract.name),
        policy: RoutePolicy(calls: ["post", "return"], ordered: true, rate: letterRate)),
    ]
  }

  /// Decides on what clerks left open.
  public func closing(on chain: ChainID, _ ledger: Ledger) -> ChainCall? {
    guard let open = try? ledger.query(ParcelContract.name, "undecided", NoResult(), as: UInt64.self), open > 0 else {
      return closingOrder(ledger)
    }
    return ChainCall(ParcelContract.name, "decide", true, by: "post-office")
  }

  /// A parcel of one unit.
  public func lone(from chain: ChainID, to destination: ChainID, timeout: PacketTimeout) -> ChainCall? {
    ChainCall(
      ParcelContract.name, "send", SendParcel(to: destination, call: "deliver", from: 0, amount: 1, timeout: timeout), by: "post-office")
  }

  /// A parcel to another chain: most arrive, some are too late, some are refused there or on the relay.
  public mutating func next(
    on chain: ChainID, among chains: [ChainID], relay: RelayView, _ random: inout SeededRandom
  ) -> ChainCall {
    if random.chance(18) { return deal(on: chain, among: chains, relay: relay, &random) }
    if random.chance(10) { return ChainCall(ParcelContract.name, "decide", random.chance(60), by: "post-office") }
    let others = chains.filter { $0 != chain }
    var destination = others[random.below(others.count)]
    var call: EntryName = "deliver"
    switch random.below(100) {
    case 0..<10: call = "refuse"
    case 10..<15: call = "spoil"
    case 15..<18: call = "hide"
    case 20..<35: call = "deliverLater"
    case 18..<20: destination = "henan/419900"
    default: break
    }
    let timeout: PacketTimeout
    switch random.below(100) {
    case 0..<35: timeout = PacketTimeout(relayTimeMs: relay.time.advanced(byMilliseconds: 500 + UInt64(random.below(6_000))).rawValue)
    case 35..<50: timeout = PacketTimeout(relayHeight: relay.height.rawValue + 2 + UInt64(random.below(10)))
    default: timeout = PacketTimeout(relayTimeMs: relay.time.advanced(byMilliseconds: 30_000 + UInt64(random.below(90_000))).rawValue)
    }
    if random.chance(30) {
      let call: EntryName = random.chance(70) ? "post" : random.chance(50) ? "return" : "burn"
      return ChainCall(
        LetterContract.name, "send",
        SendParcel(to: destination, call: call, from: 0, amount: 0, timeout: timeout), by: "post-office")
    }
    let classification: PacketClass = random.chance(80) ? .ordinary : random.chance(50) ? .important : .sensitive
    return ChainCall(
      ParcelContract.name, "send",
      SendParcel(
        to: destination, call: call, from: UInt64(random.below(Int(Self.accounts))), amount: UInt64(1 + random.below(400)),
        timeout: timeout, classification: classification), by: "post-office")
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
