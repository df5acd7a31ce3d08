package nibble.nn.train;

import java.util.IdentityHashMap;
import java.util.List;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.rowwise.Elementwise;
import nibble.tensor.Tensor;

/**
 * Stochastic gradient descent with momentum: {@code u = momentum u + (g + decay w)}, {@code w = w -
 * rate u}. The first u is the gradient itself. Memory: one float per parameter.
 */
public final class Sgd implements Optimizer {
  private final double momentum;
  private final List<ParameterGroup> groups;
  private final IdentityHashMap<Tensor, float[]> velocities = new IdentityHashMap<>();
  private final Elementwise kernel = Elementwise.best();

  /**
   * An optimizer of the given groups.
   *
   * @param momentum in [0, 1); 0 is plain gradient descent
   */
  public Sgd(double momentum, List<ParameterGroup> groups) {
    if (!(momentum >= 0 && momentum < 1)) {
      throw new IllegalArgumentException("momentum must be in [0, 1), was " + momentum);
    }
    this.momentum = momentum;
    this.groups = List.copyOf(groups);
  }

  /** An optimizer of the given groups. */
  public Sgd(double momentum, ParameterGroup... groups) {
    this(momentum, List.of(groups));
  }

  @Override
  public List<ParameterGroup> groups() {
    return groups;
  }

  @Override
  public void step(WorkSplitter splitter, double rateFactor) {
    for (ParameterGroup group : groups) {
      for (Tensor parameter : group.parameters()) {
        Tensor grad = parameter.grad();
        if (grad != null) {
          update(
              splitter,
              (float) (group.rate() * rateFactor),
              (float) group.decay(),
              parameter,
              grad);
        }
      }
    }
  }

  private void update(WorkSplitter splitter, float rate, float decay, Tensor w, Tensor g) {
    int size = (int) w.size();
    float[] u = velocities.computeIfAbsent(w, parameter -> new float[size]);
    Blocks.run(
        splitter,
        size,
        (from, count) -> {
          kernel.scale(count, (float) momentum, u, from, u, from);
          kernel.axpy(count, 1, g.array(), g.offset() + from, u, from);
          if (decay != 0) {
            kernel.axpy(count, decay, w.array(), w.offset() + from, u, from);
          }
          kernel.axpy(count, -rate, u, from, w.array(), w.offset() + from);
        });
  }
}
