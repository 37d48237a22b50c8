public import ChainCore

/// A person as a chain knows them: HMAC(k, domain ‖ citizen number). Only the identity service, which keeps k, can make or recognise it.
public struct SubjectRef: DigestIdentifier, OrderedKey {
  /// The digest itself.
  public let digest: Digest
  /// The reference with this digest.
  public init(_ digest: Digest) { self.digest = digest }

  /// The reference of a citizen in a domain, as the identity service makes it.
  ///
  /// - Parameters:
  ///   - key: The service's secret of the domain.
  ///   - domain: Such as `licence`: references of different domains do not link.
  /// - Throws: `IdentifierError.form` for what is no citizen number; `KeyError`.
  public init(citizenNumber: String, domain: String, key: [UInt8], suite: CryptoSuite) throws {
    guard CitizenNumber.isValid(citizenNumber) else { throw IdentifierError.form(kind: "citizen number", "it is not valid") }
    self.init(try suite.hmac(key: key, message: domain.canonicalBytes + citizenNumber.canonicalBytes))
  }
}

/// Whom a record is about.
public enum Subject: CanonicalCodable, Codable, Hashable, Sendable {
  /// A person, by reference only.
  case person(SubjectRef)
  /// An organisation.
  case organisation(OrganisationID)

  /// Appends the variant and its value.
  public func encode(into writer: inout CanonicalWriter) {
    switch self {
    case .person(let reference):
      writer.writeVariant(0)
      reference.encode(into: &writer)
    case .organisation(let id):
      writer.writeVariant(1)
      id.encode(into: &writer)
    }
  }

  /// Reads the variant and its value.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    self = try reader.readVariant(of: "Subject") { (variant, reader) throws(CanonicalError) -> Self? in
      switch variant {
      case 0: .person(try SubjectRef(from: &reader))
      case 1: .organisation(try OrganisationID(from: &reader))
      default: nil
      }
    }
  }

  /// The organisation, if it is one.
  public var organisation: OrganisationID? {
    if case .organisation(let id) = self { id } else { nil }
  }
}
