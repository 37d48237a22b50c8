internal import ChainCore

/// A call of a `VaultContract` as the world thinks of it.
enum VaultCall: Hashable {
  case open(UInt64, Holding)
  case close(UInt64)
  case assign(UInt64, to: UInt64)
  case move(VaultMove)
  case moves([VaultMove])
  case sweep(VaultSweep)
  case gather(UInt64)
  case waste(UInt64)
  /// An entry that does not exist.
  case unknown
  /// Arguments with a byte too many.
  case trailing(VaultMove)

  var entry: EntryName {
    switch self {
    case .open: "open"
    case .close: "close"
    case .assign: "assign"
    case .move, .trailing: "move"
    case .moves: "moves"
    case .sweep: "sweep"
    case .gather: "gather"
    case .waste: "waste"
    case .unknown: "steal"
    }
  }

  var arguments: [UInt8] {
    switch self {
    case .open(let account, let holding): VaultOpening(account: account, holding: holding).canonicalBytes
    case .close(let account): account.canonicalBytes
    case .assign(let account, let owner): VaultAssignment(account: account, owner: owner).canonicalBytes
    case .move(let move): move.canonicalBytes
    case .moves(let moves): moves.canonicalBytes
    case .sweep(let sweep): sweep.canonicalBytes
    case .gather(let number), .waste(let number): number.canonicalBytes
    case .unknown: []
    case .trailing(let move): move.canonicalBytes + [0]
    }
  }
}

/// What must become of a call.
struct VaultOutcome: Hashable {
  var code = "ok"
  var output: [UInt8] = []
  var events: [Event] = []
  /// Whether the call wrote before it failed.
  var wroteInVain = false

  /// Whether a receipt says the same.
  func agrees(with receipt: Receipt) -> Bool {
    receipt.code == code && receipt.status == (code == "ok" ? .succeeded : .failed) && receipt.events == events && receipt.output == output
      && (code == "ok") == receipt.message.isEmpty
  }
}

/// What a `VaultContract` must do, in plain Swift: no overlay, no store, no encoding but of events.
struct VaultModel: Hashable {
  static let accounts = 12
  static let owners = 4
  static let writeLimit = 60

  /// By account.
  var holdings: [Holding?] = Array(repeating: nil, count: accounts)
  var scratch: [UInt64?] = Array(repeating: nil, count: writeLimit)

  /// The account's record, as contracts store it.
  func record(_ account: UInt64) -> [UInt8]? { holdings[Int(account)]?.canonicalBytes }

  func owned(by owner: UInt64) -> [UInt64] {
    holdings.indices.filter { holdings[$0]?.owner == owner }.map { UInt64($0) }
  }

  var all: [VaultAccount] {
    holdings.enumerated().compactMap { place, holding in holding.map { VaultAccount(account: UInt64(place), holding: $0) } }
  }

  /// Carries out a call by somebody with or without the role, and tells what must become of it.
  mutating func run(_ call: VaultCall, isTeller: Bool) -> VaultOutcome {
    if call == .unknown { return VaultOutcome(code: "notSupported") }
    guard isTeller else { return VaultOutcome(code: "notAuthorised") }
    var next = self
    var outcome = VaultOutcome()
    if let code = next.change(call, &outcome) {
      return VaultOutcome(code: code, wroteInVain: next != self)
    }
    self = next
    return outcome
  }

  /// The code of a failure, or `nil`.
  private mutating func change(_ call: VaultCall, _ outcome: inout VaultOutcome) -> String? {
    switch call {
    case .open(let account, let holding):
      guard holdings[Int(account)] == nil else { return "alreadyExists" }
      holdings[Int(account)] = holding
      outcome.tell("opened", account)
      outcome.tell("owner", holding.owner)
    case .close(let account):
      guard let holding = holdings[Int(account)] else { return "notFound" }
      holdings[Int(account)] = nil
      outcome.tell("closed", account)
      outcome.output = holding.balance.canonicalBytes
    case .assign(let account, let owner):
      guard let holding = holdings[Int(account)] else { return "notFound" }
      outcome.tell("released", holding.owner)
      holdings[Int(account)]?.owner = owner
      outcome.tell("owner", owner)
    case .move(let move): return change(move, &outcome)
    case .moves(let moves):
      for move in moves {
        if let code = change(move, &outcome) { return code }
      }
    case .sweep(let sweep):
      let places = (Int(sweep.above)..<Self.accounts).filter { holdings[$0] != nil }
      return join(Array((sweep.isReverse ? places.reversed() : places).prefix(Int(sweep.count))), &outcome)
    case .gather(let owner): return join(owned(by: owner).map { Int($0) }, &outcome)
    case .waste(let count):
      for place in 0..<Int(count) {
        guard place < Self.writeLimit else { return "limitExceeded" }
        scratch[place] = count
      }
    case .unknown: return "notSupported"
    case .trailing: return "badArgument"
    }
    return nil
  }

  private mutating func change(_ move: VaultMove, _ outcome: inout VaultOutcome) -> String? {
    guard let from = holdings[Int(move.from)] else { return "notFound" }
    guard from.balance >= move.amount else { return "quota" }
    holdings[Int(move.from)]?.balance -= move.amount
    outcome.tell("debit", move)
    guard holdings[Int(move.to)] != nil else { return "notFound" }
    holdings[Int(move.to)]?.balance += move.amount
    outcome.tell("credit", move)
    outcome.tell("balance", holdings[Int(move.to)]?.balance ?? 0)
    return nil
  }

  private mutating func join(_ places: [Int], _ outcome: inout VaultOutcome) -> String? {
    guard let first = places.first else { return "notFound" }
    let sum = places.reduce(0) { $0 + (holdings[$1]?.balance ?? 0) }
    for place in places.dropFirst() {
      holdings[place] = nil
      outcome.tell("closed", UInt64(place))
    }
    holdings[first]?.balance = sum
    outcome.tell("joined", sum)
    outcome.output = places.map { UInt64($0) }.canonicalBytes
    return nil
  }
}

extension VaultOutcome {
  fileprivate mutating func tell(_ name: String, _ value: some CanonicalCodable) {
    events.append(Event(contract: VaultContract.name, name: name, payload: value.canonicalBytes))
  }
}
