package nibble.quant.gwq;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.quant.format.MaskedRange;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.Scheme;
import nibble.quant.format.SparseTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.method.Weights;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.sideweights.TopScores;
import nibble.quant.sideweights.WeightGradients;

/**
 * GWQ: in every weight of the blocks the elements with the largest gradients stay in 16-bit float,
 * the others are rounded to nearest, on ranges that leave those out.
 *
 * <p>Shao and others, <a href="https://arxiv.org/abs/2411.00850">arXiv:2411.00850</a>; from the
 * abstract and notes, no code was found.
 *
 * <pre>{@code
 * g = sum over texts of |dL/dW|, L: cross-entropy of the next token in the float model
 * O = the elements with the largest g of each weight, a share of them
 * W' = RTN of W, ranges without O        y = x W'[not O]^T + x W[O]^T (sparse)
 * }</pre>
 *
 * <p>Where a layer has no gradient, {@code |W|} ranks. Embedding and head have no float elements.
 * Scales are not quantized a second time.
 */
public final class Gwq implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "gwq",
          "GWQ",
          "Shao and others 2024, arXiv:2411.00850 (abstract)",
          "a few calibration texts; gradients of the float model",
          "for weights of language models at 3 and 4 bits with float activations, in groups",
          List.of(
              MethodOption.number(
                  "fraction",
                  0.01,
                  "share of each weight that stays in 16-bit float (paper: 0.01)"),
              MethodOption.integer(
                  "texts", 16, "sequences that gradients are taken of (paper: 1)")),
          List.of("W2..8A16 with sparse 16-bit elements beside the codes"));

  private final double fraction;
  private final int texts;

  /** With a share of float elements from 0 to 1, and at least one text. */
  public Gwq(double fraction, int texts) {
    if (!(fraction >= 0 && fraction <= 1) || texts < 1) {
      throw new IllegalArgumentException(
          "fraction must be 0 to 1, texts positive; found %s and %d".formatted(fraction, texts));
    }
    this.fraction = fraction;
    this.texts = texts;
  }

  /** From options as the catalogue resolves them. */
  public static Gwq of(OptionValues values) {
    return new Gwq(values.number("fraction"), values.integer("texts"));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  @Override
  public void check(Scheme scheme) {
    WeightGradients.checkScheme(name(), scheme);
  }

  @Override
  public MethodReport apply(ModelTask task) {
    Map<String, double[]> gradients = WeightGradients.of(name(), task, texts);
    Map<Linear, QuantizedWeight> codes = new LinkedHashMap<>();
    for (Linear linear : new ArrayList<>(task.model().linears())) {
      task.weights(linear)
          .ifPresent(
              scheme -> {
                double[] scores = gradients.get(linear.name());
                boolean[] kept = new boolean[Math.multiplyExact(linear.out(), linear.in())];
                float[] w = Weights.values(linear.name(), linear.weight().peek().toF32());
                if (scores != null) {
                  kept =
                      TopScores.of(
                          scoresOrSizes(scores, w), (int) Math.round(fraction * kept.length));
                }
                codes.put(
                    linear,
                    quantize(
                        linear.name(),
                        w,
                        linear.out(),
                        linear.in(),
                        kept,
                        scheme,
                        task.ops().splitter()));
              });
    }
    return MethodReport.of(ModelExecution.install(task.model(), Map.of(), codes));
  }

  private static double[] scoresOrSizes(double[] scores, float[] w) {
    for (double score : scores) {
      if (score > 0) {
        return scores;
      }
    }
    double[] sizes = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      sizes[i] = Math.abs(w[i]);
    }
    return sizes;
  }

  /**
   * The codes of one weight with the elements that are kept; integer codes alone if there are none.
   */
  public static QuantizedWeight quantize(
      String name,
      float[] w,
      int out,
      int in,
      boolean[] kept,
      WeightScheme scheme,
      WorkSplitter splitter) {
    float[] ranged = MaskedRange.of(w, kept, out, in, scheme.granularity());
    QuantParams params =
        QuantParams.fit(
            name,
            ranged,
            0,
            out,
            in,
            scheme.format(),
            scheme.granularity(),
            scheme.clip(),
            splitter);
    SparseTensor sparse =
        SparseTensor.of(new QuantizedTensor(params.quantize(name, ranged, 0), params), w, kept);
    return sparse.side().count() == 0 ? sparse.codes() : sparse;
  }
}
