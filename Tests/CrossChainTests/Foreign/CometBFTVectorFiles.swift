import ChainCore
import Foundation
import Testing

@testable import CrossChain

/// The JSON of CometBFT's test generators, as values of ours.
enum CometBFTFile {
  struct Version: Decodable {
    var block: String
    var app: String
  }
  struct Parts: Decodable {
    var total: UInt32
    var hash: String
  }
  struct BlockID: Decodable {
    var hash: String
    var part_set_header: Parts

    func made() throws -> CometBFT.BlockID {
      CometBFT.BlockID(
        hash: try bytes(hash), parts: CometBFT.PartSetHeader(total: part_set_header.total, hash: try bytes(part_set_header.hash)))
    }
  }
  struct Header: Decodable {
    var version: Version
    var chain_id: String
    var height: String
    var time: String
    var last_block_id: BlockID?
    var last_commit_hash: String
    var data_hash: String
    var validators_hash: String
    var next_validators_hash: String
    var consensus_hash: String
    var app_hash: String
    var last_results_hash: String
    var evidence_hash: String
    var proposer_address: String

    func made() throws -> CometBFT.Header {
      CometBFT.Header(
        blockVersion: try number(version.block), appVersion: try number(version.app), chainID: chain_id, height: try number(height),
        time: try CometBFTFile.time(time), lastBlockID: try last_block_id?.made() ?? CometBFT.BlockID(),
        lastCommitHash: try bytes(last_commit_hash), dataHash: try bytes(data_hash), validatorsHash: try bytes(validators_hash),
        nextValidatorsHash: try bytes(next_validators_hash), consensusHash: try bytes(consensus_hash), appHash: try bytes(app_hash),
        lastResultsHash: try bytes(last_results_hash), evidenceHash: try bytes(evidence_hash),
        proposerAddress: try bytes(proposer_address))
    }
  }
  struct Entry: Decodable {
    var block_id_flag: Int
    var validator_address: String?
    var timestamp: String?
    var signature: Data?

    func made() throws -> CometBFT.CommitSignature {
      guard block_id_flag != 1 else { return .absent }
      let (address, time) = (try #require(validator_address), try #require(timestamp))
      let vote = CometBFT.Vote(
        address: try bytes(address), time: try CometBFTFile.time(time), signature: try CometBFTFile.signature(Array(signature ?? Data())))
      return block_id_flag == 2 ? .commit(vote) : .none(vote)
    }
  }
  struct Commit: Decodable {
    var height: String
    var round: Int32
    var block_id: BlockID
    var signatures: [Entry]?
  }
  struct SignedHeader: Decodable {
    var header: Header
    var commit: Commit

    func commitMade() throws -> CometBFT.Commit {
      CometBFT.Commit(
        height: try number(commit.height), round: commit.round, blockID: try commit.block_id.made(),
        signatures: try (commit.signatures ?? []).map { try $0.made() })
    }
  }
  struct Key: Decodable {
    var type: String
    var value: Data
  }
  struct Validator: Decodable {
    var address: String
    var pub_key: Key
    var voting_power: String
  }
  struct ValidatorSet: Decodable {
    var validators: [Validator]?

    /// In the order that hashes depend on: power downward, then addresses.
    func made() throws -> CometBFT.ValidatorSet {
      let made = try (validators ?? []).map { entry in
        #expect(entry.pub_key.type == "tendermint/PubKeyEd25519")
        let validator = CometBFT.Validator(
          key: try PublicKey(suite: .international, bytes: Array(entry.pub_key.value)), power: try number(entry.voting_power))
        #expect(validator.address == (try bytes(entry.address)))
        return validator
      }
      return CometBFT.ValidatorSet(
        made.sorted { $0.power != $1.power ? $0.power > $1.power : $0.address.lexicographicallyPrecedes($1.address) })
    }
  }
  struct Block: Decodable {
    var signed_header: SignedHeader
    var validator_set: ValidatorSet
    var next_validator_set: ValidatorSet

    func made() throws -> CometBFTProvided {
      CometBFTProvided(
        block: CometBFT.LightBlock(
          header: try signed_header.header.made(), commit: try signed_header.commitMade(), validators: try validator_set.made()),
        next: try next_validator_set.made())
    }
  }

  struct SingleStep: Decodable {
    struct Initial: Decodable {
      var signed_header: SignedHeader
      var next_validator_set: ValidatorSet
      var trusting_period: String
    }
    struct Input: Decodable {
      var block: Block
      var now: String
      var verdict: String
    }
    var initial: Initial
    var input: [Input]
  }

  struct Bisection: Decodable {
    struct Options: Decodable {
      struct Level: Decodable {
        var numerator: String
        var denominator: String
      }
      var period: String
      var height: String
      var hash: String
      var trust_level: Level
    }
    struct Provider: Decodable {
      var chain_id: String
      var lite_blocks: [Block]

      func made() throws -> [UInt64: CometBFTProvided] {
        try lite_blocks.reduce(into: [:]) { blocks, block in
          let provided = try block.made()
          blocks[UInt64(provided.block.header.height)] = provided
        }
      }
    }
    struct Witness: Decodable {
      var value: Provider
    }
    var description: String
    var trust_options: Options
    var primary: Provider
    var witnesses: [Witness]
    var height_to_verify: String
    var now: String
    var expected_output: String
    var expected_num_of_bisections: Int
  }

  static func signature(_ bytes: [UInt8]) throws -> Signature {
    let found = Signature(bytes)
    return try #require(found)
  }

  static func bytes(_ hex: String) throws -> [UInt8] { try #require([UInt8](hex: hex.lowercased())) }

  static func number<Number: FixedWidthInteger>(_ text: String) throws -> Number { try #require(Number(text)) }

  /// A moment in the form of RFC 3339, with or without a fraction, always UTC.
  static func time(_ text: String) throws -> CometBFT.Timestamp {
    let parts = try #require(text.wholeMatch(of: /(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d{1,9}))?Z/)).output
    var date = DateComponents()
    date.calendar = Calendar(identifier: .gregorian)
    date.timeZone = TimeZone(secondsFromGMT: 0)
    (date.year, date.month, date.day) = (Int(parts.1), Int(parts.2), Int(parts.3))
    (date.hour, date.minute, date.second) = (Int(parts.4), Int(parts.5), Int(parts.6))
    let fraction = parts.7.map { $0 + String(repeating: "0", count: 9 - $0.count) } ?? "0"
    return CometBFT.Timestamp(
      seconds: Int64(try #require(date.date).timeIntervalSince1970), nanoseconds: try #require(UInt32(fraction)))
  }
}

/// The form that Tendermint had before protobuf (0.33): the published bisections are of that time. The rules are the same.
struct AminoForm: CometBFTForm {
  func leaves(of header: CometBFT.Header) -> [[UInt8]] {
    func counted(_ bytes: [UInt8]) -> [UInt8] { bytes.isEmpty ? [] : varint(UInt64(bytes.count)) + bytes }
    return [
      header.version, counted(Array(header.chainID.utf8)), varint(UInt64(header.height)), header.time.encoded, block(header.lastBlockID),
    ]
      + header.byteFields.map(counted)
  }

  func leaf(of validator: CometBFT.Validator) -> [UInt8] {
    ProtobufWriter.encode { writer in
      writer.bytes(1, [0x16, 0x24, 0xde, 0x64, 32] + validator.key.bytes)
      writer.int64(2, validator.power)
    }
  }

  func signBytes(chain: String, height: Int64, round: Int32, block: CometBFT.BlockID?, time: CometBFT.Timestamp) -> [UInt8] {
    let vote = ProtobufWriter.encode { writer in
      writer.uint64(1, 2)
      writer.sfixed64(2, height)
      writer.sfixed64(3, Int64(round))
      if let block {
        // Hash before total here, the other way round in blocks.
        writer.message(
          4,
          ProtobufWriter.encode { writer in
            writer.bytes(1, block.hash)
            writer.message(2, parts(block.parts, hashFirst: true))
          })
      }
      writer.message(5, time.encoded)
      writer.text(6, chain)
    }
    return varint(UInt64(vote.count)) + vote
  }

  private func block(_ id: CometBFT.BlockID) -> [UInt8] {
    ProtobufWriter.encode { writer in
      writer.bytes(1, id.hash)
      writer.bytes(2, parts(id.parts, hashFirst: false))
    }
  }

  private func parts(_ parts: CometBFT.PartSetHeader, hashFirst: Bool) -> [UInt8] {
    ProtobufWriter.encode { writer in
      if hashFirst { writer.bytes(1, parts.hash) }
      writer.uint64(hashFirst ? 2 : 1, UInt64(parts.total))
      if !hashFirst { writer.bytes(2, parts.hash) }
    }
  }

  private func varint(_ value: UInt64) -> [UInt8] {
    var writer = ProtobufWriter()
    writer.varint(value)
    return writer.bytes
  }
}
