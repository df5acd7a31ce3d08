package nibble.loaders.tokenizer.core;

import org.jspecify.annotations.Nullable;

/**
 * Text on its way through a tokenizer. Every UTF-16 unit knows the range {@code [start, end)} of
 * the caller's text that it stands for, also after characters were replaced, inserted or removed.
 * Immutable; slices share the alignment.
 */
public final class AlignedText {
  private final String text;
  private final int origin;

  /**
   * Ranges of unit {@code i} at {@code base + i}; null: unit {@code i} is unit {@code origin + i}
   * of the caller's text.
   */
  private final int @Nullable [] starts;

  private final int @Nullable [] ends;
  private final int base;

  private AlignedText(
      String text, int origin, int @Nullable [] starts, int @Nullable [] ends, int base) {
    this.text = text;
    this.origin = origin;
    this.starts = starts;
    this.ends = ends;
    this.base = base;
  }

  /** The caller's text itself. */
  public static AlignedText of(String text) {
    return new AlignedText(text, 0, null, null, 0);
  }

  static AlignedText of(String text, int origin, int[] starts, int[] ends) {
    return new AlignedText(text, origin, starts, ends, 0);
  }

  /** The characters. */
  public String text() {
    return text;
  }

  /** Number of UTF-16 units. */
  public int length() {
    return text.length();
  }

  /** Whether there is no character. */
  public boolean isEmpty() {
    return text.isEmpty();
  }

  /**
   * Where this piece begins in the caller's text; characters inserted in front do not change it.
   */
  public int origin() {
    return origin;
  }

  /** First unit of the caller's text that unit {@code i} stands for. */
  public int start(int i) {
    return starts == null ? origin + i : starts[base + i];
  }

  /** One past the last unit of the caller's text that unit {@code i} stands for. */
  public int end(int i) {
    return ends == null ? origin + i + 1 : ends[base + i];
  }

  /** Units {@code [from, to)}, not empty. */
  public AlignedText slice(int from, int to) {
    return new AlignedText(text.substring(from, to), start(from), starts, ends, base + from);
  }

  /** {@code replacement}, unit by unit in place of this text. It must have the same length. */
  public AlignedText withText(String replacement) {
    if (replacement.length() != text.length()) {
      throw new IllegalArgumentException(
          "expected " + text.length() + " units, found " + replacement.length());
    }
    return new AlignedText(replacement, origin, starts, ends, base);
  }

  @Override
  public String toString() {
    return text;
  }
}
