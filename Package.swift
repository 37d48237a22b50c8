// swift-tools-version: 6.3
import PackageDescription

/// Settings of every target of ours: warnings are errors, unsafe code is marked, imports are explicit.
let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "YuChain",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "ChainCore", targets: ["ChainCore"]),
    .library(name: "Consensus", targets: ["Consensus"]),
    .library(name: "CrossChain", targets: ["CrossChain"]),
    .library(name: "Apps", targets: ["Apps"]),
    .library(name: "AppFormats", targets: ["AppFormats"]),
    .library(name: "AppPages", targets: ["AppPages"]),
    .library(name: "ChainNode", targets: ["ChainNode"]),
    .library(name: "ChainTesting", targets: ["ChainTesting"]),
    .executable(name: "yuchain", targets: ["yuchain"]),
    .executable(name: "simulate", targets: ["simulate"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
      name: "CLMDB", pkgConfig: "lmdb",
      providers: [.apt(["liblmdb-dev"]), .brew(["lmdb"])]),
    .systemLibrary(
      name: "CQREncode", pkgConfig: "libqrencode",
      providers: [.apt(["libqrencode-dev"]), .brew(["qrencode"])]),
    .target(name: "CHashLanes"),
    .target(name: "CPointLanes"),
    .target(
      name: "ChainCore",
      dependencies: ["COpenSSL", "CLMDB", "CHashLanes", "CPointLanes", .product(name: "DequeModule", package: "swift-collections")],
      swiftSettings: settings),
    .target(
      name: "Consensus", dependencies: ["ChainCore", .product(name: "DequeModule", package: "swift-collections")],
      swiftSettings: settings),
    .target(name: "CrossChain", dependencies: ["ChainCore"], swiftSettings: settings),
    .target(name: "Apps", dependencies: ["ChainCore", "CrossChain"], swiftSettings: settings),
    .target(name: "AppFormats", dependencies: ["ChainCore", "CrossChain", "Apps"], swiftSettings: settings),
    .target(
      name: "AppPages",
      dependencies: [
        "ChainCore", "CrossChain", "Apps", "AppFormats", "CQREncode", .product(name: "Mustache", package: "swift-mustache"),
      ],
      swiftSettings: settings),
    .target(
      name: "ChainNode",
      dependencies: [
        "ChainCore", "Consensus", "CrossChain", .product(name: "Logging", package: "swift-log"),
        .product(name: "DequeModule", package: "swift-collections"),
      ],
      swiftSettings: settings),
    .target(
      name: "ChainTesting", dependencies: ["ChainCore", "Consensus", "CrossChain", "ChainNode"],
      swiftSettings: settings),
    .target(
      name: "Stories",
      dependencies: [
        "ChainCore", "CrossChain", "Apps", "AppFormats", "ChainNode", .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .target(
      name: "Pilots", dependencies: ["Stories", "Apps", "ChainCore", "ChainNode"], path: "Examples/Pilots", swiftSettings: settings),
    .executableTarget(
      name: "simulate",
      dependencies: [
        "ChainCore", "ChainNode", "ChainTesting", "CrossChain", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: settings),
    .executableTarget(
      name: "yuchain",
      dependencies: [
        "ChainCore", "Consensus", "CrossChain", "Apps", "AppFormats", "AppPages", "ChainNode", "Stories", "Pilots",
        .product(name: "ArgumentParser", package: "swift-argument-parser"), .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "Embed", dependencies: ["ChainCore", "ChainNode"], path: "Examples/Embed", swiftSettings: settings),
    .executableTarget(
      name: "Credential", dependencies: ["Apps", "ChainCore", "ChainTesting"], path: "Examples/Credential", swiftSettings: settings),
    .executableTarget(
      name: "Province", dependencies: ["ChainCore", "ChainNode", "CrossChain"], path: "Examples/Province", swiftSettings: settings),
    .executableTarget(
      name: "UnderFaults", dependencies: ["ChainCore", "ChainTesting"], path: "Examples/UnderFaults", swiftSettings: settings),
    .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(name: "ChainCoreTests", dependencies: ["ChainCore", "TestSupport"], swiftSettings: settings),
    .executableTarget(
      name: "LedgerWriter", dependencies: ["ChainCore", "ChainTesting"], path: "Tests/LedgerWriter", swiftSettings: settings),
    .testTarget(
      name: "ProcessTests",
      dependencies: [
        "Apps", "ChainCore", "ChainNode", "ChainTesting", "TestSupport", "LedgerWriter", "Embed", "Credential", "Province",
        "UnderFaults", "yuchain",
      ],
      swiftSettings: settings),
    .testTarget(
      name: "SimulationTests", dependencies: ["ChainCore", "Consensus", "ChainTesting", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "StyleTests", dependencies: ["TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "AppsTests", dependencies: ["Apps", "ChainCore", "ChainTesting", "CrossChain", "TestSupport"], swiftSettings: settings),
    .testTarget(
      name: "AppFormatsTests", dependencies: ["AppFormats", "Apps", "ChainCore", "CrossChain", "ChainTesting", "TestSupport"],
      exclude: ["Independent"], swiftSettings: settings),
    .testTarget(
      name: "StoriesTests",
      dependencies: ["Stories", "Pilots", "Apps", "AppFormats", "ChainCore", "ChainNode", "ChainTesting", "CrossChain", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "AppPagesTests",
      dependencies: ["AppPages", "AppFormats", "Apps", "ChainCore", "CrossChain", "ChainTesting", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "ChainNodeTests", dependencies: ["ChainCore", "ChainNode", "ChainTesting", "Consensus", "CrossChain"],
      swiftSettings: settings),
    .testTarget(
      name: "CrossChainTests", dependencies: ["Apps", "ChainCore", "CrossChain", "ChainNode", "ChainTesting", "TestSupport"],
      exclude: ["Independent"],
      swiftSettings: settings),
    .testTarget(name: "LedgerTests", dependencies: ["ChainCore", "ChainTesting", "TestSupport"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
