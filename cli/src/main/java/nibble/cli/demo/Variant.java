package nibble.cli.demo;

import java.util.List;
import java.util.Map;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.recipe.Recipe;

/**
 * One form of the model in the comparison.
 *
 * @param name in the table
 * @param method by its short name
 * @param scheme bits
 */
public record Variant(String name, String method, String scheme) {
  /** What the demo shows beside float, from gentle to hard and from simple to strong. */
  public static final List<Variant> DEMO =
      List.of(
          new Variant("RTN", "rtn", "W8A8"),
          new Variant("RTN", "rtn", "W4A4"),
          new Variant("GPTQ", "gptq", "W4A4"),
          new Variant("Hadamard + GPTQ", "hadamard+gptq", "W4A4"));

  /** The recipe of this form. */
  Recipe recipe(long seed) {
    return Presets.recipe(MethodCatalogue.standard(), method, Map.of(), Scheme.parse(scheme), seed);
  }
}
