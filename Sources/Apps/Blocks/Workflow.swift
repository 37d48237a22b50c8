public import ChainCore

/// One step of a workflow: which department does it, and what must be done before.
public struct WorkflowStep: Sendable, Hashable {
  /// Its name.
  public let name: String
  /// Whose organisation does it.
  public let role: Role
  /// The steps before it; steps without each other's names run in parallel.
  public let after: [String]

  /// A step.
  public init(_ name: String, by role: Role, after: [String] = []) {
    self.name = name
    self.role = role
    self.after = after
  }
}

/// Cases that several departments work on, in sequence or in parallel, up to one call that finishes them or a deadline that ends them.
///
/// `finish` is one call: the contract checks all its guards again there, and applies all effects or none.
///
/// ```swift
/// let approvals = Workflow<String, Project>("approvals", filedBy: "department", finishedBy: "planning", steps: [
///   WorkflowStep("fire", by: "fireService"),
///   WorkflowStep("water", by: "waterOffice"),
///   WorkflowStep("drawings", by: "planning", after: ["fire", "water"]),
/// ])
/// var entries: Entries { approvals.entries { project, context in /* guards and effects of finish */ } }
/// ```
public struct Workflow<Key: OrderedKey & ContractValue, Content: ContractValue & Hashable>: Sendable {
  /// The cases.
  public let cases: Registry<Key, WorkflowCase<Content>>
  /// The steps.
  public let steps: [WorkflowStep]

  /// Cases in the registry `name`: filed by one role, finished by another after all steps.
  ///
  /// A step that names an unknown one before it, or itself, is a bug of the contract.
  public init(_ name: StaticString, filedBy: Role, finishedBy: Role, steps: [WorkflowStep]) {
    self.steps = steps
    for (index, step) in steps.enumerated() {
      let known = steps[..<index].map(\.name)
      // lint: allow trap, workflows are declared in source code and met by the first test
      precondition(step.after.allSatisfy(known.contains) && !known.contains(step.name), "steps come after steps before them")
    }
    cases = Registry(
      name,
      [
        .create("file", to: "filed", by: .role(filedBy)),
        .move("step", from: ["filed"], by: .checked),
        .move("reopen", from: ["filed"], by: .owner, .role(finishedBy)),
        .move("finish", from: ["filed"], to: "finished", by: .role(finishedBy)),
        .move("reject", from: ["filed"], to: "rejected", by: .role(finishedBy)),
        .move("withdraw", from: ["filed"], to: "withdrawn", by: .owner),
      ],
      derive: { record, time in
        record.state == "filed" && record.content.deadline.map { time > $0 } == true ? "lapsed" : record.state
      })
  }

  /// The calls `file`, `step`, `reopen`, `finish`, `reject` and `withdraw`, and the query `name`.
  /// - Parameter finish: Checks every guard again and applies the effects; what it throws leaves the case as it was.
  public func entries(
    finish: @escaping @Sendable (_ content: Content, _ key: Key, ContractContext) throws -> Void = { _, _, _ in }
  ) -> Entries {
    func close(_ call: EntryName) -> Entry {
      Entry(call, by: cases.access(call)) { (arguments: MoveRecord<Key>, context) in
        try Arguments.check(code: arguments.reason, "reason")
        try cases.move(call, arguments.key, state: try state(arguments.key, context), context)
      }
    }
    return Entries(
      entries: [
        Entry("file", by: cases.access("file")) { (call: FileCase<Key, Content>, context) in try file(call, context) },
        Entry("step", by: .member) { (call: DoStep<Key>, context) in try complete(call, context) },
        Entry("reopen", by: .member) { (call: ReopenStep<Key>, context) in
          try Arguments.check(code: call.reason, "reason")
          try reopen(call.step, of: call.key, context)
        },
        Entry("finish", by: cases.access("finish")) { (call: MoveRecord<Key>, context) in
          try Arguments.check(code: call.reason, "reason")
          try cases.move("finish", call.key, state: try state(call.key, context), context) { record in
            if let open = steps.first(where: { step in !record.content.done.contains { $0.step == step.name } }) {
              throw ContractError.notAllowed(state: "step \(open.name) open", call: "finish")
            }
            try finish(record.content.content, call.key, context)
          }
        },
        close("reject"), close("withdraw"),
      ],
      queries: [
        Query(EntryName(unchecked: cases.name)) { (key: Key, context) -> Registered<WorkflowCase<Content>>? in
          try context.get(cases.records, key)
        }
      ])
  }

  /// Files a case.
  /// - Throws: `.badArgument` for a deadline that has passed, `.alreadyExists`.
  public func file(_ call: FileCase<Key, Content>, _ context: ContractContext) throws {
    guard call.deadline.map({ $0 > context.time }) ?? true, call.deadlineHeight.map({ $0 > context.height }) ?? true else {
      throw ContractError.badArgument("deadline: it has passed")
    }
    try cases.create(
      "file", call.key,
      WorkflowCase(content: call.content, done: [], deadline: call.deadline, deadlineHeight: call.deadlineHeight), context)
  }

  /// Records a step as done.
  /// - Throws: `.badArgument` for an unknown step, `.notFound`, `.notAuthorised` without its role, `.notAllowed` before the steps that it
  ///   comes after or once it is done.
  public func complete(_ call: DoStep<Key>, _ context: ContractContext) throws {
    guard let step = steps.first(where: { $0.name == call.step }) else { throw ContractError.badArgument("step: there is no \(call.step)") }
    let state = try state(call.key, context)
    guard context.caller.has(step.role) else { throw ContractError.notAuthorised("step \(step.name) is done by a \(step.role)") }
    try cases.move("step", call.key, state: state, context) { record in
      guard !record.content.done.contains(where: { $0.step == step.name }) else {
        throw ContractError.notAllowed(state: "step \(step.name) done", call: "step")
      }
      if let open = step.after.first(where: { name in !record.content.done.contains { $0.step == name } }) {
        throw ContractError.notAllowed(state: "step \(open) open", call: "step")
      }
      record.content.done.append(
        StepDone(step: step.name, by: context.caller.organisation, time: context.time, digest: call.digest))
    }
  }

  /// Opens a step again, and every step that comes after it: its input has changed.
  public func reopen(_ step: String, of key: Key, _ context: ContractContext) throws {
    guard steps.contains(where: { $0.name == step }) else { throw ContractError.badArgument("step: there is no \(step)") }
    var opened: Set = [step]
    for later in steps where later.after.contains(where: opened.contains) { opened.insert(later.name) }
    try cases.move("reopen", key, state: try state(key, context), context) { record in
      record.content.done.removeAll { opened.contains($0.step) }
    }
  }

  /// The state that counts in this block: a case lapses after its time, or its height.
  /// - Throws: `.notFound`.
  public func state(_ key: Key, _ context: QueryContext) throws(ContractError) -> RecordState {
    let record = try context.require(cases.records, key)
    if record.state == "filed", let last = record.content.deadlineHeight, context.height > last { return "lapsed" }
    return cases.state(of: record, at: context.time)
  }
}
