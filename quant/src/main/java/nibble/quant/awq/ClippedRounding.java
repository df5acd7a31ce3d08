package nibble.quant.awq;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantizedTensor;
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
 * Round to nearest on ranges that are clipped where that serves the output: the second half of AWQ.
 *
 * <p>Lin et al., <a href="https://arxiv.org/abs/2306.00978">arXiv:2306.00978</a>, after the
 * authors' code (auto_clip).
 *
 * <pre>{@code
 * for each output row and group of inputs g:   m0 = max |w_g|      for i in 0 .. steps - 1:   m = m0 (1 - i / (2 steps))
 *   e = mean over tokens of (x_g . w_g - x_g . Q(clamp(w_g, -m, m)))^2  =  d^T G d / 2     d = w_g - Q(..),  G = the group's block of H = 2/N X^T X
 * the m with the least e:   w_g <- clamp(w_g, -m, m);   then the nearest codes
 * }</pre>
 *
 * <p>Differs from the code: the error is exact over all calibration tokens, as it follows from the
 * second moments, where the code samples 512. Cost: {@code steps} products {@code [out, g] [g, g]}
 * for each group.
 */
public final class ClippedRounding implements WeightMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "awq-clip",
          "Rounding with AWQ's clip search",
          "AWQ, MLSys 2024: arXiv:2306.00978",
          "calibration data; a second-moment matrix [in, in] for each stage",
          "behind awq, which takes it by itself; alone where gptq is too slow",
          ClipOptions.OPTIONS,
          List.of("W2..8A16", "W2..8A2..8", "groups of a multiple of 8"));

  private static final Set<String> QUERIES = Set.of("q", "k", "qkv");

  private final ClipOptions options;

  /** With the given knobs. */
  public ClippedRounding(ClipOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static ClippedRounding of(OptionValues values) {
    return new ClippedRounding(ClipOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public boolean needsHessian() {
    return true;
  }

  @Override
  public QuantizedTensor quantize(
      String name,
      Tensor weight,
      @Nullable Hessian hessian,
      WeightScheme scheme,
      WorkSplitter splitter) {
    float[] w = Weights.values(name, weight);
    int out = weight.dim(0);
    int in = weight.dim(1);
    boolean query = QUERIES.contains(name.substring(name.lastIndexOf('.') + 1));
    if (query && !options.queries()) {
      return Rtn.quantize(name, w, out, in, scheme, splitter);
    }
    Hessian inputs = Hessian.required(hessian, name, "awq-clip");
    return Rtn.quantize(
        name, clipped(name, w, out, in, inputs, scheme, splitter), out, in, scheme, splitter);
  }

  /** The weight with every group clamped to its best range. */
  float[] clipped(
      String name,
      float[] w,
      int out,
      int in,
      Hessian hessian,
      WeightScheme scheme,
      WorkSplitter splitter) {
    if (scheme.granularity() instanceof Granularity.PerTensor) {
      throw new IllegalArgumentException(
          name
              + ": the clip search of AWQ works on rows and groups; use scales per channel or"
              + " group");
    }
    int size = scheme.granularity().groupSize(in);
    float[] clipped = w.clone();
    for (int from = 0; from < in; from += size) {
      int width = Math.min(size, in - from);
      clipGroup(
          name, w, out, in, from, width, block(hessian, from, width), scheme, splitter, clipped);
    }
    return clipped;
  }

  private void clipGroup(
      String name,
      float[] w,
      int out,
      int in,
      int from,
      int width,
      float[] moments,
      WeightScheme scheme,
      WorkSplitter splitter,
      float[] clipped) {
    float[] group = new float[out * width];
    float[] largest = new float[out];
    for (int row = 0; row < out; row++) {
      System.arraycopy(w, row * in + from, group, row * width, width);
      for (int j = 0; j < width; j++) {
        largest[row] = Math.max(largest[row], Math.abs(group[row * width + j]));
      }
    }
    double[] least = new double[out];
    Arrays.fill(least, Double.POSITIVE_INFINITY);
    WeightScheme alone = scheme.withGranularity(new Granularity.PerChannel());
    for (int step = 0; step < options.steps(); step++) {
      float share = 1 - step / (2f * options.steps());
      float[] candidate = clamp(group, width, largest, share);
      float[] difference = Rtn.quantize(name, candidate, out, width, alone, splitter).dequantize();
      for (int i = 0; i < difference.length; i++) {
        difference[i] = group[i] - difference[i];
      }
      double[] errors = errors(difference, moments, out, width, splitter);
      for (int row = 0; row < out; row++) {
        if (errors[row] < least[row]) {
          least[row] = errors[row];
          System.arraycopy(candidate, row * width, clipped, row * in + from, width);
        }
      }
    }
  }

  private static float[] clamp(float[] group, int width, float[] largest, float share) {
    float[] clamped = new float[group.length];
    for (int i = 0; i < group.length; i++) {
      float m = largest[i / width] * share;
      clamped[i] = Math.max(-m, Math.min(m, group[i]));
    }
    return clamped;
  }

  /** {@code d^T G d} of every row {@code d}. */
  static double[] errors(float[] d, float[] moments, int out, int width, WorkSplitter splitter) {
    float[] product = new float[d.length];
    Gemm.best()
        .gemm(
            out, width, width, 1, d, 0, width, 1, moments, 0, width, 1, false, product, 0, width,
            splitter);
    double[] errors = new double[out];
    for (int row = 0; row < out; row++) {
      double sum = 0;
      for (int j = 0; j < width; j++) {
        sum += (double) d[row * width + j] * product[row * width + j];
      }
      errors[row] = sum;
    }
    return errors;
  }

  private static float[] block(Hessian hessian, int from, int width) {
    float[] block = new float[width * width];
    for (int i = 0; i < width; i++) {
      for (int j = 0; j < width; j++) {
        block[i * width + j] = (float) hessian.values()[(from + i) * hessian.in() + from + j];
      }
    }
    return block;
  }
}
