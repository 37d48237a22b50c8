internal import ChainCore

/// 不动产单元代码, the code of a real-estate unit (GB/T 37346-2019): 28 characters, structure only, no check character.
public struct RealEstateUnit: CheckedIdentifier {
  /// What people call it.
  public static let kind = "real-estate unit code"
  /// The text.
  public let text: String

  /// Checks the structure: county 6, district 3, subdistrict 3, parcel feature 2, parcel 5, fixture feature 1, unit 8.
  public init(_ text: String) throws(IdentifierError) {
    guard text.utf8.count == 28 else { throw .form(kind: Self.kind, "28 characters are expected") }
    func part(_ from: Int, _ count: Int) -> Substring { text.dropFirst(from).prefix(count) }
    guard part(0, 12).isAllDigits else { throw .form(kind: Self.kind, "county, district and subdistrict are 12 digits") }
    let (ownership, use) = (part(12, 1), part(13, 1))
    guard ["G", "J", "Z"].contains(ownership) else { throw .form(kind: Self.kind, "the first parcel letter is G, J or Z") }
    guard "ABCDEFGHSWXY".contains(use) else { throw .form(kind: Self.kind, "unknown second parcel letter") }
    guard !["A", "C"].contains(use) || ownership == "J" else { throw .form(kind: Self.kind, "parcel letters A and C need J before them") }
    guard part(14, 5).isAllDigits, part(14, 5) != "00000" else { throw .form(kind: Self.kind, "the parcel has five digits, from 00001") }
    let unit = part(20, 8)
    guard unit.isAllDigits else { throw .form(kind: Self.kind, "the fixture unit has eight digits") }
    switch part(19, 1) {
    case "W": guard unit == "00000000" else { throw .form(kind: Self.kind, "W has the unit 00000000") }
    case "F":
      guard unit.prefix(4) != "0000", unit.suffix(4) != "0000" else { throw .form(kind: Self.kind, "building and room begin at 0001") }
    case "L", "Q": guard unit != "00000000" else { throw .form(kind: Self.kind, "L and Q have a unit from 00000001") }
    default: throw .form(kind: Self.kind, "the fixture letter is F, L, Q or W")
    }
    self.text = text
  }

  /// The six digits of the county.
  public var county: String { String(text.prefix(6)) }
}
