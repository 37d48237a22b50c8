public import ChainCore

/// 行政区划代码: a division of Henan by its six digits (GB/T 2260; functional zones have codes of the same form), which names the chain at home
/// there. It cannot hold a code of another province.
public struct Division: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The six digits.
  public let code: String

  /// Checks the form: six digits, of Henan. Codes that were abolished stay valid, for old numbers carry them.
  /// - Throws: `IdentifierError.form`.
  public init(_ code: String) throws(IdentifierError) {
    guard code.utf8.count == 6, code.isAllDigits else { throw .form(kind: "division", "six digits are expected") }
    guard code.hasPrefix("41") else { throw .form(kind: "division", "a division of Henan begins with 41") }
    self.code = code
  }

  /// The division in characters 3 to 8 of an organisation's code: its home.
  /// - Throws: `IdentifierError.form` for an organisation of another province.
  public init(of organisation: UnifiedCreditCode) throws(IdentifierError) { try self.init(organisation.division) }

  /// The chain where its records are: the province's is main; the airport zone and Jiyuan have their own; every other is its city's.
  public var homeChain: ChainID {
    switch code {
    case "410000": HomeChain.main
    case "410173", "419001": ChainID(unchecked: "henan/\(code)")
    default: ChainID(unchecked: "henan/\(code.prefix(4))00")
    }
  }

  /// The division that the home chain is of: itself, or its city.
  public var municipality: Division { Self.named.first { $0.division.homeChain == homeChain }?.division ?? self }

  /// Its name, if it is the province or one of the 19 with a chain of their own.
  public var name: String? { Self.named.first { $0.division == self }?.name }

  /// The 19 divisions with a chain of their own, by code: 17 cities, Jiyuan and the airport zone.
  public static var municipalities: [(division: Division, name: String)] { Array(named.dropFirst()) }

  /// The code.
  public var description: String { code }

  /// By code.
  public static func < (left: Division, right: Division) -> Bool { left.code < right.code }

  private init(unchecked code: String) { self.code = code }

  private static let named: [(division: Division, name: String)] = [
    ("410000", "河南省"), ("410100", "郑州市"), ("410173", "郑州航空港经济综合实验区（航空港区）"), ("410200", "开封市"), ("410300", "洛阳市"),
    ("410400", "平顶山市"), ("410500", "安阳市"), ("410600", "鹤壁市"), ("410700", "新乡市"), ("410800", "焦作市"),
    ("410900", "濮阳市"), ("411000", "许昌市"), ("411100", "漯河市"), ("411200", "三门峡市"), ("411300", "南阳市"),
    ("411400", "商丘市"), ("411500", "信阳市"), ("411600", "周口市"), ("411700", "驻马店市"), ("419001", "济源示范区（济源市）"),
  ].map { (Division(unchecked: $0.0), $0.1) }
}
