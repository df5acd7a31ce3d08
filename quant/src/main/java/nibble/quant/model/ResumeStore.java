package nibble.quant.model;

import java.util.Map;
import java.util.Optional;
import nibble.tensor.Tensor;

/**
 * Keeps the state of a long method so that an interrupted run can go on. What it holds belongs to a
 * run of the same arguments.
 */
public interface ResumeStore {
  /** Keeps nothing. */
  ResumeStore NONE =
      new ResumeStore() {
        @Override
        public Optional<State> load(String name) {
          return Optional.empty();
        }

        @Override
        public void save(String name, State state) {}
      };

  /**
   * Something to go on from.
   *
   * @param step how far the work was, in units of the method
   * @param tensors values by name
   */
  record State(long step, Map<String, Tensor> tensors) {
    public State {
      tensors = Map.copyOf(tensors);
    }

    /**
     * The values of a tensor.
     *
     * @throws IllegalArgumentException if there is none of that name with {@code size} elements:
     *     the state is that of another run
     */
    public float[] values(String key, long size) {
      Tensor tensor = tensors.get(key);
      if (tensor == null || tensor.size() != size) {
        throw new IllegalArgumentException(
            "the saved state has no '%s' of %d elements; begin anew without --resume"
                .formatted(key, size));
      }
      return tensor.toFloats();
    }

    /**
     * Copies the values of a tensor into {@code leaf}.
     *
     * @throws IllegalArgumentException as {@link #values}
     */
    public void copy(String key, Tensor leaf) {
      int size = (int) leaf.size();
      System.arraycopy(values(key, size), 0, leaf.array(), leaf.offset(), size);
    }
  }

  /** What was saved last under a name. */
  Optional<State> load(String name);

  /** Keeps {@code state} in place of what was saved before under that name, in one step. */
  void save(String name, State state);

  /** A part of this store: its names do not meet those of other parts. */
  default ResumeStore within(String part) {
    ResumeStore whole = this;
    return new ResumeStore() {
      @Override
      public Optional<State> load(String name) {
        return whole.load(part + "." + name);
      }

      @Override
      public void save(String name, State state) {
        whole.save(part + "." + name, state);
      }
    };
  }
}
