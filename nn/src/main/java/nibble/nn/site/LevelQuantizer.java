package nibble.nn.site;

import java.util.Map;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fake quantization to any rising list of levels, the same for the whole tensor: logarithmic, twin
 * uniform and other grids that are not uniform. The code of x is the number of thresholds that x
 * reaches, and its value the level of that number, so the method that makes the list also says how
 * it rounds: in the logarithmic domain, say. The derivative is 1 between the lowest and the highest
 * level, else 0. NaN stays NaN.
 */
public final class LevelQuantizer implements StoredFunction {
  static final String KIND = "levels";

  /** Most levels: those of 8 bits and a zero beside them. */
  public static final int MAX_LEVELS = 257;

  /** Floats whose first bits are the same: sign, exponent and three bits of the mantissa. */
  private static final int BUCKET_SHIFT = 20;

  private final float[] levels;
  private final float[] thresholds;
  private final short[] firstCodes;

  /**
   * @param levels rising, 2 to {@value #MAX_LEVELS}
   * @param thresholds not falling, one fewer: {@code x >= thresholds[i]} takes a level above {@code
   *     levels[i]}
   * @throws IllegalArgumentException if they are not
   */
  public LevelQuantizer(float[] levels, float[] thresholds) {
    if (levels.length < 2 || levels.length > MAX_LEVELS || thresholds.length != levels.length - 1) {
      throw new IllegalArgumentException(
          "a grid has 2 to %d levels and one threshold fewer, found %d and %d"
              .formatted(MAX_LEVELS, levels.length, thresholds.length));
    }
    for (int i = 0; i < levels.length; i++) {
      if (!Float.isFinite(levels[i]) || (i > 0 && !(levels[i] > levels[i - 1]))) {
        throw new IllegalArgumentException(
            "levels must be finite and rise, level %d is %s".formatted(i, levels[i]));
      }
    }
    for (int i = 0; i < thresholds.length; i++) {
      if (!(thresholds[i] >= levels[i] && thresholds[i] <= levels[i + 1])) {
        throw new IllegalArgumentException(
            "threshold %d is %s, expected a value from %s to %s"
                .formatted(i, thresholds[i], levels[i], levels[i + 1]));
      }
    }
    this.levels = levels.clone();
    this.thresholds = thresholds.clone();
    firstCodes = firstCodes(thresholds);
  }

  /** The code of the smallest float of each bucket; a few comparisons are left for the others. */
  private static short[] firstCodes(float[] thresholds) {
    short[] codes = new short[1 << (Integer.SIZE - BUCKET_SHIFT)];
    int code = 0;
    for (int bucket = 0; bucket < codes.length; bucket++) {
      int bits = bucket << BUCKET_SHIFT;
      float smallest = Float.intBitsToFloat(bits < 0 ? bits ^ Integer.MIN_VALUE : ~bits);
      while (code < thresholds.length && smallest >= thresholds[code]) {
        code++;
      }
      codes[bucket] = (short) code;
    }
    return codes;
  }

  /** Rises with x, from the most negative float at 0 on. */
  private static int bucket(float x) {
    int bits = Float.floatToRawIntBits(x);
    return (bits ^ (bits >> 31 | Integer.MIN_VALUE)) >>> BUCKET_SHIFT;
  }

  /** Thresholds half-way between the levels: the nearest level, the upper one on a tie. */
  public static LevelQuantizer nearest(float[] levels) {
    float[] thresholds = new float[Math.max(0, levels.length - 1)];
    for (int i = 0; i < thresholds.length; i++) {
      thresholds[i] = 0.5f * levels[i] + 0.5f * levels[i + 1];
    }
    return new LevelQuantizer(levels, thresholds);
  }

  static StoredFunction of(FunctionRecord record) {
    return new LevelQuantizer(
        record.tensor("level").toFloats(), record.tensor("threshold").toFloats());
  }

  /** A copy of the levels. */
  public float[] levels() {
    return levels.clone();
  }

  /** The number of the level that {@code x} takes; 0 for NaN. */
  public int code(float x) {
    int code = Float.isNaN(x) ? 0 : firstCodes[bucket(x)];
    while (code < thresholds.length && x >= thresholds[code]) {
      code++;
    }
    return code;
  }

  /** The level that {@code x} takes; NaN for NaN. */
  public float fakeQuantize(float x) {
    return Float.isNaN(x) ? x : levels[code(x)];
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(new StraightThrough(), x);
  }

  private final class StraightThrough implements DifferentiableFunction {
    @Override
    public Tensor forward(Ops ops, Tensor... in) {
      Tensor x = in[0];
      Tensor out = ops.empty(x.shape().dims());
      rows(
          ops,
          x,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              out.array()[out.offset() + i] = fakeQuantize(x.array()[x.offset() + i]);
            }
          });
      return out;
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      Tensor x = in[0];
      Tensor grad = ops.empty(x.shape().dims());
      float lowest = levels[0];
      float highest = levels[levels.length - 1];
      rows(
          ops,
          x,
          (from, to) -> {
            for (int i = from; i < to; i++) {
              float value = x.array()[x.offset() + i];
              grad.array()[grad.offset() + i] =
                  value >= lowest && value <= highest ? gradOut.array()[gradOut.offset() + i] : 0;
            }
          });
      return new Tensor[] {grad};
    }
  }

  private interface Elements {
    void run(int from, int to);
  }

  private static void rows(Ops ops, Tensor x, Elements work) {
    ScaleLayout layout = ScaleLayout.of(x.shape(), Tensor.scalar(1).shape());
    layout.run(
        ops.splitter(), (block, from, to) -> work.run(from * layout.width(), to * layout.width()));
  }

  @Override
  public FunctionRecord stored() {
    return new FunctionRecord(
        KIND,
        Map.of(),
        Map.of(
            "level",
            Tensor.of(levels(), levels.length),
            "threshold",
            Tensor.of(thresholds.clone(), thresholds.length)));
  }

  @Override
  public String format() {
    return levels.length + " levels";
  }
}
