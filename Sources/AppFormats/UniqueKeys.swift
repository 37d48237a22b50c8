/// Finds a key that stands twice in one object of a JSON text: readers differ in which of the two counts.
enum UniqueKeys {
  /// The first repeated key, as it is spelled; `nil` if there is none. The text is JSON.
  static func firstRepeated(_ bytes: [UInt8]) -> String? {
    // For each open object or array: the keys so far, `nil` for arrays.
    var open: [Set<[UInt8]>?] = []
    var expectsKey = false
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "{"):
        open.append([])
        expectsKey = true
      case UInt8(ascii: "["):
        open.append(nil)
        expectsKey = false
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        _ = open.popLast()
        expectsKey = false
      case UInt8(ascii: ","): expectsKey = open.last.map { $0 != nil } ?? false
      case UInt8(ascii: "\""):
        let start = index + 1
        index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
        let text = Array(bytes[start..<min(index, bytes.count)])
        if expectsKey, !open.isEmpty, let inserted = open[open.count - 1]?.insert(text).inserted {
          expectsKey = false
          if !inserted { return String(decoding: text, as: UTF8.self) }
        }
      default: break
      }
      index += 1
    }
    return nil
  }
}
