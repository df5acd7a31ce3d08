package nibble.loaders.tokenizer.core;

/** A text that can be read a limited number of times. */
final class CountedChars implements CharSequence {
  /** Thrown when the limit is reached. */
  static final class Exhausted extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private Exhausted() {
      super(null, null, false, false);
    }
  }

  private final String text;
  private long left;

  CountedChars(String text, long reads) {
    this.text = text;
    left = reads;
  }

  @Override
  public int length() {
    return text.length();
  }

  @Override
  public char charAt(int index) {
    if (--left < 0) {
      throw new Exhausted();
    }
    return text.charAt(index);
  }

  @Override
  public CharSequence subSequence(int start, int end) {
    return text.substring(start, end);
  }

  @Override
  public String toString() {
    return text;
  }
}
