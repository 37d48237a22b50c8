import ChainCore
import Testing

/// Keys of tables: their bytes sort as they do, none begins another, and each is read back from the front of others.
@Suite struct OrderedKeys {
  private func texts() -> [String] {
    var numbers = SeededNumbers(state: 4)
    let letters: [Character] = ["\0", "\u{1}", "a", "b", "z", "中", "\u{10ffff}"]
    var texts = ["", "\0", "\0\0", "a\0", "\0a", "a\0b", "a", "ab", "a\u{1}", String(repeating: "x", count: 300) + "\0"]
    for _ in 0..<300 {
      texts.append(String((0..<Int.random(in: 0...6, using: &numbers)).map { _ in letters.randomElement(using: &numbers) ?? "a" }))
    }
    return texts
  }

  @Test func textsSortAsTheirBytes() {
    let texts = texts()
    for left in texts {
      for right in texts {
        let (first, second) = (left.keyBytes, right.keyBytes)
        #expect(first.lexicographicallyPrecedes(second) == left.utf8.lexicographicallyPrecedes(right.utf8), "\(left) and \(right)")
        #expect(left == right || !second.starts(with: first), "\(left) begins \(right)")
      }
    }
  }

  @Test func keysAreReadBackFromTheFront() {
    for text in texts() {
      // Behind what is there already, and before what follows.
      var bytes: [UInt8] = [0, 7]
      text.encodeKey(into: &bytes)
      UInt64(258).encodeKey(into: &bytes)
      let escaped: [UInt8] = text.utf8.flatMap { $0 == 0 ? [0, 0xff] as [UInt8] : [$0] }
      var expected: [UInt8] = [0, 7]
      expected += escaped
      expected += [0, 0, 0, 0, 0, 0, 0, 0, 1, 2]
      #expect(bytes == expected)
      var rest = bytes[2...]
      #expect(String(key: &rest) == text && UInt64(key: &rest) == 258 && rest.isEmpty)
    }
    for bad in [[], [0], [65], [65, 0], [65, 0, 1], [0xc0, 0, 0], [0, 0xfe]] as [[UInt8]] {
      var rest = bad[...]
      #expect(String(key: &rest) == nil, "\(bad)")
    }
  }
}
