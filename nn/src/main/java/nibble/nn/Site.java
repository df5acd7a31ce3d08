package nibble.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import nibble.kernels.lowbit.RowMap;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;

/**
 * A named place in a model's forward pass, such as {@code blocks.3.mlp.fc2.input}. It passes its
 * tensor through, at no cost, until functions are put in it; they run in the order in which they
 * were added. Changing a site while a forward pass runs is not supported.
 */
public final class Site {
  private final String name;
  private List<SiteFunction> functions = List.of();

  Site(String name) {
    this.name = name;
  }

  /** The unique name within its model. */
  public String name() {
    return name;
  }

  /** The functions in order of execution. */
  public List<SiteFunction> functions() {
    return functions;
  }

  /** Whether nothing is installed. */
  public boolean isIdentity() {
    return functions.isEmpty();
  }

  /** Adds {@code function} after those that are already there. */
  public void append(SiteFunction function) {
    var longer = new ArrayList<>(functions);
    longer.add(function);
    functions = List.copyOf(longer);
  }

  /** Takes {@code function} out; returns whether it was there. */
  public boolean remove(SiteFunction function) {
    var shorter = new ArrayList<>(functions);
    boolean found = shorter.remove(function);
    functions = List.copyOf(shorter);
    return found;
  }

  /** Takes everything out. */
  public void clear() {
    functions = List.of();
  }

  /** {@code x} after all functions. */
  public Tensor apply(Ops ops, Tensor x) {
    Tensor result = x;
    for (SiteFunction function : functions) {
      result = function.apply(ops, result);
    }
    return result;
  }

  /**
   * The same for layers that read the result: where nothing is recorded, a last function that works
   * row by row is left to them.
   */
  public LayerInput input(Ops ops, Tensor x) {
    Optional<RowMap> map = functions.isEmpty() ? Optional.empty() : functions.getLast().rowMap();
    if (ops.isRecording() || map.isEmpty()) {
      return new LayerInput(apply(ops, x));
    }
    Tensor before = x;
    for (SiteFunction function : functions.subList(0, functions.size() - 1)) {
      before = function.apply(ops, before);
    }
    return new LayerInput(ops, before, functions.getLast(), map.get());
  }

  @Override
  public String toString() {
    return name;
  }
}
