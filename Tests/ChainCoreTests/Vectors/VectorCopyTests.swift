import Foundation
import Testing
import TestSupport

/// The copies that run everywhere are the published files, byte for byte.
@Suite struct VectorCopies {
  static let files = [
    "rfc6962/inclusion.json", "rfc6962/consistency.json", "rfc6962/reference-tree.json", "rfc6962/subtree-accumulated.json",
    "derived/sm3-rfc6962.json", "derived/quorum-decisions.json", "jmt/sha2_256_vectors.json", "bcs/bcs.json",
  ]

  @Test func copiesAreUnchanged() throws {
    var compared = 0
    for file in Self.files {
      let copy = try Vectors.bundled("merkle/" + file)
      guard let shared = Vectors.shared(file) else { continue }
      #expect(copy == shared, "\(file) differs from its origin")
      compared += 1
    }
    print("vector copies: \(compared) of \(Self.files.count) compared with the shared folder")
  }
}
