package nibble.nn.site;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import nibble.kernels.attention.ProbabilityMap;
import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.Elementwise;
import nibble.kernels.rowwise.Quantize;
import nibble.nn.SiteFunction;
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

  private final int bits;
  private final Tensor scales;
  private final @Nullable Tensor zeroPoints;
  private final CodeRange range;
  private volatile @Nullable SideBySide sideBySide;

  private UniformQuantizer(int bits, Tensor scales, @Nullable Tensor zeroPoints) {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException("bit width must be from 2 to 8, was " + bits);
    }
    this.bits = bits;
    this.scales = scales.toF32();
    this.zeroPoints = zeroPoints == null ? null : zeroPoints.toF32();
    this.range = zeroPoints == null ? CodeRange.signed(bits) : CodeRange.unsigned(bits);
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
      layout.runLight(
          ops.splitter(),
          (block, from, to) -> {
            if (layout.isOneRow()) {
              columns(layout, from, to - from, x, out);
            } else {
              for (int row = from; row < to; row++) {
                row(layout, row, x, out);
              }
            }
          });
      return out;
    }

    private void row(ScaleLayout layout, int row, Tensor x, Tensor out) {
      if (layout.step() == 1) {
        columns(layout, row, 1, x, out);
        return;
      }
      int width = layout.width();
      int at = row * width;
      oneScale(
          layout.start(row), width, x.array(), x.offset() + at, out.array(), out.offset() + at);
    }

    /** Rows with the same scales, one for each element. */
    private void columns(ScaleLayout layout, int row, int rows, Tensor x, Tensor out) {
      int width = layout.width();
      int start = layout.start(row);
      Quantize.best()
          .fakeQuantizeColumns(
              rows,
              width,
              x.array(),
              x.offset() + row * width,
              scales.array(),
              scales.offset() + start,
              zeroPoints == null ? null : zeroPoints.array(),
              zeroPoints == null ? 0 : zeroPoints.offset() + start,
              range,
              out.array(),
              out.offset() + row * width);
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
                boolean inside = t >= range.min() - zero && t <= range.max() - zero;
                grad.array()[grad.offset() + row * width + i] =
                    inside ? gradOut.array()[gradOut.offset() + row * width + i] : 0;
              }
            }
          });
      return new Tensor[] {grad};
    }
  }

  /** Of one model, so of one width: made once. */
  private record SideBySide(int heads, int headDim, UniformQuantizer quantizer) {}

  /** Where no axis but those of heads and channels has scales of its own. */
  @Override
  public Optional<SiteFunction> sideBySide(int heads, int headDim) {
    if (scales.size() == 1 && scales.rank() <= 1) {
      return Optional.of(this);
    }
    int rank = scales.rank();
    int channels = scales.dim(-1);
    int ownHeads = rank == 3 ? scales.dim(0) : 1;
    if (rank > 3
        || rank > 1 && scales.dim(-2) != 1
        || channels != 1 && channels != headDim
        || ownHeads != 1 && ownHeads != heads) {
      return Optional.empty();
    }
    SideBySide known = sideBySide;
    if (known == null || known.heads != heads || known.headDim != headDim) {
      known =
          new SideBySide(
              heads,
              headDim,
              new UniformQuantizer(
                  bits,
                  spread(scales, ownHeads, heads, headDim),
                  zeroPoints == null ? null : spread(zeroPoints, ownHeads, heads, headDim)));
      sideBySide = known;
    }
    return Optional.of(known.quantizer);
  }

  /** Where a head has one scale, its own or that of all. */
  @Override
  public Optional<ProbabilityMap> probabilityMap(int heads) {
    boolean perHead = scales.rank() == 3 && scales.dim(0) == heads && scales.size() == heads;
    if (scales.size() != 1 && !perHead) {
      return Optional.empty();
    }
    int step = perHead ? 1 : 0;
    return Optional.of(
        (head, count, factor, e, at) -> {
          Elementwise.best().scale(count, factor, e, at, e, at);
          oneScale(step * head, count, e, at, e, at);
        });
  }

  /** Elements with the scale of number {@code index}. */
  private void oneScale(int index, int count, float[] x, int at, float[] out, int to) {
    Quantize.best()
        .fakeQuantize(
            1,
            count,
            count,
            x,
            at,
            scales.array(),
            scales.offset() + index,
            zeroPoints == null ? null : zeroPoints.array(),
            zeroPoints == null ? 0 : zeroPoints.offset() + index,
            range,
            out,
            to);
  }

  private static Tensor spread(Tensor own, int ownHeads, int heads, int headDim) {
    float[] from = own.toFloats();
    int channels = from.length / ownHeads;
    float[] values = new float[heads * headDim];
    for (int i = 0; i < values.length; i++) {
      int head = ownHeads == 1 ? 0 : i / headDim;
      values[i] = from[head * channels + (channels == 1 ? 0 : i % headDim)];
    }
    return Tensor.of(values, values.length);
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
