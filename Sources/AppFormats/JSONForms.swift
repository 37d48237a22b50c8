public import ChainCore

// How documents spell what chains sign: every field by name, digests and bytes in hexadecimal.

/// A path in an append-only tree (RFC 9162 §2.1.3).
public struct PathForm: Codable, Hashable, Sendable {
  /// The leaf's number, from 0.
  public var index: UInt64
  /// The number of leaves.
  public var size: UInt64
  /// Sibling digests, leaf upward.
  public var path: [Digest]

  init(_ proof: InclusionProof) { (index, size, path) = (proof.index, proof.size, proof.path) }
  var proof: InclusionProof { InclusionProof(index: index, size: size, path: path) }
}

/// A checkpoint with the signatures of a quorum.
public struct CertificateForm: Codable, Hashable, Sendable {
  /// What was signed.
  public var checkpoint: Checkpoint
  /// The generation of the set that signed.
  public var generation: UInt64
  /// One bit a member of the set, most significant bit first.
  public var bitmap: HexBytes
  /// One signature per set bit, in the set's order.
  public var signatures: [Signature]

  init(_ certificate: CheckpointCertificate) {
    checkpoint = certificate.checkpoint
    generation = certificate.generation
    bitmap = HexBytes(certificate.bitmap)
    signatures = certificate.signatures
  }

  var certificate: CheckpointCertificate {
    CheckpointCertificate(checkpoint: checkpoint, generation: generation, bitmap: bitmap.bytes, signatures: signatures)
  }
}

/// A validator set.
public struct ValidatorsForm: Codable, Hashable, Sendable {
  /// Rises by one at each change.
  public var generation: UInt64
  /// `moreThanHalf` or `moreThanTwoThirds` of the weight.
  public var rule: String
  /// The members, sorted by key.
  public var members: [Validator]

  init(_ set: ValidatorSet) {
    generation = set.generation
    rule = Self.text(set.rule)
    members = set.members
  }

  /// The set, if it is one.
  func set(of owner: String) throws -> ValidatorSet {
    guard let rule = [QuorumRule.moreThanHalf, .moreThanTwoThirds].first(where: { Self.text($0) == rule }) else {
      throw DocumentError.malformed("the rule of \(owner) is moreThanHalf or moreThanTwoThirds")
    }
    do throws(ValidatorSetError) {
      let set = try ValidatorSet(generation: generation, rule: rule, members: members)
      guard set.members == members else { throw ValidatorSetError.repeatedKey(index: 0) }
      return set
    } catch {
      throw DocumentError.malformed("validators of \(owner) are not a set sorted by key: \(error)")
    }
  }

  private static func text(_ rule: QuorumRule) -> String { rule == .moreThanHalf ? "moreThanHalf" : "moreThanTwoThirds" }
}

/// A change of the validators.
public struct HandoverForm: Codable, Hashable, Sendable {
  /// The certificate of the last height that the set before signs; its checkpoint names the next set.
  public var certificate: CertificateForm
  /// The set that signs from the height after on.
  public var next: ValidatorsForm

  init(_ handover: Handover) {
    certificate = CertificateForm(handover.certificate)
    next = ValidatorsForm(handover.next)
  }

  func handover() throws -> Handover {
    Handover(certificate: certificate.certificate, next: try next.set(of: "generation \(next.generation)"))
  }
}

/// An earlier height in the history of the certified one.
public struct HistoryForm: Codable, Hashable, Sendable {
  /// What the chain was at the earlier height.
  public var leaf: HistoryLeaf
  /// The leaf's path under the certified `historyRoot`.
  public var path: PathForm

  init(_ proof: HistoryProof) {
    leaf = proof.leaf
    path = PathForm(proof.path)
  }

  var proof: HistoryProof { HistoryProof(leaf: leaf, path: path.proof) }
}

/// A record, or its absence, in the certified state.
public struct RecordForm: Codable, Hashable, Sendable {
  /// The state key.
  public var key: HexBytes
  /// The record's canonical bytes; absent if the proof shows that there is none.
  public var value: HexBytes?
  /// The key's path: how it ends and the siblings upward.
  public var proof: StateForm

  package init(_ record: RecordProof) {
    key = HexBytes(record.key)
    value = record.value.map { HexBytes($0) }
    proof = StateForm(record.proof)
  }

  var record: RecordProof { RecordProof(key: key.bytes, value: value?.bytes, proof: proof.proof) }
}

/// A path in the state tree.
public struct StateForm: Codable, Hashable, Sendable {
  /// `present`, `empty` or `otherLeaf`.
  public var end: String
  /// Of `otherLeaf`: the hash of the key that stands there.
  public var keyHash: Digest?
  /// Of `otherLeaf`: the hash of its value.
  public var valueHash: Digest?
  /// Sibling digests, upward.
  public var siblings: [Digest]

  init(_ proof: StateProof) {
    siblings = proof.siblings
    switch proof.end {
    case .present: end = "present"
    case .empty: end = "empty"
    case .otherLeaf(let key, let value):
      end = "otherLeaf"
      keyHash = key
      valueHash = value
    }
  }

  /// Reads a path; fields that do not belong to its end are refused.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    end = try container.decode(String.self, forKey: .end)
    keyHash = try container.decodeIfPresent(Digest.self, forKey: .keyHash)
    valueHash = try container.decodeIfPresent(Digest.self, forKey: .valueHash)
    siblings = try container.decode([Digest].self, forKey: .siblings)
    let isOther = end == "otherLeaf"
    guard ["present", "empty", "otherLeaf"].contains(end), (keyHash != nil) == isOther, (valueHash != nil) == isOther else {
      throw DecodingError.dataCorruptedError(forKey: .end, in: container, debugDescription: "present, empty or otherLeaf expected")
    }
  }

  var proof: StateProof {
    guard end == "otherLeaf", let keyHash, let valueHash else {
      return StateProof(end: end == "present" ? .present : .empty, siblings: siblings)
    }
    return StateProof(end: .otherLeaf(keyHash: keyHash, valueHash: valueHash), siblings: siblings)
  }
}
