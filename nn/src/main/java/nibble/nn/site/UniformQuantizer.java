package nibble.nn.site;

import java.util.LinkedHashMap;
import java.util.Map;
import nibble.tensor.DifferentiableFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fake quantization on uniform grids with static scales, in float:
 *
 * <pre>{@code
 * signed:    q = clamp(rint(x / s), -2^(b-1), 2^(b-1) - 1)      y = s q
 * unsigned:  q = clamp(rint(x / s) + z, 0, 2^b - 1)             y = s (q - z)
 * }</pre>
 *
 * <p>Scales (and zero points, of the same shape) spread over the tensor as {@link ScaleLayout}
 * says. Rounding is half to even. The derivative is 1 where {@code x / s} lies in the range of
 * codes, else 0 (straight-through estimator, clamp before rounding). NaN stays NaN.
 */
public final class UniformQuantizer implements StoredFunction {
  static final String KIND = "uniform";

  /** Adding and subtracting it rounds any {@code |x| < 2^22} half to even. */
  private static final float ROUND = 0x1.8p23f;

  private final int bits;
  private final Tensor scales;
  private final @Nullable Tensor zeroPoints;

  private UniformQuantizer(int bits, Tensor scales, @Nullable Tensor zeroPoints) {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("bit width must be from 2 to 8, was " + bits);
    }
    this.bits = bits;
    this.scales = scales.toF32();
    this.zeroPoints = zeroPoints == null ? null : zeroPoints.toF32();
    for (float scale : this.scales.toFloats()) {
      if (!(scale > 0) || Float.isInfinite(scale)) {
        throw new IllegalArgumentException("scales must be positive and finite, one is " + scale);
      }
    }
    if (zeroPoints != null) {
      checkZeroPoints(zeroPoints);
    }
  }

  private void checkZeroPoints(Tensor points) {
    if (!points.shape().equals(scales.shape())) {
      throw new IllegalArgumentException(
          "zero points are " + points.shape() + ", the scales " + scales.shape());
    }
    for (float z : points.toFloats()) {
      if (!(z >= 0 && z < 1 << bits) || z != Math.rint(z)) {
        throw new IllegalArgumentException(
            "a zero point of %d bits must be an integer from 0 to %d, one is %s"
                .formatted(bits, (1 << bits) - 1, z));
      }
    }
  }

  /** Signed codes without zero points. */
  public static UniformQuantizer symmetric(int bits, Tensor scales) {
    return new UniformQuantizer(bits, scales, null);
  }

  /**
   * Unsigned codes.
   *
   * @param zeroPoints integers {@code 0 .. 2^b - 1}, in the shape of the scales
   */
  public static UniformQuantizer asymmetric(int bits, Tensor scales, Tensor zeroPoints) {
    return new UniformQuantizer(bits, scales, zeroPoints);
  }

  static StoredFunction of(FunctionRecord record) {
    Tensor scales = record.tensor("scale");
    return new UniformQuantizer(record.integer("bits"), scales, record.tensors().get("zero_point"));
  }

  /** Bit width of a code. */
  public int bits() {
    return bits;
  }

  /** The scales. Shared, not to be written. */
  public Tensor scales() {
    return scales;
  }

  /** The zero points; null for signed codes. Shared, not to be written. */
  public @Nullable Tensor zeroPoints() {
    return zeroPoints;
  }

  /**
   * The same codes for a tensor whose elements are {@code factors} times as large. The factors have
   * the shape of the scales.
   */
  public UniformQuantizer scaledBy(float[] factors) {
    float[] values = scales.toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] *= factors[i];
    }
    return new UniformQuantizer(bits, Tensor.of(values, scales.shape().dims()), zeroPoints);
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
      ScaleLayout layout = ScaleLayout.of(x.shape(), scales.shape());
      int width = layout.width();
      layout.run(
          ops.splitter(),
          (block, from, to) -> {
            for (int row = from; row < to; row++) {
              row(
                  layout,
                  row,
                  x.array(),
                  x.offset() + row * width,
                  out.array(),
                  out.offset() + row * width);
            }
          });
      return out;
    }

    private void row(ScaleLayout layout, int row, float[] x, int in, float[] y, int at) {
      float[] s = scales.array();
      int start = scales.offset() + layout.start(row);
      int width = layout.width();
      float[] z = zeroPoints == null ? null : zeroPoints.array();
      int zeroStart = zeroPoints == null ? 0 : zeroPoints.offset() + layout.start(row);
      if (layout.step() == 0) {
        float zero = z == null ? 0 : z[zeroStart];
        shared(x, in, y, at, width, s[start], low() - zero, high() - zero);
      } else if (z == null) {
        signedChannels(x, in, y, at, width, s, start, low(), high());
      } else {
        unsignedChannels(x, in, y, at, width, s, start, z, zeroStart, high());
      }
    }

    @Override
    public @Nullable Tensor[] backward(Ops ops, Tensor gradOut, Tensor[] in, Tensor out) {
      Tensor x = in[0];
      Tensor grad = ops.empty(x.shape().dims());
      ScaleLayout layout = ScaleLayout.of(x.shape(), scales.shape());
      int width = layout.width();
      layout.run(
          ops.splitter(),
          (block, from, to) -> {
            for (int row = from; row < to; row++) {
              int scale = scales.offset() + layout.start(row);
              for (int i = 0; i < width; i++) {
                int index = scale + i * layout.step();
                float zero =
                    zeroPoints == null
                        ? 0
                        : zeroPoints.array()[zeroPoints.offset() + index - scales.offset()];
                float t = x.array()[x.offset() + row * width + i] / scales.array()[index];
                boolean inside = t >= low() - zero && t <= high() - zero;
                grad.array()[grad.offset() + row * width + i] =
                    inside ? gradOut.array()[gradOut.offset() + row * width + i] : 0;
              }
            }
          });
      return new Tensor[] {grad};
    }
  }

  private float low() {
    return zeroPoints == null ? -(1 << (bits - 1)) : 0;
  }

  private float high() {
    return zeroPoints == null ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
  }

  private static void shared(
      float[] x, int in, float[] y, int at, int width, float s, float low, float high) {
    for (int i = 0; i < width; i++) {
      float clamped = Math.max(low, Math.min(high, x[in + i] / s));
      y[at + i] = (clamped + ROUND - ROUND) * s;
    }
  }

  private static void signedChannels(
      float[] x,
      int in,
      float[] y,
      int at,
      int width,
      float[] s,
      int start,
      float low,
      float high) {
    for (int i = 0; i < width; i++) {
      float scale = s[start + i];
      float clamped = Math.max(low, Math.min(high, x[in + i] / scale));
      y[at + i] = (clamped + ROUND - ROUND) * scale;
    }
  }

  private static void unsignedChannels(
      float[] x,
      int in,
      float[] y,
      int at,
      int width,
      float[] s,
      int start,
      float[] z,
      int zeroStart,
      float high) {
    for (int i = 0; i < width; i++) {
      float scale = s[start + i];
      float zero = z[zeroStart + i];
      float clamped = Math.max(-zero, Math.min(high - zero, x[in + i] / scale));
      y[at + i] = (clamped + ROUND - ROUND) * scale;
    }
  }

  @Override
  public FunctionRecord stored() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("scale", scales);
    if (zeroPoints != null) {
      tensors.put("zero_point", zeroPoints);
    }
    return new FunctionRecord(KIND, Map.of("bits", (double) bits), tensors);
  }

  @Override
  public String format() {
    String scope = scales.size() == 1 ? "" : ", scales " + scales.shape();
    return "INT" + bits + (zeroPoints == null ? " symmetric" : " asymmetric") + scope;
  }
}
