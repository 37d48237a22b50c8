/// Which check of a CometBFT header failed.
@nonexhaustive
public enum CometBFTError: Error, Hashable, Sendable {
  /// The header is of another chain.
  case otherChain(String)
  /// The height is 0 or negative, or too large for its neighbours.
  case badHeight(Int64)
  /// The height is not greater than the trusted one.
  case heightNotGreater(Int64, trusted: UInt64)
  /// The time is not later than the trusted one's.
  case timeNotLater(CometBFT.Timestamp)
  /// The time leads the verifier's by the tolerated drift or more; try again later.
  case fromFuture(CometBFT.Timestamp)
  /// The commit is for another height or block than the header.
  case otherCommit
  /// The set is empty, holds a key twice, a power below 1, or more power than the protocol allows.
  case badValidators
  /// The validators are not those that the header names.
  case otherValidators
  /// The set that the trusted height names for the next is another one.
  case otherNextValidators
  /// The commit has more signatures than the set has members.
  case tooManySignatures(Int)
  /// A signature's address belongs to no member.
  case unknownSigner
  /// A member signs twice.
  case repeatedSigner
  /// At most two thirds of the power signed.
  case noQuorum(signed: Int128, total: Int128)
  /// Too little of the trusted set's power signed to skip the heights between; ask for one nearer to the trusted height.
  case notEnoughTrust(signed: Int128, total: Int128)
  /// A signature does not verify; counts from 0.
  case badSignature(index: Int)
}

extension CometBFTError: CustomStringConvertible {
  /// The sentence for a person.
  public var description: String {
    switch self {
    case .otherChain(let chain): "it is of chain \(chain)"
    case .badHeight(let height): "no valid height: \(height)"
    case .heightNotGreater(let height, let trusted): "height \(height) is not greater than the trusted \(trusted)"
    case .timeNotLater(let time): "its time (\(time.seconds) s) is not later than the trusted height's"
    case .fromFuture(let time): "its time (\(time.seconds) s) leads the verifier's"
    case .otherCommit: "the commit is for another height or block"
    case .badValidators: "the validator set is empty, or holds a key twice or a power out of range"
    case .otherValidators: "the validators are not those that the header names"
    case .otherNextValidators: "the validators are not those that the trusted height names for the next"
    case .tooManySignatures(let count): "\(count) signatures are more than the set has members"
    case .unknownSigner: "a signer is not in the validator set"
    case .repeatedSigner: "a validator signs twice"
    case .noQuorum(let signed, let total): "\(signed) of \(total) signed; more than two thirds must"
    case .notEnoughTrust(let signed, let total): "\(signed) of the trusted \(total) signed, too little to skip heights"
    case .badSignature(let index): "signature \(index) is not valid"
    }
  }
}
