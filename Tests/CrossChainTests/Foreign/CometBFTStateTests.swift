import ChainCore
import Testing

@testable import CrossChain

/// State of a CometBFT chain: a key in a store's IAVL tree, the store under the app hash, the app hash in the next height's header.
@Suite struct CometBFTState {
  private let chain = CometBFTChain()
  private let members: [CometBFTChain.Member]
  private let state: CosmosState
  private let client: CometBFTClient
  private let now = CometBFTChain.now(20)

  init() throws {
    members = try CometBFTChain.members(0..<4)
    let balances = (0..<21).map { (key: Array("balance/\(2 * $0 + 10)".utf8), value: Array("\($0) coins".utf8)) }
    state = CosmosState(stores: [
      "bank": IAVLStore(balances), "ibc": IAVLStore([(Array("clients".utf8), [1])]), "staking": IAVLStore([([9], [9]), ([8], [8])]),
    ])
    var client = try CometBFTClient(chain.registration(by: members))
    // The state after height 5 is named by height 6.
    let block = try chain.block(6, by: members, appHash: try state.appHash())
    _ = try client.update(
      CometBFTUpdate(block: block, trustedHeight: 1, trustedValidators: CometBFTChain.set(members)).encoded, now: now)
    self.client = client
  }

  private func verify(
    _ store: String, _ key: [UInt8], _ value: [UInt8]?, _ proof: [UInt8], at height: UInt64 = 5
  ) throws(ForeignError) -> BlockTime {
    try client.verify(.state(store: store, key: key, value: value), proof: proof, at: height, now: now)
  }

  @Test func presenceAndAbsence() throws {
    for pair in state.stores["bank"]?.pairs ?? [] {
      let proof = try state.proof("bank", pair.key).encoded
      #expect(try verify("bank", pair.key, pair.value, proof) == BlockTime(UInt64(CometBFTChain.start + 60) * 1_000))
      #expect(throws: ForeignError.stateProof(.otherValue)) { try verify("bank", pair.key, [1], proof) }
      #expect(throws: ForeignError.stateProof(.otherKey)) { try verify("bank", [1], pair.value, proof) }
      #expect(throws: ForeignError.stateProof(.otherKey)) { try verify("ibc", pair.key, pair.value, proof) }
      #expect(throws: ForeignError.stateProof(.notNonExistence)) { try verify("bank", pair.key, nil, proof) }
    }
    for name in ["a", "balance/11", "balance/31", "balance/51", "z"] {
      let key = Array(name.utf8)
      let proof = try state.proof("bank", key).encoded
      _ = try verify("bank", key, nil, proof)
      #expect(throws: ForeignError.stateProof(.notExistence)) { try verify("bank", key, [1], proof) }
    }
    _ = try verify("ibc", Array("clients".utf8), [1], try state.proof("ibc", Array("clients".utf8)).encoded)
    _ = try verify("staking", [8], [8], try state.proof("staking", [8]).encoded)
  }

  @Test func heightsAndKinds() throws {
    let key = Array("balance/12".utf8)
    let proof = try state.proof("bank", key).encoded
    let value = Array("1 coins".utf8)
    // Header 6 says nothing of the state after 6 or after 4.
    #expect(throws: ForeignError.unknownHeight(6, latest: 6)) { try verify("bank", key, value, proof, at: 6) }
    #expect(throws: ForeignError.unknownHeight(4, latest: 6)) { try verify("bank", key, value, proof, at: 4) }
    #expect(throws: ForeignError.unknownHeight(.max, latest: 6)) { try verify("bank", key, value, proof, at: .max) }
    // The header that was registered names no state.
    #expect(throws: ForeignError.stateProof(.badRoot)) { try verify("bank", key, value, proof, at: 0) }
    #expect(throws: ForeignError.notSupported(.receiptInclusion)) {
      try client.verify(.receipt([1]), proof: proof, at: 5, now: now)
    }
    #expect(throws: ForeignError.expired(height: 6)) {
      try client.verify(.state(store: "bank", key: key, value: value), proof: proof, at: 5, now: CometBFTChain.now(110))
    }
    #expect(throws: ForeignError.proofCount(0)) { try verify("bank", key, value, []) }
    let half = ProtobufWriter.encode { $0.message(1, (try? state.proof("bank", key))?.key.encoded ?? []) }
    #expect(throws: ForeignError.proofCount(1)) { try verify("bank", key, value, half) }
    #expect(throws: ForeignError.malformed(.tooLong(offset: proof.count, field: 1, limit: 2))) {
      try verify("bank", key, value, proof + half)
    }
    // A name that is empty names no store.
    #expect(throws: ForeignError.stateProof(.emptyKey)) { try verify("", key, value, proof) }
  }

  @Test func everyChangedByteIsRefused() throws {
    var refused = 0
    let key = Array("balance/12".utf8)
    let proof = try state.proof("bank", key).encoded
    for (key, value) in [(key, Array("1 coins".utf8)), (Array("balance/13".utf8), nil)] {
      let proof = value == nil ? try state.proof("bank", key).encoded : proof
      for index in proof.indices {
        for mask in [1, 2, 0x10, 0x80] as [UInt8] {
          var changed = proof
          changed[index] ^= mask
          do throws(ForeignError) {
            _ = try verify("bank", key, value, changed)
            #expect(value == nil && withoutName(changed) == withoutName(proof), "byte \(index) ^ \(mask) went unnoticed")
          } catch {
            refused += 1
          }
        }
      }
    }
    print("cometbft state proofs: \(refused) changes refused")
  }

  /// The proof without the key that an absence proof names, which is nobody's statement.
  private func withoutName(_ bytes: [UInt8]) -> CometBFTStateProof? {
    guard var proof = try? CometBFTStateProof(decoding: bytes), case .nonExistence(var absence) = proof.key else { return nil }
    absence.key = []
    proof.key = .nonExistence(absence)
    return proof
  }
}
