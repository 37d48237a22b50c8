// swift-tools-version: 6.3
import PackageDescription

/// As in the library's own package.
let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "YuChain", path: ".."),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(name: "CMap", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
    .target(name: "CBaselines", dependencies: ["CCrypto", "CMap"]),
    .executableTarget(
      name: "bench",
      dependencies: [
        "CBaselines", .product(name: "ChainCore", package: "YuChain"), .product(name: "Consensus", package: "YuChain"),
        .product(name: "ChainTesting", package: "YuChain"), .product(name: "CrossChain", package: "YuChain"),
        .product(name: "ChainNode", package: "YuChain"), .product(name: "Apps", package: "YuChain"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
