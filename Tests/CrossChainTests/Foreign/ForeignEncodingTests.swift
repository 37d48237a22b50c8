import ChainCore
import Testing

@testable import CrossChain

/// What the relay stores and takes of foreign chains has one canonical form: other bytes are refused, or are themselves the one form.
@Suite struct ForeignEncodings {
  private func check<Value: CanonicalCodable & Equatable>(_ value: Value) throws -> Int {
    let bytes = value.canonicalBytes
    #expect(try Value(canonicalBytes: bytes) == value)
    var refused = 0
    for index in bytes.indices {
      #expect(throws: CanonicalError.self) { try Value(canonicalBytes: Array(bytes[..<index])) }
      refused += 1
      for mask in [1, 0x10, 0x80, 0xff] as [UInt8] {
        var changed = bytes
        changed[index] ^= mask
        do throws(CanonicalError) {
          #expect(try Value(canonicalBytes: changed).canonicalBytes == changed)
        } catch {
          refused += 1
        }
      }
    }
    #expect(throws: CanonicalError.self) { try Value(canonicalBytes: bytes + [0]) }
    return refused
  }

  @Test func everyRecord() throws {
    let chain = CometBFTChain()
    let members = try CometBFTChain.members(0..<2)
    let registration = chain.registration(by: members)
    var client = try CometBFTClient(registration)
    _ = try client.update(
      CometBFTUpdate(block: try chain.block(2, by: members), trustedHeight: 1, trustedValidators: CometBFTChain.set(members)).encoded,
      now: CometBFTChain.now(2))
    var frozen = client
    frozen.status = .frozen(evidence: CryptoSuite.international.hash([1]))
    var refused = try check(registration) + check(client) + check(frozen) + check(ForeignRecord.cometBFT(client))
    for evidence in [.update([1]), .pair([1], [2, 3]), .order("why", by: "watch", at: 7)] as [ForeignEvidence] {
      refused += try check(evidence)
    }
    for claim in [.state(store: "bank", key: [1], value: [2]), .state(store: "bank", key: [1], value: nil), .receipt([3])]
      as [ForeignClaim]
    {
      refused += try check(ForeignQuestion(chain: "cosmos", claim: claim, height: 5, proof: [4]))
    }
    print("foreign records: \(refused) encodings refused")
    #expect(refused > 500)
  }

  /// A client is found by halving its heights, so that these must ascend.
  @Test func heightsAscend() throws {
    let chain = CometBFTChain()
    let client = try CometBFTClient(chain.registration(by: try CometBFTChain.members(0..<2)))
    var twice = client.canonicalBytes
    let height = client.trusted[0].canonicalBytes
    #expect(Array(twice.suffix(height.count)) == height && twice[twice.count - height.count - 1] == 1)
    twice[twice.count - height.count - 1] = 2
    #expect(throws: CanonicalError.self) { try CometBFTClient(canonicalBytes: twice + height) }
    var none = client.canonicalBytes.dropLast(height.count)
    none[none.endIndex - 1] = 0
    #expect(throws: CanonicalError.self) { try CometBFTClient(canonicalBytes: Array(none)) }
  }
}
