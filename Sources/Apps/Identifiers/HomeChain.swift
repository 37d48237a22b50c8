public import ChainCore

/// Which chain is the home of a division's records.
public enum HomeChain {
  /// The provincial main chain.
  public static let main: ChainID = "henan/main"
  /// The relay chain.
  public static let relay: ChainID = "henan/relay"

  /// The home chain of a division of Henan: the province's is `main`, Jiyuan and the airport zone have their own, every other
  /// belongs to its city. `nil` for a code outside Henan or without six digits.
  public static func of(division: String) -> ChainID? {
    guard division.utf8.count == 6, division.isAllDigits, division.hasPrefix("41") else { return nil }
    switch division {
    case "410000": return main
    case "410173", "419001": return ChainID(unchecked: "henan/\(division)")
    default: return ChainID(unchecked: "henan/\(division.prefix(4))00")
    }
  }

  /// The home chain of an organisation, by characters 3 to 8 of its unified credit code.
  public static func of(_ code: UnifiedCreditCode) -> ChainID? { of(division: code.division) }
}
