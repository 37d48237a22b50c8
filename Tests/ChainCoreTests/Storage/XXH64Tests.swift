import Testing

@testable import ChainCore

@Suite struct XXH64Vectors {
  /// The input of xxHash's own sanity check.
  private static func sanityBuffer(_ count: Int) -> [UInt8] {
    var state: UInt64 = 2_654_435_761
    return (0..<count).map { _ in
      defer { state = state &* 11_400_714_785_074_694_797 }
      return UInt8(state >> 56)
    }
  }

  /// Source: xxHash, `XSUM_XXH64_testdata`: length, seed, checksum.
  private static let published: [(Int, UInt64, UInt64)] = [
    (0, 0, 0xef46_db37_51d8_e999), (0, 0x9e37_79b1, 0xac75_fda2_929b_17ef),
    (1, 0, 0xe934_a84a_db05_2768), (1, 0x9e37_79b1, 0x5014_6076_43a9_b4c3),
    (2, 0, 0x5d48_cd60_a77e_23ff), (3, 0, 0xff7e_1959_cb50_794a),
    (4, 0, 0x9136_a0dc_a574_57ee), (8, 0, 0xcdbc_f538_e71d_1348),
    (14, 0, 0x8282_dcc4_994e_35c8), (14, 0x9e37_79b1, 0xc3bd_6bf6_3deb_6df0),
    (31, 0, 0x299b_39a2_90e6_d783), (32, 0, 0x18b2_1649_2bb4_4b70),
    (32, 0x9e37_79b1, 0xb3f3_3bdf_93ad_e409), (33, 0, 0x55c8_dc3e_578f_5b59),
    (64, 0, 0xef55_8f8a_cac2_b5cd), (222, 0, 0xb641_ae8c_b691_c174),
    (222, 0x9e37_79b1, 0x20cb_8ab7_ae10_c14a), (256, 0, 0x5e3f_5bf9_4d57_4981),
    (4096, 0, 0xab77_f4af_85f4_e70b),
  ]

  @Test func publishedValues() {
    for (count, seed, expected) in Self.published {
      #expect(XXH64.hash(Self.sanityBuffer(count), seed: seed) == expected, "length \(count), seed \(seed)")
    }
    #expect(XXH64.hash(Array("abc".utf8)) == 0x44bc_2cf5_ad77_0999)
    print("XXH64: \(Self.published.count + 1) published values")
  }

  @Test func partsGiveTheSameAsTheWhole() {
    let bytes = Self.sanityBuffer(101)
    let whole = XXH64.hash(bytes, seed: 3)
    for first in 0...bytes.count {
      for second in stride(from: first, through: bytes.count, by: 7) {
        var hash = XXH64(seed: 3)
        hash.update(Array(bytes[..<first]))
        hash.update(Array(bytes[first..<second]))
        hash.update(Array(bytes[second...]))
        #expect(hash.finish() == whole)
      }
    }
  }
}
