import ChainCore
import Foundation
import Testing

/// The reader's own rules, one table each.
@Suite struct StrictReader {
  @Test func numbersAreMinimal() throws {
    let borders: [UInt32] = [
      0, 1, 127, 128, 255, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455, 268_435_456, UInt32(Int32.max), .max - 1, .max,
    ]
    for value in borders {
      var writer = CanonicalWriter()
      writer.writeULEB128(value)
      let bytes = writer.bytes
      #expect(bytes.count == max(1, (32 - value.leadingZeroBitCount + 6) / 7))
      var reader = CanonicalReader(bytes)
      #expect(try reader.readULEB128() == value)
      try reader.finish()
      for length in bytes.indices {
        var short = CanonicalReader(Array(bytes[..<length]))
        #expect(throws: CanonicalError.truncated(offset: length, needed: 1)) { try short.readULEB128() }
      }
      // The same number with more bytes: every longer form.
      for extra in 1...6 {
        var long = bytes
        long[long.count - 1] |= 0x80
        long += [UInt8](repeating: 0x80, count: extra - 1) + [0]
        var reader = CanonicalReader(long)
        #expect(throws: CanonicalError.badULEB128(offset: 0), "\(long)") { try reader.readULEB128() }
      }
    }
    for last in 0x10...0xff as ClosedRange<UInt8> {
      var reader = CanonicalReader([7, 0xff, 0xff, 0xff, 0xff, last, 0, 0])
      _ = try reader.readByte()
      #expect(throws: CanonicalError.badULEB128(offset: 1)) { try reader.readULEB128() }
    }
  }

  @Test func tagsAreZeroOrOne() {
    for tag in 2...255 as ClosedRange<UInt8> {
      #expect(throws: CanonicalError.badBool(offset: 0, found: tag)) { try Bool(canonicalBytes: [tag]) }
      #expect(throws: CanonicalError.badBool(offset: 0, found: tag)) { try UInt8?(canonicalBytes: [tag, 1]) }
      #expect(throws: CanonicalError.badBool(offset: 1, found: tag)) { try UInt8??(canonicalBytes: [1, tag, 1]) }
      #expect(throws: CanonicalError.badBool(offset: 2, found: tag)) { try [Bool](canonicalBytes: [2, 1, tag]) }
      #expect(throws: CanonicalError.unknownVariant(offset: 0, variant: UInt32(tag & 0x7f | 2), type: "CryptoSuite")) {
        try CryptoSuite(canonicalBytes: [tag & 0x7f | 2])
      }
    }
    // A variant that only in its low byte is one of the type's.
    for variant in [[0x80, 0x02], [0x81, 0x02], [0x80, 0x80, 0x04]] as [[UInt8]] {
      #expect(throws: CanonicalError.self) { try CryptoSuite(canonicalBytes: variant) }
    }
  }

  @Test func textIsUTF8() throws {
    let bad: [[UInt8]] = [
      [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x41], [0xe0, 0x80, 0x80], [0xe0, 0x9f, 0xbf], [0xe4, 0xb8],
      [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xef, 0xbf], [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x8f, 0xbf, 0xbf], [0xf0, 0xa0, 0xae],
      [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xfe], [0xff], [0x41, 0xff, 0x41],
    ]
    for text in bad {
      let bytes = [UInt8(text.count)] + text
      #expect(throws: CanonicalError.badUTF8(offset: 0), "\(text.hex)") { try String(canonicalBytes: bytes) }
      #expect(throws: CanonicalError.badUTF8(offset: 1), "\(text.hex)") { try String?(canonicalBytes: [1] + bytes) }
    }
    for text in ["\u{7f}\u{80}\u{7ff}\u{800}\u{d7ff}\u{e000}\u{ffff}\u{10000}\u{10ffff}", "é", "e\u{301}", "\u{feff}", "\0"] {
      let bytes = text.canonicalBytes
      #expect(Array(try String(canonicalBytes: bytes).utf8) == Array(text.utf8))
    }
    // Equal to Swift, different to the chain: both forms keep their bytes, and stand side by side in a map.
    #expect("é".canonicalBytes != "e\u{301}".canonicalBytes)
    #expect(CanonicalMap([("é", UInt8(1)), ("e\u{301}", 2)]).pairs.count == 2)
  }

  @Test func mapsAreSortedByBytes() throws {
    typealias Names = CanonicalMap<String, UInt8>
    let keys = ["", "a", "b", "aa", "ab", "é", "aaa"]
    let map = Names(keys.reversed().enumerated().map { ($1, UInt8($0)) } + [("a", 9)])
    #expect(map.pairs.map(\.key) == ["", "a", "b", "aa", "ab", "é", "aaa"])
    #expect(map["a"] == 9)
    #expect(map["none"] == nil)
    var encoded = map.pairs.map { $0.key.canonicalBytes + $0.value.canonicalBytes }
    #expect(try Names(canonicalBytes: [7] + encoded.joined()).pairs.map(\.key) == map.pairs.map(\.key))
    for first in encoded.indices {
      for second in encoded.indices where first < second {
        encoded.swapAt(first, second)
        let error = #expect(throws: CanonicalError.self) { try Names(canonicalBytes: [7] + encoded.joined()) }
        if case .unsortedKeys? = error {} else { Issue.record("\(String(describing: error))") }
        encoded.swapAt(first, second)
      }
      var doubled = encoded
      doubled.insert(encoded[first], at: first)
      #expect(throws: CanonicalError.self) { try Names(canonicalBytes: [8] + doubled.joined()) }
    }
  }

  @Test func nestingEndsAtTheLimit() throws {
    // Structs, enums and both mixed: each level counts once.
    for length in [1, 499, 500, 501, 502, 4_000] as [Int] {
      let struct1 = [UInt8]([UInt8](repeating: 0, count: 8) + [1])
      let bytes = [UInt8]((0..<length).flatMap { _ in struct1 }.dropLast()) + [0]
      if length <= CanonicalReader.depthLimit {
        #expect(try BCSNode(canonicalBytes: bytes).canonicalBytes == bytes)
      } else {
        #expect(throws: CanonicalError.tooDeep(offset: 500 * 9, limit: 500)) { try BCSNode(canonicalBytes: bytes) }
      }
      let nested = [UInt8](repeating: 1, count: length - 1) + [0]
      if length <= CanonicalReader.depthLimit {
        #expect(try NestedEnum(canonicalBytes: nested).canonicalBytes == nested)
      } else {
        #expect(throws: CanonicalError.tooDeep(offset: 500, limit: 500)) { try NestedEnum(canonicalBytes: nested) }
      }
    }
    // Siblings do not add up: what was entered was left.
    let siblings = (0..<1_000).map { _ in BCSPair(number: 1, text: "") }
    #expect(try [BCSPair](canonicalBytes: siblings.canonicalBytes).count == 1_000)
    let enums = [CryptoSuite](repeating: .guomi, count: 1_000)
    #expect(try [CryptoSuite](canonicalBytes: enums.canonicalBytes) == enums)
    let proofs = [StateProof](repeating: StateProof(end: .empty, siblings: []), count: 1_000)
    #expect(try [StateProof](canonicalBytes: proofs.canonicalBytes) == proofs)
  }

  private indirect enum NestedEnum: CanonicalCodable {
    case end
    case more(NestedEnum)

    func encode(into writer: inout CanonicalWriter) {
      switch self {
      case .end: writer.writeVariant(0)
      case .more(let inner):
        writer.writeVariant(1)
        inner.encode(into: &writer)
      }
    }

    init(from reader: inout CanonicalReader) throws(CanonicalError) {
      self = try reader.readVariant(of: "NestedEnum") { (variant, reader) throws(CanonicalError) in
        switch variant {
        case 0: .end
        case 1: .more(try NestedEnum(from: &reader))
        default: nil
        }
      }
    }
  }
}

/// Lengths that the input does not hold.
@Suite struct HostileLengths {
  /// The greatest address space that this process has had, in bytes; `nil` where the system does not say.
  private func peak() -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmPeak:") }),
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return kibibytes * 1_024
  }

  @Test func nothingIsReservedForThem() throws {
    let before = peak()
    let most: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0x07]
    let tails: [[UInt8]] = [[], [0], Array(repeating: 1, count: 100)]
    for tail in tails {
      let bytes = most + tail
      #expect(throws: CanonicalError.self) { try [UInt8](canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try [UInt64](canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try [[UInt8]](canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try [Digest](canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try [SignedTransaction](canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try [NoResult](canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try String(canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try CanonicalMap<UInt64, UInt64>(canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try CanonicalMap<NoResult, NoResult>(canonicalBytes: bytes) }
      #expect(throws: CanonicalError.self) { try StateProof(canonicalBytes: [0] + bytes) }
      #expect(throws: CanonicalError.self) { try InclusionProof(canonicalBytes: [UInt8](repeating: 0, count: 16) + bytes) }
      #expect(throws: CanonicalError.self) { try ConsistencyProof(canonicalBytes: [UInt8](repeating: 0, count: 16) + bytes) }
      #expect(throws: CanonicalError.self) { try AppendOnlyTree(canonicalBytes: [UInt8](repeating: 0, count: 8) + bytes) }
      #expect(throws: CanonicalError.lengthTooLarge(offset: 0, length: 0x7fff_ffff, limit: 64)) { try ContractName(canonicalBytes: bytes) }
      #expect(throws: CanonicalError.lengthTooLarge(offset: 0, length: 0xffff_ffff, limit: CanonicalReader.lengthLimit)) {
        try [UInt8](canonicalBytes: [0xff, 0xff, 0xff, 0xff, 0x0f] + tail)
      }
    }
    guard let before, let after = peak() else { return print("skipped: this system does not tell a process its peak size") }
    // 2^31 − 1 of the smallest element are 2 GiB. Other tests run beside this one, so the bound is generous.
    #expect(after - before < 1 << 30)
  }

  @Test func namesHaveLimits() throws {
    let longest = String(repeating: "a", count: 64)
    #expect(try ContractName(canonicalBytes: longest.canonicalBytes).rawValue == longest)
    #expect(throws: CanonicalError.lengthTooLarge(offset: 0, length: 65, limit: 64)) {
      try ContractName(canonicalBytes: (longest + "a").canonicalBytes)
    }
    for text in ["", "a b", "a\0", "é", "a/b", "a.b", "\u{202e}a"] {
      #expect(throws: CanonicalError.self, "\(text)") { try ContractName(canonicalBytes: text.canonicalBytes) }
    }
  }
}
