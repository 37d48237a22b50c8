import Apps
import ChainCore
import ChainTesting
import CrossChain
import Testing

/// Stands where `xc` stands: believes every proof, as of another hospital's city, but none that is too old.
private struct TrustingCity: PacketSender {
  static let name: ContractName = "xc"
  static let age = Table<SingleKey, UInt64>("age")
  var entries: Entries {
    Entry("setAge", by: .member) { (ms: UInt64, context) in try context.put(Self.age, SingleKey(), ms) }
    Query("verifyRemote") { (question: RemoteQuestion, context) -> VerifiedRecord in
      let age = try context.get(Self.age, SingleKey()) ?? 0
      if age > question.maxAgeMs { throw ContractError.stale(found: age) }
      return VerifiedRecord(
        chain: MedicalRemote.city, genesis: .none, suite: context.suite, height: 7, time: context.time, key: question.proof.record.key,
        value: question.proof.record.value)
    }
  }
  func send(
    _ packet: OutgoingPacket, from port: ContractName, by caller: Caller, _ context: ContractContext
  ) throws(ContractError) -> SentPacket { SentPacket(id: .zero, sequence: 1) }
}

/// An emergency that a hospital declared on its own city's chain opens a document here, by proof.
@Suite struct MedicalRemote {
  static let city: ChainID = "henan/410900"
  static let hospital: OrganisationID = "12410900MB0A09012D"

  var sandbox: ContractSandbox
  let parties: Parties
  let record: Digest
  var patient: SubjectRef { parties.person("patient") }

  init() throws {
    parties = try Parties(domain: MedicalRecords.domain, organisations: [])
    sandbox = try ContractSandbox(
      [MedicalRecords(), TrustingCity()], organisations: [Parties.service: [.identityService], "custodian": ["hospital"]],
      authorities: [parties.authority], members: parties.certificates)
    let call = IndexRecord(
      kind: "AllergyIntolerance", itemCommitment: .zero, subject: parties.person("patient"), digest: .zero, envelope: .zero,
      recognisableUntil: 2_000_000_000_000)
    record = try sandbox.call("medical", "index", call, as: sandbox.caller("custodian"), returning: Digest.self)
  }

  private func glass(_ change: (inout Registered<BrokenGlass>) -> Void = { _ in }) -> Registered<BrokenGlass> {
    let content = BrokenGlass(
      subject: patient, doctor: .zero, secondDoctor: nil, reasonCode: "shock", declared: sandbox.time, number: 1, justified: nil,
      noteDigest: nil)
    var glass = Registered(state: "open", owner: Self.hospital, version: 1, changedAt: sandbox.time, content: content)
    change(&glass)
    return glass
  }

  private mutating func read(
    _ glass: Registered<BrokenGlass>?, key: StateKey? = nil, from chain: ChainID? = city, hospital: OrganisationID = hospital,
    roles: [Role] = ["hospital"]
  ) throws {
    let id = sandbox.genesis.suite.hash([7])
    let place = key ?? StateKey(contract: "medical", table: "glasses", key: id)
    let end: StateProof.End = glass == nil ? .empty : .present
    let proof = RemoteProof(
      relay: "henan/relay", steps: [], pin: nil, checkpoint: RecordProof(key: [], value: nil, proof: StateProof(end: .empty, siblings: [])),
      past: nil,
      record: RecordProof(key: place.bytes, value: glass?.canonicalBytes, proof: StateProof(end: end, siblings: [])))
    let scope = AccessScope(record: record, purpose: "emergency", certificate: [1])
    let caller = sandbox.caller(
      hospital, roles: roles, origin: chain.map { .remote(chain: $0, port: "medical") } ?? .local)
    try sandbox.call("medical", "access", AccessRecord(scope: scope, basis: .remoteGlass(id, proof)), as: caller)
  }

  @Test mutating func anOpenGlassOfTheOwnCityOpensTheDocument() throws {
    let (open, before) = (glass(), sandbox.records)
    var count = 0
    func refused(_ code: String, _ body: () throws -> Void) {
      expect(code) { try body() }
      count += 1
    }
    let other = parties.person("somebody else")
    let closed = BlockTime(sandbox.time.rawValue - MedicalRecords.glassMs - 1)
    let wrong = StateKey(contract: "medical", table: "glasses", key: Digest.zero)
    refused("notAuthorised") { try read(open, hospital: "other-hospital") }
    refused("notAuthorised") { try read(open, roles: []) }
    refused("notAuthorised") { try read(open, from: "henan/410100") }
    // Here, on the custodian's chain, it would have declared it here.
    refused("notAuthorised") { try read(open, from: nil) }
    refused("notAuthorised") { try read(glass { $0.content.subject = other }) }
    refused("notAllowed") { try read(glass { $0.content.declared = closed }) }
    refused("notAllowed") { try read(glass { $0.state = "reviewed" }) }
    refused("notFound") { try read(nil) }
    refused("badArgument") { try read(open, key: wrong) }
    try sandbox.call("xc", "setAge", UInt64(MedicalRecords.freshnessMs + 1), as: sandbox.caller("custodian"))
    refused("stale") { try read(open) }
    try sandbox.call("xc", "setAge", UInt64(MedicalRecords.freshnessMs), as: sandbox.caller("custodian"))
    #expect(sandbox.records.filter { before[$0.key] != $0.value }.count == 1, "a refused access left something")
    try read(open)
    let accesses = try sandbox.query("medical", "accesses", record, as: [RecordAccess].self)
    #expect(accesses.map(\.basis) == ["glass"] && accesses.first?.organisation == Self.hospital)
    print("medical: emergencies of another chain, 1 taken, \(count) refused")
  }
}
