package nibble.quant.quik;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.FloatColumnsTensor;
import nibble.quant.format.Granularity;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.WeightScheme;
import nibble.quant.gptq.Frozen;
import nibble.quant.gptq.Gptq;
import nibble.quant.gptq.GptqOptions;
import nibble.quant.gptq.GptqResult;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.method.Weights;
import nibble.quant.observer.Hessian;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * QUIK: the inputs of a layer with the largest activations stay in float, with their columns of the
 * weight; the others are quantized by GPTQ, with the float columns last, so that these absorb the
 * errors of the others.
 *
 * <p>Ashkboos and others, <a href="https://arxiv.org/abs/2310.09259">arXiv:2310.09259</a>, section
 * 3, with the authors' code.
 *
 * <pre>{@code
 * F = the inputs with the largest activations, at most share * in and at most most
 * W[:, not F] = GPTQ, scales fitted without F      W[:, F] += feedback, then F16
 * y = x[not F] Wq^T (integers, range of a token without F) + x[F] W[:, F]^T
 * }</pre>
 *
 * <p>Differs: inputs are ranked by their mean square on the calibration data (the paper: largest
 * absolute value), which the Hessian has; the number for wide inputs is the same share of them; the
 * layer behind the gated activation has the bits of the scheme unless a rule of the recipe gives it
 * 8, as the paper does. One scale for each output channel, no groups.
 */
public final class Quik implements WeightMethod {
  private static final String SHARE = "float-share";
  private static final String MOST = "float-most";

  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "quik",
          "QUIK",
          "Ashkboos and others 2023, arXiv:2310.09259",
          "calibration inputs of every layer",
          "at W4A4 where few inputs of a layer are much larger than the others",
          options(),
          List.of("W2..8A16, W2..8A2..8, with 16-bit float columns"));

  private final GptqOptions gptq;
  private final double share;
  private final int most;

  private Quik(GptqOptions gptq, double share, int most) {
    if (!(share >= 0 && share < 1) || most < 0) {
      throw new IllegalArgumentException(
          "float-share must be at least 0 and below 1, float-most not negative; found %s and %d"
              .formatted(share, most));
    }
    this.gptq = gptq;
    this.share = share;
    this.most = most;
  }

  private static List<MethodOption> options() {
    List<MethodOption> options = new ArrayList<>(Gptq.CARD.options());
    options.add(
        MethodOption.number(
            SHARE,
            0.0625,
            "share of the inputs of a layer that stay in float, rounded (paper: 256 of 4096)"));
    options.add(
        MethodOption.integer(
            MOST,
            1024,
            "most inputs of a layer that stay in float (paper: 256, more for wide layers)"));
    return List.copyOf(options);
  }

  /** From options as the catalogue resolves them. */
  public static Quik of(OptionValues options) {
    return new Quik(GptqOptions.of(options), options.number(SHARE), options.integer(MOST));
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
  public QuantizedWeight quantize(
      String name,
      Tensor weight,
      @Nullable Hessian hessian,
      WeightScheme scheme,
      WorkSplitter splitter) {
    Hessian inputs = Hessian.required(hessian, name, "quik");
    int out = weight.dim(0);
    int in = weight.dim(1);
    float[] w = Weights.values(name, weight);
    int count = Math.min(most, (int) Math.round(share * in));
    if (count == 0) {
      return Gptq.solve(name, w, out, in, inputs, Frozen.NONE, scheme, gptq, splitter).quantized();
    }
    if (scheme.granularity() instanceof Granularity.PerGroup) {
      throw new IllegalArgumentException(
          name
              + ": quik has one scale for each output channel; leave the group size out of the"
              + " scheme");
    }
    boolean[] frozen = largest(inputs, count);
    GptqResult result =
        Gptq.solve(name, w, out, in, inputs, Frozen.columns(frozen), scheme, gptq, splitter);
    return FloatColumnsTensor.of(result.quantized(), result.weight(), frozen);
  }

  /** The inputs with the largest mean square; of equal ones the first. */
  private static boolean[] largest(Hessian hessian, int count) {
    int in = hessian.in();
    boolean[] frozen = new boolean[in];
    IntStream.range(0, in)
        .boxed()
        .sorted(Comparator.comparingDouble(j -> -hessian.values()[j * in + j]))
        .limit(count)
        .forEach(j -> frozen[j] = true);
    return frozen;
  }
}
