import Apps
import ChainCore
import ChainTesting
import Testing

/// Random requests and uses by two departments: what is counted never exceeds what was granted, and nothing is used outside its time.
@Suite struct DirectoryInvariants {
  struct Trade {
    var world: DirectoryScenario
    var random: SeededRandom
    var requests: [Digest] = []
    var uses: [UseKey] = []
    var succeeded = 0
    var used = 0

    init(seed: UInt64) throws {
      world = try DirectoryScenario(machine: "request", state: nil)
      random = SeededRandom(seed)
    }

    private func record(_ id: Digest) throws -> Registered<DataRequest> { try #require(try world.record(id)) }

    mutating func step() throws {
      let owner = world.sandbox.caller(DirectoryScenario.owner)
      let applicant = world.sandbox.caller(DirectoryScenario.applicant)
      let office = world.sandbox.caller("office", roles: ["dataOffice"])
      let id = requests.isEmpty ? Digest.zero : requests[max(0, requests.count - 1 - random.below(4))]
      do {
        switch random.below(12) {
        case 0:
          let call = ApplyForData(
            item: DirectoryScenario.code, fields: [1], purpose: "p", basis: "b",
            until: world.sandbox.time.advanced(byMilliseconds: UInt64(random.below(90_000) + 1)),
            maxUses: UInt32(random.below(5) + 1), answerBy: world.sandbox.time.advanced(byMilliseconds: 10_000),
            certificate: world.parties.serials[DirectoryScenario.applicant] ?? [])
          requests.append(try world.sandbox.call("directory", "apply", call, as: applicant, returning: Digest.self))
        case 1: try world.sandbox.call("directory", "approve", ApproveRequest(request: id), as: owner)
        case 2: try world.sandbox.call("directory", "escalate", RequestCall(request: id), as: applicant)
        case 3:
          try world.sandbox.call("directory", "decide", DecideRequest(request: id, approve: random.chance(80), reason: "r"), as: office)
        case 4 where random.chance(30):
          try world.sandbox.call("directory", "revoke", RequestReason(request: id, reason: "r"), as: random.chance(50) ? owner : office)
        case 5 where random.chance(40):
          let call: EntryName = random.chance(20) ? "suspend" : "resume"
          if call == "resume" {
            try world.sandbox.call("directory", call, ItemCode(code: DirectoryScenario.code), as: office)
          } else {
            try world.sandbox.call("directory", call, ItemReason(code: DirectoryScenario.code, reason: "r"), as: office)
          }
        case 6, 7: try answer(owner)
        default: try use(id, applicant)
        }
        succeeded += 1
      } catch let error as ContractError {
        guard error != .unexpected else { throw error }
      }
    }

    private mutating func use(_ id: Digest, _ applicant: Caller) throws {
      let before = try world.record(id)
      let item = try world.item()
      let time = world.sandbox.time
      let call = UseData(
        request: id, number: (before?.content.lastUse ?? 0) + 1, kind: .query, matter: "m", question: .zero,
        count: UInt32(random.below(2) + 1))
      try world.sandbox.call("directory", "use", call, as: applicant)
      uses.append(UseKey(request: id, number: call.number))
      used += 1
      let request = try #require(before)
      #expect(request.state == "active" && time <= request.content.until && item?.state == "published")
    }

    private mutating func answer(_ owner: Caller) throws {
      guard !uses.isEmpty else { return }
      let key = uses[random.below(uses.count)]
      let result: UseResult = random.chance(50) ? .match : .failed
      let request = try record(key.request)
      let call = AnswerData(request: key.request, number: key.number, result: result)
      try world.sandbox.call("directory", "answerUse", call, as: owner)
      #expect(result == .failed || request.state == "active")
    }

    func check() throws {
      for id in requests {
        let request = try record(id).content
        let counted = try world.sandbox.query("directory", "uses", id, as: [Registered<DataUse>].self)
          .filter { $0.content.result != .failed }.reduce(0) { $0 + $1.content.count }
        #expect(counted == request.used && counted <= request.maxUses, "\(counted) of \(request.maxUses)")
      }
    }
  }

  @Test func usesStayWithinTheirRequest() throws {
    var (succeeded, used) = (0, 0)
    for seed in UInt64(0)..<50 {
      var trade = try Trade(seed: seed)
      for _ in 0..<200 { try trade.step() }
      try trade.check()
      succeeded += trade.succeeded
      used += trade.used
    }
    print("directory, seeds 0 to 49: \(succeeded) of 10,000 calls went through, \(used) uses")
    #expect(succeeded > 2_000 && used > 400)
  }
}
