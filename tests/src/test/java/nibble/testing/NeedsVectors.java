package nibble.testing;

import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;
import nibble.kernels.platform.VectorSupport;

/** Reports a property of vector code as skipped where the vector module is absent. */
public final class NeedsVectors implements SkipExecutionHook {
  @Override
  public SkipResult shouldBeSkipped(LifecycleContext context) {
    return VectorSupport.isAvailable()
        ? SkipResult.doNotSkip()
        : SkipResult.skip("the vector module is absent");
  }
}
