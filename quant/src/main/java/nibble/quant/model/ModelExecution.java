package nibble.quant.model;

import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.site.StoredFunction;
import nibble.nn.site.UniformQuantizer;
import nibble.quant.format.QuantizedWeight;
import nibble.quant.range.SiteGrids;
import org.jspecify.annotations.Nullable;

/**
 * Puts a quantized model into execution: codes become packed weights, and the quantizer of a linear
 * layer's input goes into the integer kernel where the kernel can do it (uniform, one scale, all
 * layers that read the site packed). Every other quantizer becomes a function of its site, which
 * computes in float.
 */
public final class ModelExecution {
  private ModelExecution() {}

  /**
   * Changes {@code model} in place.
   *
   * @param quantizers of activations by site; appended after what is in the site
   * @param codes of weights by layer
   * @return a record of every layer with codes
   */
  public static List<LayerResult> install(
      Model model,
      Map<Site, ? extends StoredFunction> quantizers,
      Map<Linear, ? extends QuantizedWeight> codes) {
    IdentityHashMap<Site, ActivationQuantizer> inKernel = new IdentityHashMap<>();
    for (ActivationSite site : ActivationSite.of(model)) {
      StoredFunction quantizer = quantizers.get(site.site());
      if (quantizer == null) {
        continue;
      }
      boolean packed =
          !site.readers().isEmpty() && site.readers().stream().allMatch(codes::containsKey);
      if (packed && quantizer instanceof UniformQuantizer uniform && uniform.scales().size() == 1) {
        inKernel.put(site.site(), SiteGrids.kernel(uniform));
      } else {
        site.site().append(quantizer);
      }
    }
    LayerExecution execution = new LayerExecution();
    for (Linear linear : model.linears()) {
      QuantizedWeight chosen = codes.get(linear);
      if (chosen != null) {
        @Nullable ActivationQuantizer input = inKernel.get(linear.input());
        LayerResult _ = execution.execute(linear, chosen, input, 0);
      }
    }
    return execution.results();
  }
}
