import AppFormats
import AppPages
import Apps
import ChainTesting
import Foundation
import Testing

/// The label's code, read by another program.
@Suite struct QRCodes {
  static let reader = "/usr/bin/zbarimg"

  /// The code as a portable grey map, eight pixels a module.
  static func picture(_ code: QRCode) -> Data {
    let (side, scale) = (code.framedSide, 8)
    var data = Data("P5 \(side * scale) \(side * scale) 255\n".utf8)
    for y in 0..<side * scale {
      for x in 0..<side * scale {
        let (row, column) = (y / scale - 4, x / scale - 4)
        let isDark = (0..<code.side).contains(row) && (0..<code.side).contains(column) && code.modules[row * code.side + column]
        data.append(isDark ? 0 : 255)
      }
    }
    return data
  }

  static func read(_ code: QRCode, in folder: URL) throws -> String {
    let file = folder.appending(path: "code.pgm")
    try picture(code).write(to: file)
    let process = Process()
    process.executableURL = URL(filePath: reader)
    process.arguments = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  @Test func labelsAreReadByAnotherProgram() throws {
    guard FileManager.default.isExecutableFile(atPath: Self.reader) else {
      try #require(ProcessInfo.processInfo.environment["CI"] == nil, "zbarimg is missing: scripts/setup installs it")
      return print("skipped: zbarimg is not on this machine; scripts/setup installs it")
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "yuchain-qr-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var random = SeededRandom(4)
    let letters = Array("ABCabc0129-_.!'()*+,/:;<=>?%&\"")
    var read = 0
    for round in 0..<12 {
      let lot = String((0..<(round < 2 ? [1, 20][round] : random.below(20) + 1)).map { _ in letters[random.below(letters.count)] })
      let key = LotKey(gtin: try GTIN("06923456780019"), lot: lot)
      let link = try DigitalLink(stem: "https://trace.example.org", lot: key)
      let found = try Self.read(try QRCode(link.uri), in: folder)
      #expect(found == link.uri)
      #expect(try DigitalLink(found).lot == key)
      read += 1
    }
    print("QR codes: \(read) labels read back by zbarimg")
  }

  @Test func theFormOfACode() throws {
    let code = try QRCode("https://trace.example.org/01/06923456780019/10/ZZ231102A")
    #expect(code.modules.count == code.side * code.side && (code.side - 17).isMultiple(of: 4))
    // The finder pattern: seven dark modules, and a light one beside it.
    #expect(code.modules[..<7].allSatisfy { $0 } && !code.modules[7])
    #expect(code.svg.hasPrefix("<svg ") && code.svg.contains("<path d=\"M4 4h7v1h-7z"))
    #expect(throws: PageError.qrCode(0)) { try QRCode("") }
    #expect(throws: PageError.qrCode(2_001)) { try QRCode(String(repeating: "a", count: 2_001)) }
  }
}
