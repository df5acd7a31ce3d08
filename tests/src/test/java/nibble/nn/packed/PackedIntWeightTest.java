package nibble.nn.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.lowbit.IntWeights;
import nibble.kernels.lowbit.QuantizedRows;
import nibble.nn.LayerInput;
import nibble.nn.SiteFunction;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Packed execution computes what simulation computes. */
class PackedIntWeightTest {
  private static final double U = 0x1p-24;

  @Provide
  Arbitrary<ActivationQuantizer> quantizers() {
    Arbitrary<Integer> bits = Arbitraries.of(2, 3, 4, 5, 8);
    Arbitrary<Boolean> symmetric = Arbitraries.of(true, false);
    return Arbitraries.oneOf(
        Combinators.combine(bits, symmetric, Arbitraries.of(1f, 0.9f, 0.5f))
            .as(ActivationQuantizer.PerToken::new),
        Combinators.combine(bits, symmetric, Arbitraries.of(0.01f, 0.3f, 2f))
            .as(PackedIntWeightTest::fixed));
  }

  private static ActivationQuantizer fixed(int bits, boolean symmetric, float scale) {
    return new ActivationQuantizer.PerTensor(
        bits, symmetric, scale, symmetric ? 0 : (1 << bits) / 3);
  }

  /**
   * Both sides sum {@code x^ w^}. In float each of {@code x^}, {@code w^} carries one rounding; the
   * packed side rounds the integer sum of each group, adds groups with one rounding each, and
   * rounds at the end: {@code (groups + 6) u sum|x^ w^|} covers all.
   */
  @Property(tries = 100)
  void quantizedActivationsEqualTheSimulation(
      @ForAll long seed,
      @ForAll("quantizers") ActivationQuantizer quantizer,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean symmetric,
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll @IntRange(max = 3) int groups,
      @ForAll @IntRange(min = 1, max = 12) int rows,
      @ForAll boolean withBias) {
    Random random = new Random(seed);
    IntWeights weights = weights(random, bits, symmetric, out, groups);
    PackedIntWeight packed = new PackedIntWeight(weights, quantizer);
    Tensor x =
        Tensor.of(RandomModels.gaussian(random, rows * weights.in(), 0.2f, 1), rows, weights.in());
    Tensor bias = withBias ? Tensor.of(RandomModels.gaussian(random, out, 0, 1), out) : null;
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor simulated = new SimulatedActivation(quantizer).apply(ops, x);
      check(packed, simulated, bias, packed.multiply(ops, x, bias), weights.groups() + 6);
    }
  }

  /** Float activations: as many roundings as products, in the worst order. */
  @Property(tries = 100)
  void floatActivationsMeetTheDequantizedWeight(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean symmetric,
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll @IntRange(max = 3) int groups,
      @ForAll @IntRange(min = 1, max = 12) int rows) {
    Random random = new Random(seed);
    IntWeights weights = weights(random, bits, symmetric, out, groups);
    PackedIntWeight packed = new PackedIntWeight(weights, null);
    Tensor x =
        Tensor.of(RandomModels.gaussian(random, rows * weights.in(), 0, 1), rows, weights.in());
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      checkUncancelled(packed, x, packed.multiply(ops, x, null));
    }
  }

  /**
   * A product with the identity shows the activation itself: level times scale, rounded once, on
   * both sides.
   */
  @Property(tries = 100)
  void bothTakeTheSameCodes(
      @ForAll long seed,
      @ForAll("quantizers") ActivationQuantizer quantizer,
      @ForAll @IntRange(min = 1, max = 40) int in) {
    byte[] identity = new byte[in * in];
    for (int i = 0; i < in; i++) {
      identity[i * in + i] = 1;
    }
    float[] ones = new float[in];
    Arrays.fill(ones, 1f);
    PackedIntWeight packed =
        new PackedIntWeight(IntWeights.packSymmetric(identity, ones, in, in, 8, in), quantizer);
    Tensor x = Tensor.of(RandomModels.gaussian(new Random(seed), 3 * in, 0, 3), 3, in);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] simulated = new SimulatedActivation(quantizer).apply(ops, x).toFloats();
      float[] executed = packed.multiply(ops, x, null).toFloats();
      for (int i = 0; i < simulated.length; i++) {
        assertTrue(simulated[i] == executed[i], simulated[i] + " and " + executed[i]);
      }
    }
  }

  /**
   * What is on the grid stays: exactly for a static grid; a dynamic one is found again within the
   * rounding of its scale.
   */
  @Property(tries = 100)
  void quantizingTwiceIsQuantizingOnce(
      @ForAll long seed, @ForAll("quantizers") ActivationQuantizer quantizer) {
    boolean clips = quantizer instanceof ActivationQuantizer.PerToken token && token.clip() < 1;
    SiteFunction function =
        new SimulatedActivation(
            clips
                ? ActivationQuantizer.perToken(quantizer.bits(), quantizer.symmetric())
                : quantizer);
    Tensor x = Tensor.of(RandomModels.gaussian(new Random(seed), 64, 0, 1), 4, 16);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      Tensor once = function.apply(ops, x);
      float[] first = once.toFloats();
      float[] second = function.apply(ops, once).toFloats();
      for (int i = 0; i < first.length; i++) {
        double bound =
            quantizer instanceof ActivationQuantizer.PerTensor ? 0 : 4 * U * Math.abs(first[i]);
        assertEquals(first[i], second[i], bound);
      }
    }
  }

  /** q, k and v of one attention: the same results as one by one, and one set of codes. */
  @Property(tries = 50)
  void layersOfOneInputShareItsCodes(
      @ForAll long seed,
      @ForAll("quantizers") ActivationQuantizer quantizer,
      @ForAll @IntRange(min = 1, max = 9) int rows) {
    Random random = new Random(seed);
    PackedIntWeight first = new PackedIntWeight(weights(random, 4, true, 21, 2), quantizer);
    PackedIntWeight second = new PackedIntWeight(weights(random, 4, true, 9, 2), quantizer);
    PackedIntWeight coarser =
        new PackedIntWeight(weights(random, 8, false, 5, 2), ActivationQuantizer.perToken(7, true));
    Tensor x = Tensor.of(RandomModels.gaussian(random, rows * first.in(), 0, 1), rows, first.in());
    LayerInput shared = new LayerInput(x);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      for (PackedIntWeight weight : new PackedIntWeight[] {first, second, coarser, first}) {
        assertArrayEquals(
            weight.multiply(ops, x, null).toFloats(),
            weight.multiply(ops, shared, null).toFloats());
      }
      QuantizedRows codes =
          shared.derive(
              quantizer, QuantizedRows.class, () -> fail("the codes of the last layer are there"));
      second.multiply(ops, shared, null);
      assertSame(codes, shared.derive(quantizer, QuantizedRows.class, () -> fail("made again")));
    }
  }

  @Test
  void shapesArePassedThrough() {
    PackedIntWeight packed =
        new PackedIntWeight(
            weights(new Random(1), 4, true, 5, 1), ActivationQuantizer.perToken(8, false));
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertEquals(
          Shape.of(2, 3, 5), packed.multiply(ops, Tensor.zeros(2, 3, packed.in()), null).shape());
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> packed.multiply(ops, Tensor.zeros(2, 3), null))
              .getMessage();
      assertEquals("the weight takes 16 input features, the input is [2, 3]", message);
    }
  }

  @Test
  void integersHaveNoDerivative() {
    PackedIntWeight packed =
        new PackedIntWeight(
            weights(new Random(1), 4, true, 5, 1), ActivationQuantizer.perToken(8, false));
    Tensor x = Tensor.zeros(1, packed.in()).requireGrad();
    try (Ops ops = Ops.serial()) {
      assertThrows(IllegalStateException.class, () -> packed.multiply(ops, x, null));
      assertThrows(
          IllegalStateException.class,
          () -> new SimulatedActivation(ActivationQuantizer.perToken(8, false)).apply(ops, x));
      Tensor fixed = x.detach();
      assertArrayEquals(
          new float[5],
          packed.multiply(ops, fixed, null).toFloats(),
          "an input without gradient is fine");
    }
  }

  @Test
  void theFormatSaysWhatRuns() {
    Random random = new Random(1);
    assertEquals("INT4", new PackedIntWeight(weights(random, 4, true, 5, 1), null).format());
    PackedIntWeight groups =
        new PackedIntWeight(weights(random, 3, false, 5, 2), ActivationQuantizer.perToken(8, true));
    assertEquals("INT3 g16 asymmetric, activations INT8 per token", groups.format());
    assertEquals(
        "INT3 g16 asymmetric, activations INT4 static",
        groups.withActivations(fixed(4, true, 1)).format());
    assertEquals(groups.weights().bytes(), groups.bytes());
  }

  private static void check(
      PackedIntWeight packed, Tensor x, @Nullable Tensor bias, Tensor actual, int roundings) {
    compare(packed, x, bias, actual, (sum, terms) -> roundings * U * terms);
  }

  private static void checkUncancelled(PackedIntWeight packed, Tensor x, Tensor actual) {
    int in = packed.in();
    int width = Math.max(1, (1 << packed.weights().bits()));
    // kernels may sum codes and zero points apart, so terms are as large as scale * 2^bits * |x|
    double largest = 0;
    for (int row = 0; row < packed.out(); row++) {
      for (int g = 0; g < packed.weights().groups(); g++) {
        largest = Math.max(largest, (double) packed.weights().scale(row, g) * width);
      }
    }
    double scale = largest;
    double[] absolute = new double[x.dim(0)];
    for (int row = 0; row < absolute.length; row++) {
      for (int k = 0; k < in; k++) {
        absolute[row] += Math.abs(x.get(row, k));
      }
    }
    double most = Arrays.stream(absolute).max().orElseThrow();
    compare(packed, x, null, actual, (sum, terms) -> (in + 4) * U * scale * most);
  }

  private interface Bound {
    double of(double sum, double absoluteTerms);
  }

  private static void compare(
      PackedIntWeight packed, Tensor x, @Nullable Tensor bias, Tensor actual, Bound bound) {
    float[] w = packed.dequantized().toFloats();
    float[] values = x.toFloats();
    int in = packed.in();
    for (int row = 0; row < x.dim(0); row++) {
      for (int o = 0; o < packed.out(); o++) {
        double sum = bias == null ? 0 : bias.get(o);
        double terms = Math.abs(sum);
        for (int k = 0; k < in; k++) {
          double product = (double) values[row * in + k] * w[o * in + k];
          sum += product;
          terms += Math.abs(product);
        }
        assertEquals(sum, actual.get(row, o), bound.of(sum, terms) + Float.MIN_NORMAL);
      }
    }
  }

  /**
   * Random codes; {@code groups} 0 means a width that is no multiple of 8, else that many groups of
   * 16.
   */
  private static IntWeights weights(
      Random random, int bits, boolean symmetric, int out, int groups) {
    return groups == 0
        ? RandomIntWeights.of(random, bits, symmetric, out, 1, 13)
        : RandomIntWeights.of(random, bits, symmetric, out, groups, 16);
  }
}
