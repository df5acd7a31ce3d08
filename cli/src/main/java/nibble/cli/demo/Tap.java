package nibble.cli.demo;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import nibble.cli.report.Distribution;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.Site;
import nibble.nn.SiteFunction;
import nibble.tensor.Ops;
import nibble.tensor.Scope;
import nibble.tensor.Tensor;

/** Reads weights and activations of a model for pictures of how values are spread. */
final class Tap {
  private Tap() {}

  /** The layer inputs that pass site {@code name} while {@code pixels} run through the model. */
  static float[] activations(Model model, String name, Ops ops, Tensor pixels) {
    List<float[]> seen = new ArrayList<>();
    SiteFunction reader =
        (o, x) -> {
          seen.add(x.toFloats());
          return x;
        };
    Site site = model.sites().get(name);
    site.append(reader);
    try (Ops.Mode inference = ops.noGrad();
        Scope scope = ops.scope()) {
      model.forward(ops, pixels);
    } finally {
      site.remove(reader);
    }
    return seen.getFirst();
  }

  /** How weights and inputs of {@code layer} are spread in the two models. */
  static List<Distribution> before(
      Model plain, Model rotated, String layer, Ops ops, Tensor pixels) {
    Linear a = plain.linear(layer);
    Linear b = rotated.linear(layer);
    return List.of(
        Distribution.of(
            "Weights of " + layer,
            "weight",
            pair(a.weight().peek().toFloats(), b.weight().peek().toFloats())),
        Distribution.of(
            "Inputs of " + layer,
            "activation",
            pair(
                activations(plain, a.input().name(), ops, pixels),
                activations(rotated, b.input().name(), ops, pixels))));
  }

  private static Map<String, float[]> pair(float[] before, float[] after) {
    Map<String, float[]> pair = new LinkedHashMap<>();
    pair.put("as trained", before);
    pair.put("rotated", after);
    return pair;
  }
}
