package nibble.quant.tacq;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.format.Scheme;
import nibble.quant.format.SparseTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.gptq.Frozen;
import nibble.quant.gptq.Gptq;
import nibble.quant.gptq.GptqOptions;
import nibble.quant.gptq.GptqResult;
import nibble.quant.layerwise.LayerPlan;
import nibble.quant.layerwise.ModelQuantizer;
import nibble.quant.method.MethodCard;
import nibble.quant.method.MethodOption;
import nibble.quant.method.OptionValues;
import nibble.quant.method.WeightMethod;
import nibble.quant.method.Weights;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.observer.Hessian;
import nibble.quant.rtn.Rtn;
import nibble.quant.sideweights.TopScores;
import nibble.quant.sideweights.WeightGradients;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * TaCQ: the weights that a task depends on most and that quantization would change most stay in
 * 16-bit float, the others are quantized by GPTQ.
 *
 * <p>Xiao, Sung, Stengel-Eskin, Bansal: <a
 * href="https://arxiv.org/abs/2504.07389">arXiv:2504.07389</a>, with the authors' code.
 *
 * <pre>{@code
 * G = sum over texts of |dL/dW|       I = G |W - Wq| |W|       Wq: round to nearest at the same bits
 * O = the elements of all blocks with the largest I, a share of them
 * GPTQ in which elements of O keep their value in the loop, so that they absorb errors made before them; ranges leave them out
 * }</pre>
 *
 * <p>L is the cross-entropy of the next token of all tokens. Differs: the reference model is
 * rounded to nearest (paper: GPTQ); the share is one of the ranked weights. Embedding and head have
 * no float elements.
 */
public final class Tacq implements ModelMethod {
  private static final String FRACTION = "fraction";
  private static final String TEXTS = "texts";

  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "tacq",
          "TaCQ",
          "Xiao, Sung, Stengel-Eskin, Bansal 2025, arXiv:2504.07389",
          "texts of the task; gradients of the float model, inputs of every layer",
          "for weights of language models at 2 and 3 bits with float activations, for a task of"
              + " which there are texts",
          options(),
          List.of("W2..8A16 with sparse 16-bit elements beside the codes"));

  private final GptqOptions gptq;
  private final double fraction;
  private final int texts;

  private Tacq(GptqOptions gptq, double fraction, int texts) {
    if (!(fraction >= 0 && fraction <= 1) || texts < 1) {
      throw new IllegalArgumentException(
          "fraction must be 0 to 1, texts positive; found %s and %d".formatted(fraction, texts));
    }
    this.gptq = gptq;
    this.fraction = fraction;
    this.texts = texts;
  }

  private static List<MethodOption> options() {
    List<MethodOption> options = new ArrayList<>(Gptq.CARD.options());
    options.add(
        MethodOption.number(
            FRACTION,
            0.0035,
            "share of the weights of all blocks that stays in 16-bit float (paper: 0.0035)"));
    options.add(
        MethodOption.integer(TEXTS, 128, "sequences that gradients are taken of (paper: 128)"));
    return List.copyOf(options);
  }

  /** From options as the catalogue resolves them. */
  public static Tacq of(OptionValues values) {
    return new Tacq(GptqOptions.of(values), values.number(FRACTION), values.integer(TEXTS));
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
    KeptElements method = new KeptElements(gptq, kept(task, gradients));
    task.progress().begin("quantize", layers(task), "layers");
    return MethodReport.of(
        new ModelQuantizer(
                task.ops(), (result, done, all) -> task.progress().to(done, result.name()))
            .quantize(
                task.model(),
                linear -> task.weights(linear).map(scheme -> LayerPlan.floatInputs(method, scheme)),
                task.samples().inputs()));
  }

  private static long layers(ModelTask task) {
    return task.model().linears().stream().filter(l -> task.weights(l).isPresent()).count();
  }

  /**
   * GPTQ with single elements that stay in float.
   *
   * @param kept those of each layer, by its name, {@code [out, in]}; layers that are not in it have
   *     none
   */
  private record KeptElements(GptqOptions options, Map<String, boolean[]> kept)
      implements WeightMethod {
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
      Hessian inputs = Hessian.required(hessian, name, "tacq");
      boolean[] own = kept.get(name);
      GptqResult result =
          Gptq.solve(
              name,
              Weights.values(name, weight),
              weight.dim(0),
              weight.dim(1),
              inputs,
              own == null ? Frozen.NONE : Frozen.elements(own),
              scheme,
              options,
              splitter);
      if (own == null) {
        return result.quantized();
      }
      SparseTensor sparse = SparseTensor.of(result.quantized(), result.weight(), own);
      return sparse.side().count() == 0 ? sparse.codes() : sparse;
    }
  }

  private Map<String, boolean[]> kept(ModelTask task, Map<String, double[]> gradients) {
    Map<String, double[]> importance = new LinkedHashMap<>();
    long ranked = 0;
    for (Linear linear : task.model().linears()) {
      double[] gradient = gradients.get(linear.name());
      WeightScheme scheme = task.weights(linear).orElse(null);
      if (gradient == null || scheme == null) {
        continue;
      }
      float[] w = Weights.values(linear.name(), linear.weight().peek().toF32());
      float[] rounded =
          Rtn.quantize(linear.name(), w, linear.out(), linear.in(), scheme, task.ops().splitter())
              .dequantize();
      double[] scores = new double[w.length];
      for (int i = 0; i < w.length; i++) {
        scores[i] = gradient[i] * Math.abs((double) w[i] - rounded[i]) * Math.abs(w[i]);
      }
      importance.put(linear.name(), scores);
      ranked += scores.length;
    }
    return TopScores.of(importance, Math.toIntExact(Math.round(fraction * ranked)));
  }
}
