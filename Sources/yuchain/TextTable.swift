/// Columns for a terminal. Chinese characters are two columns wide there.
struct TextTable {
  private var rows: [[String]]
  private let right: Set<Int>

  /// A table with these headings; the columns in `right` are numbers.
  init(_ headings: [String], right: Set<Int> = []) {
    rows = [headings]
    self.right = right
  }

  mutating func add(_ row: [String]) { rows.append(row) }

  var lines: [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? Self.width($0[column]) : 0 }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - Self.width(cell))
        line += (column == 0 ? "" : "  ") + (right.contains(column) ? space + cell : cell + space)
      }
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// How many columns a text takes (East Asian Width: wide from U+1100 on, as far as names of places go).
  static func width(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { sum, scalar in
      switch scalar.value {
      case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6: sum + 2
      default: sum + 1
      }
    }
  }
}
