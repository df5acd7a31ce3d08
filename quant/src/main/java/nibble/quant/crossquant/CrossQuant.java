package nibble.quant.crossquant;

import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Site;
import nibble.nn.site.ChannelScale;
import nibble.nn.site.CrossQuantizer;
import nibble.quant.fold.NormEdge;
import nibble.quant.fold.OnlineEdge;
import nibble.quant.fold.ScaleEdge;
import nibble.quant.fold.ScaleEdges;
import nibble.quant.format.ActivationScheme;
import nibble.quant.format.Scheme;
import nibble.quant.method.MethodCard;
import nibble.quant.method.OptionValues;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.DataNeed;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.NearestCodes;
import nibble.quant.model.SiteMagnitudes;
import nibble.quant.observer.ChannelMagnitudes;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/**
 * CrossQuant: the step of an activation is a weighted geometric mean of the largest value of its
 * row and that of its column, so that a few large channels do not round all others to zero.
 *
 * <p>CrossQuant, 2024, <a href="https://arxiv.org/abs/2410.07505">arXiv:2410.07505</a> (from its
 * abstract and reviews; no code was found, and alpha is from memory).
 *
 * <pre>{@code
 * t_i = max_j |X_ij|     c_j = max over calibration tokens of |X_ij|
 * step_ij = t_i^alpha c_j^(1 - alpha) / (2^(b-1) - 1)           nothing is clipped while |X_ij| <= c_j
 * }</pre>
 *
 * <p>Our form of it (the paper takes c from the tensor itself): with static c, {@code f_j = c_j^(1
 * - alpha)} is divided out of the activation, what is left is rounded with a step for each token,
 * and f is multiplied back. An integer kernel could not do that; it would need f in the weights
 * before they are rounded, which the option {@code fold} does: the gain of a normalisation takes
 * {@code 1 / f}, elsewhere it is a multiplication at run time. That makes weights harder to round.
 * Weights are rounded to nearest. There is no integer kernel for this step: activations are
 * quantized in float, weights run packed. {@code crossquant.kernel} reports the share of elements
 * that are not 0 and get the code 0, beside that of per-token steps. Cost: two passes of the
 * calibration samples.
 */
public final class CrossQuant implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD =
      new MethodCard(
          "crossquant",
          "CrossQuant",
          "CrossQuant, 2024: arXiv:2410.07505",
          "calibration samples, no labels, no training",
          "activations of 4 to 8 bits with a few large channels, for studies of quality:"
              + " activations are quantized in float",
          CrossQuantOptions.OPTIONS,
          List.of("W2..8A2..8: weights in integers, activations quantized in float"));

  private final CrossQuantOptions options;

  /** With the given knobs. */
  public CrossQuant(CrossQuantOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static CrossQuant of(OptionValues values) {
    return new CrossQuant(CrossQuantOptions.of(values));
  }

  @Override
  public String name() {
    return CARD.name();
  }

  @Override
  public DataNeed needs() {
    return DataNeed.SAMPLES;
  }

  /** Weights of any granularity; activations have their bits only. */
  @Override
  public void check(Scheme scheme) {
    boolean plain =
        scheme
            .activations()
            .map(a -> a.equals(ActivationScheme.ofBits(a.format().bits())))
            .orElse(false);
    if (scheme.weights().isEmpty() || !plain) {
      throw new IllegalArgumentException(
          "crossquant quantizes weights and activations and chooses the steps of activations itself; name a scheme such as W8A8 or 'W4A8 g32', found '%s'"
              .formatted(scheme));
    }
  }

  @Override
  public double passes(int samples) {
    return 2.0 * samples;
  }

  @Override
  public MethodReport apply(ModelTask task) {
    List<ActivationSite> sites =
        ActivationSite.of(task.model()).stream().filter(site -> isQuantized(task, site)).toList();
    task.progress().begin("columns", 2, "passes");
    List<Tensor> inputs = task.samples().inputs();
    Map<Site, ChannelMagnitudes> sizes =
        SiteMagnitudes.measure(
            task.ops(), task.model(), inputs, sites.stream().map(ActivationSite::site).toList());
    task.progress().to(1, "");
    Map<Site, CrossQuantizer> quantizers = new LinkedHashMap<>();
    Map<Site, KernelFraction> fractions = new LinkedHashMap<>();
    IdentityHashMap<Site, ScaleEdge> norms = new IdentityHashMap<>();
    for (NormEdge edge : ScaleEdges.norms(task.model())) {
      norms.put(edge.readers().getFirst().input(), edge);
    }
    for (ActivationSite site : sites) {
      ChannelMagnitudes x = sizes.get(site.site());
      if (x == null) {
        throw new IllegalStateException("'" + site.name() + "' was not measured");
      }
      float[] factors = factors(x.largest());
      if (options.fold()) {
        norms
            .getOrDefault(site.site(), new OnlineEdge(site.site(), site.readers()))
            .scale(inverse(factors));
      }
      int bits = task.activations(site.site()).orElseThrow().format().bits();
      CrossQuantizer quantizer =
          new CrossQuantizer(bits, options.alpha(), Tensor.of(factors, factors.length));
      quantizers.put(site.site(), quantizer);
      fractions.put(site.site(), new KernelFraction(quantizer, factors, options.fold()));
    }
    Map<String, Double> facts = measured(task, inputs, fractions);
    task.progress().to(2, "");
    if (!options.fold()) {
      quantizers.forEach(
          (site, quantizer) ->
              site.append(
                  new ChannelScale(
                      Tensor.of(
                          inverse(quantizer.factors().toFloats()),
                          (int) quantizer.factors().size()))));
    }
    List<LayerResult> layers =
        ModelExecution.install(task.model(), quantizers, NearestCodes.of(task));
    if (!options.fold()) {
      quantizers.forEach((site, quantizer) -> site.append(new ChannelScale(quantizer.factors())));
    }
    return new MethodReport(layers, facts, List.of());
  }

  private static boolean isQuantized(ModelTask task, ActivationSite site) {
    return !site.readers().isEmpty()
        && task.activations(site.site()).isPresent()
        && site.readers().stream().allMatch(l -> task.weights(l).isPresent());
  }

  /** {@code c^(1 - alpha)}; a channel that was never active has the factor 1. */
  private float[] factors(float[] largest) {
    float[] factors = new float[largest.length];
    for (int j = 0; j < factors.length; j++) {
      float factor = (float) Math.pow(largest[j], 1 - options.alpha());
      factors[j] = factor >= Float.MIN_NORMAL ? factor : 1;
    }
    return factors;
  }

  private static float[] inverse(float[] factors) {
    float[] inverse = new float[factors.length];
    for (int j = 0; j < inverse.length; j++) {
      inverse[j] = 1 / factors[j];
    }
    return inverse;
  }

  private static Map<String, Double> measured(
      ModelTask task, List<Tensor> inputs, Map<Site, KernelFraction> fractions) {
    fractions.forEach(Site::append);
    try (var inference = task.ops().noGrad()) {
      for (Tensor input : inputs) {
        try (Scope scope = task.ops().scope()) {
          Tensor _ =
              task.model().forward(task.ops(), input); // the counters in its sites are what counts
        }
      }
    } finally {
      fractions.forEach(Site::remove);
    }
    long elements = fractions.values().stream().mapToLong(KernelFraction::elements).sum();
    Map<String, Double> facts = new LinkedHashMap<>();
    facts.put(
        "crossquant.kernel",
        (double) fractions.values().stream().mapToLong(KernelFraction::crossed).sum()
            / Math.max(1, elements));
    facts.put(
        "crossquant.kernel.per-token",
        (double) fractions.values().stream().mapToLong(KernelFraction::perToken).sum()
            / Math.max(1, elements));
    return facts;
  }
}
