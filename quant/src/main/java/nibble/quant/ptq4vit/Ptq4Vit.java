package nibble.quant.ptq4vit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.quant.fisher.AttentionSamples;
import nibble.quant.fisher.ProductSamples;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleBatches;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * PTQ4ViT: two uniform grids for attention probabilities and for values after GELU, and scales
 * chosen by the error of each product's output, weighted by squared gradients.
 *
 * <p>Yuan, Xue, Chen, Wu, Sun: <a href="https://arxiv.org/abs/2111.12293">arXiv:2111.12293</a>
 * (ECCV 2022), after the authors' code.
 *
 * <pre>{@code
 * grids       s clamp(rint(x / s), -Q, Q - 1), Q = 2^(b-1), one s per tensor (a fused qkv weight: one each for q, k, v), s0 = max|x| / (Q - 1/2)
 * after GELU  s+ k above 0, s- k below, s- = 0.16997 / Q        probabilities   k p / (Q - 1) up to p, k / (Q - 1) above, p = 2^-i, i = 0 .. 19
 * distance    mean over rows of sum (G (O - O^))^2               G = gradient of the loss in the output O of the product
 * search      s0 (0.01 + 1.19 i / 100); three rounds of weights and inputs in turn; q and k alike; p with v in float, then v
 * bias        u -= mean over rows of Xq (fq(W) - W)^T
 * }</pre>
 *
 * <p>Differs from the authors' code: every value takes one of the two grids (their simulation adds
 * both, which is worse than a uniform grid); G belongs to cross-entropy against labels drawn from
 * the model's prediction (their Kullback-Leibler loss has no gradient while all layers are in
 * float); candidates are judged on part of the rows; a candidate replaces the present scale only if
 * it is better. All layers see inputs in float, so they do not depend on each other. Scales per
 * tensor leave much of what scales per channel hold: with few bits round to nearest with a scale
 * per channel is better. Linear layers run as integers, except those behind GELU, whose two grids
 * are computed in float, like q, k, v and the probabilities.
 */
public final class Ptq4Vit implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "ptq4vit",
          "PTQ4ViT",
          "Yuan, Xue, Chen, Wu, Sun: arXiv:2111.12293",
          "32 samples, no labels; one backward pass, no training",
          "vision transformers at W8A8 and W6A6",
          Ptq4VitOptions.OPTIONS,
          List.of(
              "W2..8A2..8: linear layers in integers; inputs after GELU, q, k, v and probabilities"
                  + " quantized in float",
              "W2..8A16"));

  private static final int BATCH = 8;

  private final Ptq4VitOptions options;

  /** With the given knobs. */
  public Ptq4Vit(Ptq4VitOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static Ptq4Vit of(OptionValues values) {
    return new Ptq4Vit(Ptq4VitOptions.of(values));
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
  public MethodReport apply(ModelTask task) {
    Ops ops = task.ops();
    ProductSamples samples =
        options.metric() == Ptq4VitOptions.Metric.MSE
            ? ProductSamples.forward(
                ops,
                task.model(),
                SampleBatches.of(task.samples(), options.images(), BATCH),
                options.rows(),
                options.maps())
            : ProductSamples.record(
                ops,
                task.model(),
                SampleBatches.of(task.samples(), options.images(), BATCH),
                options.rows(),
                options.maps(),
                task.seed());
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    Map<Linear, float[]> biasErrors = new LinkedHashMap<>();
    double first = 0;
    double last = 0;
    List<ActivationSite> sites = ActivationSite.of(task.model());
    task.progress().begin("search", sites.size(), "sites");
    try (var inference = ops.noGrad()) {
      for (int i = 0; i < sites.size(); i++) {
        ActivationSite site = sites.get(i);
        if (!site.readers().isEmpty()) {
          Map<Linear, OptionalInt> readers = new LinkedHashMap<>();
          site.readers().forEach(linear -> readers.put(linear, task.bits(linear)));
          LinearSearch search =
              new LinearSearch(ops, readers, task.bits(site.site()), samples, options);
          Optional.ofNullable(search.quantizer()).ifPresent(q -> quantizers.put(site.site(), q));
          codes.putAll(search.codes());
          biasErrors.putAll(search.biasErrors());
          first += search.firstDistance();
          last += search.distance();
        } else {
          samples
              .ofProbabilities(site.site())
              .ifPresent(attention -> search(task, site.site(), attention, quantizers));
        }
        task.progress().to(i + 1, site.name());
      }
    }
    if (options.biasCorrection()) {
      biasErrors.forEach(Ptq4Vit::correct);
    }
    Map<String, Double> facts = new LinkedHashMap<>();
    facts.put("distance of linear outputs with the first scales", first);
    facts.put("distance of linear outputs with the scales found", last);
    return new MethodReport(
        ModelExecution.install(task.model(), quantizers, codes), facts, List.of());
  }

  private void search(
      ModelTask task,
      Site probabilities,
      AttentionSamples attention,
      Map<Site, StoredFunction> quantizers) {
    AttentionSearch search = new AttentionSearch(task.ops(), attention, options);
    String name = probabilities.name().replaceFirst("probs$", "");
    Site query = task.model().sites().get(name + "q_out");
    Site key = task.model().sites().get(name + "k_out");
    Site value = task.model().sites().get(name + "v_out");
    requireBoth(task, query, key);
    requireBoth(task, probabilities, value);
    if (task.bits(query).isPresent()) {
      AttentionSearch.Pair pair =
          search.scores(task.bits(query).getAsInt(), task.bits(key).getAsInt());
      quantizers.put(query, pair.left());
      quantizers.put(key, pair.right());
    }
    if (task.bits(probabilities).isPresent()) {
      AttentionSearch.Pair pair =
          search.context(task.bits(probabilities).getAsInt(), task.bits(value).getAsInt());
      quantizers.put(probabilities, pair.left());
      quantizers.put(value, pair.right());
    }
  }

  private static void requireBoth(ModelTask task, Site left, Site right) {
    if (task.bits(left).isPresent() != task.bits(right).isPresent()) {
      throw new IllegalArgumentException(
          "ptq4vit fits '%s' and '%s' by their product; a rule keeps one of them in float, expected both or none"
              .formatted(left, right));
    }
  }

  private static void correct(Linear linear, float[] error) {
    Parameter bias = linear.ensureBias();
    float[] values = bias.peek().toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] -= error[i];
    }
    bias.set(Tensor.of(values, values.length));
  }
}
