package nibble.quant.model;

import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * Fits functions to what passes sites, in one pass of one batch through the model: each is fitted
 * to the first tensor that reaches its site and applied to it at once, so later sites see what the
 * earlier ones make of their input.
 */
public final class SiteFitting {
  private SiteFitting() {}

  /** Makes the function of a site from the first tensor that passes it. */
  @FunctionalInterface
  public interface Fitter {
    /**
     * @param x what passes, batch first; not to be kept
     */
    SiteFunction fit(Tensor x);
  }

  /**
   * The fitted functions. The sites are as before afterwards.
   *
   * @param inputs of the model, one batch
   * @param fitters by site; sites of weights are sites too
   * @throws IllegalStateException if the forward pass does not reach one of the sites
   */
  public static Map<Site, SiteFunction> fit(
      Ops ops, Model model, Tensor inputs, Map<Site, Fitter> fitters) {
    IdentityHashMap<Site, SiteFunction> fitted = new IdentityHashMap<>();
    IdentityHashMap<Site, SiteFunction> installed = new IdentityHashMap<>();
    fitters.forEach(
        (site, fitter) -> {
          SiteFunction first =
              (o, x) -> fitted.computeIfAbsent(site, s -> fitter.fit(x)).apply(o, x);
          site.append(first);
          installed.put(site, first);
        });
    try (var inference = ops.noGrad()) {
      Tensor _ = model.forward(ops, inputs); // the functions in its sites are what counts
    } finally {
      installed.forEach(Site::remove);
    }
    Map<Site, SiteFunction> inOrder = new LinkedHashMap<>();
    for (Site site : fitters.keySet()) {
      SiteFunction function = fitted.get(site);
      if (function == null) {
        throw new IllegalStateException(
            "nothing passed site '" + site + "' in a forward pass; the model does not use it");
      }
      inOrder.put(site, function);
    }
    return inOrder;
  }
}
