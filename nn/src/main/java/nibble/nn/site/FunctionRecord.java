package nibble.nn.site;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import nibble.tensor.Tensor;

/**
 * A {@link StoredFunction}, or another stored form of an operator, as data.
 *
 * @param kind which function, as {@link StoredFunctions} knows it
 * @param numbers its settings
 * @param tensors its parameters, F32
 */
public record FunctionRecord(
    String kind, Map<String, Double> numbers, Map<String, Tensor> tensors) {
  public FunctionRecord {
    numbers = Collections.unmodifiableMap(new TreeMap<>(numbers));
    tensors = Collections.unmodifiableMap(new TreeMap<>(tensors));
  }

  /**
   * An integer setting.
   *
   * @throws IllegalArgumentException if it is missing or no integer
   */
  public int integer(String name) {
    Double value = numbers.get(name);
    if (value == null || value != value.intValue()) {
      throw new IllegalArgumentException(
          "'%s' needs an integer '%s', found %s".formatted(kind, name, value));
    }
    return value.intValue();
  }

  /**
   * A setting.
   *
   * @throws IllegalArgumentException if it is missing
   */
  public double number(String name) {
    Double value = numbers.get(name);
    if (value == null) {
      throw new IllegalArgumentException(
          "'%s' needs a number '%s', found %s".formatted(kind, name, numbers.keySet()));
    }
    return value;
  }

  /**
   * A parameter.
   *
   * @throws IllegalArgumentException if it is missing
   */
  public Tensor tensor(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "'%s' needs a tensor '%s', found %s".formatted(kind, name, tensors.keySet()));
    }
    return tensor;
  }
}
