package nibble.nn.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.lowbit.BinaryWeights;
import nibble.nn.Linear;
import nibble.nn.vit.ViT;
import nibble.nn.vit.ViTConfig;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** Binary codes compute what their dequantized weights compute. */
class PackedBinaryWeightTest {
  private static final int[][] INPUTS = {{7, 7}, {45, 45}, {64, 32}, {192, 64}};

  static PackedBinaryWeight weight(
      Random random, int out, int in, int planes, int groupSize, boolean hasOffset) {
    byte[] codes = new byte[out * in];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = (byte) random.nextInt(1 << planes);
    }
    int groups = out * in / groupSize;
    float[] offsets = hasOffset ? RandomModels.gaussian(random, groups, 0, 1) : null;
    return new PackedBinaryWeight(
        BinaryWeights.pack(
            codes,
            RandomModels.gaussian(random, groups * planes, 0, 1),
            offsets,
            out,
            in,
            planes,
            groupSize));
  }

  /** Rows on both sides of the border between look-ups and panels. */
  @Property(tries = 100)
  void packedEqualsDequantizedWithinTheRoundingOfSums(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll @IntRange(max = 3) int input,
      @ForAll @IntRange(min = 1, max = 4) int planes,
      @ForAll boolean hasOffset,
      @ForAll @IntRange(min = 1, max = 8) int rows,
      @ForAll boolean withBias) {
    Random random = new Random(seed);
    int in = INPUTS[input][0];
    int groupSize = INPUTS[input][1];
    PackedBinaryWeight packed = weight(random, out, in, planes, groupSize, hasOffset);
    Tensor x = Tensor.of(RandomModels.gaussian(random, rows * in, 0, 1), rows, in);
    Tensor bias = withBias ? Tensor.of(RandomModels.gaussian(random, out, 0, 1), out) : null;
    Tensor weight = packed.dequantized();
    float[] actual;
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      actual = packed.multiply(ops, x, bias).toFloats();
    }
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        double expected = bias == null ? 0 : bias.get(o);
        double magnitude = Math.abs(expected);
        for (int k = 0; k < in; k++) {
          expected += (double) x.get(r, k) * weight.get(o, k);
          double steps = Math.abs(packed.weights().offset(o, k / groupSize));
          for (int p = 0; p < planes; p++) {
            steps +=
                4.0
                    * Math.abs(
                        packed
                            .weights()
                            .alpha(o, k / groupSize, p)); // tables add 2 x and take it off
          }
          magnitude += steps * Math.abs(x.get(r, k));
        }
        double roundings =
            in
                + (planes + 1.0) * in / groupSize
                + 8; // one for each addition of a sum, of groups and of planes
        assertEquals(expected, actual[r * out + o], roundings * 0x1p-24 * magnitude);
      }
    }
  }

  @Test
  void simulationRunsTheDequantizedWeights() {
    ViT model = RandomModels.vit(RandomModels.vitConfig(ViTConfig.VIT, 2, 16, 2, 64, true), 3);
    Random random = new Random(4);
    for (Linear linear : model.linears()) {
      float[] w = linear.weight().peek().toFloats();
      float[] scales = new float[linear.out()];
      byte[] codes = new byte[w.length];
      for (int i = 0; i < w.length; i++) {
        scales[i / linear.in()] += Math.abs(w[i]) / linear.in();
        codes[i] = (byte) (w[i] >= 0 ? 1 : 0);
      }
      linear.execute(
          new PackedBinaryWeight(
              BinaryWeights.pack(codes, scales, null, linear.out(), linear.in(), 1, linear.in())));
    }
    Tensor pixels = RandomModels.pixels(2, random.nextLong());
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      float[] packed = model.forward(ops, pixels).toFloats();
      Simulation.install(model);
      model.linears().forEach(linear -> assertEquals(false, linear.isReplaced(), linear.name()));
      assertEquals(
          0, RandomModels.relativeDifference(packed, model.forward(ops, pixels).toFloats()), 1e-4);
    }
  }

  @Test
  void shapesGradientsAndNames() {
    PackedBinaryWeight packed = weight(new Random(1), 5, 64, 3, 32, false);
    assertEquals("BCQ3 g32", packed.format());
    assertEquals("BCQ1 asymmetric", weight(new Random(1), 5, 64, 1, 64, true).format());
    assertEquals(packed.weights().bytes(), packed.bytes());
    Tensor x = Tensor.zeros(1, 64).requireGrad();
    try (Ops ops = Ops.serial()) {
      assertThrows(IllegalStateException.class, () -> packed.multiply(ops, x, null));
      assertArrayEquals(new float[5], packed.multiply(ops, x.detach(), null).toFloats());
      assertEquals(Shape.of(2, 3, 5), packed.multiply(ops, Tensor.zeros(2, 3, 64), null).shape());
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> packed.multiply(ops, Tensor.zeros(2, 3), null))
              .getMessage();
      assertEquals("the weight takes 64 input features, the input is [2, 3]", message);
    }
  }
}
