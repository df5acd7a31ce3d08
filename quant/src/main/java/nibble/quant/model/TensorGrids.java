package nibble.quant.model;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import nibble.nn.Site;
import nibble.quant.format.IntFormat;
import nibble.quant.format.Symmetry;
import nibble.quant.range.RangeSearch;
import nibble.quant.range.SiteGrids;
import nibble.tensor.Shape;

/**
 * Activations rounded to nearest, with one grid for everything that passes a site.
 *
 * @param symmetry of the codes
 * @param search how a site's range is found
 */
public record TensorGrids(Symmetry symmetry, RangeSearch search) {

  /**
   * Fitters of the activation sites that a task quantizes.
   *
   * @param sites those to take
   */
  public Map<Site, SiteFitting.Fitter> fitters(ModelTask task, Predicate<ActivationSite> sites) {
    Map<Site, SiteFitting.Fitter> fitters = new LinkedHashMap<>();
    ActivationSite.of(task.model()).stream()
        .filter(sites)
        .forEach(
            site ->
                task.activations(site.site())
                    .ifPresent(
                        scheme ->
                            fitters.put(
                                site.site(),
                                x ->
                                    SiteGrids.fit(
                                        site.name(),
                                        x,
                                        Shape.of(),
                                        new IntFormat(scheme.format().bits(), symmetry),
                                        search,
                                        task.ops()))));
    return fitters;
  }
}
