import Apps
import ChainCore
import ChainNode
import ChainTesting
import Foundation
import Logging
import Synchronization

/// A chain that issues e-licences, with its validators' nodes in this process and their stores on disk.
final class LicenceChain: Sendable {
  static let issuer: OrganisationID = "11410100MB0A010107"
  /// So many clerks sign: their keys come again and again, as those of business systems do.
  static let clerks = 64

  /// How many calls wait for their receipts at once, at most.
  static let openCalls = 8_000

  let folder: Folder
  let chain: LocalChain
  private let accounts: [Account]
  private let code: LicenceTypeCode
  private let nextSerial = Atomic<Int>(1)

  init(validators: Int, engine: EngineKind) throws {
    let folder = try Folder()
    self.folder = folder
    code = try LicenceTypeCode("11410000MB0A00026E001")
    let names = (0..<Self.clerks).map { "clerk \($0)" }
    let plan = FoundingPlan(
      chain: "henan/410100", engine: engine, validators: Array(repeating: Founding.platform, count: validators),
      organisations: [
        GenesisOrganisation(id: Self.issuer, name: "issuer", roles: ["department"]),
        GenesisOrganisation(id: "data-office", name: "data office", roles: ["dataOffice"]),
      ],
      members: names.map { (Self.issuer, $0) } + [("data-office", "officer")], contracts: [ElectronicLicence()],
      // Calls are signed in advance, and at half load blocks are many and small.
      parameters: ChainParameters(transactionWindow: 1_000_000), time: .now)
    let founding = try Founding(plan)
    accounts = names.compactMap { founding.member(Self.issuer, $0) }
    chain = try LocalChain(founding, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }) { index in
      func open(_ name: String) throws -> LMDBStore {
        var options = LMDBStore.Options()
        options.reserveMiB = 0
        return try LMDBStore(directory: try folder.folder("\(name)-\(index)"), options: options)
      }
      return LocalChain.Stores(ledger: try open("ledger"), consensus: try open("consensus"))
    }
  }

  var node: Node { chain.nodes[0] }

  /// Starts the nodes and defines the type of the licences.
  func start() async throws {
    await chain.start()
    guard let officer = chain.founding.member("data-office", "officer") else { preconditionFailure("the plan has an officer") }
    let type = DefineType(
      code: code, name: "business licence", schema: [SchemaField(name: "name", fieldClass: .clear)], issuers: [Self.issuer], bases: [],
      validityRule: "none", holderKind: .organisation)
    let receipt = try await chain.client(officer).call(ElectronicLicence.name, "defineType", type)
    precondition(receipt.status == .succeeded, receipt.message)
  }

  /// Signed calls that issue a new licence each; made on all processors.
  func calls(_ count: Int) throws -> [SignedTransaction] {
    let first = nextSerial.add(count, ordering: .relaxed).oldValue
    let made = Mutex<[SignedTransaction?]>(Array(repeating: nil, count: count))
    let genesis = chain.founding.genesis
    let until = node.ledger.head.height.advanced(by: 900_000)
    DispatchQueue.concurrentPerform(iterations: count) { place in
      let serial = String(format: "%012d", first + place)
      guard
        let identifier = try? LicenceIdentifier(typeCode: code, issuer: Self.issuer.rawValue, serial: serial, version: 1),
        let signed = try? accounts[place % accounts.count].sign(
          ElectronicLicence.name, "issue",
          IssueLicence(
            identifier: identifier, subject: .organisation("91410600MA9A0007X7"), fieldRoot: genesis.suite.hash(Array(serial.utf8)),
            fileDigest: genesis.suite.hash(Array("file \(serial)".utf8)), sealDigest: genesis.suite.hash([2]), validFrom: 0),
          chain: genesis.chain, genesis: node.ledger.genesisID, validUntil: until, salt: UInt64(first + place))
      else { return }
      made.withLock { $0[place] = signed }
    }
    return made.withLock { $0.compactMap(\.self) }
  }

  /// Submits all, as many at once as clients may have open, and waits for all receipts; each validator gets an equal part. Returns the
  /// seconds.
  func process(_ calls: [SignedTransaction]) async throws -> Double {
    let began = ContinuousClock.now
    // A client each: a group with thousands of tasks looks through them for each that ends.
    try await withThrowingTaskGroup(of: Void.self) { clients in
      for client in 0..<Self.clerks {
        clients.addTask {
          try await self.submit(
            stride(from: client, to: calls.count, by: Self.clerks).map { (calls[$0], self.chain.nodes[$0 % self.chain.nodes.count]) })
        }
      }
      try await clients.waitForAll()
    }
    return seconds(ContinuousClock.now - began)
  }

  private func submit(_ calls: [(signed: SignedTransaction, node: Node)]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (place, call) in calls.enumerated() {
        if place >= Self.openCalls / Self.clerks { try await group.next() }
        group.addTask {
          let receipt = try await call.node.receipt(for: call.signed)
          precondition(receipt.status == .succeeded, receipt.message)
        }
      }
      try await group.waitForAll()
    }
  }

  /// How long single calls take, from submission to receipt, when they come at `rate` a second; in milliseconds, sorted.
  func latencies(_ calls: [SignedTransaction], rate: Double) async throws -> [Double] {
    let began = ContinuousClock.now
    return try await withThrowingTaskGroup(of: Double.self) { group in
      for (place, signed) in calls.enumerated() {
        let due = began + .seconds(Double(place) / rate)
        let node = chain.nodes[place % chain.nodes.count]
        if due > .now { try await Task.sleep(until: due, clock: .continuous) }
        group.addTask {
          _ = try await node.receipt(for: signed)
          // From when it was due: a queue before the node counts too.
          return seconds(ContinuousClock.now - due) * 1_000
        }
      }
      var found: [Double] = []
      for try await one in group { found.append(one) }
      return found.sorted()
    }
  }
}

func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
}
