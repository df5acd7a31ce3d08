package nibble.loaders;

/** Text of an error message kept on one printable line, whatever a hostile file put into a name. */
final class OneLine {
  private static final int LIMIT = 600;

  private OneLine() {}

  /**
   * {@code text} with control characters and line separators escaped, cut after {@value #LIMIT}
   * characters.
   */
  static String of(String text) {
    StringBuilder line = new StringBuilder(Math.min(text.length(), LIMIT) + 16);
    for (int i = 0; i < text.length() && line.length() < LIMIT; i++) {
      char c = text.charAt(i);
      if (c == '\n' || c == '\r' || c == '\t') {
        line.append(' ');
      } else if (Character.isISOControl(c)
          || c == '\u2028'
          || c == '\u2029'
          || Character.isSurrogate(c) && isLone(text, i)) {
        line.append("\\u%04x".formatted((int) c));
      } else {
        line.append(c);
      }
    }
    return line.length() >= LIMIT ? line + " ..." : line.toString();
  }

  private static boolean isLone(String text, int i) {
    char c = text.charAt(i);
    return Character.isHighSurrogate(c)
        ? i + 1 >= text.length() || !Character.isLowSurrogate(text.charAt(i + 1))
        : i == 0 || !Character.isHighSurrogate(text.charAt(i - 1));
  }
}
