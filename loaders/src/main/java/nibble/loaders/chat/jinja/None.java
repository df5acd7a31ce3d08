package nibble.loaders.chat.jinja;

/** Python's {@code None}. */
public enum None {
  /** The only value. */
  NONE
}
