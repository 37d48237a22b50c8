/// The two meta pages of an LMDB 0.9 file, read and checked before the library maps the file: it believes them blindly.
///
/// Layout on 64-bit machines (`MDB_page`, `MDB_meta` in LMDB's mdb.c): page header 16 bytes with flags at 10; then magic at 16,
/// version at 20, map size at 32, the free-list tree at 40 (page size 40, flags 44, depth 46, root 80), the main tree at 88
/// (flags 92, depth 94, entries 120, root 128), last page at 136, transaction at 144.
struct LMDBMeta: Sendable {
  private static let magic: UInt64 = 0xbeef_c0de
  private static let formatVersion: UInt64 = 1
  private static let bytes = 152
  private static let noPage = UInt64.max

  let pageBytes: Int
  /// The last commit.
  let transaction: UInt64
  /// How long the file must be, in bytes, to hold all pages of the last commit.
  let fileBytes: Int

  /// Reads the file; `nil` if it is empty, as LMDB leaves it when it was stopped while creating it.
  ///
  /// - Throws: `StoreError.foreign` if it is no LMDB file, `.truncated`, `.damaged`, `.io`.
  init?(of file: borrowing OpenFile) throws(StoreError) {
    let size = try file.size()
    guard size > 0 else { return nil }
    let first = Self.Page(bytes: try file.read(Self.bytes, at: 0))
    guard first.bytes.count == Self.bytes else { throw .truncated(path: file.path, bytes: size, expected: 2 * 4096) }
    guard first.number(16, 4) == Self.magic, first.number(20, 4) == Self.formatVersion else { throw .foreign(path: file.path) }
    let pageBytes = first.number(40, 4)
    guard (512...65536).contains(pageBytes), pageBytes & (pageBytes - 1) == 0 else {
      throw .damaged(path: file.path, reason: "page size \(pageBytes)")
    }
    let second = Self.Page(bytes: try file.read(Self.bytes, at: Int(pageBytes)))
    guard second.bytes.count == Self.bytes else {
      throw .truncated(path: file.path, bytes: size, expected: 2 * Int(pageBytes))
    }
    for (number, page) in [(UInt64(0), first), (1, second)] {
      if let reason = Self.fault(of: page, number: number, pageBytes: pageBytes) { throw .damaged(path: file.path, reason: reason) }
    }
    let transactions = (first.number(144, 8), second.number(144, 8))
    // The pages take turns, so the last commits are neighbours; a lost last commit would look otherwise.
    guard transactions.0 > transactions.1 ? transactions.0 - transactions.1 == 1 : transactions.1 - transactions.0 <= 1 else {
      throw .damaged(path: file.path, reason: "meta pages of transactions \(transactions.0) and \(transactions.1)")
    }
    let newest = transactions.0 > transactions.1 ? first : second
    let (fileBytes, overflow) = (newest.number(136, 8) + 1).multipliedReportingOverflow(by: pageBytes)
    guard !overflow, fileBytes <= UInt64(Int.max) else { throw .damaged(path: file.path, reason: "last page") }
    guard size >= Int(fileBytes) else { throw .truncated(path: file.path, bytes: size, expected: Int(fileBytes)) }
    self.pageBytes = Int(pageBytes)
    self.fileBytes = Int(fileBytes)
    transaction = max(transactions.0, transactions.1)
  }

  private static func fault(of page: Page, number: UInt64, pageBytes: UInt64) -> String? {
    let lastPage = page.number(136, 8)
    let transaction = page.number(144, 8)
    func isRoot(_ root: UInt64, depth: UInt64) -> Bool {
      depth == 0 ? root == noPage : root >= 2 && root <= lastPage && depth <= 32
    }
    if page.number(0, 8) != number || page.number(10, 2) != 8 { return "meta page \(number) has another page's header" }
    if page.number(16, 4) != magic || page.number(20, 4) != formatVersion { return "meta page \(number) has no LMDB magic" }
    if page.number(40, 4) != pageBytes { return "meta pages of different page sizes" }
    if page.number(44, 2) != 8 || page.number(92, 2) != 0 { return "flags of meta page \(number)" }
    if lastPage == UInt64.max { return "last page of meta page \(number)" }
    if !isRoot(page.number(80, 8), depth: page.number(46, 2)) { return "free-list root of meta page \(number)" }
    if !isRoot(page.number(128, 8), depth: page.number(94, 2)) { return "root of meta page \(number)" }
    // Commit n goes to page n modulo 2.
    if transaction != 0, transaction & 1 != number { return "transaction of meta page \(number)" }
    return nil
  }

  private struct Page {
    let bytes: [UInt8]

    /// The little-endian number of `count` bytes at `offset`.
    func number(_ offset: Int, _ count: Int) -> UInt64 {
      var number: UInt64 = 0
      for index in (0..<count).reversed() { number = number << 8 | UInt64(bytes[offset + index]) }
      return number
    }
  }
}
