internal import Apps
public import ChainCore

extension StoryStage {
  /// The serial number of a clerk's certificate, as the directory names encryption certificates.
  public func certificate(of organisation: OrganisationID, on chain: ChainID) throws -> [UInt8] {
    let members: [Member] = try ask(organisation, on: chain, "identity", "membersOf", organisation)
    guard let serial = members.first?.serial else { throw failure("\(organisation) has no member on \(chain)") }
    return serial
  }

  /// Drafts, submits and publishes an item of the directory on the main chain.
  func publish(
    _ code: String, _ title: String, by owner: OrganisationID, fields: [ItemField], share: SharePolicy, list: ItemList = .ordinary
  ) async throws -> Happened<NoResult> {
    let main = Place.main
    let item = SaveItem(
      code: code, title: title, division: "410000", certificate: try certificate(of: owner, on: main), share: share, list: list,
      updateDays: 1, content: .clear(fields))
    try await call(owner, on: main, "directory", "saveItem", item)
    try await call(owner, on: main, "directory", "submit", ItemVersionCall(code: code, expectedVersion: 1))
    return try await call(
      Party.dataOffice, on: main, "directory", "publish", ItemVersionCall(code: code, expectedVersion: 2))
  }
}
