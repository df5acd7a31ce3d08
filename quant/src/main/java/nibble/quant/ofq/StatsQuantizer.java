package nibble.quant.ofq;

import java.util.Map;
import nibble.nn.Linear;
import nibble.nn.site.StoredFunction;
import nibble.quant.lsq.TrainedQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Stands in a weight's site. With a band, confidence-guided annealing: weights that are not within
 * it of a border between two codes keep their bits at every update,
 *
 * <pre>{@code
 * f = v n - 1/2     border: |f - floor(f) - 1/2| < band     W <- border ? updated W : W
 * }</pre>
 *
 * <p>so a weight that has left the band stays, and the free ones become fewer. Serves one thread at
 * a time.
 */
final class StatsQuantizer implements TrainedQuantizer {
  private final Linear linear;
  private final StatsQ function;
  private final double band;
  private float @Nullable [] before;

  /**
   * @param band half its width in codes; infinite trains all weights
   */
  StatsQuantizer(Linear linear, StatsQ function, double band) {
    this.linear = linear;
    this.function = function;
    this.band = band;
  }

  @Override
  public String name() {
    return linear.weightSite().name();
  }

  @Override
  public Map<String, Tensor> leaves() {
    return Map.of();
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    return ops.custom(function, x);
  }

  @Override
  public void beforeUpdate() {
    before = Double.isInfinite(band) ? null : linear.weight().floats().toFloats();
  }

  @Override
  public void project() {
    float[] old = before;
    if (old == null) {
      return;
    }
    Tensor weight = linear.weight().floats();
    for (int row = 0; row < linear.out(); row++) {
      float s = StatsQ.scale(old, row * linear.in(), linear.in());
      for (int i = row * linear.in(); i < (row + 1) * linear.in(); i++) {
        if (!function.isAtBorder(old[i], s, band)) {
          weight.array()[weight.offset() + i] = old[i];
        }
      }
    }
    before = null;
  }

  @Override
  public StoredFunction frozen() {
    throw new IllegalStateException("'" + name() + "' is a weight; its codes are executed");
  }
}
