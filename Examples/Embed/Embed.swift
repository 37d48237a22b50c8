// A chain of three validators in your own process: one contract, one call, one query.
import ChainCore
import ChainNode

struct Greetings: Contract {
  static let name: ContractName = "greetings"
  static let said = Table<AccountID, String>("said")
  var entries: Entries {
    Entry("say", by: .member) { (words: String, context) in try context.put(Self.said, context.caller.account, words) }
    Query("heard") { (who: AccountID, context) -> String? in try context.get(Self.said, who) }
  }
}

@main struct Embed {
  static func main() async throws {
    let plan = FoundingPlan(chain: "henan/410100", members: [("city-hall", "Li")], contracts: [Greetings()], time: .now)
    let founding = try Founding(plan)
    let chain = try LocalChain(founding)
    await chain.start()
    guard let account = founding.member("city-hall", "Li") else { return }
    let receipt = try await chain.client(account).call("greetings", "say", "你好")
    // Node 2 may be a block behind the one that answered.
    _ = try await chain.nodes[2].receipt(of: receipt.transaction)
    let heard = try chain.client(account, at: 2).query("greetings", "heard", account.id, as: String?.self)
    print(receipt.code, heard ?? "nothing yet")
    await chain.stop()
  }
}
