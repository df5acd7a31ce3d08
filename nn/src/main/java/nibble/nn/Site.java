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
    return apply(functions, ops, x);
  }

  private static Tensor apply(List<SiteFunction> functions, Ops ops, Tensor x) {
    Tensor result = x;
    for (SiteFunction function : functions) {
      result = function.apply(ops, result);
    }
    return result;
  }

  /**
   * The same for layers that read the result: where nothing is recorded, the last functions are
   * left to them, if they work row by row.
   */
  public LayerInput input(Ops ops, Tensor x) {
    Optional<RowMap> last = functions.isEmpty() ? Optional.empty() : functions.getLast().rowMap();
    if (ops.isRecording() || last.isEmpty()) {
      return new LayerInput(apply(ops, x));
    }
    RowMap map = last.get();
    int from = functions.size() - 1;
    while (from > 0 && map.worksInPlace()) {
      Optional<RowMap> before = functions.get(from - 1).rowMap();
      if (before.isEmpty()) {
        break;
      }
      map = before.get().then(map);
      from--;
    }
    List<SiteFunction> left = functions.subList(from, functions.size());
    Tensor source = apply(functions.subList(0, from), ops, x);
    return new LayerInput(source, () -> apply(left, ops, source), map);
  }

  /**
   * All functions, in order, as they work on {@code [batch, tokens, heads * headDim]}, see {@link
   * SiteFunction#sideBySide}; empty if one of them cannot do that.
   */
  public Optional<SiteFunction> sideBySide(int heads, int headDim) {
    List<SiteFunction> same = new ArrayList<>(functions.size());
    for (SiteFunction function : functions) {
      Optional<SiteFunction> one = function.sideBySide(heads, headDim);
      if (one.isEmpty()) {
        return Optional.empty();
      }
      same.add(one.get());
    }
    return Optional.of((ops, x) -> apply(same, ops, x));
  }

  @Override
  public String toString() {
    return name;
  }
}
