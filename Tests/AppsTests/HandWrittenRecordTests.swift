import Apps
import Testing

@testable import ChainCore

/// The blocks' generic records write and read themselves without their layout. Both forms are one.
@Suite struct HandWrittenRecords {
  private func check<Record: CanonicalRecord>(_ record: Record, sourceLocation: SourceLocation = #_sourceLocation) throws {
    var writer = CanonicalWriter()
    Record.layout.encode(record, &writer)
    #expect(record.canonicalBytes == writer.bytes, sourceLocation: sourceLocation)
    #expect(try Record(canonicalBytes: writer.bytes).canonicalBytes == writer.bytes, sourceLocation: sourceLocation)
    var reader = CanonicalReader(writer.bytes)
    #expect(try Record.layout.decode(&reader).canonicalBytes == writer.bytes, sourceLocation: sourceLocation)
    for length in 0..<writer.bytes.count {
      #expect(throws: CanonicalError.self, sourceLocation: sourceLocation) { try Record(canonicalBytes: Array(writer.bytes[..<length])) }
    }
    #expect(throws: CanonicalError.self, sourceLocation: sourceLocation) { try Record(canonicalBytes: writer.bytes + [0]) }
  }

  @Test func theyAreThoseOfTheLayout() throws {
    let step = StepDone(step: "check", by: "office", time: 5, digest: .zero)
    let unit = WorkflowCase(content: "内容", done: [step, step], deadline: 7, deadlineHeight: nil)
    try check(unit)
    try check(Registered(state: "valid", owner: "office", version: 3, changedAt: 1_099_511_627_776, content: unit))
    try check(RecordChanged(key: "k", version: .max))
    try check(CreateRecord(key: "k", content: unit))
    try check(AmendRecord(key: "k", expectedVersion: 9, content: "new"))
    try check(MoveRecord(key: "k", reason: "r"))
  }
}
