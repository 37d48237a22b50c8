public import Foundation

/// Published vectors: the shared folder beside the checkout when it is there, else the copies in `Tests/Vectors`.
public enum Vectors {
  /// The root of this checkout.
  public static let root: URL = {
    var url = URL(filePath: #filePath)
    for _ in 0..<3 { url.deleteLastPathComponent() }
    return url
  }()

  /// The file `path` of the shared vectors, or `nil` with a printed line if the folder is absent.
  public static func shared(_ path: String) -> Data? {
    let url = root.appending(path: "../shared/vectors").appending(path: path)
    guard let data = try? Data(contentsOf: url) else {
      print("skipped: shared/vectors/\(path) is not beside this checkout")
      return nil
    }
    return data
  }

  /// The small copy `path` in `Tests/Vectors`, always present.
  public static func bundled(_ path: String) throws -> Data {
    try Data(contentsOf: root.appending(path: "Tests/Vectors").appending(path: path))
  }
}
