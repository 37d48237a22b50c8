import ChainCore
import Foundation
import TestSupport
import Testing

@testable import CrossChain

/// The published proofs of ICS-23 and the forgeries made from them: each is accepted or refused as its file says.
@Suite struct ICS23Vectors {
  static let specs: [String: ICS23.ProofSpec] = ["iavl": .iavl, "tendermint": .tendermint, "smt": .smt, "jmt": .jmt]

  struct Single: Decodable {
    var root: String
    var key: String
    var value: String
    var proof: String
  }

  struct Expanded: Decodable {
    struct Case: Decodable {
      var id: String
      var spec: String
      var kind: String
      var root: String
      var key: String
      var value: String
      var proof: String
      var expect: String
    }
    var cases: [Case]
  }

  struct Negative: Decodable {
    struct Case: Decodable {
      var id: String
      var family: String
      var spec: String
      var ask: String
      var root: String
      var key: String
      var value: String
      var proof: String
      var expect: String
      var acceptedBy: [String]
      var why: String
    }
    struct Pair: Decodable {
      var root: String
      var key: String
      var value: String
      var membershipProof: String
      var nonmembershipProof: String
    }
    var cases: [Case]
    var undetectable: [Pair]
  }

  static let singles = [
    "iavl/exist_left", "iavl/exist_middle", "iavl/exist_right", "iavl/nonexist_left", "iavl/nonexist_middle", "smt/exist_left",
    "smt/exist_right", "smt/nonexist_middle", "smt/nonexist_right", "tendermint/exist_middle", "tendermint/exist_right",
    "tendermint/nonexist_left", "tendermint/nonexist_right",
  ]

  private func bytes(_ hex: String) throws -> [UInt8] { try #require([UInt8](hex: hex)) }

  private func verify(
    spec: String, present: Bool, root: String, key: String, value: String, proof: String
  ) throws {
    let spec = try #require(Self.specs[spec])
    if present {
      try ICS23.verifyMembership(try bytes(proof), key: try bytes(key), value: try bytes(value), root: try bytes(root), spec: spec)
    } else {
      try ICS23.verifyNonMembership(try bytes(proof), key: try bytes(key), root: try bytes(root), spec: spec)
    }
  }

  @Test func s07EverySingleProofIsAccepted() throws {
    for name in Self.singles {
      let data = try Vectors.bundled("crosschain/ics23/single/\(name).json")
      if let shared = Vectors.shared("ics23/single/\(name).json") { #expect(shared == data, "\(name) differs from its origin") }
      let vector = try JSONDecoder().decode(Single.self, from: data)
      let spec = String(name.prefix { $0 != "/" })
      #expect(throws: Never.self, "\(name)") {
        try verify(
          spec: spec, present: !vector.value.isEmpty, root: vector.root, key: vector.key, value: vector.value, proof: vector.proof)
      }
      // The bytes are in the one form that we read, and write again.
      #expect(try ICS23.CommitmentProof(decoding: try bytes(vector.proof)).encoded == bytes(vector.proof), "\(name)")
    }
    print("ics23 single: \(Self.singles.count) accepted")
    #expect(Self.singles.count == 13)
  }

  @Test func s07EveryExpandedProofIsAccepted() throws {
    guard let data = Vectors.shared("ics23/expanded-from-batch.json") else { return }
    let file = try JSONDecoder().decode(Expanded.self, from: data)
    for entry in file.cases {
      #expect(entry.expect == "accept")
      #expect(throws: Never.self, "\(entry.id)") {
        try verify(
          spec: entry.spec, present: entry.kind == "exist", root: entry.root, key: entry.key, value: entry.value, proof: entry.proof)
      }
    }
    print("ics23 expanded from batches: \(file.cases.count) accepted")
    #expect(file.cases.count == 80)
  }

  @Test func s07EveryForgeryIsRefused() throws {
    let data = try Vectors.bundled("crosschain/ics23/ics23-negative.json")
    if let shared = Vectors.shared("derived/ics23-negative.json") { #expect(shared == data, "the copy differs from its origin") }
    let file = try JSONDecoder().decode(Negative.self, from: data)
    var reasons: [String: Int] = [:]
    var tightened = 0
    for entry in file.cases {
      #expect(entry.expect == "reject")
      let error = #expect(throws: ICS23Error.self, "\(entry.id): \(entry.why)") {
        try verify(
          spec: entry.spec, present: entry.ask == "membership", root: entry.root, key: entry.key, value: entry.value,
          proof: entry.proof)
      }
      guard let error else { continue }
      reasons[String(String(describing: error).prefix(60)), default: 0] += 1
      if entry.acceptedBy.contains("upstream-HEAD") { tightened += 1 }
    }
    print("ics23 negative: \(file.cases.count) refused, \(tightened) of them accepted by the upstream verifier")
    for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) { print("  \(count) × \(reason)") }
    #expect(file.cases.count == 231)
    #expect(tightened == 5)
    #expect(reasons.count > 12)
  }

  /// The limit of neighbour schemes, which our own tree does not share: its paths are hashes of keys.
  @Test func anUnsortedTreeShowsPresenceAndAbsence() throws {
    let file = try JSONDecoder().decode(Negative.self, from: try Vectors.bundled("crosschain/ics23/ics23-negative.json"))
    let pair = try #require(file.undetectable.first)
    #expect(file.undetectable.count == 1)
    try verify(
      spec: "tendermint", present: true, root: pair.root, key: pair.key, value: pair.value, proof: pair.membershipProof)
    try verify(spec: "tendermint", present: false, root: pair.root, key: pair.key, value: "", proof: pair.nonmembershipProof)
    print("ics23: 1 pair that shows presence and absence under one root, as documented")
  }

  /// Whatever byte of a published proof changes, it is refused; only the key that an absence proof names is nobody's statement.
  @Test func everyChangedByteIsRefused() throws {
    var refused = 0
    var unstated = 0
    for name in Self.singles {
      let vector = try JSONDecoder().decode(Single.self, from: try Vectors.bundled("crosschain/ics23/single/\(name).json"))
      let spec = try #require(Self.specs[String(name.prefix { $0 != "/" })])
      let (root, key, value) = (try bytes(vector.root), try bytes(vector.key), try bytes(vector.value))
      let (refusedHere, unstatedHere) = Flips.run(try bytes(vector.proof)) { (changed) throws(ICS23Error) in
        if value.isEmpty {
          try ICS23.verifyNonMembership(changed, key: key, root: root, spec: spec)
        } else {
          try ICS23.verifyMembership(changed, key: key, value: value, root: root, spec: spec)
        }
      }
      refused += refusedHere
      unstated += unstatedHere
    }
    print("ics23 changed bytes: \(refused) refused, \(unstated) in the unproven key of an absence proof")
    #expect(refused > 30_000)
  }
}

/// Changes of each byte of a proof.
enum Flips {
  /// Counts what is refused, and what is accepted because it differs in the key alone that an absence proof names.
  static func run(
    _ proof: [UInt8], _ verify: ([UInt8]) throws(ICS23Error) -> Void
  ) -> (refused: Int, unstated: Int) {
    var counts = (refused: 0, unstated: 0)
    for index in proof.indices {
      for mask in [1, 2, 0x10, 0x80] as [UInt8] {
        var changed = proof
        changed[index] ^= mask
        do throws(ICS23Error) {
          try verify(changed)
          #expect(differsInNamedKeyOnly(changed, proof), "byte \(index) ^ \(mask) went unnoticed")
          counts.unstated += 1
        } catch {
          counts.refused += 1
        }
      }
    }
    for length in proof.indices {
      #expect(throws: ICS23Error.self) { try verify(Array(proof[..<length])) }
      counts.refused += 1
    }
    return counts
  }

  private static func differsInNamedKeyOnly(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    guard case .nonExistence(var a)? = try? ICS23.CommitmentProof(decoding: first),
      case .nonExistence(var b)? = try? ICS23.CommitmentProof(decoding: second)
    else { return false }
    (a.key, b.key) = ([], [])
    return a == b
  }
}
