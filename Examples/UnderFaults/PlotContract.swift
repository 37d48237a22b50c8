import ChainCore

/// Arguments of `plots.sell`.
struct Sale: CanonicalRecord, Codable {
  var plot: UInt64
  var seller: UInt64
  var buyer: UInt64
  static let layout = Layout(Self.init, \.plot, \.seller, \.buyer)
}

/// Who owns which plot of land. The contract that this example tries.
struct PlotContract: Contract {
  static let name: ContractName = "plots"
  static let owners = Table<UInt64, UInt64>("owners")
  /// For each owner and plot a deed: the key is owner * 1,000 + plot.
  static let deeds = Table<UInt64, UInt64>("deeds")

  /// A mistake to show what it looks like when it is found: the seller keeps the deed.
  var keepsOldDeed = false

  var entries: Entries {
    Entry("sell", by: .role("registrar")) { (sale: Sale, context) in
      let owner = try context.get(Self.owners, sale.plot) ?? 0
      try context.require(owner == sale.seller, .notAllowed(state: "owned by \(owner)", call: "sell"))
      try context.require(sale.buyer != sale.seller, .badArgument("buyer"))
      try context.put(Self.owners, sale.plot, sale.buyer)
      if !keepsOldDeed { try context.remove(Self.deeds, sale.seller * 1_000 + sale.plot) }
      try context.put(Self.deeds, sale.buyer * 1_000 + sale.plot, sale.plot)
    }
    Query("holders") { (plot: UInt64, context) -> [UInt64] in
      var found: [UInt64] = []
      for owner in UInt64(0)..<PlotWorkload.people where try context.get(Self.deeds, owner * 1_000 + plot) != nil { found.append(owner) }
      return found
    }
  }
}
