internal import ChainCore

// Drugs: a code is dispensed once, and whoever scans it learns whether it is where it should be.

extension MedicalRecords {
  /// The states in which a recall reaches a package.
  static let recallable: [RecordState] = ["produced", "inTransit", "inStock", "returned"]

  var drugEntries: Entries {
    let drugs = Self.drugs
    return Entries(entries: [
      Entry("produce", by: drugs.access("produce")) { (call: ProduceDrugs, context) in try Self.produce(call, context) },
      Entry("shipDrug", by: .member) { (call: ShipDrugs, context) in
        try Self.moveCartons(call.cartons, call: "shipDrug", context) { drug in
          guard call.to != drug.holder else { throw ContractError.badArgument("to: the holder has it already") }
          drug.consignee = call.to
        }
      },
      Entry("receiveDrug", by: .member) { (call: ReceiveDrugs, context) in
        try Self.moveCartons(call.cartons, call: "receiveDrug", context) { drug in
          // The holder takes back what was not accepted.
          drug.holder = context.caller.organisation
          drug.consignee = nil
        }
      },
      Entry("dispense", by: drugs.access("dispense")) { (call: DrugCall, context) in
        try Self.move("dispense", call.code, leaves: true, context) { record in
          guard record.content.holder == context.caller.organisation else {
            throw ContractError.notAuthorised("\(record.content.holder) has the package")
          }
          guard context.time <= record.content.expiry else { throw ContractError.expired }
        }
      },
      Entry("scan", by: .roles(["pharmacy", "wholesaler", "hospital", "regulator"])) { (call: DrugCall, context) -> ScanAnswer in
        try Self.scan(call.code, context)
      },
      Entry("recallDrug", by: .member) { (call: RecallDrugs, context) in try Self.recall(call, context) },
      Entry("returnDrug", by: .member) { (call: DrugReason, context) in
        try Arguments.check(code: call.reason, "reason")
        try Self.move("returnDrug", call.code, leaves: true, context) { $0.content.consignee = nil }
      },
      Entry("destroyDrug", by: .member) { (call: DestroyDrug, context) in
        try Self.move("destroyDrug", call.code, leaves: true, context) { _ in }
      },
      Entry("reportLost", by: .member) { (call: DrugReason, context) in
        try Arguments.check(code: call.reason, "reason")
        try Self.move("reportLost", call.code, leaves: true, context) { _ in }
      },
    ])
  }

  private static func produce(_ call: ProduceDrugs, _ context: ContractContext) throws {
    try Arguments.check(code: call.carton, "carton")
    try Arguments.check(code: call.batch, "batch")
    guard (1...256).contains(call.codes.count), Set(call.codes).count == call.codes.count else {
      throw ContractError.badArgument("codes: 1 to 256 different ones")
    }
    guard call.expiry > context.time else { throw ContractError.badArgument("expiry: it has passed") }
    try context.require(try context.get(cartons, call.carton) == nil, .alreadyExists)
    let maker = context.caller.organisation
    let key = BatchKey(maker: maker, number: call.batch)
    var batch = try context.get(batches, key) ?? DrugBatch(maker: maker, recallable: 0, recalled: false, reason: "")
    guard !batch.recalled else { throw ContractError.notAllowed(state: "recalled", call: "produce") }
    batch.recallable += UInt64(call.codes.count)
    for code in call.codes {
      let drug = TracedDrug(
        carton: call.carton, batch: call.batch, expiry: call.expiry, maker: maker, holder: maker, consignee: nil)
      try drugs.create("produce", code, drug, context)
    }
    try context.put(batches, key, batch)
    try context.put(cartons, call.carton, DrugCarton(codes: call.codes, holder: maker))
  }

  /// The state that counts: a recall of the batch reaches what is neither dispensed, destroyed nor lost.
  static func state(of record: Registered<TracedDrug>, _ context: QueryContext) throws(ContractError) -> RecordState {
    guard recallable.contains(record.state) else { return record.state }
    return try batch(of: record.content, context).batch.recalled ? "recalled" : record.state
  }

  private static func batch(
    of drug: TracedDrug, _ context: QueryContext
  ) throws(ContractError) -> (key: BatchKey, batch: DrugBatch) {
    let key = BatchKey(maker: drug.maker, number: drug.batch)
    return (key, try context.require(batches, key))
  }

  /// Moves one package. `leaves`: it is no longer in its carton.
  private static func move(
    _ call: EntryName, _ code: DrugTraceCode, leaves: Bool, _ context: ContractContext,
    change: (inout Registered<TracedDrug>) throws -> Void
  ) throws {
    let found = try context.require(drugs.records, code)
    let moved = try drugs.move(call, code, state: try state(of: found, context), context, change: change)
    if leaves, var carton = try context.get(cartons, found.content.carton), carton.codes.contains(code) {
      carton.codes.removeAll { $0 == code }
      try context.put(cartons, found.content.carton, carton)
    }
    if recallable.contains(found.state), !recallable.contains(moved.state) {
      var (key, batch) = try batch(of: found.content, context)
      batch.recallable -= 1
      try context.put(batches, key, batch)
    }
  }

  private static func moveCartons(
    _ names: [String], call: EntryName, _ context: ContractContext, change: (inout TracedDrug) throws -> Void
  ) throws {
    guard (1...64).contains(names.count), Set(names).count == names.count else {
      throw ContractError.badArgument("cartons: 1 to 64 different ones")
    }
    let caller = context.caller.organisation
    for name in names {
      var carton = try context.require(cartons, name)
      guard let first = carton.codes.first else {
        // Nothing is in it any more; who could have moved it learns that, and nobody else.
        guard carton.holder == caller || call == "receiveDrug" && carton.consignee == caller else {
          throw ContractError.notAuthorised("\(carton.holder) has the carton")
        }
        throw ContractError.notAllowed(state: "empty", call: call.rawValue)
      }
      for code in carton.codes { try move(call, code, leaves: false, context) { try change(&$0.content) } }
      let moved = try context.require(drugs.records, first).content
      carton.holder = moved.holder
      carton.consignee = moved.consignee
      try context.put(cartons, name, carton)
    }
  }

  /// Always succeeds: what is wrong is recorded, not refused.
  private static func scan(_ code: DrugTraceCode, _ context: ContractContext) throws(ContractError) -> ScanAnswer {
    var answer = ScanAnswer(state: "unknown", isSuspect: true, isRecalled: false, isExpired: false)
    var holder: OrganisationID?
    let caller = context.caller.organisation
    if let record = try context.get(drugs.records, code) {
      let state = try state(of: record, context)
      holder = record.content.holder
      answer.state = state.rawValue
      answer.isExpired = context.time > record.content.expiry
      answer.isRecalled = try batch(of: record.content, context).batch.recalled
      let isHere = state == "inStock" && holder == caller || state == "inTransit" && record.content.consignee == caller
      answer.isSuspect = !isHere || answer.isExpired
    }
    let last = try context.range(suspects, under: code, reverse: true, limit: 1).first?.key.second ?? 0
    if answer.isSuspect {
      let scan = SuspectScan(organisation: caller, state: answer.state, holder: holder, time: context.time)
      try context.put(suspects, Pair(code, last + 1), scan)
    } else {
      // A scan of a package that is in order leaves a trace too: that it was there.
      try context.put(seen, code, context.time)
    }
    try context.emit("medical.scan", RecordChanged(key: code, version: last + (answer.isSuspect ? 1 : 0)))
    return answer
  }

  private static let seen = Table<DrugTraceCode, BlockTime>("seen")

  private static func recall(_ call: RecallDrugs, _ context: ContractContext) throws(ContractError) {
    try Arguments.check(code: call.reason, "reason")
    var batch = try context.require(batches, call.batch)
    guard context.caller.has("regulator") || batch.maker == context.caller.organisation else {
      throw .notAuthorised("a batch is recalled by its maker or a regulator")
    }
    guard !batch.recalled else { throw .notAllowed(state: "recalled", call: "recallDrug") }
    guard batch.recallable > 0 else { throw .notAllowed(state: "none left", call: "recallDrug") }
    batch.recalled = true
    batch.reason = call.reason
    try context.put(batches, call.batch, batch)
    try context.emit("medical.recallDrug", RecordChanged(key: call.batch, version: 1))
  }
}
