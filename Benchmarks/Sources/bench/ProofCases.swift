import ChainCore
import ChainTesting
import CrossChain
internal import CBaselines

/// Proofs of records, and what another chain pays to believe one.
enum ProofCases {
  static let all = [
    Case(name: "proof.make", unit: "µs", baseline: "one SM3 of 256 bytes, EVP") { size in
      let (chain, keys) = try chain(size)
      var random = SplitMix(state: 7)
      let height = chain.ledger.head.height
      let count = size.count(2_000)
      return Sides(
        ours: {
          let places = (0..<count).map { _ in key(random.next() % keys) }
          return microseconds(count) { for place in places { _ = try? chain.ledger.proveRecord(place, at: height) } }
        },
        baseline: { hashMicroseconds() }, details: { ["keys": Double(keys)] })
    },
    Case(name: "proof.verify", unit: "µs", baseline: "one SM3 of 256 bytes, EVP") { size in
      let (chain, keys) = try chain(size)
      var random = SplitMix(state: 7)
      let head = chain.ledger.head
      let proofs = try (0..<size.count(1_000)).map { _ in try chain.ledger.proveRecord(key(random.next() % keys), at: head.height) }
      return Sides(
        ours: {
          try microseconds(proofs.count) {
            for proof in proofs { try proof.verify(stateRoot: head.checkpoint.stateRoot, suite: chain.ledger.suite) }
          }
        },
        baseline: { hashMicroseconds() },
        details: {
          ["bytes": Double(proofs.reduce(0) { $0 + $1.proof.canonicalBytes.count }) / Double(proofs.count), "keys": Double(keys)]
        })
    },
    Case(name: "packet.verify", unit: "ms", baseline: "its certificate's signatures by OpenSSL, one after another") { size in
      let packet = try CertifiedPacket(keys: size == .full ? 100_000 : 1_000)
      let signer = try Signer()
      for _ in 0..<50 { try packet.verify() }
      let count = size.count(500)
      return Sides(
        ours: { try microseconds(count) { for _ in 0..<count { try packet.verify() } } / 1_000 },
        baseline: { Double(packet.signatures) * 1_000 / signer.openSSLRate(size.count(300)) },
        details: { ["bytes": Double(packet.byteCount), "signatures": Double(packet.signatures)] })
    },
  ]

  private static func chain(_ size: Size) throws -> (CellChain, UInt64) {
    let chain = try CellChain.shared(keys: size.count(LedgerCases.manyKeys))
    return (chain, chain.keys)
  }

  static func key(_ number: UInt64) -> StateKey { StateKey(contract: Cells.name, table: Cells.cells.name, key: Cells.key(number)) }

  static func microseconds(_ count: Int, _ body: () throws -> Void) rethrows -> Double { 1e6 / (try processorRate(of: count, body)) }

  private static func hashMicroseconds() -> Double {
    let messages = [UInt8](repeating: 7, count: 256 * 1_000)
    var digests = [UInt8](repeating: 0, count: 32 * 1_000)
    return 1e6 / processorRate(of: 1_000) { unsafe bench_hash(1, messages, 256, 1_000, &digests) }
  }
}

/// A packet on its way: header, payload, the proof that its chain committed to it, and the certificate of four validators.
struct CertifiedPacket {
  let bytes: [UInt8]
  let rules: LightClient.Rules
  let set: ValidatorSet
  let signatures: Int

  /// What travels.
  struct Parcel: CanonicalRecord, Hashable {
    var block: LightBlock
    var record: RecordProof
    var payload: [UInt8]
    static let layout = Layout(Self.init, \.block, \.record, \.payload)
  }

  /// A packet of a chain with `keys` records.
  init(keys: Int) throws {
    var parameters = ChainParameters()
    parameters.blockBytes = 64 << 20
    var chain = try SoloChain([Cells()], organisations: ["office": []], parameters: parameters, validators: 4)
    let clerk = try chain.member("office")
    for start in stride(from: 0, to: keys, by: 1_000) {
      try chain.call(Cells.name, "fill", Cells.Fill(from: UInt64(start), count: UInt64(min(1_000, keys - start))), by: clerk)
    }
    // A quorum of more than a half is three of four.
    let checkpoint = chain.ledger.head.checkpoint
    let certificate = try chain.certify(checkpoint, signers: [0, 1, 2])
    let parcel = Parcel(
      block: LightBlock(header: chain.ledger.head.header, certificate: certificate),
      record: try chain.ledger.proveRecord(ProofCases.key(UInt64(keys / 2)), at: checkpoint.height),
      payload: [UInt8](repeating: 7, count: 500))
    bytes = parcel.canonicalBytes
    rules = LightClient.Rules(chain: chain.genesis.chain, genesis: chain.ledger.genesisID, suite: chain.suite, threshold: .moreThanHalf)
    set = chain.genesis.validators
    signatures = certificate.signatures.count
  }

  var byteCount: Int { bytes.count }

  /// Decodes it and believes it, or throws.
  func verify() throws {
    let parcel = try Parcel(canonicalBytes: bytes)
    let trusted = try LightClient.follow([UpdateStep(block: parcel.block)], from: set, in: rules)
    try parcel.record.verify(stateRoot: trusted.stateRoot, suite: rules.suite)
  }
}
