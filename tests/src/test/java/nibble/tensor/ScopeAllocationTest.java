package nibble.tensor;

import java.util.Random;
import nibble.testing.Allocations;
import org.junit.jupiter.api.Test;

/**
 * Operators inside a scope take the memory of earlier ones. In a Java of its own: what ran before
 * decides what the compiler inlines.
 */
class ScopeAllocationTest {
  private static final int PASSES = 20;
  private static final int BLOCKS = 10;
  private static final int OPERATORS = 6 * BLOCKS;

  private final Ops ops = Ops.serial();
  private final Tensor x = GradientCheck.random(new Random(1), -1, 1, 64, 48);
  private final Tensor w = GradientCheck.random(new Random(2), -1, 1, 96, 48);
  private final Tensor v = GradientCheck.random(new Random(3), -1, 1, 48, 96);

  private void pass() {
    try (Ops.Mode mode = ops.noGrad();
        Scope scope = ops.scope()) {
      Tensor state = x;
      for (int i = 0; i < BLOCKS; i++) {
        Tensor hidden = ops.gelu(ops.linear(ops.layerNorm(state, null, null, 1e-6f), w, null));
        state = ops.add(state, ops.softmax(ops.linear(hidden, v, null)));
      }
      scope.keep(state);
    }
  }

  @Test
  void aSteadyLoopAllocatesNextToNothing() {
    long limit = Math.min(2048, x.byteSize() / 4);
    Allocations.assertAtMost(limit * OPERATORS, "a pass", PASSES, this::pass);
  }
}
