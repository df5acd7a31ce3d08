package nibble.tensor;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Operators inside a scope take the memory of earlier ones. In a Java of its own: what ran before
 * decides what the compiler inlines.
 */
class ScopeAllocationTest {
  private static final int ROUNDS = 500;
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
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long limit = Math.min(2048, x.byteSize() / 4);
    long perOperator = Long.MAX_VALUE;
    // Until kernels are compiled their vectors are allocated, however long that takes on a busy
    // machine.
    for (int round = 0; round < ROUNDS && perOperator >= limit; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < PASSES; i++) {
        pass();
      }
      perOperator = (threads.getCurrentThreadAllocatedBytes() - before) / PASSES / OPERATORS;
    }
    assertTrue(perOperator < limit, "bytes per operator: " + perOperator);
  }
}
