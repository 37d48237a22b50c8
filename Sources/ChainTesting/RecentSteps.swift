/// The last things that happened in a run, written out only when somebody wants to read them: a ring of `limit` items.
struct RecentSteps<Event, Effect> {
  enum Item {
    case step(Int, Event, [Effect])
    case note(String)
  }

  private var items: [(tick: Int, item: Item)] = []
  private var next = 0
  private let limit: Int

  init(limit: Int) { self.limit = max(1, limit) }

  mutating func append(_ item: Item, at tick: Int) {
    if items.count < limit {
      items.append((tick, item))
    } else {
      items[next] = (tick, item)
      next = (next + 1) % limit
    }
  }

  /// A line an item, oldest first; a step's effects stand below it. `letter` names a replica by its place.
  func lines(letter: String, event: (Event) -> String, effect: (Effect) -> String) -> [String] {
    (items[next...] + items[..<next]).map { tick, item in
      switch item {
      case .note(let text): "\(tick) \(text)"
      case .step(let place, let cause, let effects):
        "\(tick) \(letter)\(place) \(event(cause))" + effects.map { "\n        \(effect($0))" }.joined()
      }
    }
  }
}
