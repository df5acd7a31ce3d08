package nibble.loaders.tokenizer.finish;

import java.util.Arrays;
import java.util.List;
import nibble.loaders.tokenizer.core.TokenList;

/** Tokens with everything that an encoding holds about them; grows at the end. */
public final class Run {
  /** The sequence of tokens that come from no text. */
  public static final int NO_SEQUENCE = -1;

  private final String text;
  private int[] ids;
  private int[] typeIds;
  private int[] starts;
  private int[] ends;
  private int[] sequences;
  private int size;

  Run(String text, int capacity) {
    this.text = text;
    ids = new int[capacity];
    typeIds = new int[capacity];
    starts = new int[capacity];
    ends = new int[capacity];
    sequences = new int[capacity];
  }

  /**
   * The {@code tokens} of {@code text}; its number {@code sequence}, 0 or 1, is their type id as
   * well.
   */
  public static Run of(String text, TokenList tokens, int sequence) {
    Run run = new Run(text, tokens.size());
    for (int i = 0; i < tokens.size(); i++) {
      run.add(tokens.id(i), sequence, tokens.start(i), tokens.end(i), sequence);
    }
    return run;
  }

  /** All of {@code runs}, one behind the other. */
  public static Run joined(List<Run> runs) {
    if (runs.size() == 1) {
      return runs.getFirst();
    }
    Run joined = new Run("", runs.stream().mapToInt(Run::size).sum());
    runs.forEach(run -> joined.addAll(run, 0, run.size));
    return joined;
  }

  private void add(int id, int typeId, int start, int end, int sequence) {
    if (size == ids.length) {
      int capacity = Math.max(8, size + size / 2);
      ids = Arrays.copyOf(ids, capacity);
      typeIds = Arrays.copyOf(typeIds, capacity);
      starts = Arrays.copyOf(starts, capacity);
      ends = Arrays.copyOf(ends, capacity);
      sequences = Arrays.copyOf(sequences, capacity);
    }
    ids[size] = id;
    typeIds[size] = typeId;
    starts[size] = start;
    ends[size] = end;
    sequences[size++] = sequence;
  }

  /** Adds a special token. */
  public void addSpecial(int id, int typeId) {
    add(id, typeId, 0, 0, NO_SEQUENCE);
  }

  /** Adds tokens {@code [from, to)} of {@code other}. */
  void addAll(Run other, int from, int to) {
    for (int i = from; i < to; i++) {
      add(other.ids[i], other.typeIds[i], other.starts[i], other.ends[i], other.sequences[i]);
    }
  }

  void setTypeIds(int typeId) {
    Arrays.fill(typeIds, 0, size, typeId);
  }

  void setRange(int i, int start, int end) {
    starts[i] = start;
    ends[i] = end;
  }

  /** Number of tokens. */
  public int size() {
    return size;
  }

  /** The ids; a copy. */
  public int[] ids() {
    return Arrays.copyOf(ids, size);
  }

  /** The type ids; a copy. */
  public int[] typeIds() {
    return Arrays.copyOf(typeIds, size);
  }

  /** First UTF-16 units; a copy. */
  public int[] starts() {
    return Arrays.copyOf(starts, size);
  }

  /** Ends of the ranges in UTF-16 units; a copy. */
  public int[] ends() {
    return Arrays.copyOf(ends, size);
  }

  /**
   * Which text each token comes from, 0 or 1; {@value #NO_SEQUENCE} for added special tokens; a
   * copy.
   */
  public int[] sequences() {
    return Arrays.copyOf(sequences, size);
  }

  /** The text that ranges refer to; empty where tokens come from several. */
  String text() {
    return text;
  }

  int id(int i) {
    return ids[i];
  }

  int start(int i) {
    return starts[i];
  }

  int end(int i) {
    return ends[i];
  }
}
