/// A proof of state in Cosmos SDK's stores: a key in the IAVL tree of one store, and that store in the simple tree whose root is the app
/// hash. Its bytes are an `ibc.core.commitment.v1.MerkleProof`.
public struct CometBFTStateProof: Sendable, Hashable {
  /// The proof of the key in its store.
  public var key: ICS23.CommitmentProof
  /// The proof of the store's root under the app hash.
  public var store: ICS23.CommitmentProof

  /// Puts the parts together; nothing is checked before it is verified.
  public init(key: ICS23.CommitmentProof, store: ICS23.CommitmentProof) {
    self.key = key
    self.store = store
  }

  /// Reads the protobuf form, strictly; at most 1 MiB.
  /// - Throws: `ForeignError.malformed`, `.proofCount`, `.stateProof`.
  public init(decoding bytes: [UInt8]) throws(ForeignError) {
    var proofs: [ICS23.CommitmentProof] = []
    do throws(ProtobufError) {
      var reader = try ProtobufReader(bytes, limit: ICS23.byteLimit)
      while let field = try reader.next() {
        guard field.number == 1 else { throw reader.unknown(field) }
        var part = try reader.element(field, count: proofs.count, limit: 2)
        // A batch proof.
        guard let proof = try ICS23.CommitmentProof.read(&part) else { throw reader.unknown(field) }
        proofs.append(proof)
      }
    } catch {
      throw .malformed(error)
    }
    guard proofs.count == 2 else { throw .proofCount(proofs.count) }
    self.init(key: proofs[0], store: proofs[1])
  }

  /// The protobuf form.
  public var encoded: [UInt8] {
    ProtobufWriter.encode { writer in
      writer.message(1, key.encoded)
      writer.message(1, store.encoded)
    }
  }

  /// Verifies that `key` of `store` has `value`, or none if that is `nil`, under `appHash`.
  /// - Throws: `ForeignError.stateProof`.
  func verify(store name: String, key: [UInt8], value: [UInt8]?, appHash: [UInt8]) throws(ForeignError) {
    do throws(ICS23Error) {
      let root = try ICS23.root(of: self.key, spec: .iavl)
      try ICS23.verifyMembership(store, key: Array(name.utf8), value: root, root: appHash, spec: .tendermint)
      if let value {
        try ICS23.verifyMembership(self.key, key: key, value: value, root: root, spec: .iavl)
      } else {
        try ICS23.verifyNonMembership(self.key, key: key, root: root, spec: .iavl)
      }
    } catch {
      throw .stateProof(error)
    }
  }
}
