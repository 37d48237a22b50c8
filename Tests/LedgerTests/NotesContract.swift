import ChainCore

struct Note: CanonicalRecord, Codable, Hashable {
  var author: AccountID
  var text: String
  static let layout = Layout(Self.init, \.author, \.text)
}

struct FileNote: CanonicalRecord, Codable, Hashable {
  var number: UInt64
  var text: String
  static let layout = Layout(Self.init, \.number, \.text)
}

/// Everything that a runtime test needs: writes, indexes, failures, loops and foreign errors.
struct NotesContract: Contract {
  static let name: ContractName = "notes"
  static let notes = Table<UInt64, Note>("notes", indexes: [TableIndex("text") { _, note in note.text }])
  struct Foreign: Error {}

  var entries: Entries {
    IndexedTable(Self.notes)
    Entry("file", by: .role("department")) { (call: FileNote, context) in
      try context.require(try context.get(Self.notes, call.number) == nil, .alreadyExists)
      try context.put(Self.notes, call.number, Note(author: context.caller.account, text: call.text))
      try context.emit("notes.file", call.number)
    }
    Entry("change", by: .member) { (call: FileNote, context) -> String in
      var note = try context.require(Self.notes, call.number)
      let old = note.text
      note.text = call.text
      try context.put(Self.notes, call.number, note)
      return old
    }
    Entry("remove", by: .member) { (number: UInt64, context) in try context.remove(Self.notes, number) }
    Entry("writeThenFail", by: .member) { (number: UInt64, context) in
      try context.put(Self.notes, number, Note(author: context.caller.account, text: "half"))
      try context.emit("notes.half", number)
      throw number == 0 ? ContractError.expired as any Error : Foreign()
    }
    Entry("fill", by: .member) { (count: UInt64, context) in
      for number in 0..<count { try context.put(Self.notes, 1_000_000 + number, Note(author: context.caller.account, text: "fill")) }
    }
    Entry("burn", by: .member) { (steps: UInt64, context) in try context.charge(steps) }
    Entry("purge", by: .governance) { (number: UInt64, context) in
      guard try context.get(Self.notes, number) != nil else { throw ContractError.notFound }
      try context.remove(Self.notes, number)
      try context.emit("notes.purged", context.caller.organisation)
    }
    Query("burnt") { (steps: UInt64, context) -> UInt64 in
      try context.charge(steps)
      return steps
    }
    Query("note") { (number: UInt64, context) -> Note? in try context.get(Self.notes, number) }
    Query("byText") { (text: String, context) -> [UInt64] in
      try context.range(Self.notes, index: "text", equals: text, limit: 100).map(\.key)
    }
    Query("all") { (_: NoResult, context) -> [UInt64] in try context.range(Self.notes, limit: 10_000).map(\.key) }
    Query("secret", by: .role("auditor")) { (_: NoResult, _) -> Bool in true }
  }
}
