package nibble.quant.smoothquant;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.quant.fold.OnlineEdge;
import nibble.quant.fold.ScaleEdge;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodPlace;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SiteMagnitudes;
import nibble.quant.observer.ChannelMagnitudes;

/**
 * SmoothQuant: channels whose activations are large become smaller, their weights larger, by one
 * diagonal per normalisation.
 *
 * <p>Xiao, Lin, Seznec, Wu, Demouth, Han, ICML 2023, <a
 * href="https://arxiv.org/abs/2211.10438">arXiv:2211.10438</a>, section 4, after the authors' code.
 *
 * <pre>{@code
 * a_j = max over calibration tokens of |x_j|        w_j = max over all rows of all layers that read x of |W_ij|
 * s_j = a_j^alpha / w_j^(1 - alpha)                 x' = x / s, in the gain (and bias) of the norm        W' = W diag(s)
 * }</pre>
 *
 * <p>The function stays; a following method quantizes. Differs from the code: channels that were
 * never active keep their scale; layers that the recipe leaves in float keep theirs; values and
 * feed-forward channels can be smoothed too, where that is exact, and models that normalise behind
 * a sum (BERT) by a multiplication at run time. Cost: one pass of the calibration samples.
 */
public final class SmoothQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "smoothquant",
          "SmoothQuant",
          "SmoothQuant, ICML 2023: arXiv:2211.10438",
          "calibration samples",
          "in front of another method, as in smoothquant+gptq, for 8-bit activations with outlier"
              + " channels",
          SmoothQuantOptions.OPTIONS,
          List.of("whatever stands behind it"));

  private final SmoothQuantOptions options;

  /** With the given knobs. */
  public SmoothQuant(SmoothQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static SmoothQuant of(OptionValues values) {
    return new SmoothQuant(SmoothQuantOptions.of(values));
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
  public MethodPlace place() {
    return MethodPlace.PREPARE;
  }

  @Override
  public double passes(int samples) {
    return samples;
  }

  @Override
  public MethodReport apply(ModelTask task) {
    List<ScaleEdge> edges =
        options.places().of(task.model()).stream()
            .filter(
                edge ->
                    edge.readers().stream().anyMatch(linear -> task.weights(linear).isPresent()))
            .toList();
    List<Site> sites = edges.stream().map(edge -> edge.readers().getFirst().input()).toList();
    task.progress().begin("smooth", 1, "passes");
    Map<Site, ChannelMagnitudes> sizes =
        SiteMagnitudes.measure(task.ops(), task.model(), task.samples().inputs(), sites);
    for (ScaleEdge edge :
        edges
            .reversed()) { // rows of values and feed-forward layers change before their columns are
      // looked at
      ChannelMagnitudes x = sizes.get(edge.readers().getFirst().input());
      if (x == null) {
        throw new IllegalStateException("'" + edge.name() + "' was not measured");
      }
      edge.scale(factors(edge, x));
    }
    task.progress().to(1, "");
    Map<String, Double> facts = new LinkedHashMap<>();
    facts.put("smoothquant.places", (double) edges.size());
    facts.put(
        "smoothquant.online", (double) edges.stream().filter(OnlineEdge.class::isInstance).count());
    return new MethodReport(List.of(), facts, List.of());
  }

  /** {@code 1 / s}; channels that share a factor count together. */
  private float[] factors(ScaleEdge edge, ChannelMagnitudes x) {
    float[] a = new float[edge.factors()];
    float[] w = new float[edge.factors()];
    for (int j = 0; j < x.largest().length; j++) {
      a[edge.factorOf(j)] = Math.max(a[edge.factorOf(j)], x.largest()[j]);
    }
    for (Linear linear : edge.readers()) {
      float[] weight = linear.weight().peek().toFloats();
      for (int i = 0; i < weight.length; i++) {
        int factor = edge.factorOf(i % linear.in());
        w[factor] = Math.max(w[factor], Math.abs(weight[i]));
      }
    }
    float[] factors = Smoothing.scales(a, w, options.alpha());
    for (int j = 0; j < factors.length; j++) {
      factors[j] = 1 / factors[j];
    }
    return factors;
  }
}
