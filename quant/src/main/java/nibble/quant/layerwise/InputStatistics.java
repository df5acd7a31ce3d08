package nibble.quant.layerwise;

import nibble.nn.SiteFunction;
import nibble.quant.observer.ActivationObserver;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Measures what passes a site: second moments for rounding, and the range for static activation
 * scales. Passes the tensor through.
 */
final class InputStatistics implements SiteFunction {
  private final HessianAccumulator hessian;
  private final @Nullable ActivationObserver range;
  private float @Nullable [] tokenWeights;

  /**
   * @param name of the site
   * @param in channels
   * @param range null when activations get their scales at run time
   */
  InputStatistics(String name, int in, @Nullable ActivationObserver range) {
    this.hessian = new HessianAccumulator(name, in);
    this.range = range;
  }

  /** The weights of the tokens that pass next, all rows of the site; null for 1 each. */
  void weigh(float @Nullable [] weights) {
    tokenWeights = weights;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    Tensor floats = x.toF32();
    int tokens = (int) (x.size() / hessian.in());
    float[] weights = tokenWeights;
    if (weights != null && weights.length != tokens) {
      throw new IllegalArgumentException(
          "%d tokens pass a layer whose attention has %d; choose a method without token weights, such as gptq"
              .formatted(tokens, weights.length));
    }
    hessian.add(floats.array(), floats.offset(), tokens, weights, ops.splitter());
    if (range != null) {
      range.observe(floats.array(), floats.offset(), (int) x.size());
    }
    return x;
  }

  /** To be asked for once, after the last tensor has passed. */
  Hessian takeHessian() {
    return hessian.take();
  }

  @Nullable ActivationObserver range() {
    return range;
  }
}
