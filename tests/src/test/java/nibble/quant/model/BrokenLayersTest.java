package nibble.quant.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.decoder.Decoder;
import nibble.nn.packed.PackedWeight;
import nibble.quant.catalogue.MethodCatalogue;
import nibble.quant.catalogue.Presets;
import nibble.quant.format.Scheme;
import nibble.quant.format.WeightScheme;
import nibble.quant.pipeline.RecipeRunner;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class BrokenLayersTest {
  private static final PackedWeight PACKED =
      PackedLayers.executable(
          "w",
          Rtn.quantize(
              "w", new float[] {1, 2}, 1, 2, WeightScheme.ofBits(4), WorkSplitter.serial()),
          null);

  private static LayerResult layer(
      String name, double weight, OptionalDouble output, OptionalDouble input) {
    return new LayerResult(name, "INT4", weight, output, input, 8, 4, 0, PACKED);
  }

  private static LayerResult layer(String name, double output) {
    return layer(name, 0.9, OptionalDouble.of(output), OptionalDouble.empty());
  }

  @Test
  void outliersAmongErrorsAreNamed() {
    List<LayerResult> layers = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      layers.add(layer("layers." + i, 0.04));
    }
    layers.add(layer("bad", 0.13));
    layers.add(layer("worse", 0, OptionalDouble.of(0.05), OptionalDouble.of(0.4)));
    BrokenLayers broken = BrokenLayers.of(layers);
    assertEquals(List.of("worse", "bad"), broken.layers().stream().map(LayerResult::name).toList());
    assertEquals("keep=worse,bad", broken.override(5));
    assertEquals("keep=worse", broken.override(1));
  }

  @Test
  void smallErrorsAreNoHarmAndAllMayBeBroken() {
    assertEquals(List.of(), BrokenLayers.of(List.of()).layers());
    assertEquals(
        List.of(),
        BrokenLayers.of(List.of(layer("a", 0.001), layer("b", 0.001), layer("c", 0.02))).layers(),
        "below 5 %");
    assertEquals(
        3,
        BrokenLayers.of(List.of(layer("a", 0.6), layer("b", 0.7), layer("c", 0.8))).layers().size(),
        "above 50 %");
    assertEquals(
        Math.hypot(0.3, 0.4),
        layer("a", 0.3, OptionalDouble.empty(), OptionalDouble.of(0.4)).error(),
        1e-12);
  }

  /**
   * One layer whose input has a channel a thousand times as large: its activations break at 4 bits,
   * and the option that is printed leaves it alone.
   */
  @Test
  void aLayerThatBreaksOnItsInputIsFoundAndCanBeKept() {
    List<LayerResult> results = quantize(Map.of());
    BrokenLayers broken = BrokenLayers.of(results);
    assertEquals("layers.1.mlp.down", broken.layers().getFirst().name());
    assertTrue(broken.layers().getFirst().inputError().orElseThrow() > 0.3);
    String[] override = broken.override(1).split("=");
    List<LayerResult> kept = quantize(Map.of(override[0], override[1]));
    assertEquals(results.size() - 1, kept.size());
    assertFalse(kept.stream().anyMatch(layer -> layer.name().equals("layers.1.mlp.down")));
  }

  private static List<LayerResult> quantize(Map<String, String> options) {
    Decoder model = RandomTextModels.llama(RandomTextModels.Shape.SMALL, 1);
    Linear up = model.linear("layers.1.mlp.up");
    Linear down = model.linear("layers.1.mlp.down");
    float[] rows = up.weight().peek().toFloats();
    float[] columns = down.weight().peek().toFloats();
    for (int j = 0; j < up.in(); j++) {
      rows[5 * up.in() + j] *= 1000;
    }
    for (int o = 0; o < down.out(); o++) {
      columns[o * down.in() + 5] /= 1000;
    }
    up.setWeight(Tensor.of(rows, up.out(), up.in()));
    down.setWeight(Tensor.of(columns, down.out(), down.in()));
    MethodCatalogue catalogue = MethodCatalogue.standard();
    try (Ops ops = Ops.serial()) {
      return new RecipeRunner(
              catalogue, Presets.recipe(catalogue, "rtn", options, Scheme.parse("W8A4"), 1))
          .run(ops, model, List.of(RandomTextModels.input(30, 2)), (result, done, total) -> {});
    }
  }
}
