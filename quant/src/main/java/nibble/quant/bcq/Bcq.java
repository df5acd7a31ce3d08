package nibble.quant.bcq;

import java.util.Arrays;
import java.util.List;
import nibble.kernels.lowbit.BinaryWeights;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.method.Weights;
import nibble.quant.observer.Hessian;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Binary-coding quantization: each group of weights as a sum of k signed scales, found by
 * alternating least squares.
 *
 * <p>Rastegari and others 2016 (XNOR-Net, <a
 * href="https://arxiv.org/abs/1603.05279">arXiv:1603.05279</a>) for one plane; Guo and others 2017
 * (greedy); Xu and others, ICLR 2018 (<a
 * href="https://arxiv.org/abs/1802.00150">arXiv:1802.00150</a>, alternating); format and importance
 * as in the LUT-GEMM examples.
 *
 * <pre>{@code
 * w : [g]     B : {-1, +1}^[g, k]     a : [k] >= 0
 * minimise sum_j f_j (w_j - z - sum_i a_i B_ji)^2
 * a, z = argmin for B;   B_j = signs of the level nearest to w_j;   until nothing changes
 * }</pre>
 *
 * <p>A symmetric scheme fixes {@code z = 0}; an asymmetric one fits z and also starts from the
 * uniform grid, which is such a code, so that the result is never worse than that grid. Differs
 * from the reference: sign(0) is +1 (a third symbol cannot be packed); small weights are not
 * pruned. Layers that have more than 4 bits, such as the ends of a model, are rounded to nearest
 * integers: so many planes cost more than they are worth, and no kernel runs them. Cost: {@code
 * O(rounds out in (k^2 + log 2^k))}.
 */
public final class Bcq implements WeightMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "bcq",
          "Binary-coding quantization",
          "Xu and others 2018, arXiv:1802.00150; LUT-GEMM, arXiv:2206.09557",
          "weights only, no data",
          "at 1 to 4 bits on machines where table look-ups beat integer products",
          BcqOptions.OPTIONS,
          List.of("W2..4A16", "groups of a multiple of 32", "layers of 5 to 8 bits as rtn"));

  private final BcqOptions options;

  public Bcq(BcqOptions options) {
    this.options = options;
  }

  /** From options as the catalogue resolves them. */
  public static Bcq of(OptionValues options) {
    return new Bcq(BcqOptions.of(options));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public boolean needsHessian() {
    return false;
  }

  @Override
  public QuantizedWeight quantize(
      String name,
      Tensor weight,
      @Nullable Hessian hessian,
      WeightScheme scheme,
      WorkSplitter splitter) {
    if (isWide(scheme)) {
      return Rtn.quantize(
          name, Weights.values(name, weight), weight.dim(0), weight.dim(1), scheme, splitter);
    }
    int planes = planes(scheme);
    if (!scheme.clip().equals(ClipSearch.none())) {
      throw new IllegalArgumentException(
          name + ": bcq fits its levels itself; leave the clip search out of the scheme");
    }
    if (scheme.granularity() instanceof Granularity.PerTensor) {
      throw new IllegalArgumentException(
          name + ": bcq needs scales per channel or per group; choose w:channel or a group size");
    }
    int in = weight.dim(1);
    int groupSize = scheme.granularity().groupSize(in);
    return fit(
        name,
        Weights.values(name, weight),
        weight.dim(0),
        in,
        planes,
        groupSize,
        scheme.format().isAsymmetric(),
        options,
        splitter);
  }

  private static boolean isWide(WeightScheme scheme) {
    return scheme.format().bits() > BcqOptions.MAX_PLANES;
  }

  private int planes(WeightScheme scheme) {
    return options.planes() == 0 ? scheme.format().bits() : options.planes();
  }

  @Override
  public long packedBytes(int out, int in, WeightScheme scheme) {
    if (isWide(scheme)) {
      return WeightMethod.super.packedBytes(out, in, scheme);
    }
    return BinaryWeights.packedBytes(
        out,
        in,
        planes(scheme),
        scheme.granularity().groupSize(in),
        scheme.format().isAsymmetric());
  }

  /**
   * The binary codes of {@code w [out, in]}.
   *
   * @throws IllegalArgumentException if a weight is NaN or infinite; the message starts with {@code
   *     name}
   */
  public static BinaryCodedTensor fit(
      String name,
      float[] w,
      int out,
      int in,
      int planes,
      int groupSize,
      boolean withOffset,
      BcqOptions options,
      WorkSplitter splitter) {
    for (int i = 0; i < w.length; i++) {
      if (!Float.isFinite(w[i])) {
        throw new IllegalArgumentException(
            "%s: element %d is %s, expected finite values".formatted(name, i, w[i]));
      }
    }
    int groups = Math.ceilDiv(in, groupSize);
    int[] bits = new int[planes * out * Math.ceilDiv(in, 32)];
    float[] scales = new float[out * groups * planes];
    float[] offsets = new float[out * groups];
    splitter.run(
        out,
        (row, scratch) -> {
          for (int group = 0; group < groups; group++) {
            int from = group * groupSize;
            double[] values = new double[Math.min(groupSize, in - from)];
            Arrays.setAll(values, j -> w[row * in + from + j]);
            GroupCode code =
                new GroupFit(values, importance(values, options), planes, withOffset)
                    .best(options.rounds());
            for (int p = 0; p < planes; p++) {
              scales[(row * groups + group) * planes + p] = (float) code.scales()[p];
            }
            offsets[row * groups + group] = (float) code.offset();
            for (int j = 0; j < values.length; j++) {
              BinaryCodedTensor.setCode(bits, out, in, planes, row, from + j, code.codes()[j]);
            }
          }
        });
    return new BinaryCodedTensor(out, in, planes, groupSize, bits, scales, offsets);
  }

  private static double[] importance(double[] w, BcqOptions options) {
    double[] f = new double[w.length];
    Arrays.fill(f, 1);
    if (options.exponent() == 0) {
      return f;
    }
    double[] sorted = Arrays.stream(w).map(Math::abs).sorted().toArray();
    double c = sorted[(int) Math.round(options.clipping() * (sorted.length - 1))];
    if (c > 0) {
      Arrays.setAll(f, j -> Math.pow(Math.min(Math.abs(w[j]) / c, 1), options.exponent()));
    }
    return f;
  }
}
