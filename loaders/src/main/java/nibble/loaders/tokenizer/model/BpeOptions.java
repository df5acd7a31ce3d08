package nibble.loaders.tokenizer.model;

/**
 * What a BPE model does besides merging.
 *
 * @param unknown stands for characters without a token
 * @param prefix in front of every character but the first, in the vocabulary; usually empty
 * @param suffix behind the last character, in the vocabulary; usually empty
 * @param fuseUnknown whether neighbouring unknown characters are one token
 * @param byteFallback whether unknown characters become byte tokens where there are some
 * @param ignoreMerges whether a piece that is a token is taken as it is
 */
record BpeOptions(
    Unknown unknown,
    String prefix,
    String suffix,
    boolean fuseUnknown,
    boolean byteFallback,
    boolean ignoreMerges) {
  /** The options of byte-level models: nothing but merges. */
  static final BpeOptions PLAIN = new BpeOptions(Unknown.dropped(), "", "", false, false, false);

  /** Whether {@code text[from, to)} is written as it is. */
  boolean isPlain(String text, int from, int to) {
    return (prefix.isEmpty() || from == 0) && (suffix.isEmpty() || to < text.length());
  }

  /** How the character {@code text[from, to)} is written in the vocabulary. */
  String spelling(String text, int from, int to) {
    String character = text.substring(from, to);
    String prefixed = from > 0 && !prefix.isEmpty() ? prefix + character : character;
    return to == text.length() && !suffix.isEmpty() ? prefixed + suffix : prefixed;
  }
}
