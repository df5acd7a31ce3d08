package nibble.loaders.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The arguments of a call.
 *
 * @param positional those without a name
 * @param named those with one
 */
public record Arguments(List<Object> positional, Map<String, Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  /** Argument {@code index}, or that called {@code name}, else {@code fallback}. */
  public Object get(int index, String name, Object fallback) {
    return index < positional.size() ? positional.get(index) : named.getOrDefault(name, fallback);
  }

  /** Argument {@code index}, which must be there and a string. */
  public String string(int index) {
    Object value =
        index < positional.size()
            ? positional.get(index)
            : new Undefined("argument " + (index + 1));
    if (value instanceof String text) {
      return text;
    }
    throw new JinjaException(
        "argument " + (index + 1) + " is " + Values.kind(value) + ", expected a string");
  }

  /**
   * Argument {@code index}, or that called {@code name}, which must be an integer; else {@code
   * fallback}.
   */
  long integer(int index, String name, long fallback) {
    Object value = get(index, name, fallback);
    if (value instanceof Long number) {
      return number;
    }
    throw new JinjaException(
        "argument '" + name + "' is " + Values.kind(value) + ", expected an integer");
  }

  /** Refuses more than {@code most} positional arguments, and names that are not {@code known}. */
  Arguments only(int most, String... known) {
    if (positional.size() > most) {
      throw new JinjaException(
          "found " + positional.size() + " arguments, expected at most " + most);
    }
    for (String name : named.keySet()) {
      if (!List.of(known).contains(name)) {
        throw new JinjaException("the argument '" + name + "' is not known");
      }
    }
    return this;
  }

  /** All but the first positional argument. */
  Arguments rest() {
    return new Arguments(
        positional.subList(Math.min(1, positional.size()), positional.size()), named);
  }

  /** The same as lists that can be changed, for building. */
  static Arguments empty() {
    return new Arguments(new ArrayList<>(), new LinkedHashMap<>());
  }
}
