internal import Mustache

/// How texts stand in our pages: nothing that somebody wrote can be markup, end an attribute, or turn the direction of what stands beside it.
///
/// Works on Unicode scalars, not on characters: a quote with a combining mark is one character to Swift and still a quote to a browser.
enum PageText {
  /// The name of this way of escaping in templates.
  static let contentType = "YUCHAIN"

  /// The text for element content and quoted attributes; control characters, also those of direction, are shown by their number.
  static func escape(_ text: String) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
      case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
      case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
      case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
      case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
      case "`": escaped.append(contentsOf: "&#96;".unicodeScalars)
      case _ where isInvisible(scalar):
        escaped.append(contentsOf: "[U+\(hex(scalar.value))]".unicodeScalars)
      default: escaped.append(scalar)
      }
    }
    return String(escaped)
  }

  /// Controls, marks and overrides of direction, zero-width and tag characters, and code points that are no text.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: true
    default: false
    }
  }

  private static func hex(_ value: UInt32) -> String {
    let digits = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}

/// The escaping of `PageText`, for the template engine, whose own looks at characters.
private struct PageEscaping: MustacheContentType {
  func escapeText(_ text: String) -> String { PageText.escape(text) }
}

/// A page's template.
struct PageTemplate: Sendable {
  private static let isRegistered: Bool = {
    MustacheContentTypes.register(PageEscaping(), named: PageText.contentType)
    return true
  }()

  private let template: MustacheTemplate

  /// Reads a template; all its variables are escaped.
  /// - Throws: `PageError.template`.
  init(_ text: String) throws(PageError) {
    guard Self.isRegistered, !text.contains("{{{"), !text.contains("{{&") else { throw .template("a variable is not escaped") }
    do {
      template = try MustacheTemplate(string: "{{% CONTENT_TYPE: \(PageText.contentType)}}" + text)
    } catch {
      throw .template("\(error)")
    }
  }

  func render(_ content: Any) -> String { template.render(content) }
}

/// Why no page can be made.
@nonexhaustive
public enum PageError: Error, Hashable, Sendable {
  /// What a ledger says does not follow from what its validators signed; names the record.
  case notProven(String)
  /// The newest certificate is not one of the anchor's validators: use an anchor of this generation of the chain's validators.
  case anchor(ChainSet)
  /// No height has a certificate yet; wait for one.
  case notCertified
  /// The evidence package does not verify: the failed check and why.
  case notVerified(String)
  /// A text is too long for a QR code.
  case qrCode(Int)
  /// A template of ours is not well formed.
  case template(String)
}

/// A chain and a generation of its validators.
public struct ChainSet: Hashable, Sendable {
  /// The chain.
  public var chain: String
  /// The generation.
  public var generation: UInt64
}

extension PageError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .notProven(let record): "\(record) does not follow from what the validators signed"
    case .anchor(let set): "the newest certificate is of generation \(set.generation) of \(set.chain): use an anchor of that generation"
    case .notCertified: "no height has a certificate yet; wait for one"
    case .notVerified(let why): "the package does not verify: \(why)"
    case .qrCode(let bytes): "\(bytes) bytes do not fit a QR code; use a shorter link"
    case .template(let why): "a template is not well formed: \(why)"
    }
  }
}
