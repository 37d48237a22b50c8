/// All stories, in the order in which they are told.
public enum Stories {
  /// The stories of the applications.
  public static let all: [Story] = [.directory, .licence, .evidence, .property, .agritrace, .medical, .exchange, .recall, .types, .codes]
}
