// A relay and two chains in your own process. One greets the other through the relay, then retires: nothing is left under way.
import ChainCore
import ChainNode
import CrossChain

struct Greetings: Contract {
  static let name: ContractName = "greetings"
  static let heard = Table<String, String>("heard")
  var entries: Entries {
    Entry("greet", by: .member) { (whom: ChainID, context) in
      _ = try context.send(OutgoingPacket(to: whom, port: Self.name, call: "hear", payload: "你好".canonicalBytes))
    }
    Entry("hear", by: .member) { (words: String, context) in try context.put(Self.heard, "\(context.caller.origin)", words) }
    Query("all") { (_: NoResult, context) -> [String] in try context.range(Self.heard, limit: 100).map { "\($0.key): \($0.value)" } }
  }
}

@main struct Province {
  static func main() async throws {
    let options = NetworkOptions(routes: [SetRoute(scope: RouteScope(port: Greetings.name), policy: RoutePolicy())])
    let network = try await Network(relay: FoundingPlan(chain: "henan/relay", contracts: [], time: .now), options: options)
    let kaifeng = try await network.add(FoundingPlan(chain: "henan/410200", contracts: [Greetings()], time: .now))
    let luoyang = try await network.add(FoundingPlan(chain: "henan/410300", contracts: [Greetings()], time: .now))
    _ = try await luoyang.client(luoyang.founding.administrator).call("greetings", "greet", kaifeng.chain)
    try await network.retire(luoyang.chain)
    let heard = try kaifeng.nodes[0].ledger.query("greetings", "all", NoResult(), as: [String].self)
    for status in try await network.status() {
      print(status.chain, status.phase, "sent \(status.traffic.sent), received \(status.traffic.received)")
    }
    print(heard.joined(separator: ", "))
    await network.stop()
  }
}
