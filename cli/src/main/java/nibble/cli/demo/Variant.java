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
 * @param options of the method
 */
public record Variant(String name, String method, String scheme, Map<String, String> options) {
  /** What the demo shows beside float, from gentle to hard and from simple to strong. */
  public static final List<Variant> DEMO =
      List.of(
          new Variant("RTN", "rtn", "W8A8", Map.of()),
          new Variant("RTN", "rtn", "W4A4", Map.of()),
          new Variant("GPTQ", "gptq", "W4A4", Map.of()),
          new Variant("Mixed precision", "mixed", "W4A4", Map.of()),
          new Variant("Hadamard + GPTQ", "hadamard+gptq", "W4A4", Map.of()),
          new Variant(
              "GPLQ",
              "gplq",
              "W4A4",
              Map.of("train-images", "1024", "batch", "16", "rate", "2e-5", "scale-rate", "2e-4")));

  /** The recipe of this form. */
  Recipe recipe(long seed) {
    return Presets.recipe(MethodCatalogue.standard(), method, options, Scheme.parse(scheme), seed);
  }
}
