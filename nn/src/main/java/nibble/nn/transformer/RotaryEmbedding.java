package nibble.nn.transformer;

import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import nibble.kernels.attention.HeadView;
import nibble.kernels.attention.Rope;
import nibble.kernels.attention.RopeTable;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Rotary positions (Su et al., <a href="https://arxiv.org/abs/2104.09864">arXiv:2104.09864</a>) in
 * the half-split convention of Hugging Face checkpoints: channel {@code i} and channel {@code i +
 * dims / 2} of a head are the pair that turns by {@code position * theta_i}. Files whose pairs lie
 * side by side (the original Llama release) need their query and key rows permuted.
 *
 * <p>Thread-safe. Tables of cosines and sines grow with the longest sequence seen: 4 bytes times
 * {@code dims} for each position.
 */
public final class RotaryEmbedding {
  private static final int CHUNK = 512;
  private static final int KEPT_TABLES = 8;

  private final int dims;
  private final double base;
  private final RopeScaling scaling;
  private final Map<Integer, RopeTable> tables = new ConcurrentHashMap<>();

  /**
   * @param dims channels of a head that turn, the first ones; even
   * @param base rope_theta
   * @param scaling for long contexts
   */
  public RotaryEmbedding(int dims, double base, RopeScaling scaling) {
    if (dims < 2 || dims % 2 != 0) {
      throw new IllegalArgumentException(
          "rotary channels must be even and at least 2, were " + dims);
    }
    if (!(base > 0)) {
      throw new IllegalArgumentException("rope_theta must be positive, was " + base);
    }
    if (dims == 2 && scaling instanceof RopeScaling.DynamicNtk) {
      throw new IllegalArgumentException("a dynamic base needs at least 4 rotary channels");
    }
    RopeFrequencies.of(dims, base, scaling, 1); // lists of factors must fit
    this.dims = dims;
    this.base = base;
    this.scaling = scaling;
  }

  /** Channels of a head that turn. */
  public int dims() {
    return dims;
  }

  /** Angles per position of the {@code dims / 2} pairs in a sequence of {@code length} tokens. */
  public double[] frequencies(int length) {
    return RopeFrequencies.of(dims, base, scaling, length);
  }

  /**
   * Whether keys that were written while the sequence had {@code before} tokens have the
   * frequencies of one with {@code after} tokens. False where a LongRoPE model passes its original
   * context: the cache must be filled anew. A dynamic base is not looked at: its keys stay as they
   * were written, as in the original implementation.
   */
  boolean keepsKeys(int before, int after) {
    return !(scaling instanceof RopeScaling.LongRope)
        || RopeFrequencies.representative(scaling, before)
            == RopeFrequencies.representative(scaling, after);
  }

  /**
   * {@code x [batch, tokens, heads * headDim]} with the first {@code dims} channels of every head
   * turned; differentiable.
   *
   * @param sequences the positions of the {@code batch * tokens} rows
   */
  public Tensor apply(Ops ops, Tensor x, int headDim, Sequences sequences) {
    int longest = sequences.total(0);
    boolean alike = true;
    for (int i = 1; i < sequences.count(); i++) {
      longest = Math.max(longest, sequences.total(i));
      alike &= key(sequences.total(i)) == key(sequences.total(0));
    }
    if (alike) {
      return ops.rotate(x, headDim, table(longest), sequences.rowPositions());
    }
    Tensor[] parts = new Tensor[sequences.count()];
    for (int i = 0; i < parts.length; i++) {
      Tensor rows = ops.slice(x, 1, sequences.start(i), sequences.start(i + 1));
      int[] positions =
          Arrays.copyOfRange(sequences.rowPositions(), sequences.start(i), sequences.start(i + 1));
      parts[i] = ops.rotate(rows, headDim, table(sequences.total(i)), positions);
    }
    return ops.concat(1, parts);
  }

  /**
   * Undoes {@link #apply} in place for whole sequences of {@code tokens} tokens.
   *
   * @param x {@code [sequences, tokens, heads * headDim]}, a working tensor
   * @param gradient whether {@code x} is a gradient in turned channels, to become one in those
   *     before: the transposed map, which is the inverse but for the amplitude of scalings such as
   *     YaRN
   */
  public void undo(Tensor x, int headDim, boolean gradient) {
    int tokens = x.dim(1);
    int heads = x.dim(2) / headDim;
    int[] at = new int[tokens];
    Arrays.setAll(at, i -> i);
    HeadView view = HeadView.of(x.array(), x.offset(), tokens, heads, headDim);
    for (int b = 0; b < x.dim(0); b++) {
      Rope.best().rotate(b, tokens, heads, headDim, view, table(tokens), at, 0, true);
    }
    double amplitude = RopeFrequencies.amplitude(scaling);
    float factor = (float) (1 / (amplitude * amplitude));
    for (int row = 0; !gradient && factor != 1 && row < x.size() / headDim; row++) {
      for (int i = 0; i < dims; i++) {
        x.array()[x.offset() + row * headDim + i] *= factor;
      }
    }
  }

  private int key(int length) {
    return RopeFrequencies.representative(scaling, length);
  }

  /** The table of a sequence of {@code length} tokens, at least that long. */
  RopeTable table(int length) {
    RopeTable table = tables.get(key(length));
    if (table == null || table.positions() < length) {
      if (tables.size() >= KEPT_TABLES) {
        tables.clear(); // a dynamic base makes one for every length
      }
      table =
          tables.merge(key(length), make(length), (a, b) -> a.positions() >= b.positions() ? a : b);
    }
    return table;
  }

  private RopeTable make(int length) {
    int positions = Math.ceilDiv(length, CHUNK) * CHUNK;
    return RopeTable.of(
        RopeTable.Pairs.HALVES, frequencies(length), positions, RopeFrequencies.amplitude(scaling));
  }
}
