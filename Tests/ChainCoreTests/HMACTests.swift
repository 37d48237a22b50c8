import ChainCore
import Testing

@Suite struct HMACVectors {
  struct File: Decodable {
    struct Case: Decodable {
      var key, msg, tag, result: String
      var tagSize: Int
    }
    var tests: [Case]
  }

  @Test func rfc4231CaseOne() throws {
    let tag = try CryptoSuite.international.hmac(key: [UInt8](repeating: 0x0b, count: 20), message: Array("Hi There".utf8))
    #expect(tag.hex == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
  }

  @Test func sm3() throws {
    try GuomiFiles.each("hmac-sm3.json", as: File.self) { file, isShared in
      for item in file.tests {
        let key = try #require([UInt8](hex: item.key))
        let message = try #require([UInt8](hex: item.msg))
        let tag = try CryptoSuite.guomi.hmac(key: key, message: message)
        #expect((tag.bytes.prefix(item.tagSize / 8).hex == item.tag) == (item.result == "valid"))
      }
      print("gm/hmac-sm3.json (\(isShared ? "all" : "copy")): \(file.tests.count) cases")
    }
  }
}
