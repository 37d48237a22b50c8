public import ChainCore

/// A sentence in the two languages that stories are told in.
public struct Sentence: Sendable, Hashable, Codable {
  /// In Chinese.
  public var zh: String
  /// In English.
  public var en: String

  /// One sentence, twice.
  public init(zh: String, en: String) {
    self.zh = zh
    self.en = en
  }

  /// The sentence in a language.
  public subscript(language: StoryLanguage) -> String { language == .zh ? zh : en }
}

/// The language of a telling.
public enum StoryLanguage: String, Sendable, CaseIterable {
  /// Chinese.
  case zh
  /// English.
  case en
}

/// One thing that happened in a story, as it is told.
public struct Narration: Sendable, Hashable, Codable {
  /// What kind of thing.
  public enum Kind: String, Sendable, Codable {
    /// A part of the story begins.
    case heading
    /// A call succeeded, or something arrived.
    case done
    /// A call was refused, as it should be.
    case refused
    /// Something was verified without a call.
    case verified
  }

  /// The story's name.
  public var story: String
  /// From 1.
  public var number: Int
  /// What kind of thing.
  public var kind: Kind
  /// Where it happened, if on a chain.
  public var chain: ChainID?
  /// At what height of it.
  public var height: BlockHeight?
  /// What it is about: names such as `licence` or `transaction`, and ids.
  public var ids: [String: String]
  /// The sentence.
  public var sentence: Sentence

  /// The line for people: sentence, then where.
  public func line(_ language: StoryLanguage) -> String {
    guard kind != .heading else { return "\n\(sentence[language])" }
    let mark = kind == .refused ? "✗" : kind == .verified ? "✓" : "•"
    let place = chain.map { chain in height.map { " [\(chain) #\($0)]" } ?? " [\(chain)]" } ?? ""
    let about = ids.sorted { $0.key < $1.key }.map {
      " \($0.key)=\($0.value.count > 80 || $0.value.count == 64 ? "\($0.value.prefix(16))…" : $0.value)"
    }
    return "  \(mark) \(sentence[language])\(place)\(about.joined())"
  }
}

/// A value of a story that must never show on a chain, in a packet or in a log.
public struct StorySecret: Sendable, Hashable {
  /// What it is, such as `citizen number of Wang`.
  public var label: String
  /// The value as people write it.
  public var text: String

  /// Names a value.
  public init(label: String, text: String) {
    self.label = label
    self.text = text
  }
}

/// A story did not go as it is told: which expectation failed.
public struct StoryFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// The story's name.
  public var story: String
  /// What was expected, and what came.
  public var reason: String

  /// The sentence for a person.
  public var description: String { "story \(story): \(reason)" }
}
