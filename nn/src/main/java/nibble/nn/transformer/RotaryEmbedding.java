package nibble.nn.transformer;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Rotary positions (Su et al., <a href="https://arxiv.org/abs/2104.09864">arXiv:2104.09864</a>) in the half-split convention of Hugging Face
 * checkpoints: channel {@code i} and channel {@code i + dims / 2} of a head are the pair that turns by {@code position * theta_i}. Files whose
 * pairs lie side by side (the original Llama release) need their query and key rows permuted.
 *
 * <p>Thread-safe. Tables of cosines and sines grow with the longest sequence seen: 4 bytes times {@code dims} for each position.
 */
public final class RotaryEmbedding {
  private static final int CHUNK = 256;
  private static final int KEPT_TABLES = 8;

  private final int dims;
  private final double base;
  private final RopeScaling scaling;
  private final Map<Integer, Table> tables = new ConcurrentHashMap<>();

  /** Cosine and sine of every position below {@code positions}, {@code dims / 2} of each. */
  record Table(int positions, float[] cos, float[] sin) {}

  /**
   * @param dims channels of a head that turn, the first ones; even
   * @param base rope_theta
   * @param scaling for long contexts
   */
  public RotaryEmbedding(int dims, double base, RopeScaling scaling) {
    if (dims < 2 || dims % 2 != 0) {
      throw new IllegalArgumentException("rotary channels must be even and at least 2, were " + dims);
    }
    if (!(base > 0)) {
      throw new IllegalArgumentException("rope_theta must be positive, was " + base);
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
   * Whether keys that were written while the sequence had {@code before} tokens have the frequencies of one with {@code after} tokens.
   * False where a LongRoPE model passes its original context: the cache must be filled anew. A dynamic base is not looked at: its keys stay
   * as they were written, as in the original implementation.
   */
  boolean keepsKeys(int before, int after) {
    return !(scaling instanceof RopeScaling.LongRope)
        || RopeFrequencies.representative(scaling, before) == RopeFrequencies.representative(scaling, after);
  }

  /**
   * {@code x [batch, heads, tokens, headDim]} with the first {@code dims} channels of every head turned; a linear map, differentiable.
   *
   * @param sequences the positions of the {@code batch * tokens} rows
   */
  public Tensor apply(Ops ops, Tensor x, Sequences sequences) {
    return ops.custom(new Turn(this, sequences), x);
  }

  /** The table of a sequence of {@code length} tokens, at least that long. */
  Table table(int length) {
    int key = RopeFrequencies.representative(scaling, length);
    Table table = tables.get(key);
    if (table == null || table.positions < length) {
      if (tables.size() >= KEPT_TABLES) {
        tables.clear(); // a dynamic base makes one for every length
      }
      table = tables.merge(key, make(length), (a, b) -> a.positions >= b.positions ? a : b);
    }
    return table;
  }

  private Table make(int length) {
    int positions = Math.ceilDiv(length, CHUNK) * CHUNK;
    double[] theta = frequencies(length);
    double amplitude = RopeFrequencies.amplitude(scaling);
    int half = dims / 2;
    float[] cos = new float[Math.multiplyExact(positions, half)];
    float[] sin = new float[cos.length];
    for (int p = 0; p < positions; p++) {
      for (int i = 0; i < half; i++) {
        cos[p * half + i] = (float) (amplitude * Math.cos(p * theta[i]));
        sin[p * half + i] = (float) (amplitude * Math.sin(p * theta[i]));
      }
    }
    return new Table(positions, cos, sin);
  }

  /** The rotation of all rows; backwards for the gradient. */
  private record Turn(RotaryEmbedding rope, Sequences sequences) implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      return turned(ops, in[0], 1);
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      return new Tensor[] {turned(ops, gradOut, -1)};
    }

    private Tensor turned(Ops ops, Tensor x, int direction) {
      int heads = x.dim(1);
      int tokens = x.dim(2);
      int width = x.dim(3);
      Tensor input = x.toF32();
      Tensor out = ops.empty(x.shape().dims());
      ops.splitter()
          .run(
              x.dim(0) * heads,
              (task, scratch) -> {
                int firstRow = task / heads * tokens;
                int at = task * tokens * width;
                for (int sequence = sequences.at(firstRow), t = 0; t < tokens; sequence++) {
                  Table table = rope.table(sequences.total(sequence));
                  int end = Math.min(tokens, sequences.start(sequence + 1) - firstRow);
                  for (; t < end; t++) {
                    int position = sequences.position(sequence) + firstRow + t - sequences.start(sequence);
                    rope.turnRow(table, position, direction, width, input.array(), input.offset() + at + t * width, out.array(), out.offset() + at + t * width);
                  }
                }
              });
      return out;
    }
  }

  private void turnRow(Table table, int position, int direction, int width, float[] x, int from, float[] out, int to) {
    int half = dims / 2;
    int row = position * half;
    for (int i = 0; i < half; i++) {
      float c = table.cos[row + i];
      float s = direction * table.sin[row + i];
      float a = x[from + i];
      float b = x[from + half + i];
      out[to + i] = a * c - b * s;
      out[to + half + i] = b * c + a * s;
    }
    System.arraycopy(x, from + dims, out, to + dims, width - dims);
  }
}
