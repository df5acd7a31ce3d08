package nibble.nn.transformer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.DoubleStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.loaders.json.Json;
import nibble.loaders.json.JsonArray;
import nibble.loaders.json.JsonObject;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.Golden;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class RotaryEmbeddingTest {
  /** {@code tests/golden/text/generate.py}. */
  @Test
  void frequenciesEqualTheGoldenValues() {
    JsonArray cases = (JsonArray) Json.read(Golden.path("text/rope.json"));
    for (int i = 0; i < cases.size(); i++) {
      JsonObject c = cases.object(i);
      RopeScaling scaling =
          c.findObject("rope_scaling")
              .map(s -> scaling(s, c.integer("max_position_embeddings")))
              .orElse(new RopeScaling.None());
      RotaryEmbedding rope = new RotaryEmbedding(c.integer("dims"), c.number("base"), scaling);
      double[] expected = c.array("frequencies").doubles();
      double[] actual = rope.frequencies(c.integer("length"));
      for (int j = 0; j < expected.length; j++) {
        assertEquals(expected[j], actual[j], 1e-12 * expected[j], c.string("name") + " pair " + j);
      }
      assertEquals(
          c.number("amplitude"), RopeFrequencies.amplitude(scaling), 1e-12, c.string("name"));
    }
  }

  private static RopeScaling scaling(JsonObject s, int context) {
    int original = s.integer("original_max_position_embeddings", context);
    return switch (s.string("rope_type")) {
      case "linear" -> new RopeScaling.Linear(s.number("factor"));
      case "dynamic" -> new RopeScaling.DynamicNtk(s.number("factor"), original);
      case "yarn" -> {
        double factor = s.number("factor");
        double attention =
            s.number("attention_factor", RopeScaling.Yarn.defaultAttentionFactor(factor));
        yield new RopeScaling.Yarn(
            factor, original, s.number("beta_fast", 32), s.number("beta_slow", 1), attention, true);
      }
      case "llama3" ->
          new RopeScaling.Llama3(
              s.number("factor"),
              s.number("low_freq_factor"),
              s.number("high_freq_factor"),
              original);
      default ->
          new RopeScaling.LongRope(
              DoubleStream.of(s.array("short_factor").doubles()).boxed().toList(),
              DoubleStream.of(s.array("long_factor").doubles()).boxed().toList(),
              original,
              RopeScaling.LongRope.defaultAttentionFactor((double) context / original, original));
    };
  }

  /** The product of a turned query and a turned key depends on their distance only. */
  @Property(tries = 50)
  void productsDependOnTheDistance(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 8) int pairs,
      @ForAll @IntRange(max = 3) int still,
      @ForAll @IntRange(max = 500) int shift) {
    int width = 2 * pairs + still;
    RotaryEmbedding rope = new RotaryEmbedding(2 * pairs, 10000, new RopeScaling.None());
    float[] q = RandomModels.gaussian(new Random(seed), width, 0, 1);
    float[] k = RandomModels.gaussian(new Random(seed + 1), width, 0, 1);
    double here = product(rope, q, k, 7, 3);
    double there = product(rope, q, k, 7 + shift, 3 + shift);
    assertEquals(here, there, 2e-4 * width);
  }

  private static double product(
      RotaryEmbedding rope, float[] q, float[] k, int queryPosition, int keyPosition) {
    float[] a = turned(rope, q, queryPosition);
    float[] b = turned(rope, k, keyPosition);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }

  /** {@code x} at {@code position}: as the last row of a sequence. */
  private static float[] turned(RotaryEmbedding rope, float[] x, int position) {
    try (Ops ops = Ops.serial()) {
      float[] rows = new float[(position + 1) * x.length];
      System.arraycopy(x, 0, rows, position * x.length, x.length);
      Tensor out =
          rope.apply(
              ops,
              Tensor.of(rows, 1, position + 1, x.length),
              x.length,
              Sequences.of(position + 1));
      return out.slice(1, position, position + 1).toFloats();
    }
  }

  /** Half-split: channel 0 turns with channel {@code dims / 2}, not with channel 1. */
  @Test
  void pairsAreHalfAHeadApart() {
    RotaryEmbedding rope = new RotaryEmbedding(4, 10000, new RopeScaling.None());
    float[] turned = turned(rope, new float[] {1, 0, 0, 0}, 1);
    assertEquals(Math.cos(1), turned[0], 1e-6);
    assertEquals(0, turned[1], 0);
    assertEquals(Math.sin(1), turned[2], 1e-6);
    assertEquals(0, turned[3], 0);
  }

  @Test
  void wrongParametersAreNamed() {
    assertMessage(
        "rotary channels must be even",
        () -> new RotaryEmbedding(3, 10000, new RopeScaling.None()));
    assertMessage(
        "rope_theta must be positive", () -> new RotaryEmbedding(4, 0, new RopeScaling.None()));
    assertMessage("factor must be positive", () -> new RopeScaling.Linear(0));
    assertMessage("high_freq_factor must be larger", () -> new RopeScaling.Llama3(8, 4, 1, 512));
    assertMessage(
        "need 2 numbers, have 1",
        () ->
            new RotaryEmbedding(
                4, 10000, new RopeScaling.LongRope(List.of(1.0), List.of(1.0), 8, 1)));
  }

  private static void assertMessage(String part, Runnable action) {
    String message = assertThrows(IllegalArgumentException.class, action::run).getMessage();
    assertTrue(message.contains(part), message);
  }
}
