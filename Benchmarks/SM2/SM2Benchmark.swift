// SM2 verifications a second on one core: known keys, new keys, and OpenSSL in the same run. Run it in release mode.
import ChainCore

@main struct SM2Benchmark {
  static func main() throws {
    let message = [UInt8](repeating: 7, count: 32)
    var signed: [(PublicKey, Signature)] = []
    for _ in 0..<10_000 {
      let key = try PrivateKey.generate(.guomi)
      signed.append((key.publicKey, try key.sign(message: message)))
    }
    let (key, signature) = signed[0]
    for _ in 0..<50 { precondition(key.verify(signature, ofMessage: message)) }
    var rates: [String: [Double]] = [:]
    var next = 0
    for _ in 0..<5 {
      rates["OpenSSL", default: []].append(
        rate(1_000) { key.verifyByOpenSSL(signature, ofMessage: message) })
      rates["known key", default: []].append(rate(20_000) { key.verify(signature, ofMessage: message) })
      rates["new key", default: []].append(
        rate(1_900) {
          next += 1
          return signed[next].0.verify(signed[next].1, ofMessage: message)
        })
    }
    let openSSL = median(rates["OpenSSL"] ?? [])
    for name in ["OpenSSL", "new key", "known key"] {
      let value = median(rates[name] ?? [])
      print("\(name): \(Int(value))/s, \((value / openSSL * 10).rounded() / 10) × OpenSSL")
    }
  }

  static func rate(_ count: Int, _ body: () -> Bool) -> Double {
    let began = ContinuousClock.now
    for _ in 0..<count { precondition(body()) }
    let parts = (ContinuousClock.now - began).components
    return Double(count) / (Double(parts.seconds) + Double(parts.attoseconds) / 1e18)
  }

  static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
