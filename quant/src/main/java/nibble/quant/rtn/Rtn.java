package nibble.quant.rtn;

import java.util.List;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.WeightMethod;
import nibble.quant.method.Weights;
import nibble.quant.observer.Hessian;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Round to nearest: each weight becomes the nearest point of its grid, half to even; no data.
 *
 * <pre>{@code
 * W : [out, in]     lo, hi = range of the weights that share a scale, 0 included
 * q = clamp(round(w / s) + z)             w^ = s (q - z)
 * }</pre>
 *
 * <p>The clip search of the scheme shrinks {@code lo .. hi} to the ratio with the least sum of
 * {@code |w - w^|^2.4} (GPTQ and QuaRot code). Not one paper: the baseline of every table. Cost:
 * one pass; with clip search up to 80.
 */
public final class Rtn implements WeightMethod {
  private static final int ROWS = 64;

  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "rtn",
          "Round to nearest",
          "the baseline of every paper; no source of its own",
          "weights only, no data",
          "at 8 bits, as the baseline, and wherever calibration data is missing",
          List.of(),
          List.of("W2..8A16", "W2..8A2..8", "groups of a multiple of 8"));

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public boolean needsHessian() {
    return false;
  }

  @Override
  public QuantizedTensor quantize(
      String name,
      Tensor weight,
      @Nullable Hessian hessian,
      WeightScheme scheme,
      WorkSplitter splitter) {
    return quantize(name, weight, scheme, splitter);
  }

  /**
   * The nearest codes of {@code weight [out, in]}, of any dtype. Some rows at a time are in float,
   * unless one scale is for all of them.
   *
   * @throws IllegalArgumentException if a weight is NaN or infinite; the message starts with {@code
   *     name}
   */
  public static QuantizedTensor quantize(
      String name, Tensor weight, WeightScheme scheme, WorkSplitter splitter) {
    int out = weight.dim(0);
    int in = weight.dim(1);
    Granularity granularity = scheme.granularity();
    if (granularity instanceof Granularity.PerTensor) {
      return quantize(name, Weights.values(name, weight), out, in, scheme, splitter);
    }
    byte[] codes = new byte[Math.multiplyExact(out, in)];
    float[] scales = new float[granularity.scaleCount(out, in)];
    byte[] zeroPoints = new byte[scales.length];
    int groups = granularity.groupsPerRow(in);
    splitter.run(
        Math.ceilDiv(out, ROWS),
        (part, scratch) -> {
          int from = part * ROWS;
          float[] w = Weights.rows(name, weight, from, Math.min(out, from + ROWS));
          QuantizedTensor some = quantize(name, w, w.length / in, in, scheme, splitter);
          QuantParams grids = some.params();
          System.arraycopy(some.codes(), 0, codes, from * in, w.length);
          System.arraycopy(grids.scales(), 0, scales, from * groups, grids.scales().length);
          System.arraycopy(grids.zeroPoints(), 0, zeroPoints, from * groups, grids.scales().length);
        });
    return new QuantizedTensor(
        codes, new QuantParams(scheme.format(), granularity, out, in, scales, zeroPoints));
  }

  /**
   * The nearest codes of {@code w [out, in]}.
   *
   * @throws IllegalArgumentException if a weight is NaN or infinite; the message starts with {@code
   *     name}
   */
  public static QuantizedTensor quantize(
      String name, float[] w, int out, int in, WeightScheme scheme, WorkSplitter splitter) {
    QuantParams params =
        QuantParams.fit(
            name, w, 0, out, in, scheme.format(), scheme.granularity(), scheme.clip(), splitter);
    return new QuantizedTensor(params.quantize(name, w, 0), params);
  }
}
