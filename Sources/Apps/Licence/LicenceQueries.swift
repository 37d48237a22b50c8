public import ChainCore

// Questions to `ElectronicLicence` and their answers.

/// Asks for a licence's state.
public struct StatusQuestion: CanonicalRecord, Codable, Hashable {
  /// The licence.
  public var licence: LicenceNumber
  /// At which time; `nil` = the block's.
  public var time: BlockTime?

  /// Puts the fields together.
  public init(licence: LicenceNumber, time: BlockTime? = nil) {
    self.licence = licence
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.licence, \.time)
}

/// A licence's state at a time.
public struct LicenceStatus: CanonicalRecord, Codable, Hashable {
  /// `notYetValid`, `valid`, `expired`, `suspended`, `annulled`, `cancelled`, `revoked` or `transferred`.
  public var state: RecordState
  /// The identifier of the current version.
  public var identifier: LicenceIdentifier
  /// The record's version: what `expectedVersion` compares.
  public var version: UInt64
  /// What disclosed fields are verified against.
  public var fieldRoot: Digest
  /// The height that was read.
  public var height: BlockHeight
  /// The time asked about.
  public var time: BlockTime

  /// Puts the fields together.
  public init(state: RecordState, identifier: LicenceIdentifier, version: UInt64, fieldRoot: Digest, height: BlockHeight, time: BlockTime) {
    self.state = state
    self.identifier = identifier
    self.version = version
    self.fieldRoot = fieldRoot
    self.height = height
    self.time = time
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.state, \.identifier, \.version, \.fieldRoot, \.height, \.time)
}

/// What `ElectronicLicence` gets at genesis.
public struct LicenceConfiguration: CanonicalRecord, Codable, Hashable {
  /// Chains that types defined here are sent to.
  public var copyTypesTo: [ChainID]

  /// Puts the fields together.
  public init(copyTypesTo: [ChainID]) {
    self.copyTypesTo = copyTypesTo
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.copyTypesTo)
}
