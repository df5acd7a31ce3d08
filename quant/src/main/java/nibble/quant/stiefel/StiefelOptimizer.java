package nibble.quant.stiefel;

import java.util.ArrayList;
import java.util.List;
import nibble.tensor.Tensor;

/**
 * Moves {@link StiefelParameter}s along their gradients.
 *
 * <pre>{@code
 * optimizer.clearGrads();
 * ops.backward(loss);                    // of something computed with parameter.leaf()
 * optimizer.step(schedule.factor(step));
 * }</pre>
 *
 * <p>Not thread-safe.
 */
public final class StiefelOptimizer {
  private final StiefelRule rule;
  private final double rate;
  private final List<StiefelParameter> parameters;
  private final List<StiefelRule.Memory[]> memories = new ArrayList<>();

  /**
   * @param rate before the schedule's factor, at least 0
   */
  public StiefelOptimizer(StiefelRule rule, double rate, List<StiefelParameter> parameters) {
    if (!(rate >= 0) || Double.isInfinite(rate)) {
      throw new IllegalArgumentException("the rate must be finite and not negative, was " + rate);
    }
    this.rule = rule;
    this.rate = rate;
    this.parameters = List.copyOf(parameters);
    for (StiefelParameter parameter : parameters) {
      StiefelRule.Memory[] memory = new StiefelRule.Memory[parameter.count()];
      for (int i = 0; i < memory.length; i++) {
        memory[i] = StiefelRule.Memory.none(parameter.size());
      }
      memories.add(memory);
    }
  }

  /** What it moves. */
  public List<StiefelParameter> parameters() {
    return parameters;
  }

  /** Forgets the gradients. */
  public void clearGrads() {
    parameters.forEach(p -> p.leaf().clearGrad());
  }

  /** One step of every parameter that has a gradient. */
  public void step(double rateFactor) {
    for (int i = 0; i < parameters.size(); i++) {
      StiefelParameter parameter = parameters.get(i);
      Tensor grad = parameter.leaf().grad();
      if (grad != null) {
        move(parameter, grad, memories.get(i), rate * rateFactor);
      }
    }
  }

  private void move(
      StiefelParameter parameter, Tensor grad, StiefelRule.Memory[] memory, double stepRate) {
    int n = parameter.size();
    for (int i = 0; i < memory.length; i++) {
      double[] gradient = new double[n * n];
      for (int j = 0; j < gradient.length; j++) {
        gradient[j] = grad.array()[grad.offset() + i * gradient.length + j];
      }
      StiefelRule.Moved moved = rule.step(parameter.matrix(i), gradient, n, stepRate, memory[i]);
      parameter.put(i, moved.matrix());
      memory[i] = moved.memory();
    }
    StiefelParameter _ = parameter.refreshed();
  }
}
