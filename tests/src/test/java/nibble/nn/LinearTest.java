package nibble.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.lowbit.IntWeights;
import nibble.nn.packed.PackedIntWeight;
import nibble.tensor.DType;
import nibble.tensor.Ops;
import nibble.tensor.Shape;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LinearTest {
  /** A weight that learns would be packed for each update in vain. */
  @Test
  void theFirstPassOfACheckpointDoesNotUseAPackedWeight() {
    Tensor weight = Tensor.of(new float[] {1, 2}, 1, 2).requireGrad();
    Linear linear = linear(weight, null);
    try (Ops ops = Ops.serial()) {
      Tensor x = Tensor.of(new float[] {1, 1}, 1, 1, 2);
      try (var inference = ops.noGrad()) {
        assertEquals(3, linear.forward(ops, x).get(0, 0, 0));
      }
      weight.array()[weight.offset()] = 5;
      assertEquals(7, ops.checkpoint((o, in) -> linear.forward(o, in[0]), x).get(0, 0, 0));
    }
  }

  /** {@code |x W^T + b|} summed from below is within n u of the exact sum of n products. */
  @Property(tries = 60)
  void thePackedAndTheRecordedPathGiveTheProduct(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll @IntRange(min = 1, max = 50) int in,
      @ForAll @IntRange(min = 1, max = 9) int rows,
      @ForAll boolean withBias) {
    Random random = new Random(seed);
    float[] w = RandomModels.gaussian(random, out * in, 0, 1);
    float[] b = RandomModels.gaussian(random, out, 0, 1);
    float[] x = RandomModels.gaussian(random, rows * in, 0, 1);
    Linear linear = linear(Tensor.of(w, out, in), withBias ? Tensor.of(b, out) : null);
    try (Ops ops = Ops.serial()) {
      Tensor input = Tensor.of(x, 1, rows, in);
      Tensor recorded = linear.forward(ops, input);
      Tensor packed;
      try (var inference = ops.noGrad()) {
        packed = linear.forward(ops, input);
      }
      assertEquals(Shape.of(1, rows, out), packed.shape());
      assertEquals(Shape.of(1, rows, out), recorded.shape());
      for (int row = 0; row < rows; row++) {
        for (int o = 0; o < out; o++) {
          double sum = withBias ? b[o] : 0;
          double size = Math.abs(sum);
          for (int k = 0; k < in; k++) {
            double product = (double) w[o * in + k] * x[row * in + k];
            sum += product;
            size += Math.abs(product);
          }
          double bound = (in + 1) * 0x1p-24 * size;
          assertEquals(sum, packed.get(0, row, o), bound);
          assertEquals(sum, recorded.get(0, row, o), bound);
        }
      }
    }
  }

  /**
   * The same bits as the layer followed by the function or by the sum, whatever runs, and the same
   * gradients.
   */
  @Test
  void functionsAndSumsInOnePassEqualTheSeparateOperators() {
    Random random = new Random(3);
    Linear linear =
        linear(
            Tensor.of(RandomModels.gaussian(random, 20 * 33, 0, 1), 20, 33),
            Tensor.of(RandomModels.gaussian(random, 20, 0, 1), 20));
    Tensor x = Tensor.of(RandomModels.gaussian(random, 2 * 7 * 33, 0, 1), 2, 7, 33);
    Tensor residual =
        Tensor.of(RandomModels.gaussian(random, 2 * 7 * 20, 0, 1), 2, 7, 20).requireGrad();
    try (Ops ops = Ops.serial()) {
      try (var inference = ops.noGrad()) {
        checkOnePass(ops, linear, x, residual);
      }
      checkOnePass(ops, linear, x, residual);
      linear.execute(FloatWeight.of(linear.weight().floats()));
      checkOnePass(ops, linear, x, residual);
      Tensor sum = linear.forwardAdd(ops, x, residual);
      ops.backward(ops.sum(sum));
      assertNotNull(residual.grad());
      assertThrows(
          IllegalArgumentException.class,
          () -> {
            try (var inference = ops.noGrad()) {
              linear.forwardAdd(ops, x, Tensor.zeros(20));
            }
          });
    }
  }

  private static void checkOnePass(Ops ops, Linear linear, Tensor x, Tensor residual) {
    Tensor plain = linear.forward(ops, x);
    for (Activation f : Activation.values()) {
      assertArrayEquals(
          f.apply(ops, plain).toFloats(), linear.forward(ops, x, f).toFloats(), f.name());
    }
    assertArrayEquals(
        ops.add(residual, plain).toFloats(), linear.forwardAdd(ops, x, residual).toFloats());
  }

  @Test
  void halfWeightsStayHalfAndGiveTheSameProduct() {
    Tensor half = Tensor.of(RandomModels.gaussian(new Random(1), 6, 0, 1), 2, 3).to(DType.F16);
    Linear linear = linear(half, null);
    Linear floats = linear(half.toF32(), null);
    Tensor x = Tensor.of(new float[] {1, 2, 3}, 1, 3);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertArrayEquals(floats.forward(ops, x).toFloats(), linear.forward(ops, x).toFloats());
      assertEquals("F16", linear.matrix().format());
      assertTrue(linear.matrix().bytes() < floats.matrix().bytes());
      assertEquals(DType.F16, linear.weight().value().dtype(), "packing keeps the stored dtype");
    }
  }

  @Test
  void aReplacementRunsUntilTheWeightIsSet() {
    Linear linear = linear(Tensor.of(new float[] {1, 1}, 1, 2), null);
    WeightMatrix packed =
        new PackedIntWeight(
            IntWeights.packSymmetric(new byte[] {3, -2}, new float[] {0.5f}, 1, 2, 4, 2), null);
    Tensor x = Tensor.of(new float[] {10, 1}, 1, 2);
    try (Ops ops = Ops.serial()) {
      assertArrayEquals(new float[] {11}, linear.forward(ops, x).toFloats());
      linear.execute(packed);
      assertTrue(linear.isReplaced());
      assertSame(packed, linear.matrix());
      assertArrayEquals(new float[] {14}, linear.forward(ops, x).toFloats());
      linear.setWeight(Tensor.of(new float[] {2, 0}, 1, 2));
      assertFalse(linear.isReplaced());
      assertArrayEquals(new float[] {20}, linear.forward(ops, x).toFloats());
    }
    Linear wider = linear(Tensor.zeros(1, 3), null);
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> wider.execute(packed));
    assertEquals("'layer' is [1, 3], the replacement [1, 2]", e.getMessage());
  }

  @Test
  void aWeightThatChangedInPlaceIsPackedAgain() {
    Tensor weight = Tensor.of(new float[] {1, 1}, 1, 2);
    Linear linear = linear(weight, null);
    Tensor x = Tensor.of(new float[] {1, 2}, 1, 2);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertArrayEquals(new float[] {3}, linear.forward(ops, x).toFloats());
      weight.array()[1] = 5;
      linear.weightChanged();
      assertArrayEquals(new float[] {11}, linear.forward(ops, x).toFloats());
    }
  }

  @Test
  void aTrainingStepIsSeenByTheNextInference() {
    Tensor weight = Tensor.of(new float[] {1, 1}, 1, 2);
    Linear linear = linear(weight, null);
    Tensor x = Tensor.of(new float[] {1, 2}, 1, 2);
    try (Ops ops = Ops.serial()) {
      try (var inference = ops.noGrad()) {
        linear.forward(ops, x);
      }
      linear.weight().train();
      ops.backward(ops.sum(linear.forward(ops, x)));
      assertNotNull(weight.grad());
      weight.array()[0] = 4;
      try (var inference = ops.noGrad()) {
        assertArrayEquals(new float[] {6}, linear.forward(ops, x).toFloats());
      }
    }
  }

  @Test
  void inputAndWeightPassTheirSites() {
    Linear linear = linear(Tensor.of(new float[] {1, 2}, 1, 2), Tensor.of(new float[] {100}, 1));
    linear.input().append((o, t) -> o.scale(t, 2));
    Tensor x = Tensor.of(new float[] {1, 1}, 1, 2);
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertArrayEquals(new float[] {106}, linear.forward(ops, x).toFloats());
      assertArrayEquals(
          new float[] {103},
          linear.project(ops, x).toFloats(),
          "project leaves the input's site out");
      linear.weightSite().append((o, w) -> o.scale(w, 10));
      assertArrayEquals(new float[] {160}, linear.forward(ops, x).toFloats());
    }
  }

  @Test
  void aMissingBiasBecomesZerosNamedAfterTheWeight() {
    Linear linear = linear(Tensor.zeros(2, 3), null);
    assertNull(linear.bias());
    Parameter bias = linear.ensureBias();
    assertEquals("encoder.bias", bias.name());
    assertArrayEquals(new float[2], bias.floats().array());
    assertSame(bias, linear.ensureBias());
    assertSame(bias, linear.bias());
  }

  @Test
  void aWeightHasTwoAxes() {
    assertThrows(IllegalArgumentException.class, () -> linear(Tensor.zeros(2, 3, 1), null));
  }

  private static Linear linear(Tensor weight, @Nullable Tensor bias) {
    Sites sites = new Sites();
    Parameter b = bias == null ? null : new Parameter("encoder.bias", bias);
    return new Linear(
        "layer", new Parameter("encoder.weight", weight), b, sites.add("layer.input"), sites);
  }
}
