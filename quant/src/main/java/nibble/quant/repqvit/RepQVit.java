package nibble.quant.repqvit;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.fold.ChannelFold;
import nibble.quant.fold.ScaleReparameterisation;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.method.MethodCard;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.DataNeed;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelExecution;
import nibble.quant.model.ModelMethod;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SiteFitting;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.range.WeightRows;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * RepQ-ViT: calibrates inputs behind a LayerNorm per channel and folds the scales, so that execution has one scale.
 *
 * <p>Li, Xiao, Yang, Gu: <a href="https://arxiv.org/abs/2212.08254">arXiv:2212.08254</a> (ICCV 2023), after the authors' code.
 *
 * <pre>{@code
 * ranges      of three percentiles the one with the least squared error: per tensor for activations, per row for weights, asymmetric
 * LayerNorm   scales per channel s, z;  s~ = mean(s), z~ = rint(mean(z));  r = s / s~, b = s~ (z~ - z)
 *             gain /= r, shift = shift / r - b;   W[:, j] *= r[j], bias += W b;   one scale s~, z~ gives the same codes
 * softmax     log-sqrt2: levels delta 2^(-k / 2)
 * }</pre>
 *
 * <p>Ranges are fitted in one pass of one batch, each site seeing quantized inputs and weights before it. Differs from the authors' code: z~ is rounded; one of the
 * softmax codes stands for zero unless {@code zero-code=extra}; bits of the first and last layer are the recipe's. Linear layers run as integers; q, k, v and the
 * attention probabilities are quantized in float. Cost: one calibration pass and selections of quantiles; no training.
 */
public final class RepQVit implements ModelMethod {
  /** What the catalogue shows. */
  public static final MethodCard CARD = new MethodCard(
      "repq-vit", "RepQ-ViT", "Li, Xiao, Yang, Gu: arXiv:2212.08254", "32 samples, no labels, no training",
      "vision transformers at W6A6 to W4A4 in seconds; repq-vit+qwt for more quality", RepQVitOptions.OPTIONS,
      List.of("W2..8A2..8: linear layers in integers; q, k, v and probabilities quantized in float", "W2..8A16"));

  private static final boolean[] NO_CHANNELS = {};

  private final RepQVitOptions options;

  /** With the given knobs. */
  public RepQVit(RepQVitOptions options) {
    this.options = options;
  }

  /** From all options of the catalogue. */
  public static RepQVit of(Map<String, Object> values) {
    return new RepQVit(RepQVitOptions.of(values));
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
  public double passes(int samples) {
    return 4.0 * Math.min(samples, options.images());
  }

  @Override
  public MethodReport apply(ModelTask task) {
    task.progress().begin("calibrate", 1, "passes");
    Map<Site, boolean[]> emptyChannels = new IdentityHashMap<>();
    Map<Site, SiteFunction> fitted = SiteFitting.fit(task.ops(), task.model(), SiteFitting.oneBatch(task.samples(), options.images()), fitters(task, emptyChannels));
    task.progress().to(1, "");
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      if (fitted.get(site.site()) instanceof StoredFunction quantizer) {
        quantizers.put(site.site(), folded(task.model(), site.site(), quantizer, emptyChannels.getOrDefault(site.site(), NO_CHANNELS)));
      }
    }
    return MethodReport.of(ModelExecution.install(task.model(), quantizers, codes(task)));
  }

  private Map<Site, SiteFitting.Fitter> fitters(ModelTask task, Map<Site, boolean[]> emptyChannels) {
    Ops ops = task.ops();
    Set<Site> behindNorms = options.reparameterise() ? behindNorms(task.model()) : Set.of();
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      task.activations(site.site()).ifPresent(scheme -> {
        int bits = scheme.format().bits();
        fitters.put(site.site(), x -> {
          if (site.role() == ActivationSite.Role.PROBABILITIES && options.softmax() != RepQVitOptions.Softmax.UNIFORM) {
            return SoftmaxFit.fit(bits, x.toFloats(), options.softmax().step(), options.zero());
          }
          boolean perChannel = behindNorms.contains(site.site());
          if (perChannel) {
            emptyChannels.put(site.site(), ScaleReparameterisation.emptyChannels(x));
          }
          Shape scales = perChannel ? Shape.of(x.dim(-1)) : Shape.of();
          return SiteGrids.fit(site.name(), x, scales, IntFormat.asymmetric(bits), RangeSearch.PERCENTILES, ops);
        });
      });
    }
    for (Linear linear : task.model().linears()) {
      task.weights(linear).ifPresent(scheme -> fitters.put(linear.weightSite(), w -> {
        QuantizedTensor codes = quantize(linear, w, scheme.format().bits(), ops);
        return (o, x) -> Tensor.of(codes.dequantize(), codes.out(), codes.in());
      }));
    }
    return fitters;
  }

  /** Input sites in blocks that a normalisation feeds. */
  private static Set<Site> behindNorms(Model model) {
    Set<Linear> inBlocks = new HashSet<>();
    model.blocks().forEach(block -> block.stages().forEach(inBlocks::addAll));
    Set<Site> sites = new HashSet<>();
    for (ResidualStructure.Reader reader : model.readers()) {
      Linear first = reader.linears().getFirst();
      if (inBlocks.containsAll(reader.linears()) && reader.linears().stream().allMatch(l -> l.input() == first.input())) {
        sites.add(first.input());
      }
    }
    return sites;
  }

  private static StoredFunction folded(Model model, Site site, StoredFunction quantizer, boolean[] empty) {
    if (!(quantizer instanceof UniformQuantizer channels) || channels.scales().rank() == 0) {
      return quantizer;
    }
    ScaleReparameterisation change = ScaleReparameterisation.of(channels, empty);
    boolean unused = ChannelFold.apply(model, site, change.factors(), change.shifts());
    return change.quantizer();
  }

  private static Map<Linear, QuantizedTensor> codes(ModelTask task) {
    Map<Linear, QuantizedTensor> codes = new LinkedHashMap<>();
    List<Linear> linears = task.model().linears();
    task.progress().begin("weights", linears.size(), "layers");
    for (Linear linear : linears) {
      task.weights(linear).ifPresent(scheme -> codes.put(linear, quantize(linear, linear.weight().peek().toF32(), scheme.format().bits(), task.ops())));
      task.progress().to(codes.size(), linear.name());
    }
    return codes;
  }

  private static QuantizedTensor quantize(Linear linear, Tensor weight, int bits, Ops ops) {
    return WeightRows.quantize(linear.name(), weight.toFloats(), linear.out(), linear.in(), IntFormat.asymmetric(bits), RangeSearch.PERCENTILES, ops.splitter());
  }
}
