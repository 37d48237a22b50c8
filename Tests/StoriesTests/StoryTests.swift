import ChainCore
import Foundation
import Pilots
import Stories
import TestSupport
import Testing

/// Each story comes to its end on an engine and with a suite; the release run of `.ci/run` takes all four pairs. One after the other: chains that
/// wait cost time too.
@Suite(.serialized) struct StoryTests {
  static let input = Vectors.root.appending(path: "Examples/Stories").path
  static let matrix: [(Story, StorySetting)] = (Stories.all + Pilots.all).flatMap { story in
    [
      (story, StorySetting(suite: .guomi, engine: .simplex, input: input)),
      (story, StorySetting(suite: .international, engine: .raft, input: input)),
    ]
  }

  @Test(arguments: matrix) func storyEndsAsTold(story: Story, setting: StorySetting) async throws {
    let outcome = try await story.play(setting)
    await outcome.stop()
    #expect(!outcome.facts.isEmpty)
    #expect(outcome.narrations.contains { $0.kind == .refused })
  }
}
