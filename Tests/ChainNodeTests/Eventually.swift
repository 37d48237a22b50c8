/// Waits until `condition` holds, as long as a node in real time may need for a few steps: so many turns, each of which waits for the threads
/// that the node waits for too. Whether it holds.
func holdsSoon(_ condition: () async -> Bool) async throws -> Bool {
  for _ in 0..<400 {
    if await condition() { return true }
    try await Task.sleep(for: .milliseconds(20))
  }
  return false
}
