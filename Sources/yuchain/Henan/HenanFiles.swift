internal import AppFormats
internal import Apps
internal import ChainCore
internal import ChainNode
internal import CrossChain
internal import Foundation

// What anybody verifies without the province's network, and the table of all chains.

extension HenanStory {
  /// For every city an evidence package and a remote proof, verified as `yuchain verify` does.
  func writeFiles(_ licences: [CityLicence]) async throws {
    story.heading("Every city's files verify offline")
    let trusted = try ([network.relay] + network.cityChains).map { try TrustAnchor(of: $0.nodes[0].ledger) }
    let anchors = TrustAnchors(trusted)
    try Console.write(try StrictJSON.encode(anchors), to: "\(story.out)/anchors.json")
    let counts = try await Self.together(licences) { licence in
      let ledger = licence.chain.nodes[0].ledger
      try await licence.chain.nodes[0].certified(ledger.head.height)
      let folder = "\(story.out)/\(licence.city.division.code)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let package = try EvidencePackage(
        ledger: ledger, deposit: licence.deposit, file: ("document.txt", nil, story.document(of: licence.city)), origin: nil)
      let key = StateKey(contract: ElectronicLicence.name, table: ElectronicLicence.licences.records.name, key: licence.licence)
      let proof = try RemoteProof(of: key, on: ledger, through: story.relay)
      let document = try RemoteProofDocument(licence: licence.licence, proof: proof, anchor: trusted[0])
      var count = 0
      for (name, bytes) in [("evidence-package.json", try package.document()), ("remote-proof.json", try StrictJSON.encode(document))] {
        try Console.write(bytes, to: "\(folder)/\(name)")
        let checks = try Verification.checks(of: try Console.read("\(folder)/\(name)"), anchors: anchors)
        guard checks.allSatisfy(\.holds) else { throw Misuse("\(folder)/\(name) does not verify") }
        count += checks.count
      }
      return count
    }
    story.tell("\(2 * counts.count) files in \(story.out)/<division>/: valid, \(counts.reduce(0, +)) checks; \(story.out)/anchors.json")
  }

  /// Waits until nothing is under way, and prints what every chain did.
  func finish() async throws {
    let chains = [network.main] + network.cityChains
    try await story.wait(for: "settlement of every packet") { () async throws -> Void? in
      var open = 0
      for chain in chains { open += try await network.network.unsettled(of: chain.chain) }
      return open == 0 ? () : nil
    }
    let status = try await network.network.status()
    story.heading("What each chain did")
    var table = TextTable(
      ["chain", "", "engine", "height", "sent", "received", "settled", "records", "certificates", "signatures", "status"],
      right: [3, 4, 5, 6, 7, 8, 9])
    for each in status { table.add(row(each)) }
    for line in table.lines { story.tell(line) }
    let sent = status.reduce(0) { $0 + $1.traffic.sent }
    let settled = status.reduce(0) { $0 + $1.traffic.settled }
    let received = status.reduce(0) { $0 + $1.traffic.received }
    let failed = status.reduce(0) { $0 + $1.traffic.unsuccessful }
    guard sent == settled, received == sent, failed == 0, status.allSatisfy(\.failures.isEmpty) else {
      throw Misuse("\(sent) packets were sent, \(received) received, \(settled) settled, \(failed) without success")
    }
    story.tell(
      "\(sent) packets were sent, each was received once and settled; the relay's log has \(status[0].traffic.hops) records of them")
    let rows = status.map { HenanRow($0, label: label(of: $0.chain)) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Console.write(Array(try encoder.encode(rows)), to: "\(story.out)/province.json")
  }

  private func label(of chain: ChainID) -> String {
    if chain == network.relay.chain { return "中继链 relay" }
    if chain == network.main.chain { return "主链 main chain" }
    return (cities + [network.plans.joining].compactMap(\.self)).first { $0.chain == chain }?.label ?? ""
  }

  private func row(_ status: ChainStatus) -> [String] {
    let traffic = status.traffic
    return [
      status.chain.rawValue, label(of: status.chain), status.engine == .simplex ? "BFT" : "Raft", "\(status.head)", "\(traffic.sent)",
      "\(traffic.received)", "\(traffic.settled)", "\(status.stateRecords)", "\(traffic.verified.certificates)",
      "\(traffic.verified.signatures)", status.phase.rawValue,
    ]
  }
}

/// A row of `province.json`.
struct HenanRow: Encodable {
  var chain: String
  var label: String
  var engine: String
  var height: UInt64
  var sent: Int
  var received: Int
  var settled: Int
  var records: Int
  /// Certificates of other chains that each validator verified, and the signatures that they carry.
  var certificates: Int
  var signatures: Int
  var phase: String

  init(_ status: ChainStatus, label: String) {
    chain = status.chain.rawValue
    self.label = label
    engine = status.engine == .simplex ? "bft" : "raft"
    height = status.head.rawValue
    sent = status.traffic.sent
    received = status.traffic.received
    settled = status.traffic.settled
    records = status.stateRecords
    certificates = status.traffic.verified.certificates
    signatures = status.traffic.verified.signatures
    phase = status.phase.rawValue
  }
}
