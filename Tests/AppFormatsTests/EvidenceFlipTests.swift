import AppFormats
import ChainCore
import CrossChain
import Foundation
import Testing

/// Changes single characters of a package's file: of every eighth place, or of every place if `EXHAUSTIVE` is set (a minute).
@Suite struct EvidenceFlips {
  @Test(arguments: CryptoSuite.allCases, [0, 2]) func everyChangedCharacterIsRefused(suite: CryptoSuite, changes: Int) throws {
    let made = try EvidencePackages().make(suite, salted: true, handOver: true, changes: changes, pinned: 1)
    #expect(made.package.handovers?.count ?? 0 == changes)
    let document = try made.package.document()
    #expect(made.package.verify(anchors: made.anchors).allSatisfy { $0.holds })
    let step = ProcessInfo.processInfo.environment["EXHAUSTIVE"] == nil ? 8 : 1
    let zero = UInt8(ascii: "0")
    var places = 0
    var changed = 0
    var isString = false
    for (place, byte) in document.enumerated() {
      if byte == UInt8(ascii: "\"") { isString.toggle() }
      guard byte != UInt8(ascii: "\""), isString || (zero...zero + 9).contains(byte) else { continue }
      places += 1
      guard places.isMultiple(of: step) else { continue }
      changed += 1
      var copy = document
      copy[place] = byte == zero ? zero + 1 : zero
      guard let package = try? EvidencePackage(document: copy) else { continue }
      let isRefused = package.verify(anchors: made.anchors).contains { !$0.holds }
      #expect(isRefused, "the change at \(place) went unnoticed")
    }
    print("evidence package, \(suite), \(changes) changes of validators: \(changed) of \(places) characters changed, each refused")
    #expect(changed > 900)
  }
}
