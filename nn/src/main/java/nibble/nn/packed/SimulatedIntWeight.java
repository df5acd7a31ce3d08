package nibble.nn.packed;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.rowwise.CodeRange;
import nibble.kernels.rowwise.Quantize;
import nibble.nn.FloatWeight;
import nibble.nn.LayerInput;
import nibble.nn.WeightMatrix;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link PackedIntWeight} with quantized activations computes, without its kernels: codes,
 * their zero points taken off, are float numbers that meet in the FP32 product, of so few inputs at
 * a time that each sum is an exact integer. Sums of a group are rounded once, then scales are
 * applied in the order of the integer kernels. So the results are theirs to the bit, where a
 * product of scaled numbers would be rounded at every step and, in a model, end at other codes now
 * and then.
 */
final class SimulatedIntWeight implements WeightMatrix {
  /** Floats hold integers up to here. */
  private static final int EXACT = 1 << 24;

  private final PackedIntWeight packed;
  private final ActivationQuantizer quantizer;
  private final List<Part> parts;

  /**
   * Inputs of one group that are summed up exactly.
   *
   * @param levels of the weight, {@code [out, inputs]}
   * @param isLast whether the group ends with them
   */
  private record Part(int from, int group, FloatWeight levels, boolean isLast) {}

  /**
   * Rows of codes.
   *
   * @param levels {@code [rows, in]}, zero points taken off
   * @param scales one a row
   */
  private record Rows(float[] levels, float[] scales) {}

  /**
   * Unpacks a weight.
   *
   * @param packed with quantized activations
   */
  SimulatedIntWeight(PackedIntWeight packed) {
    this.packed = packed;
    this.quantizer = Objects.requireNonNull(packed.activations(), "activations");
    this.parts = parts(packed.weights(), quantizer);
  }

  private static List<Part> parts(IntWeights weights, ActivationQuantizer quantizer) {
    int most = EXACT / (largestLevel(quantizer) << weights.bits());
    byte[] codes = new byte[Math.multiplyExact(weights.out(), weights.in())];
    for (int row = 0; row < weights.out(); row++) {
      weights.unpack(row, codes, row * weights.in());
    }
    List<Part> parts = new ArrayList<>();
    for (int group = 0; group < weights.groups(); group++) {
      int end = (group + 1) * weights.groupSize();
      for (int from = end - weights.groupSize(); from < end; from += most) {
        int to = Math.min(end, from + most);
        parts.add(new Part(from, group, levels(weights, codes, group, from, to), to == end));
      }
    }
    return parts;
  }

  private static int largestLevel(ActivationQuantizer quantizer) {
    CodeRange range = RowGrid.range(quantizer);
    return switch (quantizer) {
      case ActivationQuantizer.PerToken _ -> range.max() - Math.min(0, range.min());
      case ActivationQuantizer.PerTensor tensor ->
          Math.max(
              Math.abs(range.min() - tensor.zeroPoint()),
              Math.abs(range.max() - tensor.zeroPoint()));
    };
  }

  private static FloatWeight levels(IntWeights weights, byte[] codes, int group, int from, int to) {
    int width = to - from;
    float[] levels = new float[Math.multiplyExact(weights.out(), width)];
    for (int row = 0; row < weights.out(); row++) {
      for (int k = 0; k < width; k++) {
        byte code = codes[row * weights.in() + from + k];
        levels[row * width + k] =
            weights.isSymmetric() ? code : Byte.toUnsignedInt(code) - weights.zeroPoint(row, group);
      }
    }
    return FloatWeight.of(Tensor.of(levels, weights.out(), width));
  }

  @Override
  public int out() {
    return packed.out();
  }

  @Override
  public int in() {
    return packed.in();
  }

  @Override
  public Tensor multiply(Ops ops, Tensor x, @Nullable Tensor bias) {
    return multiply(ops, new LayerInput(x), bias);
  }

  @Override
  public Tensor multiply(Ops ops, LayerInput x, @Nullable Tensor bias) {
    int rows = Products.rows(ops, x.tensor(), in());
    Rows codes = x.derive(quantizer, Rows.class, () -> quantize(ops, x.tensor().toF32(), rows));
    Tensor out = ops.empty(x.tensor().shape().with(-1, out()).dims());
    Arrays.fill(out.array(), out.offset(), out.offset() + rows * out(), 0);
    double[] sums = new double[Math.multiplyExact(rows, out())];
    for (Part part : parts) {
      Tensor products = part.levels.multiply(ops, inputs(ops, codes, rows, part), null);
      add(ops, part, products, sums, out);
    }
    scale(ops, codes, Products.plain(bias), out);
    return out;
  }

  private Rows quantize(Ops ops, Tensor x, int rows) {
    int in = in();
    Rows result = new Rows(new float[Math.multiplyExact(rows, in)], new float[rows]);
    float[] zeroPoints = new float[rows];
    ops.splitter()
        .run(
            rows,
            (row, scratch) -> {
              int from = x.offset() + row * in;
              RowGrid.fit(quantizer, in, x.array(), from, result.scales, zeroPoints, row);
              Quantize.best()
                  .toFloats(
                      1,
                      in,
                      in,
                      x.array(),
                      from,
                      result.scales,
                      row,
                      zeroPoints,
                      row,
                      RowGrid.range(quantizer),
                      result.levels,
                      row * in);
              for (int i = row * in; i < (row + 1) * in; i++) {
                result.levels[i] -= zeroPoints[row];
              }
            });
    return result;
  }

  private Tensor inputs(Ops ops, Rows codes, int rows, Part part) {
    int width = part.levels.in();
    Tensor inputs = ops.empty(rows, width);
    for (int row = 0; row < rows; row++) {
      System.arraycopy(
          codes.levels,
          row * in() + part.from,
          inputs.array(),
          inputs.offset() + row * width,
          width);
    }
    return inputs;
  }

  /** Adds exact sums; with its last part a group goes to {@code out}. */
  private void add(Ops ops, Part part, Tensor products, double[] sums, Tensor out) {
    int width = out();
    ops.splitter()
        .run(
            sums.length / width,
            (row, scratch) -> {
              int from = products.offset() + row * width;
              int to = out.offset() + row * width;
              for (int o = 0; o < width; o++) {
                double sum = sums[row * width + o] + products.array()[from + o];
                if (part.isLast) {
                  float scale = packed.weights().scale(o, part.group);
                  out.array()[to + o] = Math.fma((float) sum, scale, out.array()[to + o]);
                  sum = 0;
                }
                sums[row * width + o] = sum;
              }
            });
  }

  private void scale(Ops ops, Rows codes, float @Nullable [] bias, Tensor out) {
    int width = out();
    ops.splitter()
        .run(
            codes.scales.length,
            (row, scratch) -> {
              int at = out.offset() + row * width;
              for (int o = 0; o < width; o++) {
                float added = bias == null ? 0 : bias[o];
                out.array()[at + o] = Math.fma(out.array()[at + o], codes.scales[row], added);
              }
            });
  }

  @Override
  public long bytes() {
    return parts.stream().mapToLong(part -> part.levels.bytes()).sum();
  }

  @Override
  public String format() {
    return packed.format() + ", simulated";
  }
}
