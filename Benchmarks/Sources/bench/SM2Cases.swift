import ChainCore
internal import CBaselines

/// SM2 verification by the suite and by OpenSSL.
enum SM2Cases {
  static let message = [UInt8](repeating: 7, count: 32)

  static let all = [
    Case(name: "sm2.verify.known", unit: "verifications/s", baseline: "OpenSSL, key made once") { size in
      let signer = try Signer()
      // Until the key has a table of its own.
      for _ in 0..<50 { signer.verify() }
      return Sides(
        ours: { processorRate(of: size.count(4_000)) { for _ in 0..<size.count(4_000) { signer.verify() } } },
        baseline: { signer.openSSLRate(size.count(300)) })
    },
    Case(name: "sm2.verify.new", unit: "verifications/s", baseline: "OpenSSL, each key made from its point") { size in
      let count = size.count(700)
      // As many as all runs use: no key comes twice.
      let signers = try (0..<(count * 9)).map { _ in try Signer() }
      var next = 0
      return Sides(
        ours: {
          processorRate(of: count) {
            for _ in 0..<count {
              signers[next % signers.count].verify()
              next += 1
            }
          }
        },
        baseline: { processorRate(of: size.count(300)) { for signer in signers.prefix(size.count(300)) { signer.verifyNewByOpenSSL() } } })
    },
    Case(name: "sm2.verify.batch", unit: "verifications/s", baseline: "OpenSSL, keys made once") { size in
      let signers = try (0..<64).map { _ in try Signer() }
      for signer in signers { for _ in 0..<10 { signer.verify() } }
      let rounds = size.count(100)
      return Sides(
        ours: { batchRate(signers.map(\.request), rounds: rounds) },
        baseline: {
          processorRate(of: size.count(400)) { for place in 0..<size.count(400) { signers[place % signers.count].verifyByOpenSSL() } }
        })
    },
  ]

  /// Verifications a second, all requests at a time.
  static func batchRate(_ requests: [SignatureRequest], rounds: Int) -> Double {
    processorRate(of: rounds * requests.count) {
      for _ in 0..<rounds { precondition(!requests.verified().contains(false)) }
    }
  }
}

/// A key with one signature, in our form and in OpenSSL's.
@safe final class Signer {
  let key: PublicKey
  let signature: Signature
  private let handle: UnsafeMutableRawPointer
  private let der: [UInt8]

  init() throws {
    let secret = try PrivateKey.generate(.guomi)
    key = secret.publicKey
    signature = try secret.sign(message: SM2Cases.message)
    guard let handle = unsafe bench_sm2_key(key.bytes) else { preconditionFailure("OpenSSL refuses its own key") }
    unsafe self.handle = handle
    var der = [UInt8](repeating: 0, count: 80)
    let length = unsafe bench_sm2_der(signature.bytes, &der)
    self.der = Array(der[..<length])
  }

  deinit { unsafe bench_sm2_free(handle) }

  var request: SignatureRequest { SignatureRequest(key: key, signature: signature, message: SM2Cases.message) }

  func verify() { precondition(key.verify(signature, ofMessage: SM2Cases.message)) }

  func verifyByOpenSSL(_ handle: UnsafeMutableRawPointer) {
    precondition(unsafe bench_sm2_verify(handle, der, der.count, SM2Cases.message, SM2Cases.message.count) == 1)
  }

  func verifyByOpenSSL() { unsafe verifyByOpenSSL(handle) }

  func openSSLRate(_ count: Int) -> Double {
    processorRate(of: count) { for _ in 0..<count { unsafe verifyByOpenSSL(handle) } }
  }

  func verifyNewByOpenSSL() {
    guard let made = unsafe bench_sm2_key(key.bytes) else { preconditionFailure("OpenSSL refuses its own key") }
    unsafe verifyByOpenSSL(made)
    unsafe bench_sm2_free(made)
  }
}
