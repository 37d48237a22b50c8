import ChainCore
import Testing

@Suite struct SM3Vectors {
  struct File: Decodable {
    struct Case: Decodable { var msg, digest: Hexes }
    struct Repeated: Decodable {
      var unit, digest: Hexes
      var count: Int
    }
    var digests: [Case]
    var repeated: [Repeated]
  }

  @Test func published() throws {
    try GuomiFiles.each("sm3.json", as: File.self) { file, isShared in
      for item in file.digests { #expect(CryptoSuite.guomi.hash(item.msg.bytes).bytes == item.digest.bytes) }
      for item in file.repeated {
        var hasher = SuiteHasher(.guomi)
        let piece = Array(repeatElement(item.unit.bytes, count: 4_096).joined())
        var left = item.count
        while left >= 4_096 {
          hasher.update(piece)
          left -= 4_096
        }
        hasher.update(Array(repeatElement(item.unit.bytes, count: left).joined()))
        #expect(hasher.finalize().bytes == item.digest.bytes)
      }
      print("gm/sm3.json (\(isShared ? "all" : "copy")): \(file.digests.count) digests, \(file.repeated.count) repeated")
    }
  }
}
