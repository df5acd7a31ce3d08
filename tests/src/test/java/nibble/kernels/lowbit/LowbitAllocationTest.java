package nibble.kernels.lowbit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Random;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.lowbit.Cases.Codes;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.VectorSupport;
import nibble.testing.Allocations;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A compiled vector kernel keeps vectors in registers: one that allocates is many times slower.
 * What is left is the task of a call.
 */
class LowbitAllocationTest {
  private static final long BYTES_PER_CALL = 1024;
  private static final int CALLS = 200;
  private static final int OUT = 200; // a wide panel and a narrow one
  private static final int IN = 384;

  private final WorkSplitter serial = WorkSplitter.serial();
  private final float[] x = Cases.activations(new Random(2), 14 * IN);
  private final float[] out = new float[14 * OUT];

  @BeforeEach
  void vectorsAreNative() {
    assumeTrue(
        VectorSupport.isAvailable() && Widths.fitsMachine(),
        "needs vectors of a width that the machine has");
  }

  @ParameterizedTest
  @CsvSource({"1, 4, 32", "1, 4, 384", "1, 8, 32", "12, 4, 32", "12, 4, 384", "12, 8, 32"})
  void floatActivations(int rows, int bits, int groupSize) {
    IntWeights weights =
        Cases.weights(new Random(groupSize), OUT, IN, bits, groupSize, true, Codes.RANDOM);
    assertSmall(
        () -> IntGemm.best().multiply(rows, x, 0, IN, weights, Epilogue.NONE, out, 0, OUT, serial));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 4, 8, 32",
    "1, 8, 8, 384",
    "14, 4, 4, 32",
    "14, 4, 4, 64",
    "14, 4, 4, 384",
    "14, 4, 8, 32",
    "14, 4, 8, 384",
    "14, 8, 8, 32",
    "14, 8, 8, 384",
    "14, 8, 4, 384"
  })
  void integerActivations(int rows, int bits, int activationBits, int groupSize) {
    IntWeights weights =
        Cases.weights(new Random(groupSize), OUT, IN, bits, groupSize, true, Codes.RANDOM);
    for (boolean symmetric : new boolean[] {true, false}) {
      ActivationQuantizer quantizer = ActivationQuantizer.perToken(activationBits, symmetric);
      assertSmall(
          () ->
              IntGemm.best()
                  .multiply(
                      rows, x, 0, IN, quantizer, weights, Epilogue.NONE, out, 0, OUT, serial));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4})
  void binaryCodes(int planes) {
    BinaryWeights weights =
        BinaryWeights.fromUniform(
            Cases.weights(new Random(1), OUT, IN, planes, 32, true, Codes.RANDOM));
    for (int rows : new int[] {1, 12}) {
      assertSmall(
          () -> LutGemv.best().multiply(rows, x, 0, IN, weights, null, out, 0, OUT, serial));
    }
  }

  private static void assertSmall(Runnable call) {
    Allocations.assertAtMost(BYTES_PER_CALL, "a product", CALLS, call);
  }
}
