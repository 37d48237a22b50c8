/// The number of a file format; any change of bytes on disk raises it.
public struct FormatVersion: Hashable, Comparable, Sendable {
  /// What this release writes and reads in a store directory.
  public static let store = FormatVersion(3)
  /// What this release writes and reads in a journal directory.
  public static let journal = FormatVersion(1)

  /// From 1.
  public let number: UInt32

  /// The format numbered `number`.
  public init(_ number: UInt32) { self.number = number }

  /// Whether `left` is the older format.
  public static func < (left: FormatVersion, right: FormatVersion) -> Bool { left.number < right.number }
}
