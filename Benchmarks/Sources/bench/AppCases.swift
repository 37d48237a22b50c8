import Apps
import ChainCore
import ChainTesting

/// Calls of contracts without blocks and signatures, on state in memory: what the executor and the contract themselves cost.
enum AppCases {
  private static let baseline = "SM3 of 256 bytes, EVP"
  /// So many calls on one state; then the next run begins with an empty one.
  private static let cycles = 250

  static let all = [
    contract("apps.licence", { try LicenceLoad() }), contract("apps.property", { try PropertyLoad() }), blocks,
  ]

  /// Runs a load's cycles, each on its own record.
  private static func contract(_ name: String, _ make: @escaping @Sendable () throws -> any AppLoad) -> Case {
    Case(name: name, unit: "calls/s", baseline: baseline) { size in
      let load = try make()
      let count = size.count(cycles)
      return Sides(
        ours: {
          var sandbox = load.sandbox
          return try processorRate(of: count * load.callsPerCycle) {
            for number in 0..<count { try load.run(number, &sandbox) }
          }
        },
        baseline: { HashCases.evpRate(size.count(20_000)) })
    }
  }

  /// Every block's call, by itself: the slowest is what a contract of many blocks should count with.
  private static var blocks: Case {
    Case(name: "apps.blocks", unit: "calls/s of the slowest block", baseline: baseline) { size in
      let load = try BlockLoad()
      let count = size.count(2_000)
      func rate(_ call: String) throws -> Double {
        var sandbox = load.sandbox
        try load.prepare(call, count, &sandbox)
        return try processorRate(of: count) { for number in 0..<count { try load.run(call, number, &sandbox) } }
      }
      return Sides(
        ours: { try BlockLoad.calls.map(rate).min() ?? 0 }, baseline: { HashCases.evpRate(size.count(20_000)) },
        details: {
          var found: [String: Double] = [:]
          for call in BlockLoad.calls { found["\(call)Us"] = 1_000_000 / (try rate(call)) }
          return found
        })
    }
  }
}

/// A contract and calls on it that repeat on new records.
protocol AppLoad: Sendable {
  var sandbox: ContractSandbox { get }
  var callsPerCycle: Int { get }
  func run(_ number: Int, _ sandbox: inout ContractSandbox) throws
}

/// A licence's life: issued, amended, suspended, resumed, used on a listed basis, annulled.
private struct LicenceLoad: AppLoad {
  let sandbox: ContractSandbox
  let callsPerCycle = 6
  private let code: LicenceTypeCode
  private let issuer, verifier: Caller
  private static let holder: OrganisationID = "91410600MA9A0007X7"

  init() throws {
    code = try LicenceTypeCode("11410000MB0A00026E001")
    var made = try ContractSandbox(
      [ElectronicLicence()],
      organisations: ["11410100MB0A010107": ["department"], "data-office": ["dataOffice"], "bureau": ["verifier"], Self.holder: []])
    let type = DefineType(
      code: code, name: "business licence", schema: [SchemaField(name: "name", fieldClass: .clear)], issuers: ["11410100MB0A010107"],
      bases: ["law-1"], validityRule: "none", holderKind: .organisation)
    try made.call("licence", "defineType", type, as: made.caller("data-office"))
    sandbox = made
    (issuer, verifier) = (made.caller("11410100MB0A010107"), made.caller("bureau"))
  }

  func run(_ number: Int, _ sandbox: inout ContractSandbox) throws {
    let serial = String(1_000_000 + number)
    func identifier(_ version: Int) throws -> LicenceIdentifier {
      try LicenceIdentifier(typeCode: code, issuer: "11410100MB0A010107", serial: serial, version: version)
    }
    let licence = try identifier(1).licence
    try sandbox.call(
      "licence", "issue",
      IssueLicence(
        identifier: try identifier(1), subject: .organisation(Self.holder), fieldRoot: .zero, fileDigest: .zero, sealDigest: .zero,
        validFrom: 0), as: issuer)
    try sandbox.call(
      "licence", "amend",
      AmendLicence(
        identifier: try identifier(2), expectedVersion: 1, fieldRoot: .zero, fileDigest: .zero, sealDigest: .zero, reason: "address"),
      as: issuer)
    try sandbox.call("licence", "suspend", SuspendLicence(licence: licence, reason: "audit"), as: issuer)
    try sandbox.call("licence", "resume", ChangeLicence(licence: licence, reason: "done"), as: issuer)
    try sandbox.call(
      "licence", "recordUse", RecordUse(licence: licence, matterCode: "m1", fieldNames: ["name"], grant: nil, basis: "law-1"), as: verifier)
    try sandbox.call("licence", "annul", ChangeLicence(licence: licence, reason: "error"), as: issuer)
  }
}

/// A unit that a court seizes and sells: no party signs, so no signature is verified.
private struct PropertyLoad: AppLoad {
  let sandbox: ContractSandbox
  let callsPerCycle = 8
  private let registry, court, tax: Caller

  init() throws {
    sandbox = try ContractSandbox(
      [RealEstate()],
      organisations: ["11410100MB0A010107": ["registry"], "11410100MB0A01045R": ["court"], "11410000MB0A000424": ["taxOffice"]])
    registry = sandbox.caller("11410100MB0A010107")
    court = sandbox.caller("11410100MB0A01045R")
    tax = sandbox.caller("11410000MB0A000424")
  }

  func run(_ number: Int, _ sandbox: inout ContractSandbox) throws {
    let digits = String(number + 1)
    let unit = try RealEstateUnit("410105001002GB00012F0001" + String(repeating: "0", count: 4 - digits.count) + digits)
    let owner = HolderShare(holder: .organisation("91410600MA9A0007X7"), share: .whole)
    try sandbox.call(
      "property", "registerUnit",
      RegisterUnit(code: unit, parcel: "p1", areaCm2: 1_000_000, use: "dwelling", holders: [owner], basisDigest: .zero), as: registry)
    let until = sandbox.time.advanced(byMilliseconds: 1_000_000_000)
    try sandbox.call("property", "seize", SeizeUnit(unit: unit, orderDigest: .zero, until: until), as: court)
    let content = DealContent(
      unit: unit, kind: .judicial, from: [owner.holder],
      to: [HolderShare(holder: .organisation("91410000MA9A00061G"), share: .whole)], deadline: until)
    let deal = try sandbox.call("property", "file", FileDeal(content: content, consents: []), as: court, returning: Digest.self)
    try sandbox.call("property", "assessTax", AssessTax(deal: deal, amountCommitment: .zero), as: tax)
    try sandbox.call("property", "payTax", PayTax(deal: deal, amountCommitment: .zero, receiptDigest: .zero), as: tax)
    try sandbox.call("property", "acceptDeal", DealCall(deal: deal), as: registry)
    try sandbox.call("property", "examine", ExamineDeal(deal: deal, verifications: []), as: registry)
    try sandbox.call("property", "register", RegisterDeal(deal: deal, certificateDigest: .zero), as: registry)
  }
}
