public import ChainCore
public import ChainNode

/// How a story's chains are run.
public struct StorySetting: Sendable {
  /// Every chain's cryptography.
  public var suite: CryptoSuite
  /// Every chain's engine: three Raft validators or four of Simplex BFT.
  public var engine: EngineKind
  /// Where chains keep their data; `nil` = in memory.
  public var folder: String?
  /// The folder of the data that stories are told with.
  public var input: String

  /// A setting.
  public init(suite: CryptoSuite = .guomi, engine: EngineKind = .simplex, folder: String? = nil, input: String = "Examples/Stories") {
    self.suite = suite
    self.engine = engine
    self.folder = folder
    self.input = input
  }
}

/// A story: real chains with their consensus, real calls, and what has to come of each. It fails as soon as something else comes.
public struct Story: Sendable {
  /// What one types to hear it.
  public let name: String
  /// What it is about.
  public let title: Sentence
  private let teller: @Sendable (StoryStage) async throws -> Void

  /// A story that `teller` tells: it founds chains on the stage, calls, and states what it expects.
  public init(_ name: String, _ title: Sentence, teller: @escaping @Sendable (StoryStage) async throws -> Void) {
    self.name = name
    self.title = title
    self.teller = teller
  }

  /// Plays the story. Its chains run on until `StoryOutcome.stop`.
  /// - Parameter hear: Gets every narration as it happens.
  /// - Throws: `StoryFailure`; then its chains are stopped.
  public func play(
    _ setting: StorySetting = StorySetting(), hear: @escaping @Sendable (Narration) -> Void = { _ in }
  ) async throws(StoryFailure) -> StoryOutcome {
    let stage = StoryStage(story: name, setting: setting, hear: hear)
    do {
      try await teller(stage)
    } catch {
      await stage.stop()
      throw StoryFailure(story: name, reason: (error as? StoryFailure)?.reason ?? "\(error)")
    }
    return stage.outcome()
  }
}

/// What a story left behind.
public struct StoryOutcome: Sendable {
  /// The story's name.
  public let story: String
  /// How it was played.
  public let setting: StorySetting
  /// What was told.
  public let narrations: [Narration]
  /// What came of it, by name: the same on every engine and with every suite.
  public let facts: [String: String]
  /// Values that must not be found anywhere.
  public let secrets: [StorySecret]
  /// Things that the story hands on, by name: documents, pages' input, bytes that stayed off chain.
  public let documents: [String: [UInt8]]
  /// Every chain, the relay first if there is one; its nodes run until `stop`.
  public let chains: [LocalChain]
  /// Each line that nodes logged, at every level.
  public let log: [String]
  let stage: StoryStage

  /// The chain of this name.
  public func chain(_ name: ChainID) -> LocalChain? { chains.first { $0.chain == name } }

  /// The folder of a validator's stores, if the story was played on disk.
  public func folder(of chain: ChainID, validator index: Int) -> String? {
    setting.folder.map { StoryStage.folder(of: chain, index, in: $0) }
  }

  /// Stops the chains and closes their stores.
  public func stop() async { await stage.stop() }
}
