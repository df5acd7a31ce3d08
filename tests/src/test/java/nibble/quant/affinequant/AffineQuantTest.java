package nibble.quant.affinequant;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import nibble.nn.Model;
import nibble.nn.packed.Simulation;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.omniquant.OmniQuant;
import nibble.quant.omniquant.OmniQuantOptions;
import nibble.tensor.Ops;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class AffineQuantTest {
  private final Ops ops = Ops.serial();

  private static Model model() {
    return RandomTextModels.gpt2(4, 8, 1);
  }

  private ModelTask task(Model model, String scheme) {
    List<Samples> samples =
        IntStream.range(0, 6)
            .mapToObj(i -> Samples.unlabelled(RandomTextModels.input(12, 10 + i)))
            .toList();
    return ModelTask.of(
        ops, model, AffineQuantTest::model, SampleSource.of(samples), Scheme.parse(scheme), 5);
  }

  /**
   * With one update the mask is still closed, so it is OmniQuant to the bit; with more it is not.
   */
  @Test
  void theFirstUpdateIsThatOfOmniQuant() {
    for (int iterations : new int[] {1, 12}) {
      Model affine = model();
      Model scales = model();
      MethodReport report =
          new AffineQuant(new AffineQuantOptions(iterations, 4, 5e-2, 5e-3, 1, 0.5, false))
              .apply(task(affine, "W3A16"));
      MethodReport diagonal =
          new OmniQuant(new OmniQuantOptions(iterations, 4, 5e-2, 5e-3, true, 0.5, false))
              .apply(task(scales, "W3A16"));
      try (var inference = ops.noGrad()) {
        float[] first = affine.forward(ops, RandomTextModels.input(9, 3)).toFloats();
        float[] second = scales.forward(ops, RandomTextModels.input(9, 3)).toFloats();
        if (iterations == 1) {
          assertArrayEquals(second, first);
          assertTrue(
              report.facts().get("least diagonal dominance/layers.0") == 1, report.facts() + "");
        } else {
          assertTrue(RandomModels.relativeDifference(first, second) > 1e-3);
          assertTrue(report.facts().get("least diagonal dominance/layers.0") < 1);
          assertTrue(diagonal.facts().get("least diagonal dominance/layers.0") == 1);
        }
      }
    }
  }

  @Test
  void blocksGetBetterAndRunPacked() {
    for (String scheme : new String[] {"W3A16", "W4A4"}) {
      Model model = model();
      MethodReport report =
          new AffineQuant(new AffineQuantOptions(40, 4, 5e-2, 1e-2, 1, 0.5, false))
              .apply(task(model, scheme));
      for (String block : new String[] {"layers.0", "layers.1"}) {
        assertTrue(
            report.facts().get("error with learned clips and maps/" + block)
                < 0.95 * report.facts().get("error with nearest codes/" + block),
            report.facts() + "");
        assertTrue(report.facts().get("least diagonal dominance/" + block) > 0);
      }
      try (var inference = ops.noGrad()) {
        float[] packed = model.forward(ops, RandomTextModels.input(9, 3)).toFloats();
        Simulation.install(model);
        assertTrue(
            RandomModels.relativeDifference(
                    model.forward(ops, RandomTextModels.input(9, 3)).toFloats(), packed)
                < 1e-4,
            scheme);
      }
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> new AffineQuantOptions(40, 4, 5e-2, 1e-2, 0, 0.5, false).knobs());
  }
}
