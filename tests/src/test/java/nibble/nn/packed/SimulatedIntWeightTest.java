package nibble.nn.packed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** The simulation of integers has the results of the integer kernels to the bit. */
class SimulatedIntWeightTest {
  @Provide
  Arbitrary<ActivationQuantizer> quantizers() {
    return Arbitraries.of(
        ActivationQuantizer.perToken(8, false),
        ActivationQuantizer.perToken(8, true),
        ActivationQuantizer.perToken(4, false),
        ActivationQuantizer.perToken(3, true),
        new ActivationQuantizer.PerTensor(8, false, 0.02f, 255),
        new ActivationQuantizer.PerTensor(4, false, 0.3f, 5),
        new ActivationQuantizer.PerTensor(4, true, 0.3f, 0));
  }

  /** Wide inputs of 8 bits: more than one part of a group. */
  @Property(tries = 100)
  void isThePackedProduct(
      @ForAll long seed,
      @ForAll("quantizers") ActivationQuantizer quantizer,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean symmetric,
      @ForAll @IntRange(min = 1, max = 40) int out,
      @ForAll @IntRange(min = 1, max = 3) int groups,
      @ForAll @IntRange(min = 1, max = 70) int eighthsOfAGroup,
      @ForAll @IntRange(min = 1, max = 9) int rows,
      @ForAll boolean withBias) {
    Random random = new Random(seed);
    int in = groups * eighthsOfAGroup * 8;
    PackedIntWeight packed =
        new PackedIntWeight(
            RandomIntWeights.of(random, bits, symmetric, out, groups, eighthsOfAGroup * 8),
            quantizer);
    Tensor x = Tensor.of(RandomModels.gaussian(random, rows * in, 0.2f, 1), rows, in);
    Tensor bias = withBias ? Tensor.of(RandomModels.gaussian(random, out, 0, 1), out) : null;
    try (Ops ops = Ops.serial();
        var inference = ops.noGrad()) {
      assertArrayEquals(
          packed.multiply(ops, x, bias).toFloats(),
          new SimulatedIntWeight(packed).multiply(ops, x, bias).toFloats());
    }
  }

  @Test
  void saysWhatItIs() {
    ActivationQuantizer quantizer = ActivationQuantizer.perToken(4, true);
    PackedIntWeight packed =
        new PackedIntWeight(RandomIntWeights.of(new Random(1), 4, true, 5, 1, 16), quantizer);
    SimulatedIntWeight simulated = new SimulatedIntWeight(packed);
    assertEquals("INT4, activations INT4 per token, simulated", simulated.format());
    try (Ops ops = Ops.serial()) {
      Tensor x = Tensor.zeros(1, 16).requireGrad();
      assertThrows(IllegalStateException.class, () -> simulated.multiply(ops, x, null));
    }
  }
}
