/// An inner node of the state tree as it is stored: read where it lies, so that a walk decodes no more of it than the children it follows.
///
/// After the variant, two bitmaps say which places are taken, and which of them by leaves; then each taken place has version and hash.
struct StoredInner {
  static let variant: UInt8 = 2
  /// Variant and bitmaps.
  static let headerBytes = 5
  /// Version and hash.
  static let childBytes = 8 + Digest.byteCount

  /// The places that are taken, a bit each.
  let taken: UInt16
  /// Those of them that leaves take.
  let leaves: UInt16
  /// The node's canonical bytes.
  let bytes: [UInt8]

  /// The inner node in `bytes`, or `nil` if they are another node, or none.
  init?(ofNode bytes: [UInt8]) {
    guard bytes.count >= Self.headerBytes, bytes[0] == Self.variant else { return nil }
    (taken, leaves) = Self.bitmaps(of: bytes, from: 0)
    let count = taken.nonzeroBitCount
    guard bytes.count == Self.headerBytes + count * Self.childBytes, Self.isValid(taken: taken, leaves: leaves) else { return nil }
    self.bytes = bytes
  }

  /// Which places of the node that begins at `start` are taken, and which of them by leaves.
  static func bitmaps(of bytes: [UInt8], from start: Int) -> (taken: UInt16, leaves: UInt16) {
    (UInt16(bytes[start + 1]) | UInt16(bytes[start + 2]) << 8, UInt16(bytes[start + 3]) | UInt16(bytes[start + 4]) << 8)
  }

  /// Whether a node may have these children: two or more, or one inner node.
  static func isValid(taken: UInt16, leaves: UInt16) -> Bool {
    leaves & ~taken == 0 && (taken.nonzeroBitCount > 1 || (taken != 0 && leaves == 0))
  }

  /// Where the bytes of the child at `place` begin, if it is taken.
  static func offset(of place: Int, taken: UInt16) -> Int {
    headerBytes + (taken & (1 << UInt16(place) &- 1)).nonzeroBitCount * childBytes
  }

  /// What stands at `place`, 0 to 15, and the version that wrote it.
  func child(_ place: Int) -> (kind: StateChild.Kind, version: UInt64) {
    let bit: UInt16 = 1 << UInt16(place)
    guard taken & bit != 0 else { return (.none, 0) }
    let offset = Self.offset(of: place, taken: taken)
    let version = UInt64(littleEndian: unsafe bytes.span.bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    return (leaves & bit != 0 ? .leaf : .inner, version)
  }
}
