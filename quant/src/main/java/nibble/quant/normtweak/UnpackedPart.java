package nibble.quant.normtweak;

import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.nn.Linear;
import nibble.nn.Site;
import nibble.nn.WeightMatrix;
import nibble.nn.packed.PackedIntWeight;
import nibble.quant.reconstruct.SiteQuantizers;

/**
 * Quantized layers that compute in float with the values of their codes, so that gradients pass
 * them, until {@link #close} puts the packed weights back, the same ones.
 */
final class UnpackedPart implements AutoCloseable {
  private final IdentityHashMap<Linear, WeightMatrix> packed = new IdentityHashMap<>();
  private final SiteQuantizers inputs;

  /**
   * Of those of {@code linears} that are packed; their weights are the values of their codes
   * already.
   */
  UnpackedPart(List<Linear> linears) {
    Map<Site, ActivationQuantizer> quantizers = new LinkedHashMap<>();
    for (Linear linear : linears) {
      if (linear.isReplaced()) {
        WeightMatrix matrix = linear.matrix();
        packed.put(linear, matrix);
        if (matrix instanceof PackedIntWeight ints && ints.activations() != null) {
          quantizers.put(linear.input(), ints.activations());
        }
      }
    }
    inputs = new SiteQuantizers(quantizers);
    packed.keySet().forEach(Linear::weightChanged);
    inputs.begin();
  }

  @Override
  public void close() {
    inputs.end();
    packed.forEach(Linear::execute);
  }
}
