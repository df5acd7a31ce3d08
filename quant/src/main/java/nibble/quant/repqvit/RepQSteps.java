package nibble.quant.repqvit;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.ResidualStructure;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.fold.ChannelFold;
import nibble.quant.fold.ScaleReparameterisation;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Symmetry;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.model.SampleBatches;
import nibble.quant.model.SiteFitting;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * The steps of {@link RepQVit}, for methods that do one of them in another way: fit all quantizers
 * in one pass, fold scales of channels, round weights.
 */
public final class RepQSteps {
  /** Weights asymmetric, a range for each row by percentiles. */
  public static final RowRounding WEIGHTS =
      new RowRounding(Symmetry.ASYMMETRIC, RangeSearch.PERCENTILES);

  private static final boolean[] NO_CHANNELS = {};

  private RepQSteps() {}

  /** What a method chooses itself. */
  @FunctionalInterface
  public interface Choices {
    /** The quantizer of attention probabilities {@code x}. */
    StoredFunction probabilities(int bits, Tensor x);

    /**
     * A scale and zero point for each channel of {@code x}, the input of linear layers behind a
     * normalisation; RepQ-ViT's percentiles if not chosen.
     */
    default UniformQuantizer channels(ActivationSite site, int bits, Tensor x, Ops ops) {
      return SiteGrids.fit(
          site.name(),
          x,
          Shape.of(x.dim(-1)),
          IntFormat.asymmetric(bits),
          RangeSearch.PERCENTILES,
          ops);
    }
  }

  /**
   * Fitted quantizers, installed nowhere yet.
   *
   * @param quantizers by site; per channel behind normalisations
   * @param emptyChannels which channels held zeros only, of those sites
   */
  public record Fitted(Map<Site, StoredFunction> quantizers, Map<Site, boolean[]> emptyChannels) {}

  /**
   * Fits the quantizers of all sites in one pass of one batch; each site sees what the quantized
   * ones before it make.
   *
   * @param images in the batch
   * @param perChannel whether inputs behind normalisations get a scale for each channel
   * @param roundWeights whether weights are rounded to nearest in this pass
   */
  public static Fitted fit(
      ModelTask task, int images, boolean perChannel, boolean roundWeights, Choices choices) {
    Set<Site> channelSites = perChannel ? behindNorms(task.model()) : Set.of();
    IdentityHashMap<Site, boolean[]> emptyChannels = new IdentityHashMap<>();
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      task.activations(site.site())
          .ifPresent(
              scheme ->
                  fitters.put(
                      site.site(),
                      x -> {
                        int bits = scheme.format().bits();
                        if (site.role() == ActivationSite.Role.PROBABILITIES) {
                          return choices.probabilities(bits, x);
                        }
                        if (channelSites.contains(site.site())) {
                          emptyChannels.put(site.site(), ScaleReparameterisation.emptyChannels(x));
                          return choices.channels(site, bits, x, task.ops());
                        }
                        return SiteGrids.fit(
                            site.name(),
                            x,
                            Shape.of(),
                            IntFormat.asymmetric(bits),
                            RangeSearch.PERCENTILES,
                            task.ops());
                      }));
    }
    if (roundWeights) {
      fitters.putAll(WEIGHTS.fitters(task));
    }
    task.progress().begin("calibrate", 1, "passes");
    Map<Site, StoredFunction> quantizers = new LinkedHashMap<>();
    SiteFitting.fit(task.ops(), task.model(), SampleBatches.one(task.samples(), images), fitters)
        .forEach(
            (site, function) -> {
              if (function instanceof StoredFunction quantizer) {
                quantizers.put(site, quantizer);
              }
            });
    task.progress().to(1, "");
    return new Fitted(quantizers, emptyChannels);
  }

  /** Input sites in blocks that a normalisation feeds. */
  private static Set<Site> behindNorms(Model model) {
    Set<Linear> inBlocks = new HashSet<>();
    model.blocks().forEach(block -> block.stages().forEach(inBlocks::addAll));
    Set<Site> sites = new HashSet<>();
    for (ResidualStructure.Reader reader : model.readers()) {
      Linear first = reader.linears().getFirst();
      if (inBlocks.containsAll(reader.linears())
          && reader.linears().stream().allMatch(l -> l.input() == first.input())) {
        sites.add(first.input());
      }
    }
    return sites;
  }

  /**
   * Folds scales of channels into normalisations and weights. The quantizers that are left, one
   * scale each.
   */
  public static Map<Site, StoredFunction> fold(ModelTask task, Fitted fitted) {
    Map<Site, StoredFunction> folded = new LinkedHashMap<>();
    fitted.quantizers.forEach(
        (site, quantizer) -> {
          if (quantizer instanceof UniformQuantizer channels
              && fitted.emptyChannels.containsKey(site)) {
            ScaleReparameterisation change =
                ScaleReparameterisation.of(
                    channels, fitted.emptyChannels.getOrDefault(site, NO_CHANNELS));
            boolean _ = ChannelFold.apply(task.model(), site, change.factors(), change.shifts());
            folded.put(site, change.quantizer());
          } else {
            folded.put(site, quantizer);
          }
        });
    return folded;
  }
}
