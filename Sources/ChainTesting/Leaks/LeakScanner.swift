public import ChainCore

/// Searches what chains store, and what their nodes say, for values that must not show anywhere: names and numbers of persons, results of
/// tests, amounts.
///
/// Each value is looked for as UTF-8, in upper and lower case, as UTF-16 of both orders, in hexadecimal, in base64 at all three alignments and
/// url-safe, escaped as in JSON and in links, and as its digest without salt.
///
/// ```swift
/// let scanner = LeakScanner([.init(label: "citizen number", text: "410105188501010014")])
/// let report = try scanner.scan(ledger)
/// precondition(report.leaks.isEmpty)
/// ```
public struct LeakScanner: Sendable {
  /// A value that must not be found.
  public struct Secret: Sendable, Hashable {
    /// What it is: findings name it, not the value.
    public var label: String
    /// The value as people write it.
    public var text: String

    /// Names a value.
    public init(label: String, text: String) {
      self.label = label
      self.text = text
    }
  }

  /// A value that was found.
  public struct Leak: Sendable, Hashable, CustomStringConvertible {
    /// What it is.
    public var label: String
    /// How it stands there.
    public var form: String
    /// Where.
    public var place: String

    /// The sentence for a person.
    public var description: String { "\(label) stands in \(place) as \(form)" }
  }

  /// What was searched, and what was found.
  public struct Report: Sendable {
    /// The findings.
    public var leaks: [Leak] = []
    /// How many bytes were searched, by place.
    public var bytes: [String: Int] = [:]

    /// An empty report.
    public init() {}

    /// Adds another search.
    public mutating func add(_ other: Report) {
      leaks += other.leaks
      bytes.merge(other.bytes) { $0 + $1 }
    }
  }

  private struct Needle: Sendable {
    var label, form: String
    var bytes: [UInt8]
  }

  private let needles: [Needle]
  /// The needles that begin with a pair of bytes, by the pair.
  private let beginnings: [Int: [Int]]
  private let begins: [Bool]

  /// A scanner for these values.
  public init(_ secrets: [Secret]) {
    var needles: [Needle] = []
    for secret in secrets {
      for (form, bytes) in SecretForms.all(of: secret.text) { needles.append(Needle(label: secret.label, form: form, bytes: bytes)) }
    }
    var beginnings: [Int: [Int]] = [:]
    for (index, needle) in needles.enumerated() { beginnings[Int(needle.bytes[0]) << 8 | Int(needle.bytes[1]), default: []].append(index) }
    self.needles = needles
    self.beginnings = beginnings
    begins = (0..<65_536).map { beginnings[$0] != nil }
  }

  /// How many byte strings are looked for.
  public var formCount: Int { needles.count }

  /// The findings in some bytes.
  public func leaks(in bytes: [UInt8], at place: String) -> [Leak] {
    guard bytes.count >= SecretForms.shortest else { return [] }
    var found: [Leak] = []
    var pair = Int(bytes[0])
    for index in 1..<bytes.count {
      pair = (pair << 8 | Int(bytes[index])) & 0xffff
      guard begins[pair] else { continue }
      for number in beginnings[pair] ?? [] {
        let needle = needles[number]
        guard bytes.count - index + 1 >= needle.bytes.count else { continue }
        guard bytes[(index - 1)..<(index - 1 + needle.bytes.count)].elementsEqual(needle.bytes) else { continue }
        found.append(Leak(label: needle.label, form: needle.form, place: place))
      }
    }
    return found
  }

  /// Searches lines, such as those of a log.
  public func scan(_ lines: [String], at place: String) -> Report {
    var report = Report()
    for line in lines {
      let bytes = Array(line.utf8)
      report.leaks += leaks(in: bytes, at: place)
      report.bytes[place, default: 0] += bytes.count
    }
    return report
  }

  /// Searches all that a ledger stores: blocks, receipts, events, state of all kept heights, packets, index, certificates.
  /// - Throws: `LedgerError`.
  public func scan(_ ledger: Ledger) throws -> Report {
    var report = Report()
    let chain = ledger.genesis.chain
    let outbox = StateKey.prefix(contract: "xc", table: "outbox")
    try ledger.eachStored { table, key, value in
      var place = Self.places[table] ?? table
      if table == "state", key.starts(with: outbox) { place = "packets" }
      report.bytes[place, default: 0] += key.count + value.count
      // Keys that hold bytes of their own are searched with a break, so that nothing is found across the two.
      var found = leaks(in: key, at: "\(place) of \(chain)") + leaks(in: value, at: "\(place) of \(chain)")
      if table == "receipts" {
        let events = try [Receipt](canonicalBytes: value).flatMap(\.events)
        report.bytes["events", default: 0] += events.reduce(0) { $0 + $1.payload.count }
        found += events.flatMap { leaks(in: $0.payload + Array($0.name.utf8), at: "events of \(chain)") }
      }
      report.leaks += found
    }
    return report
  }

  private static let places = ["transactions": "blocks", "headers": "blocks", "state-nodes": "state tree"]
}
