package nibble.quant.reconstruct;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Site;
import nibble.nn.train.ParameterGroup;

/**
 * Quantizers of activations in their sites while other things learn; nothing in them is learned.
 */
public final class SiteQuantizers implements Learner {
  private final Map<Site, TokenQuantizer> quantizers = new LinkedHashMap<>();

  /** Of these sites. */
  public SiteQuantizers(Map<Site, ActivationQuantizer> quantizers) {
    quantizers.forEach(
        (site, quantizer) -> this.quantizers.put(site, new TokenQuantizer(quantizer)));
  }

  @Override
  public List<ParameterGroup> groups() {
    return List.of();
  }

  @Override
  public void begin() {
    quantizers.forEach(Site::append);
  }

  @Override
  public void end() {
    quantizers.forEach(Site::remove);
  }
}
