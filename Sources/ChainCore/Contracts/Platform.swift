// The platform's contracts have one version together, which governance raises like that of any contract, under the name `platform`.
//
// They guard each other and the way to change them, so a chain never runs some of them of one release and some of another. A release that
// changes what any of them does raises `latestPlatform` and lets the code ask `ContractContext.platform`, so that it contains the
// versions before as well: blocks of every height are executed by the version of their time.
extension ContractRegistry {
  /// `platform`: stands for `identity`, `access`, `governance`, `contracts` and `audit` together.
  public static let platformName: ContractName = "platform"
  /// The latest version of the platform in this release. Chains begin with version 1.
  public static let latestPlatform: UInt32 = 1

  /// The interface of the platform in this release, as one digest: what a proposal of its latest version names.
  public func platformManifest(suite: CryptoSuite) -> Digest {
    suite.digest("PlatformManifest", .none, names.filter(Self.isCore).compactMap { manifest($0) })
  }

  /// Of a host: whether it contains this version. Interfaces of versions before its latest are not compared again.
  func hasPlatform(_ version: UInt32, manifest: Digest, suite: CryptoSuite) -> Bool {
    version < platform || version == platform && manifest == platformManifest(suite: suite)
  }

  /// Of a host: whether it contains what will run.
  func has(_ pending: PendingVersion, suite: CryptoSuite) -> Bool {
    guard pending.contract != Self.platformName else { return hasPlatform(pending.version, manifest: pending.manifest, suite: suite) }
    return registered(pending.contract, version: pending.version, manifest: pending.manifest, suite: suite) != nil
  }
}

extension QueryContext {
  /// The version of the platform that runs.
  package var platform: UInt32 { frame.environment.registry.platform }
}

extension MissingContract {
  init(_ listed: ActiveContract) {
    self.init(contract: listed.contract, version: listed.version, manifest: listed.manifest, from: listed.since)
  }

  init(_ pending: PendingVersion) {
    self.init(contract: pending.contract, version: pending.version, manifest: pending.manifest, from: pending.from)
  }
}

extension Executor {
  /// Starts a version of the platform. It changes no record itself: its contracts read what the version before wrote.
  func startPlatform(
    _ pending: PendingVersion, after old: ActiveContract?, _ environment: CallEnvironment, _ overlay: StateOverlay,
    _ trail: inout AuditTrail
  ) {
    let lifecycle = systemContext(LifecycleContract.name, environment, overlay)
    do throws(ContractError) {
      if let old {
        let before = try lifecycle.require(LifecycleContract.versions, Pair(pending.contract, old.version))
        try LifecycleContract.move(before, to: .upgraded, since: environment.height, lifecycle)
      }
      let record = try lifecycle.require(LifecycleContract.versions, Pair(pending.contract, pending.version))
      try LifecycleContract.move(record, to: .active, since: environment.height, lifecycle)
      try lifecycle.emit("contracts.activated", ContractVersionID(contract: pending.contract, version: pending.version))
      trail.note(lifecycle.frame.events, registry: environment.registry)
    } catch {
      // Its limits are open and its records were written by the approval: only a store that fails gets here, which the caller looks at.
    }
  }
}
