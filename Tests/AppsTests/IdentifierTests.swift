import Apps
import ChainCore
import Foundation
import TestSupport
import Testing

@Suite struct Identifiers {
  struct File: Decodable {
    struct Kind: Decodable {
      struct Case: Decodable {
        var value: String
        var county, drugIdentification: String?
        var why, issuer, serial, version, typeCode, kind, gtin14, division, organisationCode: String?
        var orgCheckOK: Bool?
      }
      var valid, invalid: [Case]
    }
    /// The organisations of the stories.
    var organisations: [String: String]?
    var citizenID, unifiedCreditCode, licenceIdentifier, realEstateUnit, gs1, drugTraceCode: Kind
  }

  @Test func publishedAndSyntheticNumbers() throws {
    let data = try Vectors.shared("domain/identifiers.json") ?? Vectors.bundled("domain/identifiers.json")
    let file = try JSONDecoder().decode(File.self, from: data)
    for item in file.citizenID.valid { #expect(CitizenNumber.isValid(item.value), "\(item.value)") }
    for item in file.citizenID.invalid { #expect(!CitizenNumber.isValid(item.value), "\(item.value): \(item.why ?? "")") }
    for item in file.unifiedCreditCode.valid {
      let code = try UnifiedCreditCode(item.value)
      #expect(code.organisationCode == item.organisationCode && code.hasValidOrganisationCode == item.orgCheckOK)
    }
    try refused(file.unifiedCreditCode, UnifiedCreditCode.self)
    for item in file.licenceIdentifier.valid {
      let code = try LicenceIdentifier(item.value)
      #expect(code.issuer == item.issuer && code.serial == item.serial && code.typeCode.text == item.typeCode)
      #expect(code.version == item.version.flatMap { Int($0) })
      #expect(try LicenceIdentifier(typeCode: code.typeCode, issuer: code.issuer, serial: code.serial, version: code.version) == code)
      #expect(try LicenceNumber(code.licence.text) == code.licence)
    }
    try refused(file.licenceIdentifier, LicenceIdentifier.self)
    // A version that no number holds, and characters that no alphabet has, in each part.
    let good = try #require(file.licenceIdentifier.valid.first).value
    let parts = good.dropFirst(LicenceIdentifier.root.count).split(separator: ".").map(String.init)
    for bad in [String(repeating: "9", count: 60), "000", "0+1", "١٢٣", "", "A", "é", "\u{0}"] {
      for place in parts.indices {
        var changed = parts
        changed[place] = bad
        #expect(throws: IdentifierError.self) { try LicenceIdentifier(LicenceIdentifier.root + changed.joined(separator: ".")) }
      }
    }
    for item in file.realEstateUnit.valid { #expect(try RealEstateUnit(item.value).county == item.county, "\(item.value)") }
    try refused(file.realEstateUnit, RealEstateUnit.self)
    for item in file.gs1.valid {
      switch item.kind {
      case "GLN": _ = try GLN(item.value)
      case "SSCC": _ = try SSCC(item.value)
      default: #expect(try GTIN(printed: item.value).text == item.gtin14)
      }
    }
    for item in file.gs1.invalid {
      #expect(throws: IdentifierError.self) { try GTIN(printed: item.value) }
      #expect(throws: IdentifierError.self) { try GLN(item.value) }
      #expect(throws: IdentifierError.self) { try SSCC(item.value) }
    }
    for item in file.drugTraceCode.valid {
      #expect(try DrugTraceCode(item.value).drugIdentification == item.drugIdentification, "\(item.value)")
    }
    try refused(file.drugTraceCode, DrugTraceCode.self)
    for (name, text) in file.organisations ?? [:] {
      let code = try UnifiedCreditCode(text)
      #expect(try Division(of: code).homeChain == HomeChain.of(code), "\(name)")
    }
    let kinds = [file.citizenID, file.unifiedCreditCode, file.licenceIdentifier, file.realEstateUnit, file.gs1, file.drugTraceCode]
    print(
      "identifiers: \(kinds.reduce(0) { $0 + $1.valid.count }) valid, \(kinds.reduce(0) { $0 + $1.invalid.count }) refused, \(file.organisations?.count ?? 0) organisations"
    )
  }

  func refused<Value: CheckedIdentifier>(_ kind: File.Kind, _: Value.Type) throws {
    for item in kind.invalid {
      #expect(throws: IdentifierError.self, "\(item.value): \(item.why ?? "")") { try Value(item.value) }
      #expect(throws: CanonicalError.self) { try Value(canonicalBytes: item.value.canonicalBytes) }
    }
  }

  @Test func citizenNumbersAreFoundInText() {
    #expect(CitizenNumber.occurs(in: "holder 410105188501010014, Zhengzhou"))
    #expect(CitizenNumber.occurs(in: "2410105188501010014"))
    #expect(!CitizenNumber.occurs(in: "410105188501010010"))
    #expect(!CitizenNumber.occurs(in: "河南省"))
  }

  @Test func homesOfDivisions() throws {
    #expect(HomeChain.of(try UnifiedCreditCode("11410000MB0A00026E")) == "henan/main")
    #expect(HomeChain.of(try UnifiedCreditCode("91410105MA9A000458")) == "henan/410100")
    #expect(HomeChain.of(try UnifiedCreditCode("91410173MA9A00037W")) == "henan/410173")
    #expect(HomeChain.of(division: "419001") == "henan/419001")
    #expect(HomeChain.of(division: "110000") == nil)
  }
}
