internal import CQREncode

/// A QR code (ISO/IEC 18004), made by libqrencode: what the label of a traced lot carries.
///
/// ```swift
/// let code = try QRCode("https://trace.example.org/01/06923456780019/10/ZZ231102A")
/// let picture = code.svg
/// ```
public struct QRCode: Hashable, Sendable {
  /// Modules a side, without the quiet zone.
  public let side: Int
  /// Whether a module is dark, row by row.
  public let modules: [Bool]

  /// The code of a text, with error correction of level M (15 %).
  /// - Throws: `PageError.qrCode` for a text that does not fit.
  public init(_ text: String) throws(PageError) {
    let bytes = Array(text.utf8)
    guard !bytes.isEmpty, bytes.count <= 2_000 else { throw .qrCode(bytes.count) }
    let made: (Int, [Bool])? = unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let code = unsafe QRcode_encodeData(Int32(buffer.count), buffer.baseAddress, 0, QR_ECLEVEL_M) else { return nil }
      defer { unsafe QRcode_free(code) }
      let side = unsafe Int(code.pointee.width)
      guard let data = unsafe code.pointee.data else { return nil }
      // Bit 0 of a module is its colour.
      return (side, (0..<side * side).map { unsafe data[$0] & 1 == 1 })
    }
    guard let made else { throw .qrCode(bytes.count) }
    (side, modules) = made
  }

  /// The modules' number a side with the quiet zone of four modules around.
  public var framedSide: Int { side + 8 }

  /// The dark modules as an SVG path in a square of `framedSide`, a rectangle for each run in a row.
  public var path: String {
    var path = ""
    for row in 0..<side {
      var column = 0
      while column < side {
        guard modules[row * side + column] else {
          column += 1
          continue
        }
        let start = column
        while column < side, modules[row * side + column] { column += 1 }
        path += "M\(start + 4) \(row + 4)h\(column - start)v1h-\(column - start)z"
      }
    }
    return path
  }

  /// A picture for a label, black on white, in millimetres of 0.5 a module.
  public var svg: String {
    let size = Double(framedSide) / 2
    return #"<svg xmlns="http://www.w3.org/2000/svg" width="\#(size)mm" height="\#(size)mm" viewBox="0 0 \#(framedSide) \#(framedSide)" "#
      + #"shape-rendering="crispEdges"><rect width="100%" height="100%" fill="white"/><path d="\#(path)"/></svg>"#
  }
}
