package nibble.quant.pipeline;

import nibble.nn.SiteFunction;
import nibble.quant.observer.ActivationObserver;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Measures what passes a site: second moments for rounding, and the range for static activation scales. Passes the tensor through. */
final class InputStatistics implements SiteFunction {
  private final HessianAccumulator hessian;
  private final @Nullable ActivationObserver range;

  /**
   * @param name of the site
   * @param in channels
   * @param range null when activations get their scales at run time
   */
  InputStatistics(String name, int in, @Nullable ActivationObserver range) {
    this.hessian = new HessianAccumulator(name, in);
    this.range = range;
  }

  @Override
  public Tensor apply(Ops ops, Tensor x) {
    Tensor floats = x.toF32();
    int tokens = (int) (x.size() / hessian.in());
    hessian.add(floats.array(), floats.offset(), tokens, ops.splitter());
    if (range != null) {
      range.observe(floats.array(), floats.offset(), (int) x.size());
    }
    return x;
  }

  Hessian hessian() {
    return hessian.hessian();
  }

  @Nullable ActivationObserver range() {
    return range;
  }
}
