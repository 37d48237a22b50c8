import ChainTesting
import Testing

/// The fast verifier refuses and accepts what OpenSSL does, on each of its paths. Without optimisation it takes ten times as long, so
/// `.ci/run` has `simulate sm2` answer thousands more in a release build.
@Suite struct SM2Differences {
  @Test(arguments: [UInt64(1)]) func everyPathAnswersAsOpenSSL(seed: UInt64) throws {
    let report = try SM2Differential.run(cases: 300, seed: seed)
    for kind in SM2Differential.Kind.allCases { #expect(report.cases[kind, default: 0] >= 12, "too few of \(kind)") }
    #expect(report.valid >= 25 && report.valid <= 90)
    print("SM2, seed \(seed): \(report.cases.values.reduce(0, +)) cases, \(report.valid) valid, all as OpenSSL")
  }
}
