public import ChainCore

/// Which chain is the home of a division's records.
public enum HomeChain {
  /// The provincial main chain.
  public static let main: ChainID = "henan/main"
  /// The relay chain.
  public static let relay: ChainID = "henan/relay"

  /// The home chain of a division of Henan, as `Division` says. `nil` for a code outside Henan or without six digits.
  public static func of(division: String) -> ChainID? { (try? Division(division))?.homeChain }

  /// The home chain of an organisation, by characters 3 to 8 of its unified credit code.
  public static func of(_ code: UnifiedCreditCode) -> ChainID? { of(division: code.division) }
}
