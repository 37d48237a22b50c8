public import ChainCore

// Records and arguments of `Workflow`.

/// A step that was done.
public struct StepDone: CanonicalRecord, Codable, Hashable {
  /// The step's name.
  public var step: String
  /// Who did it.
  public var by: OrganisationID
  /// When.
  public var time: BlockTime
  /// The digest of its result.
  public var digest: Digest

  /// Puts the fields together.
  public init(step: String, by: OrganisationID, time: BlockTime, digest: Digest) {
    self.step = step
    self.by = by
    self.time = time
    self.digest = digest
  }

  /// The fields in order.
  public static let layout = Layout(Self.init, \.step, \.by, \.time, \.digest)
}

/// A case on its way through the steps.
public struct WorkflowCase<Content: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// What the contract keeps.
  public var content: Content
  /// The steps done, in order.
  public var done: [StepDone]
  /// When it lapses by itself.
  public var deadline: BlockTime?
  /// The last height at which it goes on.
  public var deadlineHeight: BlockHeight?

  /// Puts the fields together.
  public init(content: Content, done: [StepDone], deadline: BlockTime?, deadlineHeight: BlockHeight?) {
    self.content = content
    self.done = done
    self.deadline = deadline
    self.deadlineHeight = deadlineHeight
  }

  /// The fields in order.
  public static var layout: Layout<WorkflowCase> { Layout(Self.init, \.content, \.done, \.deadline, \.deadlineHeight) }

  /// Appends the fields in the order of `layout`: a generic type would make its key paths anew each time.
  public func encode(into writer: inout CanonicalWriter) {
    content.encode(into: &writer)
    done.encode(into: &writer)
    deadline.encode(into: &writer)
    deadlineHeight.encode(into: &writer)
  }

  /// Reads the fields in the order of `layout`.
  public init(from reader: inout CanonicalReader) throws(CanonicalError) {
    try reader.enter()
    let content = try Content(from: &reader)
    let done = try [StepDone](from: &reader)
    let deadline = try BlockTime?(from: &reader)
    let deadlineHeight = try BlockHeight?(from: &reader)
    reader.leave()
    self.init(content: content, done: done, deadline: deadline, deadlineHeight: deadlineHeight)
  }
}

/// Arguments of the call that files a case.
public struct FileCase<Key: ContractValue & Hashable, Content: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// The case's key, unused so far.
  public var key: Key
  /// What it is about.
  public var content: Content
  /// When it lapses.
  public var deadline: BlockTime?
  /// At which height it lapses.
  public var deadlineHeight: BlockHeight?

  /// Puts the fields together.
  public init(key: Key, content: Content, deadline: BlockTime? = nil, deadlineHeight: BlockHeight? = nil) {
    self.key = key
    self.content = content
    self.deadline = deadline
    self.deadlineHeight = deadlineHeight
  }

  /// The fields in order.
  public static var layout: Layout<FileCase> { Layout(Self.init, \.key, \.content, \.deadline, \.deadlineHeight) }
}

/// Arguments of `step`.
public struct DoStep<Key: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// The case.
  public var key: Key
  /// The step that the caller's department did.
  public var step: String
  /// The digest of its result.
  public var digest: Digest

  /// Puts the fields together.
  public init(key: Key, step: String, digest: Digest) {
    self.key = key
    self.step = step
    self.digest = digest
  }

  /// The fields in order.
  public static var layout: Layout<DoStep> { Layout(Self.init, \.key, \.step, \.digest) }
}

/// Arguments of `reopen`.
public struct ReopenStep<Key: ContractValue & Hashable>: CanonicalRecord, Codable, Hashable {
  /// The case.
  public var key: Key
  /// The step to be done again, and with it all that come after it.
  public var step: String
  /// Why: a code.
  public var reason: String

  /// Puts the fields together.
  public init(key: Key, step: String, reason: String) {
    self.key = key
    self.step = step
    self.reason = reason
  }

  /// The fields in order.
  public static var layout: Layout<ReopenStep> { Layout(Self.init, \.key, \.step, \.reason) }
}
