package nibble.kernels.attention;

import java.util.Arrays;
import java.util.Random;
import nibble.kernels.parallel.WorkSplitter;
import org.jspecify.annotations.Nullable;

/** Random operands of one attention, every operand inside a larger array. */
final class AttentionCase {
  static final float SENTINEL = -12345.5f;
  private static final int MARGIN = 3;

  final AttentionShape shape;
  AttentionRule rule;
  final HeadView q;
  final HeadView k;
  final HeadView v;
  int @Nullable [] keyLengths;
  @Nullable HeadView bias;

  private final Random random;

  AttentionCase(AttentionShape shape, AttentionRule rule, long seed) {
    this.shape = shape;
    this.rule = rule;
    random = new Random(seed);
    q = view(shape.queries(), shape.heads(), 2);
    k = view(shape.keys(), shape.kvHeads(), 1);
    v = view(shape.keys(), shape.kvHeads(), 0.5f);
  }

  /** Rows with a gap behind each, as in a matrix that holds more than these heads. */
  private HeadView view(int rows, int heads, float deviation) {
    int row = heads * shape.headDim() + 5;
    float[] array = new float[MARGIN + shape.batch() * rows * row];
    for (int i = 0; i < array.length; i++) {
      array[i] = deviation * (float) random.nextGaussian();
    }
    return new HeadView(array, MARGIN, rows * row, row, shape.headDim());
  }

  /** Random lengths, 0 among them. */
  AttentionCase withKeyLengths() {
    int[] lengths = new int[shape.batch()];
    for (int b = 0; b < lengths.length; b++) {
      lengths[b] = random.nextInt(shape.keys() + 1);
    }
    keyLengths = lengths;
    return this;
  }

  /** A bias that is the same for all heads, some keys hidden. */
  AttentionCase withBias() {
    int row = shape.keys();
    float[] array = new float[shape.batch() * shape.queries() * row];
    for (int i = 0; i < array.length; i++) {
      array[i] = random.nextInt(4) == 0 ? Float.NEGATIVE_INFINITY : (float) random.nextGaussian();
    }
    bias = new HeadView(array, 0, shape.queries() * row, row, 0);
    return this;
  }

  /**
   * What {@code attention} writes, in an array filled with {@link #SENTINEL} where it must not
   * write.
   */
  float[] run(Attention attention, WorkSplitter splitter) {
    HeadView out = out();
    attention.forward(shape, rule, q, k, v, keyLengths, bias, out, splitter);
    return out.array();
  }

  /** The same with changed probabilities. */
  float[] run(Attention attention, ProbabilityMap probabilities, WorkSplitter splitter) {
    HeadView out = out();
    attention.forward(shape, rule, probabilities, q, k, v, out, splitter);
    return out.array();
  }

  /** The same with keys and values of a source. */
  float[] run(Attention attention, KeyValueSource source, WorkSplitter splitter) {
    HeadView out = out();
    attention.forward(shape, rule, q, source, out, splitter);
    return out.array();
  }

  HeadView out() {
    int row = shape.heads() * shape.headDim() + 7;
    float[] array = new float[MARGIN + shape.batch() * shape.queries() * row];
    Arrays.fill(array, SENTINEL);
    return new HeadView(array, MARGIN, shape.queries() * row, row, shape.headDim());
  }

  /**
   * How far a float kernel may be from the truth: a score by the rounding of a sum of headDim
   * products, a probability by that and the exponential's two units, a sum of n values by n units.
   */
  double bound() {
    double most = 0;
    double value = 0;
    for (float x : v.array()) {
      value = Math.max(value, Math.abs(x));
    }
    double largestQ = 0;
    double largestK = 0;
    for (int i = 0; i < q.array().length - shape.headDim(); i++) {
      largestQ = Math.max(largestQ, norm(q.array(), i));
    }
    for (int i = 0; i < k.array().length - shape.headDim(); i++) {
      largestK = Math.max(largestK, norm(k.array(), i));
    }
    most = Math.abs(rule.scale()) * largestQ * largestK + (bias == null ? 0 : 6);
    double score = (shape.headDim() + 8) * 0x1p-24 * most;
    return (2 * score + (8 + shape.keys()) * 0x1p-23) * value;
  }

  private double norm(float[] x, int at) {
    double sum = 0;
    for (int i = 0; i < shape.headDim(); i++) {
      sum += (double) x[at + i] * x[at + i];
    }
    return Math.sqrt(sum);
  }
}
