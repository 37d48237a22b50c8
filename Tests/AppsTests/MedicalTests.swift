import Apps
import ChainCore
import ChainTesting
import Testing

@Suite struct MedicalRules {
  func access(_ world: inout MedicalScenario, _ id: Digest, _ basis: AccessBasis, by caller: Caller) throws {
    let scope = AccessScope(record: id, purpose: "care", certificate: [1])
    try world.sandbox.call("medical", "access", AccessRecord(scope: scope, basis: basis), as: caller)
  }

  /// Story of the section: consent by kind, revocation, an emergency, its review.
  @Test func nobodyReadsButByConsentEmergencyOrThePatient() throws {
    var world = try MedicalScenario(machine: "record", state: "current")
    let puyang = world.sandbox.caller("12410900MB0A09012D", roles: ["hospital"])
    let record = try #require(world.record)
    let condition = try world.index(world.sandbox.caller(MedicalScenario.custodian), kind: "Condition")
    let consent = try world.give(to: puyang.organisation)
    try access(&world, record, .consent(consent), by: puyang)
    expect("notAuthorised") { try access(&world, condition, .consent(consent), by: puyang) }
    let other = world.sandbox.caller("other-hospital", roles: ["hospital"])
    expect("notAuthorised") { try access(&world, record, .consent(consent), by: other) }
    expect("notAuthorised") {
      try world.sandbox.call("medical", "recognise", RecogniseRecord(record: record, accept: true), as: other)
    }
    try world.sandbox.call("medical", "recognise", RecogniseRecord(record: record, accept: true), as: puyang)
    expect("badArgument") {
      try world.sandbox.call("medical", "recognise", RecogniseRecord(record: record, accept: false), as: puyang)
    }
    try world.sandbox.call(
      "medical", "revoke", RevokeConsent(consent: consent), as: world.sandbox.caller(MedicalScenario.agent))
    expect("notAllowed") { try access(&world, record, .consent(consent), by: puyang) }
    let late = try world.give(to: puyang.organisation)
    world.sandbox.time = world.sandbox.time.advanced(byMilliseconds: 2_000_000)
    expect("expired") { try access(&world, record, .consent(late), by: puyang) }
    let emergency = DeclareGlass(subject: world.patient, doctorRef: .zero, reasonCode: "unconscious")
    let glass = try world.sandbox.call("medical", "declare", emergency, as: puyang, returning: Digest.self)
    #expect(world.sandbox.lastEvents.contains { $0.name == "medical.glassBroken" })
    try access(&world, condition, .glass(glass), by: puyang)
    expect("notAuthorised") { try access(&world, condition, .glass(glass), by: other) }
    world.sandbox.time = world.sandbox.time.advanced(byMilliseconds: MedicalRecords.glassMs)
    expect("notAllowed") { try access(&world, condition, .glass(glass), by: puyang) }
    let accesses = try world.sandbox.query("medical", "accesses", condition, as: [RecordAccess].self)
    #expect(accesses.map(\.basis) == ["glass"] && accesses.first?.organisation == puyang.organisation)
    #expect(throws: ContractError.self) {
      _ = try world.sandbox.query("medical", "accesses", condition, as: [RecordAccess].self, by: other)
    }
  }

  @Test func anUnansweredEmergencyNeedsASecondDoctor() throws {
    var world = try MedicalScenario(machine: "glass", state: nil)
    let hospital = world.sandbox.caller(MedicalScenario.custodian)
    let auditor = world.sandbox.caller("auditor-1", roles: ["auditor"])
    let doctors = (world.sandbox.genesis.suite.hash([1]), world.sandbox.genesis.suite.hash([2]))
    func declare(_ second: Digest?) throws -> Digest {
      let call = DeclareGlass(
        subject: world.patient, doctorRef: doctors.0, secondDoctorRef: second, reasonCode: "shock")
      return try world.sandbox.call("medical", "declare", call, as: hospital, returning: Digest.self)
    }
    let first = try declare(nil)
    _ = try declare(nil)
    world.sandbox.time = world.sandbox.time.advanced(byMilliseconds: MedicalRecords.glassMs + MedicalRecords.reviewMs + 5_000)
    expect("badArgument") { _ = try declare(nil) }
    expect("badArgument") { _ = try declare(doctors.0) }
    let second = try declare(doctors.1)
    try world.sandbox.call("medical", "review", ReviewGlass(glass: first, justified: true, noteDigest: .zero), as: auditor)
    // The second emergency of the beginning is overdue still.
    expect("badArgument") { _ = try declare(nil) }
    try world.sandbox.call("medical", "review", ReviewGlass(glass: second, justified: false, noteDigest: .zero), as: auditor)
    expect("badArgument") { _ = try declare(nil) }
    _ = try declare(doctors.1)
  }

  @Test func aCodeIsDispensedOnceAndScansTellTheTruth() throws {
    var world = try MedicalScenario(machine: "drug", state: "inStock")
    let pharmacy = world.sandbox.caller(MedicalScenario.pharmacy)
    let other = world.sandbox.caller("other-pharmacy", roles: ["pharmacy"])
    func scan(_ caller: Caller, _ code: DrugTraceCode? = nil) throws -> ScanAnswer {
      try world.sandbox.call("medical", "scan", DrugCall(code: code ?? world.code), as: caller, returning: ScanAnswer.self)
    }
    #expect(try !scan(pharmacy).isSuspect && scan(other).isSuspect)
    let unknown = try DrugTraceCode("00000000000000000001")
    #expect(try scan(pharmacy, unknown) == ScanAnswer(state: "unknown", isSuspect: true, isRecalled: false, isExpired: false))
    expect("notAuthorised") { try world.sandbox.call("medical", "dispense", DrugCall(code: world.code), as: other) }
    var late = world
    late.sandbox.time = late.sandbox.time.advanced(byMilliseconds: 2_000_000_000)
    expect("expired") { try late.perform("dispense", by: pharmacy) }
    try world.perform("dispense", by: pharmacy)
    expect("notAllowed") { try world.sandbox.call("medical", "dispense", DrugCall(code: world.code), as: other) }
    #expect(try scan(other).isSuspect)
    let suspects = try world.sandbox.query("medical", "suspects", world.code, as: [SuspectScan].self)
    #expect(suspects.map(\.state) == ["inStock", "dispensed"] && suspects.allSatisfy { $0.organisation == "other-pharmacy" })
  }

  /// Random life of packages among firms: a code is dispensed at most once, and the batch counts what a recall still reaches.
  @Test func dispensedOnceWhateverHappens() throws {
    var (succeeded, dispensed) = (0, 0)
    for seed in UInt64(0)..<50 {
      var random = SeededRandom(seed)
      var world = try MedicalScenario(machine: "drug", state: nil)
      var codes: [DrugTraceCode] = []
      var ends: [DrugTraceCode: Int] = [:]
      let firms: [OrganisationID] = ["maker-1", "firm-2", "firm-3"]
      for step in 0..<200 {
        let caller = world.sandbox.caller(
          firms[random.below(3)], roles: ["authorisationHolder", "pharmacy", random.chance(5) ? "regulator" : "wholesaler"])
        let carton = "K\(random.below(max(1, codes.count / 2)))"
        let code = codes.isEmpty ? world.code : codes[random.below(codes.count)]
        do {
          switch random.below(10) {
          case 0, 1:
            let new = try (0..<2).map { try DrugTraceCode("8123456" + String(1_000_000_000_000 + codes.count + $0)) }
            let call = ProduceDrugs(
              codes: new, carton: "K\(codes.count / 2)", batch: "B\(random.below(3))",
              expiry: world.sandbox.time.advanced(byMilliseconds: 190_000))
            try world.sandbox.call("medical", "produce", call, as: caller)
            codes += new
          case 2, 3: try world.sandbox.call("medical", "shipDrug", ShipDrugs(cartons: [carton], to: firms[random.below(3)]), as: caller)
          case 4, 5: try world.sandbox.call("medical", "receiveDrug", ReceiveDrugs(cartons: [carton]), as: caller)
          case 6:
            let holder = try world.sandbox.query("medical", "drug", code, as: Registered<TracedDrug>?.self)?.content.holder
            let pharmacy = random.chance(80) ? world.sandbox.caller(holder ?? "nobody", roles: ["pharmacy"]) : caller
            try world.sandbox.call("medical", "dispense", DrugCall(code: code), as: pharmacy)
            ends[code, default: 0] += 1
            dispensed += 1
          case 7 where random.chance(20): try world.sandbox.call("medical", "returnDrug", DrugReason(code: code, reason: "r"), as: caller)
          case 8: try world.sandbox.call("medical", "scan", DrugCall(code: code), as: caller)
          default:
            if step > 150 || random.chance(70) {
              guard step > 150 else { continue }
              let batch = BatchKey(maker: firms[random.below(3)], number: "B\(random.below(3))")
              try world.sandbox.call("medical", "recallDrug", RecallDrugs(batch: batch, reason: "r"), as: caller)
            } else {
              try world.sandbox.call("medical", "reportLost", DrugReason(code: code, reason: "r"), as: caller)
              ends[code, default: 0] += 1
            }
          }
          succeeded += 1
        } catch let error as ContractError {
          guard error != .unexpected else { throw error }
        }
      }
      #expect(ends.values.allSatisfy { $0 == 1 }, "seed \(seed)")
      var counted: [BatchKey: UInt64] = [:]
      for code in codes {
        guard let drug = try world.sandbox.query("medical", "drug", code, as: Registered<TracedDrug>?.self) else { continue }
        let isOpen = ["produced", "inTransit", "inStock", "returned"].contains(drug.state)
        counted[BatchKey(maker: drug.content.maker, number: drug.content.batch), default: 0] += isOpen ? 1 : 0
      }
      for (key, count) in counted {
        #expect(try world.sandbox.query("medical", "batch", key, as: DrugBatch?.self)?.recallable == count, "seed \(seed) \(key)")
      }
    }
    print("medical, seeds 0 to 49: \(succeeded) of 10,000 calls went through, \(dispensed) packages dispensed")
    #expect(succeeded > 2_000 && dispensed > 30)
  }
}
