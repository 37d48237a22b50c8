internal import ChainCore

/// Proofs of presence and absence in the state trees of other chains, by the rules of ICS-23 (cosmos/ics23, `cosmos.ics23.v1`).
///
/// The verifier gives key, value, root and spec; the proof holds only what it cannot know. Stricter than upstream, because each of these
/// was an attack or a second form of one proof:
/// - keys are never empty, absent ones included; roots are never zero;
/// - a leaf's prefix *is* the spec's; longer ones could swallow the head of a stored key (Dragonberry, 2022);
/// - a step holds every other child once: prefix and suffix cannot hide a third child, or leave one out;
/// - of IAVL, heights and sizes grow along the path, versions do not shrink, and each node is read to its last byte (BNB, 2022);
/// - where a path is the hash of the key (`smt`, `jmt`), each step turns where that hash says;
/// - batch proofs and everything that `ProtobufReader` refuses.
///
/// What no verifier can see: an owner of an IAVL or Tendermint tree who does not sort its leaves can show presence *and* absence of one
/// key. Trees whose path is the key's hash cannot express that.
public enum ICS23 {
  /// The greatest number of bytes of a proof.
  public static let byteLimit = 1 << 20
  /// The greatest number of steps of a path, whatever the spec says.
  public static let depthLimit = 256

  /// Hash functions, by their protobuf numbers.
  public enum HashOp: UInt32, Sendable, Hashable, CaseIterable {
    /// The bytes themselves.
    case none = 0
    /// SHA-256.
    case sha256 = 1
    /// SHA-512.
    case sha512 = 2
    /// Keccak-256, which OpenSSL 3.0 does not have.
    case keccak256 = 3
    /// RIPEMD-160.
    case ripemd160 = 4
    /// RIPEMD-160 of SHA-256.
    case bitcoin = 5
    /// SHA-512/256.
    case sha512Half = 6
    /// BLAKE2b with 64 bytes.
    case blake2b = 7
    /// BLAKE2s with 32 bytes.
    case blake2s = 8
    /// BLAKE3, which OpenSSL does not have.
    case blake3 = 9

    /// The hash of `bytes`.
    /// - Throws: `ICS23Error.unsupportedHash`.
    func hash(_ bytes: [UInt8]) throws(ICS23Error) -> [UInt8] {
      let hashed: [UInt8]? =
        switch self {
        case .none: bytes
        case .sha256: CryptoSuite.international.hash(bytes).bytes
        case .sha512: OtherHash.sha512.hash(bytes)
        case .ripemd160: OtherHash.ripemd160.hash(bytes)
        case .bitcoin: OtherHash.ripemd160.hash(CryptoSuite.international.hash(bytes).bytes)
        case .sha512Half: OtherHash.sha512Half.hash(bytes)
        case .blake2b: OtherHash.blake2b.hash(bytes)
        case .blake2s: OtherHash.blake2s.hash(bytes)
        case .keccak256, .blake3: nil
        }
      guard let hashed else { throw .unsupportedHash(self) }
      return hashed
    }
  }

  /// How the length of a key or value is written before it, by protobuf numbers.
  public enum LengthOp: UInt32, Sendable, Hashable, CaseIterable {
    /// Not at all.
    case none = 0
    /// As a protobuf varint.
    case varint = 1
    /// As RLP.
    case rlp = 2
    /// In four bytes, big-endian.
    case fixed32Big = 3
    /// In four bytes, little-endian.
    case fixed32Little = 4
    /// In eight bytes, big-endian.
    case fixed64Big = 5
    /// In eight bytes, little-endian.
    case fixed64Little = 6
    /// Not at all, but there must be 32 bytes.
    case require32 = 7
    /// Not at all, but there must be 64 bytes.
    case require64 = 8
  }

  /// Verifies that `key` has `value` under `root`.
  ///
  /// - Parameters:
  ///   - proof: A `CommitmentProof` of at most 1 MiB.
  ///   - root: The trusted root.
  ///   - spec: How the trusted tree is made.
  /// - Throws: `ICS23Error` naming the failed check.
  /// - Complexity: one hash a step and three; the proof is read and its form checked before anything is hashed.
  public static func verifyMembership(
    _ proof: [UInt8], key: [UInt8], value: [UInt8], root: [UInt8], spec: ProofSpec
  ) throws(ICS23Error) {
    try verifyMembership(try CommitmentProof(decoding: proof), key: key, value: value, root: root, spec: spec)
  }

  /// Verifies that `key` has no value under `root`; otherwise as `verifyMembership`.
  ///
  /// The key that the proof names is not looked at: two neighbours prove the absence of every key between them.
  public static func verifyNonMembership(
    _ proof: [UInt8], key: [UInt8], root: [UInt8], spec: ProofSpec
  ) throws(ICS23Error) {
    try verifyNonMembership(try CommitmentProof(decoding: proof), key: key, root: root, spec: spec)
  }

  /// As the form that takes bytes.
  public static func verifyMembership(
    _ proof: CommitmentProof, key: [UInt8], value: [UInt8], root: [UInt8], spec: ProofSpec
  ) throws(ICS23Error) {
    guard case .existence(let existence) = proof else { throw .notExistence }
    guard !key.isEmpty else { throw .emptyKey }
    guard !value.isEmpty else { throw .emptyValue }
    guard existence.key == key else { throw .otherKey }
    guard existence.value == value else { throw .otherValue }
    try existence.verify(root: root, spec: spec)
  }

  /// As the form that takes bytes.
  public static func verifyNonMembership(
    _ proof: CommitmentProof, key: [UInt8], root: [UInt8], spec: ProofSpec
  ) throws(ICS23Error) {
    guard case .nonExistence(let absence) = proof else { throw .notNonExistence }
    guard !key.isEmpty else { throw .emptyKey }
    try absence.verify(key: key, root: root, spec: spec)
  }

  /// The root that a proof leads to, nothing of it being believed: for proofs that are chained.
  ///
  /// - Throws: `ICS23Error` if the proof has not the form that `spec` demands.
  public static func root(of proof: CommitmentProof, spec: ProofSpec) throws(ICS23Error) -> [UInt8] {
    switch proof {
    case .existence(let existence): return try existence.root(spec: spec)
    case .nonExistence(let absence):
      guard let neighbour = absence.left ?? absence.right else { throw .noNeighbours }
      return try neighbour.root(spec: spec)
    }
  }
}
