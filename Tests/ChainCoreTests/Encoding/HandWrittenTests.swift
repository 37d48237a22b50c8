import Testing

@testable import ChainCore

/// The hottest types write themselves without their layout. Both forms are one.
@Suite struct HandWrittenForms {
  private func check<Record: CanonicalRecord & Equatable>(_ records: [Record], sourceLocation: SourceLocation = #_sourceLocation) throws {
    for record in records {
      var writer = CanonicalWriter()
      Record.layout.encode(record, &writer)
      #expect(record.canonicalBytes == writer.bytes, sourceLocation: sourceLocation)
      #expect(try Record(canonicalBytes: writer.bytes) == record, sourceLocation: sourceLocation)
      var reader = CanonicalReader(record.canonicalBytes)
      #expect(try Record.layout.decode(&reader) == record, sourceLocation: sourceLocation)
      for length in 0..<writer.bytes.count {
        #expect(throws: CanonicalError.self, sourceLocation: sourceLocation) { try Record(canonicalBytes: Array(writer.bytes[..<length])) }
      }
    }
  }

  @Test func theyAreThoseOfTheLayout() throws {
    var transactions: [SignedTransaction] = []
    for (suite, length) in [(CryptoSuite.guomi, 0), (.international, 1), (.guomi, 200)] {
      let key = try PrivateKey.generate(suite)
      let transaction = Transaction(
        chain: "henan/410100", sender: AccountID(.random()), contract: "notes", entry: "file",
        arguments: [UInt8](repeating: 5, count: length),
        salt: .max, validUntilHeight: 77)
      transactions.append(try transaction.signed(by: key, genesis: .none))
    }
    try check(transactions)
    try check(transactions.map(\.transaction))
    let events = [Event(contract: "notes", name: "filed", payload: [1, 2]), Event(contract: "notes", name: "", payload: [])]
    try check(events)
    let meter = MeterReading(reads: 1, writes: 2, bytes: 3 << 40, steps: .max)
    try check([meter])
    let id = TransactionID(.random())
    try check([
      Receipt(transaction: id, status: .succeeded, code: "ok", message: "", events: events, output: [9], meter: meter),
      Receipt(transaction: id, status: .failed, code: "locked", message: "为什么", events: [], output: [], meter: MeterReading()),
    ])
    try check([StateLeaf(keyHash: .random(), valueHash: .random())])
    try check([StoredLeaf(leaf: StateLeaf(keyHash: .random(), valueHash: .random()), key: [1, 2, 3], value: [])])
    let place = TransactionPlace(height: 7, index: 9)
    var writer = CanonicalWriter()
    TransactionPlace.layout.encode(place, &writer)
    #expect(place.canonicalBytes == writer.bytes)
    for value in [nil, [], [UInt8](repeating: 1, count: 300)] as [[UInt8]?] {
      var writer = CanonicalWriter()
      VersionedValue.layout.encode(VersionedValue(version: 5, value: value), &writer)
      #expect(VersionedValue(version: 5, value: value).canonicalBytes == writer.bytes)
      let read = try VersionedValue(canonicalBytes: writer.bytes)
      #expect(read.version == 5 && read.value == value)
    }
  }

  @Test func bytesAsKeysAreOrderedAsArraysAre() {
    let keys: [[UInt8]] = [[], [0], [0, 0], [0, 255], [1], [127], [128], [255], [255, 0]]
    for left in keys {
      for right in keys {
        #expect(ByteKey.precedes(left, right) == left.lexicographicallyPrecedes(right))
        #expect((ByteKey(left) == ByteKey(right)) == (left == right))
      }
    }
    #expect(Set(keys.map { ByteKey($0) }).count == keys.count)
  }
}
