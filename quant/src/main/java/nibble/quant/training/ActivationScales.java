package nibble.quant.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.LevelQuantizer;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Symmetry;
import nibble.quant.lsq.LearnedQuantizer;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.ModelTask;
import nibble.quant.model.RowRounding;
import nibble.quant.model.SampleBatches;
import nibble.quant.model.SiteFitting;
import nibble.quant.range.LogGrid;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.quant.range.SoftmaxFit;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Starting scales of all activation quantizers, all sites in one pass of the float model.
 *
 * <p>GPLQ says that scales are per channel. That is what inputs of linear layers and values get;
 * queries and keys have one a head, since scales of their channels could not leave the sum over
 * channels (our choice, see the card's note on honest integers), and so have probabilities, whose
 * last axis are tokens.
 */
public final class ActivationScales {
  private static final double SQRT_OF_TWO = 0.5;

  /** With fewer, powers of the root of two do not reach small probabilities. */
  private static final int LEAST_BITS_OF_LOG = 4;

  private ActivationScales() {}

  /** Who shares a scale at the inputs of linear layers. */
  public enum Sharing {
    /** Every channel has its own. */
    CHANNEL,
    /** One a layer. */
    LAYER,
    /** Between both, see {@link ScaleBalance}. */
    BALANCED
  }

  /** Codes of attention probabilities. */
  public enum Probabilities {
    /** As everywhere else: half of the codes are never used. */
    SIGNED,
    /** From 0 up. */
    UNSIGNED,
    /** Powers of the square root of two, as RepQ-ViT has them; they do not learn. */
    LOG,
    /** Powers of a base that is found for each layer, as AdaLog has them; they do not learn. */
    ADALOG,
    /** {@link #LOG} from 4 bits on, {@link #ADALOG} for fewer. */
    BY_BITS;

    /** Whether the base of a grid of so many bits is found. */
    boolean findsBase(int bits) {
      return this == ADALOG || this == BY_BITS && bits < LEAST_BITS_OF_LOG;
    }

    private boolean isLogarithmic() {
      return this == LOG || this == ADALOG || this == BY_BITS;
    }
  }

  /**
   * How scales begin.
   *
   * @param sharing at inputs of linear layers in blocks; pixels and the features that the head
   *     reads have one scale, since a channel may be empty in all samples; a head's values have one
   *     a channel unless it is {@code LAYER}
   * @param offsets whether inputs of linear layers have learned offsets, as LSQ+; symmetric
   *     otherwise
   * @param search finds symmetric grids
   * @param offsetSearch finds grids with offsets
   * @param weights how the weights that read a site are rounded; a balance looks at their error too
   * @param probabilities codes of attention probabilities
   * @param images that scales are fitted to, in one batch
   */
  public record Choice(
      Sharing sharing,
      boolean offsets,
      RangeSearch search,
      RangeSearch offsetSearch,
      RowRounding weights,
      Probabilities probabilities,
      int images) {

    /** One symmetric scale a layer. */
    public static Choice perLayer(RangeSearch search, int images) {
      return new Choice(
          Sharing.LAYER,
          false,
          search,
          search,
          new RowRounding(Symmetry.SYMMETRIC, search),
          Probabilities.UNSIGNED,
          images);
    }

    /** Whether every channel has a scale of its own. */
    boolean perChannel() {
      return sharing != Sharing.LAYER;
    }
  }

  /**
   * Quantizers of all sites that the task quantizes, in the order of the sites; installed nowhere
   * yet.
   */
  public static List<Learned> fit(ModelTask task, Choice choice) {
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    Map<Site, LevelQuantizer> bases =
        FoundBases.of(task, choice.images(), choice.probabilities()::findsBase);
    List<ActivationSite> sites = new ArrayList<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      if (bases.containsKey(site.site())) {
        sites.add(site);
        continue;
      }
      task.activations(site.site())
          .ifPresent(
              scheme -> {
                sites.add(site);
                int number = sites.size();
                fitters.put(
                    site.site(),
                    x -> {
                      SiteFunction found = measured(task, choice, site, scheme.format().bits(), x);
                      task.progress().to(number, site.name());
                      return found;
                    });
              });
    }
    if (sites.isEmpty()) {
      return List.of();
    }
    task.progress().begin("scales", sites.size(), "sites");
    Map<Site, SiteFunction> fitted =
        SiteFitting.fit(
            task.ops(), task.model(), SampleBatches.one(task.samples(), choice.images()), fitters);
    List<Learned> learned = new ArrayList<>();
    for (ActivationSite site : sites) {
      Optional.ofNullable(bases.get(site.site()))
          .ifPresent(
              base -> learned.add(new Learned(site, TrainedQuantizer.fixed(site.name(), base))));
      if (fitted.get(site.site()) instanceof Logarithmic measured) {
        learned.add(new Learned(site, TrainedQuantizer.fixed(site.name(), measured.quantizer())));
      }
      if (fitted.get(site.site()) instanceof Measured measured) {
        learned.add(new Learned(site, measured.start(site.name())));
      }
    }
    return learned;
  }

  /** A site and what learns in it. */
  public record Learned(ActivationSite site, TrainedQuantizer quantizer) {}

  /**
   * Scales that were found; passes the tensor on as it is, so that all sites see the float model.
   */
  private record Measured(int bits, boolean unsigned, StartingGrid grid) implements SiteFunction {
    @Override
    public Tensor apply(Ops ops, Tensor x) {
      return x;
    }

    LearnedQuantizer start(String name) {
      return grid.offset().isPresent()
          ? LearnedQuantizer.withOffset(name, bits, grid.scale(), grid.offset().get())
          : LearnedQuantizer.of(name, bits, unsigned, grid.scale());
    }
  }

  /** The same for a grid that does not learn. */
  private record Logarithmic(StoredFunction quantizer) implements SiteFunction {
    @Override
    public Tensor apply(Ops ops, Tensor x) {
      return x;
    }
  }

  private static SiteFunction measured(
      ModelTask task, Choice choice, ActivationSite site, int bits, Tensor x) {
    if (site.role() == ActivationSite.Role.LINEAR_INPUT) {
      return new Measured(bits, false, linearInput(task, choice, site, bits, x));
    }
    if (site.role() == ActivationSite.Role.PROBABILITIES
        && choice.probabilities().isLogarithmic()) {
      return new Logarithmic(
          SoftmaxFit.fit(bits, x.toFloats(), SQRT_OF_TWO, LogGrid.Zero.RESERVED));
    }
    Shape shape = shape(site.role(), choice.perChannel(), x);
    boolean unsigned =
        site.role() == ActivationSite.Role.PROBABILITIES
            && choice.probabilities() == Probabilities.UNSIGNED;
    // unsigned codes 0 .. 2^b - 1 have the steps of signed ones with a bit more, as far as there is
    // such a format
    IntFormat format =
        IntFormat.symmetric(unsigned ? Math.min(IntFormat.MAX_BITS, bits + 1) : bits);
    UniformQuantizer quantizer =
        SiteGrids.fit(site.name(), x, shape, format, choice.search(), task.ops());
    float steps = unsigned ? (float) format.maxCode() / ((1 << bits) - 1) : 1;
    float[] scales = quantizer.scales().toFloats();
    for (int i = 0; i < scales.length; i++) {
      scales[i] *= steps;
    }
    return new Measured(
        bits, unsigned, new StartingGrid(Tensor.of(scales, shape.dims()), Optional.empty()));
  }

  private static StartingGrid linearInput(
      ModelTask task, Choice choice, ActivationSite site, int bits, Tensor x) {
    StartingGrid layer = grid(task, choice, site, bits, x, Shape.of());
    if (choice.sharing() == Sharing.LAYER || !inBlock(task.model(), site)) {
      return layer;
    }
    StartingGrid channels = grid(task, choice, site, bits, x, Shape.of(x.dim(-1)));
    return choice.sharing() == Sharing.CHANNEL
        ? channels
        : new ScaleBalance(task, site, bits, choice.weights()).of(x, channels, layer);
  }

  private static boolean inBlock(Model model, ActivationSite site) {
    return model.blocks().stream()
        .flatMap(block -> block.stages().stream())
        .anyMatch(stage -> stage.containsAll(site.readers()));
  }

  private static StartingGrid grid(
      ModelTask task, Choice choice, ActivationSite site, int bits, Tensor x, Shape shape) {
    IntFormat format = choice.offsets() ? IntFormat.asymmetric(bits) : IntFormat.symmetric(bits);
    return StartingGrid.of(
        SiteGrids.fit(
            site.name(),
            x,
            shape,
            format,
            choice.offsets() ? choice.offsetSearch() : choice.search(),
            task.ops()));
  }

  private static Shape shape(ActivationSite.Role role, boolean perChannel, Tensor x) {
    return switch (role) {
      case LINEAR_INPUT, OTHER -> perChannel ? Shape.of(x.dim(-1)) : Shape.of();
      case VALUE -> perChannel ? Shape.of(x.dim(1), 1, x.dim(-1)) : Shape.of(x.dim(1), 1, 1);
      case QUERY, KEY, PROBABILITIES -> Shape.of(x.dim(1), 1, 1);
    };
  }
}
