package nibble.quant.method;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a method is, for people and for checks.
 *
 * @param name short and lower case, as in {@code --method gptq}
 * @param title in words
 * @param paper authors and arXiv number, or what stands for them
 * @param needs data and memory that it needs
 * @param whenToChoose one line of advice
 * @param options its knobs
 * @param packedSchemes schemes whose result runs on a packed kernel, with conditions in words;
 *     others are an error
 */
public record MethodCard(
    String name,
    String title,
    String paper,
    String needs,
    String whenToChoose,
    List<MethodOption> options,
    List<String> packedSchemes) {

  public MethodCard {
    options = List.copyOf(options);
    packedSchemes = List.copyOf(packedSchemes);
  }

  /**
   * Values of all options of the method: those given, as their types, and the defaults of the
   * others.
   *
   * @param given values, or texts of values, by option name
   * @throws IllegalArgumentException if a name is unknown (the message lists near matches) or a
   *     value does not fit
   */
  public OptionValues resolve(Map<String, ?> given) {
    List<String> known = options.stream().map(MethodOption::name).toList();
    for (String key : given.keySet()) {
      if (!known.contains(key)) {
        throw new IllegalArgumentException(
            "method %s has no option '%s'%s".formatted(name, key, NearMatches.hint(key, known)));
      }
    }
    Map<String, Object> resolved = new LinkedHashMap<>();
    for (MethodOption option : options) {
      Object value = given.get(option.name());
      resolved.put(
          option.name(), value == null ? option.defaultValue() : option.convert(name, value));
    }
    return new OptionValues(name, resolved);
  }
}
