package nibble.quant.gptq;

import java.util.List;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.Granularity;
import nibble.quant.format.MaskedRange;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.method.Weights;
import nibble.quant.observer.Hessian;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * GPTQ: rounds one column at a time and repairs the remaining columns with second-order
 * information.
 *
 * <p>Frantar, Ashkboos, Hoefler, Alistarh: <a
 * href="https://arxiv.org/abs/2210.17323">arXiv:2210.17323</a>, Algorithm 1.
 *
 * <pre>{@code
 * W : [out, in]     weights              X : [tokens, in]  calibration inputs of this layer
 * H = 2/N X^T X + lambda I : [in, in]    lambda = dampening * mean(diag(2/N X^T X))
 * U = upper Cholesky factor of H^-1 : [in, in]
 * for each column j:   q = fq(W[:, j]);   e = (W[:, j] - q) / U[j, j];   W[:, j:] -= e U[j, j:]
 * }</pre>
 *
 * <p>As in the authors' code, inputs that were always 0 get zero weights. Differs from it: lambda
 * is a share of the mean over the other inputs (theirs counts a dead input as 1); where Cholesky
 * fails lambda is doubled, up to 50 times; the scales of a group are fitted to the weights updated
 * up to its first column, also inside a block (theirs miss the updates of the current block),
 * unless static groups are asked for; scales of whole rows or tensors are fitted once, before the
 * loop. Cost: {@code O(in^3 + out in^2)} time; memory {@code 24 in^2} bytes, the Hessian included,
 * and one byte a code.
 */
public final class Gptq implements WeightMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "gptq",
          "GPTQ",
          "Frantar, Ashkboos, Hoefler, Alistarh 2022, arXiv:2210.17323",
          "calibration inputs of every layer (128 samples)",
          "at 4 bits and below, wherever calibration data exists",
          GptqOptions.OPTIONS,
          List.of("W2..8A16", "W2..8A2..8", "groups of a multiple of 8"));

  private final GptqOptions options;

  public Gptq(GptqOptions options) {
    this.options = options;
  }

  /** From options as the catalogue resolves them. */
  public static Gptq of(OptionValues options) {
    return new Gptq(GptqOptions.of(options));
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
    Hessian inputs = Hessian.required(hessian, name, "gptq");
    float[] w = Weights.values(name, weight);
    return solve(
            name, w, weight.dim(0), weight.dim(1), inputs, Frozen.NONE, scheme, options, splitter)
        .quantized();
  }

  /**
   * The codes of {@code w [out, in]} with all that was found on the way.
   *
   * @param frozen what stays in float
   * @throws IllegalArgumentException if a weight is NaN or infinite, a shape does not fit, or
   *     groups are asked for in another column order without static groups
   */
  public static GptqResult solve(
      String name,
      float[] w,
      int out,
      int in,
      Hessian hessian,
      Frozen frozen,
      WeightScheme scheme,
      GptqOptions options,
      WorkSplitter splitter) {
    if (w.length != Math.multiplyExact(out, in) || hessian.in() != in || frozen.misfits(out, in)) {
      throw new IllegalArgumentException(
          "%s: weight [%d, %d] does not fit its %d values or a Hessian of %d inputs"
              .formatted(name, out, in, w.length, hessian.in()));
    }
    boolean grouped = scheme.granularity() instanceof Granularity.PerGroup;
    boolean reordered = options.order() != ColumnOrder.NATURAL || frozen.columns() != null;
    if (grouped && reordered && !options.staticGroups()) {
      throw new IllegalArgumentException(
          name + ": groups in another column order need static groups; set static-groups=true");
    }
    HessianFactor factor = HessianFactor.of(hessian, options, frozen.columns(), splitter);
    QuantParams fitted =
        QuantParams.fit(
            name,
            counted(w, out, in, factor.dead(), frozen, scheme.granularity()),
            0,
            out,
            in,
            scheme.format(),
            scheme.granularity(),
            scheme.clip(),
            splitter);
    return new ColumnLoop(
            name,
            factor,
            scheme,
            fitted,
            grouped && !options.staticGroups(),
            options.blockSize(),
            frozen)
        .run(w, splitter);
  }

  /**
   * The weights that scales are fitted to, only to be read: 0 for columns that will not be rounded,
   * which widens no range; the mean of the others for elements that will not. NaN stays, to be
   * found.
   */
  private static float[] counted(
      float[] w, int out, int in, boolean[] dead, Frozen frozen, Granularity granularity) {
    boolean[] elements = frozen.elements();
    if (frozen.isNothing() && !anyOf(dead)) {
      return w;
    }
    float[] counted =
        elements == null ? w.clone() : MaskedRange.of(w, elements, out, in, granularity);
    boolean[] columns = frozen.columns();
    for (int j = 0; j < in; j++) {
      if (dead[j] || (columns != null && columns[j])) {
        for (int row = 0; row < out; row++) {
          counted[row * in + j] *= 0f;
        }
      }
    }
    return counted;
  }

  private static boolean anyOf(boolean[] flags) {
    for (boolean flag : flags) {
      if (flag) {
        return true;
      }
    }
    return false;
  }
}
