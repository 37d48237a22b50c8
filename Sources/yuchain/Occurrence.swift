internal import Synchronization

/// Something that happened, told to tasks that go on meanwhile.
final class Occurrence: Sendable {
  private let state = Atomic(false)
  var isSet: Bool { state.load(ordering: .acquiring) }
  func set() { state.store(true, ordering: .releasing) }
}
