package nibble.nn.train;

import java.util.List;
import nibble.kernels.parallel.WorkSplitter;
import nibble.tensor.Tensor;

/** Changes parameters in place, along their gradients. Not thread-safe. */
public interface Optimizer {
  /** The groups, as passed to the constructor. */
  List<ParameterGroup> groups();

  /**
   * One update of every parameter that has a gradient; the others stay as they are. The result does
   * not depend on the number of threads.
   *
   * @param rateFactor multiplies the learning rate of every group: {@link Schedule#factor} of this
   *     step
   */
  void step(WorkSplitter splitter, double rateFactor);

  /** All parameters of all groups, in order. */
  default List<Tensor> parameters() {
    return groups().stream().flatMap(group -> group.parameters().stream()).toList();
  }

  /** Forgets the gradients of all parameters. */
  default void clearGrads() {
    for (ParameterGroup group : groups()) {
      group.parameters().forEach(Tensor::clearGrad);
    }
  }
}
