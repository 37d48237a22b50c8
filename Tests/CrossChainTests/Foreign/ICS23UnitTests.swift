import ChainCore
import Foundation
import TestSupport
import Testing

@testable import CrossChain

/// The inputs that upstream gives to its small functions: accepted, refused and hashed as there.
@Suite struct ICS23Units {
  struct Leaf: Decodable {
    var hash: UInt32?
    var prehash_key: UInt32?
    var prehash_value: UInt32?
    var length: UInt32?
    var prefix: Data?

    func made() throws -> ICS23.LeafOp {
      ICS23.LeafOp(
        hash: try #require(ICS23.HashOp(rawValue: hash ?? 0)), prehashKey: try #require(ICS23.HashOp(rawValue: prehash_key ?? 0)),
        prehashValue: try #require(ICS23.HashOp(rawValue: prehash_value ?? 0)),
        length: try #require(ICS23.LengthOp(rawValue: length ?? 0)), prefix: Array(prefix ?? Data()))
    }
  }

  struct Inner: Decodable {
    var hash: UInt32?
    var prefix: Data?
    var suffix: Data?

    func made() throws -> ICS23.InnerOp {
      ICS23.InnerOp(
        hash: try #require(ICS23.HashOp(rawValue: hash ?? 0)), prefix: Array(prefix ?? Data()), suffix: Array(suffix ?? Data()))
    }
  }

  struct Proof: Decodable {
    var key: Data?
    var value: Data?
    var leaf: Leaf?
    var path: [Inner]?

    func made() throws -> ICS23.ExistenceProof {
      ICS23.ExistenceProof(
        key: Array(key ?? Data()), value: Array(value ?? Data()), leaf: try leaf?.made(), path: try (path ?? []).map { try $0.made() })
    }
  }

  struct Spec: Decodable {
    struct InnerPart: Decodable {
      var child_order: [Int]
      var child_size: Int
      var min_prefix_length: Int
      var max_prefix_length: Int
      var empty_child: Data?
      var hash: UInt32
    }
    var leaf_spec: Leaf
    var inner_spec: InnerPart
    var max_depth: Int?
    var min_depth: Int?

    func made() throws -> ICS23.ProofSpec {
      ICS23.ProofSpec(
        leaf: try leaf_spec.made(),
        inner: ICS23.InnerSpec(
          childOrder: inner_spec.child_order, childSize: inner_spec.child_size, minPrefixLength: inner_spec.min_prefix_length,
          maxPrefixLength: inner_spec.max_prefix_length, emptyChild: Array(inner_spec.empty_child ?? Data()),
          hash: try #require(ICS23.HashOp(rawValue: inner_spec.hash))),
        minDepth: min_depth ?? 0, maxDepth: max_depth ?? 0)
    }
  }

  private func file<Content: Decodable>(_ name: String, _: Content.Type = Content.self) throws -> Content {
    let data = try Vectors.bundled("crosschain/ics23/unit/\(name).json")
    if let shared = Vectors.shared("ics23/unit/\(name).json") { #expect(shared == data, "\(name) differs from its origin") }
    return try JSONDecoder().decode(Content.self, from: data)
  }

  /// Whether `body` accepts; anything but an `ICS23Error` fails the test.
  private func accepts(_ body: () throws(ICS23Error) -> Void) -> Bool {
    do throws(ICS23Error) {
      try body()
      return true
    } catch {
      return false
    }
  }

  @Test func s07AllUnitInputs() throws {
    var ran = 0
    struct SpecCase: Decodable {
      var Proof: Proof
      var Spec: Spec
      var Err: String
    }
    for (name, entry) in try file("TestCheckAgainstSpecData", [String: SpecCase].self) {
      let (proof, spec) = (try entry.Proof.made(), try entry.Spec.made())
      #expect(accepts { () throws(ICS23Error) in try proof.check(against: spec) } == entry.Err.isEmpty, "\(name)")
      ran += 1
    }
    struct LeafCase: Decodable {
      var Leaf: Leaf
      var Spec: Leaf
      var IsErr: Bool
    }
    for (name, entry) in try file("TestCheckLeafData", [String: LeafCase].self) {
      let (leaf, spec) = (try entry.Leaf.made(), try entry.Spec.made())
      #expect(accepts { () throws(ICS23Error) in try leaf.check(against: spec) } == !entry.IsErr, "\(name)")
      ran += 1
    }
    // Upstream's file spells a field in two ways, so this one is read as a plain object.
    let hashes = try #require(
      JSONSerialization.jsonObject(with: try Vectors.bundled("crosschain/ics23/unit/TestDoHashData.json")) as? [String: [String: Any]])
    for (name, entry) in hashes {
      let text = try #require((entry["Preimage"] ?? entry["PreImage"]) as? String)
      let number = try #require(entry["HashOp"] as? Int)
      let hash = try #require(ICS23.HashOp(rawValue: UInt32(number)))
      #expect(try hash.hash(Array(text.utf8)).hex == entry["ExpectedHash"] as? String, "\(name)")
      ran += 1
    }
    struct BranchCase: Decodable {
      var Op: Inner
      var Spec: Spec
      var IsLeft: Bool
      var IsRight: Bool
    }
    for (index, entry) in try file("TestEmptyBranchData", [BranchCase].self).enumerated() {
      let (step, spec) = (try entry.Op.made(), try entry.Spec.made().inner)
      #expect(spec.leftBranchesAreEmpty(step) == entry.IsLeft, "left branches of \(index)")
      #expect(spec.rightBranchesAreEmpty(step) == entry.IsRight, "right branches of \(index)")
      ran += 1
    }
    ran += try calculations()
    print("ics23 unit inputs: \(ran)")
    #expect(ran == 41)
  }

  private func calculations() throws -> Int {
    var ran = 0
    struct ProofCase: Decodable {
      var Proof: Proof
      var IsErr: Bool
      var Expected: Data?
    }
    for (name, entry) in try file("TestExistenceProofData", [String: ProofCase].self) {
      let proof = try entry.Proof.made()
      var found: [UInt8]?
      #expect(accepts { () throws(ICS23Error) in found = try proof.calculate() } == !entry.IsErr, "\(name)")
      #expect(found == entry.Expected.map(Array.init), "\(name)")
      ran += 1
    }
    struct InnerCase: Decodable {
      var Op: Inner
      var Child: Data?
      var IsErr: Bool
      var Expected: Data?
    }
    for (name, entry) in try file("TestInnerOpData", [String: InnerCase].self) {
      let step = try entry.Op.made()
      var found: [UInt8]?
      #expect(
        accepts { () throws(ICS23Error) in found = try step.apply(child: Array(entry.Child ?? Data())) } == !entry.IsErr, "\(name)")
      #expect(found == entry.Expected.map(Array.init), "\(name)")
      ran += 1
    }
    struct LeafCase: Decodable {
      var Op: Leaf
      var Key: Data?
      var Value: Data?
      var IsErr: Bool
      var Expected: Data?
    }
    for (name, entry) in try file("TestLeafOpData", [String: LeafCase].self) {
      let leaf = try entry.Op.made()
      var found: [UInt8]?
      #expect(
        accepts { () throws(ICS23Error) in
          found = try leaf.apply(key: Array(entry.Key ?? Data()), value: Array(entry.Value ?? Data()))
        } == !entry.IsErr, "\(name)")
      #expect(found == entry.Expected.map(Array.init), "\(name)")
      ran += 1
    }
    return ran
  }
}
