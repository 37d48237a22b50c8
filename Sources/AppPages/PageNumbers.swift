internal import AppFormats
internal import ChainCore

/// Numbers as Chinese readers write them.
enum PageNumbers {
  /// A quantity with its unit; grams from a thousand on in kilograms.
  static func quantity(_ amount: UInt64, _ unit: String) -> String {
    switch unit {
    case "g" where amount >= 1_000:
      let rest = amount % 1_000
      let digits = String(rest + 1_000).dropFirst()
      let trimmed = digits.reversed().drop { $0 == "0" }.reversed()
      return "\(amount / 1_000)" + (rest == 0 ? "" : "." + String(trimmed)) + " 千克"
    case "g": return "\(amount) 克"
    case "piece": return "\(amount) 件"
    default: return "\(amount) \(unit)"
    }
  }

  /// A temperature given in 0.1 °C.
  static func temperature(_ tenths: Int32) -> String {
    let size = tenths.magnitude
    return (tenths < 0 ? "\u{2212}" : "") + "\(size / 10).\(size % 10) °C"
  }

  /// A length of time.
  static func duration(_ seconds: UInt64) -> String {
    let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60)
    var text = hours > 0 ? "\(hours) 小时 " : ""
    if minutes > 0 { text += "\(minutes) 分 " }
    if rest > 0 || text.isEmpty { text += "\(rest) 秒" }
    return text.last == " " ? String(text.dropLast()) : text
  }

  /// Date and time in UTC+8.
  static func moment(_ time: BlockTime) -> String { ChinaTime.text(time) }

  /// Date, hour and minute in UTC+8.
  static func minute(_ time: BlockTime) -> String { String(ChinaTime.text(time).dropLast(3)) }

  /// The date in UTC+8.
  static func date(_ time: BlockTime) -> String { String(ChinaTime.text(time).prefix { $0 != " " }) }
}
