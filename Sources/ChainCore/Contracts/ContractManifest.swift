/// One call or question in a manifest.
public struct ManifestItem: CanonicalRecord, Hashable, Codable {
  /// Its name.
  public var name: EntryName
  /// Who may call or ask: roles joined by `|`, `member`, `system` or `governance`.
  public var access: String
  /// The shape of the arguments.
  public var arguments: String
  /// The shape of the result.
  public var result: String

  /// Puts the fields together.
  public init(name: EntryName, access: String, arguments: String, result: String) {
    self.name = name
    self.access = access
    self.arguments = arguments
    self.result = result
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.name, \.access, \.arguments, \.result)
}

/// The interface of a version of a contract, derived from its declarations. Genesis and governance activate its hash.
public struct ContractManifest: CanonicalRecord, Hashable, Codable {
  /// The contract.
  public var contract: ContractName
  /// The version of its code.
  public var version: UInt32
  /// Its calls, by name.
  public var entries: [ManifestItem]
  /// Its questions, by name.
  public var queries: [ManifestItem]

  /// Puts the fields together.
  public init(contract: ContractName, version: UInt32 = 1, entries: [ManifestItem], queries: [ManifestItem]) {
    self.contract = contract
    self.version = version
    self.entries = entries
    self.queries = queries
  }

  /// The interface that `declared` describes.
  init(name: ContractName, version: UInt32, declared: Entries) {
    self.init(
      contract: name, version: version,
      entries: declared.entries.map {
        ManifestItem(
          name: $0.name, access: $0.access.text, arguments: $0.argumentsType.canonicalShape, result: $0.resultType.canonicalShape)
      }.sorted { $0.name < $1.name },
      queries: declared.queries.map {
        ManifestItem(
          name: $0.name, access: $0.access.text, arguments: $0.argumentsType.canonicalShape, result: $0.resultType.canonicalShape)
      }.sorted { $0.name < $1.name })
  }

  /// The fields in order.
  public static let layout = Layout(
    Self.init(contract:version:entries:queries:), \.contract, \.version, \.entries, \.queries)

  /// The hash that stands for this interface on a chain of `suite`.
  public func hash(suite: CryptoSuite) -> Digest { suite.digest("ContractManifest", .none, self) }
}
