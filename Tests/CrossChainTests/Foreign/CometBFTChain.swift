import ChainCore

@testable import CrossChain

/// A CometBFT chain with real keys: each height has its validators, its state, and a commit over its header.
struct CometBFTChain {
  static let name = "cosmos-1"
  static let start: Int64 = 1_700_000_000

  /// A validator with its secret.
  struct Member {
    var key: PrivateKey
    var power: Int64
    var validator: CometBFT.Validator { CometBFT.Validator(key: key.publicKey, power: power) }
  }

  let form = CometBFTProtobufForm()

  static func members(_ range: Range<Int>, power: Int64 = 10) throws -> [Member] {
    try range.map { number in
      let secret = CryptoSuite.international.hash(Array("validator \(number)".utf8)).bytes
      return Member(key: try PrivateKey(suite: .international, secret: secret), power: power)
    }
  }

  static func set(_ members: [Member]) -> CometBFT.ValidatorSet { CometBFT.ValidatorSet(members.map(\.validator)) }

  /// Ten seconds a block.
  static func time(_ height: Int64) -> CometBFT.Timestamp { CometBFT.Timestamp(seconds: start + height * 10, nanoseconds: 5) }

  static func now(_ height: Int64) -> BlockTime { BlockTime(UInt64(start + height * 10) * 1_000 + 500) }

  func header(
    _ height: Int64, by members: [Member], next: [Member]? = nil, time: CometBFT.Timestamp? = nil,
    appHash: [UInt8] = [], chain: String = Self.name
  ) -> CometBFT.Header {
    let digest = CryptoSuite.international.hash(Array("\(height)".utf8)).bytes
    return CometBFT.Header(
      chainID: chain, height: height, time: time ?? Self.time(height),
      lastBlockID: CometBFT.BlockID(hash: digest, parts: CometBFT.PartSetHeader(total: 1, hash: digest)), lastCommitHash: digest,
      dataHash: digest, validatorsHash: form.hash(Self.set(members)), nextValidatorsHash: form.hash(Self.set(next ?? members)),
      consensusHash: digest, appHash: appHash, lastResultsHash: digest, evidenceHash: digest,
      proposerAddress: Self.set(members).validators[0].address)
  }

  /// The block of `header`, signed by those at `signers`; the others are absent.
  func block(
    _ header: CometBFT.Header, by members: [Member], signers: [Int]? = nil, none: [Int] = []
  ) throws -> CometBFT.LightBlock {
    let digest = CryptoSuite.international.hash(Array("parts".utf8)).bytes
    let id = CometBFT.BlockID(hash: form.hash(header), parts: CometBFT.PartSetHeader(total: 3, hash: digest))
    let signatures = try members.enumerated().map { index, member -> CometBFT.CommitSignature in
      let isNone = none.contains(index)
      guard isNone || (signers ?? Array(members.indices)).contains(index) else { return .absent }
      let time = CometBFT.Timestamp(seconds: header.time.seconds + 1, nanoseconds: UInt32(index))
      let message = form.signBytes(
        chain: header.chainID, height: header.height, round: 2, block: isNone ? nil : id, time: time)
      let vote = CometBFT.Vote(address: member.validator.address, time: time, signature: try member.key.sign(message: message))
      return isNone ? .none(vote) : .commit(vote)
    }
    return CometBFT.LightBlock(
      header: header, commit: CometBFT.Commit(height: header.height, round: 2, blockID: id, signatures: signatures),
      validators: Self.set(members))
  }

  /// A block of `height` that all of `members` signed.
  func block(_ height: Int64, by members: [Member], next: [Member]? = nil, appHash: [UInt8] = []) throws -> CometBFT.LightBlock {
    try block(header(height, by: members, next: next, appHash: appHash), by: members)
  }

  func registration(
    at height: Int64 = 1, by members: [Member], next: [Member]? = nil, chain: ChainID = "cosmos", trustingPeriodMs: UInt64 = 1_000_000,
    heights: UInt32 = 8
  ) -> ForeignRegistration {
    ForeignRegistration(
      chain: chain, foreignID: Self.name, trustedHeader: header(height, by: members, next: next).encoded,
      nextValidators: Self.set(next ?? members).encoded, trustingPeriodMs: trustingPeriodMs, maxClockDriftMs: 10_000, heights: heights,
      organisation: "city-hall")
  }
}

/// A store of Cosmos SDK: an IAVL tree over sorted pairs, with proofs made from its nodes.
struct IAVLStore {
  let pairs: [(key: [UInt8], value: [UInt8])]
  let version: Int64

  init(_ pairs: [(key: [UInt8], value: [UInt8])], version: Int64 = 7) {
    self.pairs = pairs.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    self.version = version
  }

  private func varints(_ numbers: Int64...) -> [UInt8] {
    var writer = ProtobufWriter()
    for number in numbers { writer.varint(UInt64(number) << 1) }
    return writer.bytes
  }

  private var leaf: ICS23.LeafOp {
    var leaf = ICS23.ProofSpec.iavl.leaf
    leaf.prefix = varints(0, 1, version)
    return leaf
  }

  /// Hash and height of the subtree over `range`, and the path of leaf `index` within it.
  private func node(_ range: Range<Int>, _ index: Int?) throws -> (hash: [UInt8], height: Int64, path: [ICS23.InnerOp]) {
    guard range.count > 1 else {
      let pair = pairs[range.lowerBound]
      return (try leaf.apply(key: pair.key, value: pair.value), 0, [])
    }
    let middle = range.lowerBound + (range.count + 1) / 2
    let left = try node(range.lowerBound..<middle, index)
    let right = try node(middle..<range.upperBound, index)
    let height = max(left.height, right.height) + 1
    let prefix = varints(height, Int64(range.count), version) + [32]
    let hash = CryptoSuite.international.hash(prefix + left.hash + [32] + right.hash).bytes
    guard let index, range.contains(index) else { return (hash, height, []) }
    return index < middle
      ? (hash, height, left.path + [ICS23.InnerOp(prefix: prefix, suffix: [32] + right.hash)])
      : (hash, height, right.path + [ICS23.InnerOp(prefix: prefix + left.hash + [32])])
  }

  func root() throws -> [UInt8] { try node(0..<pairs.count, nil).hash }

  private func existence(_ index: Int) throws -> ICS23.ExistenceProof {
    ICS23.ExistenceProof(
      key: pairs[index].key, value: pairs[index].value, leaf: leaf, path: try node(0..<pairs.count, index).path)
  }

  func proof(of key: [UInt8]) throws -> ICS23.CommitmentProof {
    if let index = pairs.firstIndex(where: { $0.key == key }) { return .existence(try existence(index)) }
    let after = pairs.firstIndex { key.lexicographicallyPrecedes($0.key) }
    let before = (after ?? pairs.count) - 1
    return .nonExistence(
      ICS23.NonExistenceProof(key: key, left: before < 0 ? nil : try existence(before), right: try after.map(existence)))
  }
}

/// The stores of an application under one app hash: the simple tree over their roots.
struct CosmosState {
  let stores: [String: IAVLStore]

  private func leaves() throws -> [(name: [UInt8], root: [UInt8])] {
    try stores.keys.sorted().map { (Array($0.utf8), try stores[$0]?.root() ?? []) }
  }

  private func node(_ leaves: ArraySlice<(name: [UInt8], root: [UInt8])>, _ index: Int?) throws -> (hash: [UInt8], path: [ICS23.InnerOp]) {
    guard leaves.count > 1 else {
      return (try ICS23.ProofSpec.tendermint.leaf.apply(key: leaves.first?.name ?? [], value: leaves.first?.root ?? []), [])
    }
    var half = 1
    while half * 2 < leaves.count { half *= 2 }
    let middle = leaves.startIndex + half
    let left = try node(leaves[..<middle], index)
    let right = try node(leaves[middle...], index)
    let hash = CryptoSuite.international.hash([1] + left.hash + right.hash).bytes
    guard let index, leaves.indices.contains(index) else { return (hash, []) }
    return index < middle
      ? (hash, left.path + [ICS23.InnerOp(prefix: [1], suffix: right.hash)])
      : (hash, right.path + [ICS23.InnerOp(prefix: [1] + left.hash)])
  }

  func appHash() throws -> [UInt8] { try node(try leaves()[...], nil).hash }

  func proof(_ store: String, _ key: [UInt8]) throws -> CometBFTStateProof {
    let leaves = try leaves()
    let index = leaves.firstIndex { $0.name == Array(store.utf8) } ?? 0
    return CometBFTStateProof(
      key: try stores[store]?.proof(of: key) ?? .nonExistence(ICS23.NonExistenceProof(key: key, left: nil, right: nil)),
      store: .existence(
        ICS23.ExistenceProof(
          key: leaves[index].name, value: leaves[index].root, leaf: ICS23.ProofSpec.tendermint.leaf,
          path: try node(leaves[...], index).path)))
  }
}
