public import Apps
public import ChainCore
public import CrossChain

/// A licence's record on another chain, as a file: whoever trusts the relay checks it offline.
public struct RemoteProofDocument: Codable, Hashable, Sendable {
  /// The name and version of the format.
  public static let format = "yuchain-remote-proof/1"

  /// `yuchain-remote-proof/1`.
  public var format: String
  /// The relay that the proof leads through.
  public var relay: ChainID
  /// The chain that holds the licence.
  public var chain: ChainID
  /// The height of the state that holds it.
  public var height: BlockHeight
  /// The time of that height's block.
  public var time: BlockTime
  /// The licence.
  public var licence: LicenceNumber
  /// Its state at that time.
  public var state: RecordState
  /// The canonical bytes of the `RemoteProof`.
  public var proof: HexBytes

  /// The document of a proof that verifies under `anchor`.
  /// - Throws: `RemoteProofError`, `ContractError`.
  public init(licence: LicenceNumber, proof: RemoteProof, anchor: TrustAnchor) throws {
    let verified = try proof.verify(anchor: anchor)
    let record = try verified.record(of: ElectronicLicence.name, ElectronicLicence.licences.records, licence)
    format = Self.format
    relay = proof.relay
    chain = verified.chain
    height = verified.height
    time = verified.time
    self.licence = licence
    state = record.map { Licence.state(of: $0, at: verified.time) } ?? "absent"
    self.proof = HexBytes(proof.canonicalBytes)
  }

  /// Reads a document.
  /// - Throws: `DocumentError`.
  public init(document: [UInt8]) throws {
    self = try StrictJSON.decode(document, as: RemoteProofDocument.self)
    guard format == Self.format else { throw DocumentError.format(found: format, expected: Self.format) }
  }

  /// Checks everything that the document says.
  public func verify(anchors: TrustAnchors) -> [Check] {
    var list = CheckList()
    do {
      let proof = try list.run("proof form") { try RemoteProof(canonicalBytes: self.proof.bytes) }
      guard let anchor = anchors.anchor(of: relay) else {
        throw CheckFailed("anchor", "the relay \(relay) is not among the trusted chains")
      }
      list.pass("anchor", "\(relay), genesis \(anchor.genesis)")
      let verified = try list.run("proof") { try proof.verify(anchor: anchor) }
      let signers = proof.steps.last?.block.certificate.signers.count ?? 0
      // The last step may name a set that signs after it.
      let set = proof.steps.dropLast().compactMap(\.nextSet).last ?? anchor.validators
      list.pass("proof", "\(signers) of \(set.members.count) relay validators signed; every hash leads from the record to them")
      try list.require(verified.chain == chain, "chain", "the proof is about \(verified.chain)")
      try list.require(ElectronicLicence.home(of: licence) == chain, "home chain", "the licence's issuer has its home on another chain")
      try list.require(verified.height == height, "height", "the proof is about height \(verified.height)")
      try list.require(verified.time == time, "time", "the proof is about time \(verified.time)")
      list.pass("place", "chain \(chain), height \(height), time \(time) ms")
      let record = try list.run("record") {
        try verified.record(of: ElectronicLicence.name, ElectronicLicence.licences.records, licence)
      }
      let found = record.map { Licence.state(of: $0, at: verified.time) } ?? "absent"
      try list.require(found == state, "state", "the record says \(found)")
      list.pass("state", "licence \(licence) is \(state)")
    } catch let failure as CheckFailed {
      list.fail(failure)
    } catch {
      list.fail(CheckFailed("document", "\(error)"))
    }
    return list.checks
  }
}
