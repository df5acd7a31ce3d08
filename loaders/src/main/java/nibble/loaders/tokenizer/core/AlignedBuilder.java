package nibble.loaders.tokenizer.core;

import java.util.Arrays;

/** Builds an {@link AlignedText} out of another one, character by character. */
public final class AlignedBuilder {
  private final AlignedText source;
  private final StringBuilder text;
  private int[] starts;
  private int[] ends;

  /** Starts empty; what is added comes from {@code source}. */
  public AlignedBuilder(AlignedText source) {
    this.source = source;
    int capacity = source.length() + source.length() / 4 + 8;
    text = new StringBuilder(capacity);
    starts = new int[capacity];
    ends = new int[capacity];
  }

  /** Adds {@code codePoint}, which stands for units {@code [from, to)} of the source. */
  public void add(int codePoint, int from, int to) {
    addRange(codePoint, source.start(from), source.end(to - 1));
  }

  /**
   * Adds all of {@code added}, every character of which stands for units {@code [from, to)} of the
   * source.
   */
  public void add(String added, int from, int to) {
    int start = source.start(from);
    int end = source.end(to - 1);
    text.append(added);
    grow();
    Arrays.fill(starts, text.length() - added.length(), text.length(), start);
    Arrays.fill(ends, text.length() - added.length(), text.length(), end);
  }

  /** Adds units {@code [from, to)} of the source as they are. */
  public void copy(int from, int to) {
    int at = text.length();
    text.append(source.text(), from, to);
    grow();
    for (int i = from; i < to; i++) {
      starts[at + i - from] = source.start(i);
      ends[at + i - from] = source.end(i);
    }
  }

  private void addRange(int codePoint, int start, int end) {
    int at = text.length();
    text.appendCodePoint(codePoint);
    grow();
    for (int i = at; i < text.length(); i++) {
      starts[i] = start;
      ends[i] = end;
    }
  }

  private void grow() {
    if (text.length() > starts.length) {
      int capacity = Math.max(text.length(), starts.length + starts.length / 2);
      starts = Arrays.copyOf(starts, capacity);
      ends = Arrays.copyOf(ends, capacity);
    }
  }

  /** What was added. */
  public AlignedText build() {
    return AlignedText.of(text.toString(), source.origin(), starts, ends);
  }
}
