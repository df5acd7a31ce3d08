package nibble.loaders.tokenizer;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import nibble.loaders.tokenizer.finish.Run;

/**
 * The tokens of a text, or of a pair of texts. Immutable; arrays that come out are copies.
 *
 * <p>Ranges count UTF-16 units of the caller's text, as {@link String#substring(int, int)} does. A
 * token that stands for a part of a character has the range of the whole character; a special token
 * that was added, or padding, has the range {@code [0, 0)} and sequence -1.
 */
public final class Encoding {
  private final int[] ids;
  private final int[] typeIds;
  private final int[] starts;
  private final int[] ends;
  private final int[] sequences;
  private final boolean[] padding;
  private final IntFunction<String> tokens;

  private Encoding(
      int[] ids,
      int[] typeIds,
      int[] starts,
      int[] ends,
      int[] sequences,
      boolean[] padding,
      IntFunction<String> tokens) {
    this.ids = ids;
    this.typeIds = typeIds;
    this.starts = starts;
    this.ends = ends;
    this.sequences = sequences;
    this.padding = padding;
    this.tokens = tokens;
  }

  static Encoding of(Run run, IntFunction<String> tokens) {
    return new Encoding(
        run.ids(),
        run.typeIds(),
        run.starts(),
        run.ends(),
        run.sequences(),
        new boolean[run.size()],
        tokens);
  }

  /** Number of tokens, with special tokens and padding. */
  public int length() {
    return ids.length;
  }

  /** The ids. */
  public int[] ids() {
    return ids.clone();
  }

  /** Id of token {@code i}. */
  public int id(int i) {
    return ids[i];
  }

  /** The type ids: which segment of the model's input each token belongs to. */
  public int[] typeIds() {
    return typeIds.clone();
  }

  /** Spelling of each token in the vocabulary. */
  public List<String> tokens() {
    return Arrays.stream(ids).mapToObj(tokens).toList();
  }

  /** First UTF-16 unit of the text that token {@code i} stands for. */
  public int start(int i) {
    return starts[i];
  }

  /** One past the last UTF-16 unit of the text that token {@code i} stands for. */
  public int end(int i) {
    return ends[i];
  }

  /** Which text token {@code i} comes from: 0 or 1; -1 for added special tokens and padding. */
  public int sequence(int i) {
    return sequences[i];
  }

  /** 1 for added special tokens and padding, 0 for tokens of the text. */
  public int[] specialTokensMask() {
    return Arrays.stream(sequences).map(sequence -> sequence < 0 ? 1 : 0).toArray();
  }

  /** 0 for padding, 1 for everything else. */
  public int[] attentionMask() {
    int[] mask = new int[ids.length];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = padding[i] ? 0 : 1;
    }
    return mask;
  }

  /** This encoding with padding up to {@code length} tokens; unchanged if it has as many. */
  Encoding padded(Padding pad, int length) {
    int added = length - ids.length;
    if (added <= 0) {
      return this;
    }
    int first = pad.side() == Side.LEFT ? 0 : ids.length;
    return new Encoding(
        widened(ids, pad, length, pad.id()),
        widened(typeIds, pad, length, pad.typeId()),
        widened(starts, pad, length, 0),
        widened(ends, pad, length, 0),
        widened(sequences, pad, length, Run.NO_SEQUENCE),
        paddingMask(pad, length, first, added),
        tokens);
  }

  private boolean[] paddingMask(Padding pad, int length, int first, int added) {
    boolean[] mask = new boolean[length];
    System.arraycopy(padding, 0, mask, pad.side() == Side.LEFT ? added : 0, padding.length);
    Arrays.fill(mask, first, first + added, true);
    return mask;
  }

  private static int[] widened(int[] values, Padding pad, int length, int fill) {
    int[] wide = new int[length];
    Arrays.fill(wide, fill);
    System.arraycopy(
        values, 0, wide, pad.side() == Side.LEFT ? length - values.length : 0, values.length);
    return wide;
  }

  @Override
  public String toString() {
    return "Encoding" + tokens();
  }
}
