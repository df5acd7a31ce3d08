package nibble.quant.adaround;

import java.util.List;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.train.AdamW;
import nibble.nn.train.AdamWOptions;
import nibble.nn.train.ParameterGroup;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.method.Weights;
import nibble.quant.observer.Hessian;
import nibble.quant.rounding.RoundingDrive;
import nibble.quant.rounding.RoundingGrid;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * AdaRound: learns for every weight whether to round up or down, so that the layer's output stays.
 *
 * <p>Nagel, Amjad, van Baalen, Louizos, Blankevoort: <a
 * href="https://arxiv.org/abs/2004.10568">arXiv:2004.10568</a> (ICML 2020), equations 21 to 25.
 *
 * <pre>{@code
 * W~ = s (clamp(floor(W / s) + h(V) + z) - z)          h a rectified sigmoid; at the start W~ = W
 * min over V   mean over tokens of |(W~ - W) x|^2  +  lambda sum(1 - |2 h(V) - 1|^beta)
 * beta 20 to 2 after the warm-up; Adam; at the end the bit is V >= 0
 * }</pre>
 *
 * <p>The first term is {@code tr(D H D^T) / 2} with {@code D = W~ - W} and the Hessian {@code H =
 * 2/N X^T X}, so every update sees all calibration data at the cost of one product {@code [out, in]
 * [in, in]}. Differs from the paper: lambda is a share of the mean {@code s^2 H[j, j]} instead of a
 * number that fits one size of inputs; no activation function behind the layer counts; the target
 * is the float weight on the inputs of the partly quantized model, as in all methods here that get
 * a Hessian; a row whose rounding to nearest has the smaller error keeps it. Cost: {@code
 * O(iterations out in^2)}.
 */
public final class AdaRound implements WeightMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "adaround",
          "AdaRound",
          "Nagel, Amjad, van Baalen, Louizos, Blankevoort: arXiv:2004.10568",
          "calibration inputs of every layer",
          "at 4 bits and below with a fixed grid, where minutes of optimisation are worth it;"
              + " beside gptq",
          AdaRoundOptions.OPTIONS,
          List.of("W2..8A16", "W2..8A2..8", "groups of a multiple of 8"));

  private final AdaRoundOptions options;

  /** With the given knobs. */
  public AdaRound(AdaRoundOptions options) {
    this.options = options;
  }

  /** From options as the catalogue resolves them. */
  public static AdaRound of(OptionValues options) {
    return new AdaRound(AdaRoundOptions.of(options));
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
    Hessian inputs = Hessian.required(hessian, name, "adaround");
    float[] w = Weights.values(name, weight);
    int out = weight.dim(0);
    int in = weight.dim(1);
    if (inputs.in() != in) {
      throw new IllegalArgumentException(
          "%s: weight [%d, %d] does not fit a Hessian of %d inputs"
              .formatted(name, out, in, inputs.in()));
    }
    QuantParams params =
        QuantParams.fit(
            name, w, 0, out, in, scheme.format(), scheme.granularity(), scheme.clip(), splitter);
    byte[] nearest = params.quantize(name, w, 0);
    byte[] learned =
        learn(new RoundingGrid(w, params), weight.toF32(), inputs, new Ops(splitter)).codes();
    return new QuantizedTensor(better(learned, nearest, w, params, inputs, splitter), params);
  }

  /** The operators share the caller's threads, so they are not closed here. */
  private QuantizedTensor learn(RoundingGrid grid, Tensor weight, Hessian hessian, Ops ops) {
    Tensor h = floats(hessian);
    Tensor v = grid.logits();
    AdamW optimizer =
        new AdamW(AdamWOptions.DEFAULTS, ParameterGroup.of("roundings", options.rate(), 0, v));
    RoundingDrive drive =
        new RoundingDrive(
            options.lambda() * meanCurvature(grid.params(), hessian), options.warmUp(), 20, 2);
    for (int i = 0; i < options.iterations(); i++) {
      double progress = (double) i / options.iterations();
      optimizer.clearGrads();
      try (var scope = ops.scope()) {
        ops.backward(loss(ops, grid, v, weight, h, drive, progress));
        optimizer.step(ops.splitter(), 1);
      }
    }
    return grid.codes(v.toFloats(), 0);
  }

  /**
   * A number whose derivative in V is that of the loss: the first term is {@code sum(W~ (D H))}
   * with D H held fixed, at the cost of one product.
   */
  private static Tensor loss(
      Ops ops,
      RoundingGrid grid,
      Tensor v,
      Tensor weight,
      Tensor h,
      RoundingDrive drive,
      double progress) {
    Tensor soft = grid.soft(ops, v);
    Tensor slope;
    try (var inference = ops.noGrad()) {
      slope = ops.matmul(ops.sub(soft, weight), h);
    }
    Tensor error = ops.sum(ops.mul(soft, slope));
    return drive.isOn(progress)
        ? ops.add(
            error, ops.scale(grid.openness(ops, v, drive.beta(progress)), (float) drive.weight()))
        : error;
  }

  /** The mean of {@code s^2 H[j, j]}: what one whole scale costs. */
  private static double meanCurvature(QuantParams params, Hessian hessian) {
    double sum = 0;
    for (int row = 0; row < params.rows(); row++) {
      for (int j = 0; j < params.columns(); j++) {
        double scale = params.scales()[params.indexOf(row, j)];
        sum += scale * scale * hessian.values()[j * params.columns() + j];
      }
    }
    return sum / ((double) params.rows() * params.columns());
  }

  private static Tensor floats(Hessian hessian) {
    float[] values = new float[hessian.values().length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) hessian.values()[i];
    }
    return Tensor.of(values, hessian.in(), hessian.in());
  }

  /** Row by row the codes with the smaller error of the output. */
  private static byte[] better(
      byte[] learned,
      byte[] nearest,
      float[] w,
      QuantParams params,
      Hessian hessian,
      WorkSplitter splitter) {
    int in = params.columns();
    float[] a = params.dequantize(learned);
    float[] b = params.dequantize(nearest);
    byte[] best = learned.clone();
    splitter.run(
        params.rows(),
        (row, scratch) -> {
          double[] first = new double[in];
          double[] second = new double[in];
          for (int j = 0; j < in; j++) {
            first[j] = (double) a[row * in + j] - w[row * in + j];
            second[j] = (double) b[row * in + j] - w[row * in + j];
          }
          if (hessian.errorOf(second, 1) <= hessian.errorOf(first, 1)) {
            System.arraycopy(nearest, row * in, best, row * in, in);
          }
        });
    return best;
  }
}
