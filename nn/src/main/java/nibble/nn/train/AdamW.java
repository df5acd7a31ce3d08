package nibble.nn.train;

import java.util.IdentityHashMap;
import java.util.List;
import nibble.kernels.parallel.WorkSplitter;
import nibble.tensor.Tensor;

/**
 * Adam with decoupled weight decay. Loshchilov, Hutter: <a
 * href="https://arxiv.org/abs/1711.05101">arXiv:1711.05101</a>, Algorithm 2.
 *
 * <pre>{@code
 * m = beta1 m + (1 - beta1) g         v = beta2 v + (1 - beta2) g^2
 * w = w (1 - rate decay) - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * }</pre>
 *
 * <p>t counts the updates of each parameter. Memory: two floats per parameter.
 */
public final class AdamW implements Optimizer {
  private final AdamWOptions options;
  private final List<ParameterGroup> groups;
  private final IdentityHashMap<Tensor, Moments> moments = new IdentityHashMap<>();
  private final nibble.kernels.rowwise.AdamW kernel = nibble.kernels.rowwise.AdamW.best();

  private static final class Moments {
    private final float[] first;
    private final float[] second;
    private int steps;

    Moments(int size) {
      first = new float[size];
      second = new float[size];
    }
  }

  /** An optimizer of the given groups. */
  public AdamW(AdamWOptions options, List<ParameterGroup> groups) {
    this.options = options;
    this.groups = List.copyOf(groups);
  }

  /** An optimizer of the given groups. */
  public AdamW(AdamWOptions options, ParameterGroup... groups) {
    this(options, List.of(groups));
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
          update(splitter, group.rate() * rateFactor, group.decay(), parameter, grad);
        }
      }
    }
  }

  /**
   * What the optimizer remembers of one parameter, as views of its own memory: to be stored, so
   * that training can go on later.
   *
   * @param steps updates so far
   * @param first mean of gradients, one element per element of the parameter
   * @param second mean of squared gradients
   */
  public record State(int steps, float[] first, float[] second) {}

  /** What is remembered of {@code parameter}; zeros before its first update. */
  public State state(Tensor parameter) {
    Moments state = moments.computeIfAbsent(parameter, w -> new Moments((int) w.size()));
    return new State(state.steps, state.first, state.second);
  }

  /**
   * Goes on from a {@link #state} that was stored: copies it. Throws {@link
   * IllegalArgumentException} if its size does not fit the parameter.
   */
  public void restore(Tensor parameter, State stored) {
    if (stored.first.length != parameter.size()
        || stored.second.length != parameter.size()
        || stored.steps < 0) {
      throw new IllegalArgumentException(
          "the stored state does not fit a parameter of shape " + parameter.shape());
    }
    Moments state = moments.computeIfAbsent(parameter, w -> new Moments((int) w.size()));
    state.steps = stored.steps;
    System.arraycopy(stored.first, 0, state.first, 0, stored.first.length);
    System.arraycopy(stored.second, 0, state.second, 0, stored.second.length);
  }

  private void update(WorkSplitter splitter, double rate, double decay, Tensor w, Tensor g) {
    int size = (int) w.size();
    Moments state = moments.computeIfAbsent(w, parameter -> new Moments(size));
    var step =
        new nibble.kernels.rowwise.AdamW.Step(
            rate, options.beta1(), options.beta2(), options.epsilon(), decay, ++state.steps);
    Blocks.run(
        splitter,
        size,
        (from, count) ->
            kernel.update(
                step,
                count,
                w.array(),
                w.offset() + from,
                g.array(),
                g.offset() + from,
                state.first,
                from,
                state.second,
                from));
  }
}
