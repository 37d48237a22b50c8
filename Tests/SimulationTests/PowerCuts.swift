import ChainTesting
import Testing

/// The power of all sites fails at each journal boundary: before a write, and after it but before it is reported.
///
/// The worlds check that nobody votes twice, that no committed entry and no final block is lost, and that progress goes on.
@Suite struct PowerCuts {
  /// Raft, scenario 32: with members that change, snapshots and compaction also.
  @Test(arguments: [false, true], [false, true]) func s32RaftAtEachWrite(isAfter: Bool, changes: Bool) throws {
    var faults = RaftFaults.none
    faults.slowDisk = 3
    if changes { (faults.changes, faults.snapshots) = (100, 100) }
    for write in 1...60 {
      var world = RaftWorld(replicas: 3, seed: UInt64(write), faults: .these(faults))
      world.schedule(PowerCut(write: write, isAfter: isAfter))
      try world.run(ticks: 150)
      let before = world.appliedEntries
      try world.run(ticks: 60)
      try world.heal()
      #expect(world.appliedEntries > before, "write \(write)")
    }
  }

  /// Simplex, scenario 22.
  @Test(arguments: [false, true]) func s22SimplexAtEachWrite(isAfter: Bool) throws {
    let members = 4
    for write in 1...60 {
      var world = try SimplexWorld(members: members, seed: UInt64(write), faults: .these(.none))
      world.schedule(PowerCut(write: write, isAfter: isAfter))
      try world.run(ticks: 500)
      #expect(world.seen(.powerCut) == 1 && world.seen(.crash) == members, "write \(write)")
      try world.heal()
    }
  }
}
