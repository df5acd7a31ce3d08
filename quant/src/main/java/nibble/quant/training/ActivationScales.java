package nibble.quant.training;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.IntFormat;
import nibble.quant.lsq.LearnedQuantizer;
import nibble.quant.model.ActivationSite;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SiteFitting;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;

/**
 * Starting scales of all activation quantizers, all sites in one pass of the float model: symmetric, without zero point.
 *
 * <p>GPLQ says that scales are per channel. That is what inputs of linear layers and values get; queries and keys have one a head, since scales of their channels could not
 * leave the sum over channels (our choice, see the card's note on honest integers), and so have probabilities, whose last axis are tokens.
 */
public final class ActivationScales {
  private ActivationScales() {}

  /**
   * How scales begin.
   *
   * @param perChannel whether every channel of a linear input, and of a head's values, has its own
   * @param search finds them
   * @param unsignedProbabilities whether attention probabilities get codes from 0 up
   * @param images that they are fitted to, in one batch
   */
  public record Choice(boolean perChannel, RangeSearch search, boolean unsignedProbabilities, int images) {}

  /** Quantizers of all sites that the task quantizes, in the order of the sites; installed nowhere yet. */
  public static List<Learned> fit(ModelTask task, Choice choice) {
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    List<ActivationSite> sites = new ArrayList<>();
    for (ActivationSite site : ActivationSite.of(task.model())) {
      task.activations(site.site()).ifPresent(scheme -> {
        sites.add(site);
        int number = sites.size();
        fitters.put(site.site(), x -> {
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
    Map<Site, SiteFunction> fitted = SiteFitting.fit(task.ops(), task.model(), SiteFitting.oneBatch(task.samples(), choice.images()), fitters);
    List<Learned> learned = new ArrayList<>();
    for (ActivationSite site : sites) {
      if (fitted.get(site.site()) instanceof Measured measured) {
        learned.add(new Learned(site, LearnedQuantizer.of(site.name(), measured.bits(), measured.unsigned(), measured.scales())));
      }
    }
    return learned;
  }

  /** A site and what learns in it. */
  public record Learned(ActivationSite site, LearnedQuantizer quantizer) {}

  /** Scales that were found; passes the tensor on as it is, so that all sites see the float model. */
  private record Measured(int bits, boolean unsigned, Tensor scales) implements SiteFunction {
    @Override
    public Tensor apply(Ops ops, Tensor x) {
      return x;
    }
  }

  private static Measured measured(ModelTask task, Choice choice, ActivationSite site, int bits, Tensor x) {
    Shape shape = shape(site.role(), choice.perChannel(), x);
    boolean unsigned = site.role() == ActivationSite.Role.PROBABILITIES && choice.unsignedProbabilities();
    // unsigned codes 0 .. 2^b - 1 have the steps of signed ones with a bit more, as far as there is such a format
    IntFormat format = IntFormat.symmetric(unsigned ? Math.min(IntFormat.MAX_BITS, bits + 1) : bits);
    UniformQuantizer quantizer = SiteGrids.fit(site.name(), x, shape, format, choice.search(), task.ops());
    float steps = unsigned ? (float) format.maxCode() / ((1 << bits) - 1) : 1;
    float[] scales = quantizer.scales().toFloats();
    for (int i = 0; i < scales.length; i++) {
      scales[i] *= steps;
    }
    return new Measured(bits, unsigned, Tensor.of(scales, shape.dims()));
  }

  private static Shape shape(ActivationSite.Role role, boolean perChannel, Tensor x) {
    return switch (role) {
      case LINEAR_INPUT, OTHER -> perChannel ? Shape.of(x.dim(-1)) : Shape.of();
      case VALUE -> perChannel ? Shape.of(x.dim(1), 1, x.dim(-1)) : Shape.of(x.dim(1), 1, 1);
      case QUERY, KEY, PROBABILITIES -> Shape.of(x.dim(1), 1, 1);
    };
  }
}
