public import Apps
public import ChainCore
public import CrossChain

/// Why a code leads nowhere.
@nonexhaustive
public enum ResolveError: Error, Hashable, Sendable {
  /// It has none of the known forms.
  case unknownForm
  /// It has the form of a kind and is not valid: names kind and fault.
  case malformed(kind: String, IdentifierError)
  /// It is no Digital Link.
  case link(DigitalLinkError)
  /// A Digital Link that names neither a lot, a trade item nor a pallet.
  case linkWithoutThing
  /// Its division is not of this province.
  case otherProvince(String)
  /// No chain has registered the prefix that it begins with.
  case unknownPrefix(String)
}

extension ResolveError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .unknownForm: "the code is no Digital Link, licence identifier, unit code, GTIN, SSCC or drug trace code"
    case .malformed(let kind, let error): "not a valid \(kind): \(error)"
    case .link(let error): "not a valid Digital Link: \(error)"
    case .linkWithoutThing: "the link names neither a trade item nor a pallet"
    case .otherProvince(let division): "division \(division) is not of Henan"
    case .unknownPrefix(let code): "no chain has registered the prefix of \(code)"
    }
  }
}

/// Where a code leads: the chain, the contract, and the record's key there.
public struct ResolvedCode: Sendable, Hashable {
  /// What kind of code it is.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// A licence, by identifier.
    case licence
    /// A real-estate unit.
    case unit
    /// A lot of a trade item.
    case lot
    /// A trade item without lot: whose it is.
    case tradeItem
    /// A pallet.
    case pallet
    /// A drug's package.
    case drug
  }

  /// The kind.
  public var kind: Kind
  /// The chain.
  public var chain: ChainID
  /// The contract.
  public var contract: ContractName
  /// The record's key.
  public var key: StateKey

  init(_ kind: Kind, _ chain: ChainID, _ key: StateKey, _ contract: ContractName) {
    self.kind = kind
    self.chain = chain
    self.contract = contract
    self.key = key
  }
}

/// 码链融合: one function from any code that people meet to the chain, record and proof behind it.
///
/// ```swift
/// let resolver = CodeResolver(gs1: { ... main's prefixes ... }, drug: { ... })
/// let place = try resolver.resolve("https://trace.example.org/01/06923456780019/10/XY20231101")
/// let answer = try place.answer(on: ledger, through: relay, anchor: anchor)   // verified, as of a height
/// ```
public struct CodeResolver: Sendable {
  private let gs1: @Sendable (_ digits: String) throws -> (chain: ChainID, prefix: StateKey)?
  private let drug: @Sendable (DrugTraceCode) throws -> ChainID?

  /// A resolver over what the main chain has registered.
  /// - Parameters:
  ///   - gs1: The chain of the GS1 prefix that these digits begin with, and the key of that prefix's record on main.
  ///   - drug: The chain that traces packages with this code's prefix.
  public init(
    gs1: @escaping @Sendable (_ digits: String) throws -> (chain: ChainID, prefix: StateKey)?,
    drug: @escaping @Sendable (DrugTraceCode) throws -> ChainID?
  ) {
    self.gs1 = gs1
    self.drug = drug
  }

  /// A resolver that reads a node of the main chain, whose contracts are `AgriTrace` and `CodePrefixes`.
  public init(main: Ledger) {
    self.init { digits in
      for count in (4...12).reversed() {
        let key = StateKey(contract: AgriTrace.name, table: AgriTrace.prefixes.name, key: String(digits.prefix(count)))
        guard let bytes = try main.record(key) else { continue }
        let record = try PrefixRecord(canonicalBytes: bytes)
        return record.isConfirmed ? (record.chain, key) : nil
      }
      return nil
    } drug: { code in
      let home: CodeHome? = try main.query(CodePrefixes.name, "home", code)
      return home?.chain
    }
  }

  /// Where a code leads.
  ///
  /// By its form: a link, a licence identifier, 28 characters of a unit code, 20 digits of a drug, 18 of a pallet, 8, 12, 13 or 14 of a
  /// trade item. Spaces, lower case and full-width digits are not corrected: a code has one form.
  /// - Throws: `ResolveError`; what reading main's prefixes throws.
  public func resolve(_ code: String) throws -> ResolvedCode {
    guard code.utf8.count <= 2_048 else { throw ResolveError.unknownForm }
    if code.hasPrefix("https://") || code.hasPrefix("http://") { return try resolve(link: code) }
    if code.hasPrefix(LicenceIdentifier.root) {
      let identifier = try Self.parse(LicenceIdentifier.self, code)
      guard let chain = ElectronicLicence.home(of: identifier.licence) else { throw ResolveError.otherProvince(identifier.issuer) }
      return place(.licence, chain, ElectronicLicence.name, ElectronicLicence.licences.records, identifier.licence)
    }
    let isDigits = code.utf8.allSatisfy { (0x30...0x39).contains($0) }
    switch (code.utf8.count, isDigits) {
    case (28, _):
      let unit = try Self.parse(RealEstateUnit.self, code)
      guard let chain = HomeChain.of(division: unit.county) else { throw ResolveError.otherProvince(unit.county) }
      return place(.unit, chain, RealEstate.name, RealEstate.units.records, unit)
    case (20, true):
      let drugCode = try Self.parse(DrugTraceCode.self, code)
      guard let chain = try drug(drugCode) else { throw ResolveError.unknownPrefix(code) }
      return place(.drug, chain, MedicalRecords.name, MedicalRecords.drugs.records, drugCode)
    case (18, true): return try resolve(pallet: try Self.parse(SSCC.self, code))
    case (8, true), (12, true), (13, true), (14, true):
      let item: GTIN
      do throws(IdentifierError) {
        item = try GTIN(printed: code)
      } catch {
        throw ResolveError.malformed(kind: GTIN.kind, error)
      }
      return try resolve(item: item, lot: nil)
    default: throw ResolveError.unknownForm
    }
  }

  private func resolve(link text: String) throws -> ResolvedCode {
    let link: DigitalLink
    do throws(DigitalLinkError) {
      link = try DigitalLink(text)
    } catch {
      throw ResolveError.link(error)
    }
    if let lot = link.lot { return try resolve(item: lot.gtin, lot: lot) }
    if let pallet = link.pallet { return try resolve(pallet: pallet) }
    guard link.primary == "01", let item = link["01"] else { throw ResolveError.linkWithoutThing }
    return try resolve(item: try Self.parse(GTIN.self, item), lot: nil)
  }

  private func resolve(item: GTIN, lot: LotKey?) throws -> ResolvedCode {
    // The company's prefix begins behind the indicator digit.
    guard let (chain, prefix) = try gs1(String(item.text.dropFirst())) else { throw ResolveError.unknownPrefix(item.text) }
    guard let lot else { return ResolvedCode(.tradeItem, HomeChain.main, prefix, AgriTrace.name) }
    return place(.lot, chain, AgriTrace.name, AgriTrace.lotRecords, lot)
  }

  private func resolve(pallet: SSCC) throws -> ResolvedCode {
    guard let (chain, _) = try gs1(String(pallet.text.dropFirst())) else { throw ResolveError.unknownPrefix(pallet.text) }
    return place(.pallet, chain, AgriTrace.name, AgriTrace.pallets, pallet)
  }

  private func place<Key, Value>(
    _ kind: ResolvedCode.Kind, _ chain: ChainID, _ contract: ContractName, _ table: Table<Key, Value>, _ key: Key
  ) -> ResolvedCode {
    ResolvedCode(kind, chain, StateKey(contract: contract, table: table.name, key: key), contract)
  }

  private static func parse<Value: CheckedIdentifier>(_ type: Value.Type, _ text: String) throws(ResolveError) -> Value {
    do throws(IdentifierError) {
      return try Value(text)
    } catch {
      throw .malformed(kind: Value.kind, error)
    }
  }
}

/// A code's record as it is proven to whoever trusts the relay.
public struct ResolvedRecord: Sendable, Hashable {
  /// Where the code led.
  public var place: ResolvedCode
  /// The proof, to hand on.
  public var proof: RemoteProof
  /// What it proves: the record, or that there is none, at a height and time.
  public var seen: VerifiedRecord
}

extension ResolvedCode {
  /// The record and its proof, verified against the relay's anchor.
  ///
  /// - Parameters:
  ///   - subject: A node's ledger of the code's chain.
  ///   - relay: A node's ledger of the relay.
  ///   - anchor: Whom the asker trusts.
  /// - Throws: `RemoteProofBuildError` if the relay does not know the chain yet, `RemoteProofError`.
  public func answer(on subject: Ledger, through relay: Ledger, anchor: TrustAnchor) throws -> ResolvedRecord {
    let proof = try RemoteProof(of: key, on: subject, through: relay)
    return ResolvedRecord(place: self, proof: proof, seen: try proof.verify(anchor: anchor))
  }
}
