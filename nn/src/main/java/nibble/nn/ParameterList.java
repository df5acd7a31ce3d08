package nibble.nn;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the parameters of a model, in the order in which they are written. What an architecture
 * does not have is given as null and left out.
 */
public final class ParameterList {
  private final List<Parameter> all = new ArrayList<>();

  /** Adds one parameter. */
  public ParameterList add(@Nullable Parameter parameter) {
    if (parameter != null) {
      all.add(parameter);
    }
    return this;
  }

  /** Adds the table of an embedding. */
  public ParameterList add(@Nullable Embedding table) {
    return table == null ? this : add(table.weight());
  }

  /** Adds gain and shift of a normalisation. */
  public ParameterList add(@Nullable Norm norm) {
    return norm == null ? this : add(norm.gain()).add(norm.bias());
  }

  /** Adds weight and bias of a linear layer. */
  public ParameterList add(@Nullable Linear linear) {
    return linear == null ? this : add(linear.weight()).add(linear.bias());
  }

  /** Adds weights and biases of linear layers. */
  public ParameterList addLinears(Collection<Linear> linears) {
    linears.forEach(this::add);
    return this;
  }

  /** Adds gains and shifts of normalisations. */
  public ParameterList addNorms(Collection<Norm> norms) {
    norms.forEach(this::add);
    return this;
  }

  /** What was added. */
  public List<Parameter> toList() {
    return List.copyOf(all);
  }
}
