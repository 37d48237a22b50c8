/// 公民身份号码 (GB 11643-1999). Never stored or sent: this type only tells whether a text is or holds one.
public enum CitizenNumber {
  /// County-level units without counties, whose own code ends in 00 and stands in citizens' numbers.
  private static let citiesWithoutCounties = ["441900", "442000", "460400", "620200"]
  private static let provinces: [Int] =
    [
      11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81,
      82, 83,
    ]

  /// Whether `text` is a citizen number: form of the division, date of birth 1800 to 2100, check character.
  public static func isValid(_ text: some StringProtocol) -> Bool {
    let bytes = Array(text.utf8)
    guard isNumberWithDate(bytes[...]) else { return false }
    let division = String(decoding: bytes[..<6], as: UTF8.self)
    guard let province = Int(division.prefix(2)), provinces.contains(province) else { return false }
    return !division.hasSuffix("00") || citiesWithoutCounties.contains(division)
  }

  /// Whether any 18 characters in a row of `text` look like one: valid date 1800 to 2100 and check character.
  ///
  /// The division is not looked at, so that abolished codes are found too.
  public static func occurs(in text: String) -> Bool {
    let bytes = Array(text.utf8)
    guard bytes.count >= 18 else { return false }
    return (0...(bytes.count - 18)).contains { isNumberWithDate(bytes[$0..<($0 + 18)]) }
  }

  private static func isNumberWithDate(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.count == 18, let last = bytes.last, CheckCharacters.mod11And2(bytes.dropLast()) == last else { return false }
    func number(_ from: Int, _ count: Int) -> Int {
      bytes.dropFirst(from).prefix(count).reduce(0) { $0 * 10 + Int($1) - 48 }
    }
    return isDate(year: number(6, 4), month: number(10, 2), day: number(12, 2))
  }

  private static func isDate(year: Int, month: Int, day: Int) -> Bool {
    guard (1800...2100).contains(year), (1...12).contains(month), day >= 1 else { return false }
    let isLeap = year.isMultiple(of: 4) && !year.isMultiple(of: 100) || year.isMultiple(of: 400)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day <= days[month - 1]
  }
}
