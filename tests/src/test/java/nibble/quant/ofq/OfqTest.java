package nibble.quant.ofq;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.Linear;
import nibble.nn.Parameter;
import nibble.nn.Sites;
import nibble.nn.packed.PackedIntWeight;
import nibble.nn.packed.Simulation;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.quant.format.Scheme;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.quant.training.TrainingKnobs;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** OFQ. */
class OfqTest {
  private final Ops ops = Ops.serial();

  private static ViT model() {
    return RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 8, 2, 24, true), 11);
  }

  @Property(tries = 60)
  void halfIntegersAreSymmetricWithoutZeroAndGrowWithTheWeight(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 7) int bits) {
    float[] w = RandomModels.gaussian(new Random(seed), 3 * 400, 0, 0.05f);
    StatsQ function = new StatsQ(bits);
    float[] rounded = function.forward(ops, Tensor.of(w, 3, 400)).toFloats();
    for (int row = 0; row < 3; row++) {
      float s = StatsQ.scale(w, row * 400, 400);
      TreeSet<Integer> levels = new TreeSet<>();
      for (int i = row * 400; i < (row + 1) * 400; i++) {
        double half = rounded[i] / s * (1 << (bits - 1)) - 0.5;
        assertEquals(Math.rint(half), half, 1e-3, "half integers");
        levels.add((int) Math.rint(half));
        assertTrue(Math.abs(rounded[i]) <= s * (1 - 0.5 / (1 << (bits - 1))) * 1.00001);
      }
      assertTrue(levels.size() <= 1 << bits);
    }
    float[] doubled = w.clone();
    for (int i = 0; i < w.length; i++) {
      doubled[i] *= 2;
    }
    float[] expected = rounded.clone();
    for (int i = 0; i < w.length; i++) {
      expected[i] *= 2;
    }
    assertArrayEquals(expected, function.forward(ops, Tensor.of(doubled, 3, 400)).toFloats());
    float[] codes = function.codes(w, 3, 400).dequantize();
    for (int i = 0; i < w.length; i++) {
      assertEquals(rounded[i], codes[i], 1e-6f * Math.abs(rounded[i]));
    }
  }

  /** All levels are in use, as many above 0 as below; the grid of given scale keeps its levels. */
  @Property(tries = 20)
  void levelsAreAllUsedAndKeepTheirCodes(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 4) int bits) {
    float[] w = RandomModels.gaussian(new Random(seed), 2000, 0, 1);
    StatsQ function = new StatsQ(bits);
    float s = StatsQ.scale(w, 0, 2000);
    int n = 1 << (bits - 1);
    float[] rounded = function.forward(ops, Tensor.of(w, 1, 2000)).toFloats();
    TreeSet<Integer> odd = new TreeSet<>();
    boolean otherScale = StatsQ.scale(rounded, 0, 2000) != s;
    for (float value : rounded) {
      odd.add((int) Math.rint(2 * n * (double) value / s));
      assertEquals(value / s * n - 0.5, function.position(value, s), 1e-3, "its own code");
    }
    assertEquals(1 << bits, odd.size());
    for (int code : odd) {
      assertTrue(Math.abs(code) % 2 == 1 && odd.contains(-code), odd + "");
    }
    assertTrue(otherScale, "a statistic of rounded weights is another one: not idempotent");
  }

  @Test
  void onlyWeightsAtABorderMoveWhileAnnealing() {
    float[] w = RandomModels.gaussian(new Random(3), 4 * 200, 0, 0.05f);
    Sites sites = new Sites();
    Linear linear =
        new Linear(
            "l",
            new Parameter("l.weight", Tensor.of(w.clone(), 4, 200)),
            null,
            sites.add("l.input"),
            sites);
    StatsQ function = new StatsQ(3);
    StatsQuantizer quantizer = new StatsQuantizer(linear, function, 0.05);
    Tensor weight = linear.weight().floats();
    quantizer.beforeUpdate();
    for (int i = 0; i < w.length; i++) {
      weight.array()[weight.offset() + i] += 0.01f;
    }
    quantizer.project();
    int moved = 0;
    for (int i = 0; i < w.length; i++) {
      double position = function.position(w[i], StatsQ.scale(w, i / 200 * 200, 200));
      boolean border = Math.abs(position - Math.floor(position) - 0.5) < 0.05;
      assertEquals(border ? w[i] + 0.01f : w[i], weight.array()[weight.offset() + i]);
      moved += border ? 1 : 0;
    }
    assertTrue(moved > 10 && moved < 300, moved + " moved");
  }

  @Test
  void theLossFallsAndPackedEqualsSimulation() {
    SampleSource samples = SampleSource.of(List.of(new Samples(RandomModels.pixels(16, 5), null)));
    ViT model = model();
    OfqOptions options =
        new OfqOptions(new TrainingKnobs(320, 8, 1e-3, 1e-3, 0, true, false), 40, 0.05, 16, false);
    MethodReport report =
        new Ofq(options)
            .apply(ModelTask.of(ops, model, OfqTest::model, samples, Scheme.parse("W3A4"), 3));
    List<double[]> loss = report.curves().getFirst().points();
    assertTrue(
        loss.getLast()[1] < loss.getFirst()[1], loss.getFirst()[1] + " -> " + loss.getLast()[1]);
    assertEquals(2, report.curves().size());
    for (Linear linear : model.linears()) {
      assertTrue(
          linear.matrix() instanceof PackedIntWeight packed && packed.weights().bits() == 4,
          "3 bits of odd codes in 4");
    }
    Tensor pixels = RandomModels.pixels(5, 9);
    try (var inference = ops.noGrad()) {
      float[] packed = model.forward(ops, pixels).toFloats();
      Simulation.install(model);
      assertArrayEquals(packed, model.forward(ops, pixels).toFloats());
    }
  }

  @Test
  void eightBitsAreRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Ofq(OfqOptions.DEFAULTS).check(Scheme.parse("W8A8")));
    assertEquals(OfqOptions.DEFAULTS, OfqOptions.of(Ofq.CARD.resolve(Map.of())));
  }
}
