import AppPages
import ChainCore
import Testing

/// Whatever people wrote, a page has the same elements and attributes.
@Suite struct Escaping {
  static let hostile = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "</title></style></svg><iframe>",
    "\"\u{301} onclick=alert(1) x=\"", "<\u{301}b>", "\u{202E}gpj.exe\u{202C}", "\u{2066}a\u{2069}\u{200F}",
    "{{product}}{{{goods}}}{{#tiles}}x{{/tiles}}",
    "javascript:alert(1)", "&lt;b&gt;&amp;", "`${alert(1)}`", "\u{0}\u{8}\u{1B}[2J", "\u{E0041}\u{FEFF}\u{200D}", "<!--", "]]>",
    "a\u{2028}b\r\nc",
    "x: url(https://evil.example)", "--></style>",
  ]

  /// Tags with the names of their attributes, and the values of attributes, by a reader of our own.
  static func skeleton(_ html: String) -> (tags: [String], values: [String]) {
    var (tags, values): ([String], [String]) = ([], [])
    let scalars = Array(html.unicodeScalars)
    var index = 0
    while index < scalars.count {
      guard scalars[index] == "<" else {
        index += 1
        continue
      }
      var (tag, value, quote): (String, String, Unicode.Scalar?) = ("", "", nil)
      index += 1
      while index < scalars.count, quote != nil || scalars[index] != ">" {
        let scalar = scalars[index]
        if let open = quote {
          if scalar == open {
            values.append(value)
            (quote, value) = (nil, "")
          } else {
            value.unicodeScalars.append(scalar)
          }
        } else if scalar == "\"" || scalar == "'" {
          quote = scalar
        } else {
          tag.unicodeScalars.append(scalar)
        }
        index += 1
      }
      tags.append(tag)
    }
    return (tags, values)
  }

  @Test func hostileTextsChangeNothingButText() throws {
    var story = try PorkChain()
    try story.play()
    try story.recall()
    let benign = try #require(try story.page())
    let expected = Self.skeleton(try benign.html())
    #expect(expected.tags.count > 100)
    var placed = 0
    for text in Self.hostile {
      let places: [WritableKeyPath<TracePage, String>] = [\.product, \.goods, \.gtin, \.lot, \.maker.name, \.unit]
      for place in places {
        var page = benign
        page[keyPath: place] = text
        try check(page, against: expected.tags, text)
        placed += 1
      }
      var page = benign
      page.maker.place = text
      for index in page.origins.indices {
        page.origins[index].maker = text
        page.origins[index].goods = text
        page.origins[index].lot = text
        page.origins[index].place = text
      }
      for index in page.route.indices {
        page.route[index].name = text
        page.route[index].place = text
        page.route[index].chain = text
      }
      for index in page.inspections.indices {
        page.inspections[index].inspector = text
        page.inspections[index].goods = text
        page.inspections[index].report = text
      }
      for index in page.recalls.indices {
        page.recalls[index].reason = text
        page.recalls[index].by = text
      }
      for index in page.excursions.indices { page.excursions[index].pallet = text }
      for index in page.proofs.indices {
        page.proofs[index].chain = text
        page.proofs[index].block = text
      }
      try check(page, against: expected.tags, text)
      placed += 1
      let unknown = Self.skeleton(try UnknownCodePage(code: text, reason: .malformed(text)).html()).tags
      #expect(unknown == Self.skeleton(try UnknownCodePage(code: "x", reason: .malformed("x")).html()).tags, "\(text.debugDescription)")
    }
    print("pages: \(Self.hostile.count) hostile texts in \(placed) places, the same \(expected.tags.count) tags")
  }

  private func check(_ page: TracePage, against tags: [String], _ text: String) throws {
    let html = try page.html()
    let found = Self.skeleton(html)
    #expect(found.tags == tags, "\(text.debugDescription)")
    #expect(!found.values.contains { $0.lowercased().contains("javascript:") })
    #expect(
      !html.unicodeScalars.contains { scalar in
        scalar != "\n" && [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
      }, "\(text.debugDescription)")
  }

  /// The check sees what it is there for: text that is not escaped changes the skeleton.
  @Test func anUnescapedTextIsSeen() throws {
    var story = try PorkChain()
    try story.play()
    let html = try #require(try story.page()).html()
    let tags = Self.skeleton(html).tags
    for text in [0, 1, 3, 4].map({ Self.hostile[$0] }) {
      let broken = html.replacing("class=\"fine\"", with: "class=\"\(text)\"").replacing("冷冻猪里脊", with: text)
      #expect(Self.skeleton(broken).tags != tags, "\(text)")
    }
  }
}
