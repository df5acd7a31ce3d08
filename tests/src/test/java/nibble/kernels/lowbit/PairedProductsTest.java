package nibble.kernels.lowbit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.lowbit.Cases.Codes;
import nibble.kernels.parallel.WorkSplitter;
import org.junit.jupiter.api.Test;

/** Two products in one FP32 lane: exact up to the last step that the bound allows. */
class PairedProductsTest {
  private static final int ROWS = 7;

  /** |S| in a lane, as {@code PairedLanes} derives it. */
  private static final int LARGEST_SUM = 2895;

  private final IntGemm scalar = new ScalarIntGemm();
  private final IntGemm vector = IntGemm.best();

  /**
   * All products as large as they can be, of either sign, in groups of every length: the longest
   * exact chunk is full, and the next step begins another.
   */
  @Property(tries = 120)
  void extremeCodesOfEveryFormatAreExact(
      @ForAll @IntRange(min = 2, max = 4) int weightBits,
      @ForAll @IntRange(min = 2, max = 5) int bits,
      @ForAll boolean symmetric,
      @ForAll boolean symmetricActivations,
      @ForAll @IntRange(min = 1, max = 60) int steps,
      @ForAll boolean lowWeights,
      @ForAll boolean lowActivations,
      @ForAll long seed) {
    int in = 8 * steps;
    Random random = new Random(seed);
    Codes codes = lowWeights ? Codes.ALL_MINIMUM : Codes.ALL_MAXIMUM;
    IntWeights weights = Cases.weights(random, 35, in, weightBits, in, symmetric, codes);
    int zeroPoint = symmetricActivations ? 0 : lowActivations ? (1 << bits) - 1 : 0;
    ActivationQuantizer quantizer =
        new ActivationQuantizer.PerTensor(bits, symmetricActivations, 1, zeroPoint);
    float[] x = new float[ROWS * in];
    Arrays.fill(x, lowActivations ? -1e9f : 1e9f);
    assertEqual(x, quantizer, weights);
  }

  /** Sums of the two outputs of a lane with opposite signs, and activations that change sign. */
  @Property(tries = 120)
  void neighboursOfOppositeSignsAreExact(
      @ForAll @IntRange(min = 2, max = 5) int bits,
      @ForAll boolean symmetricActivations,
      @ForAll @IntRange(min = 1, max = 100) int steps,
      @ForAll long seed) {
    int in = 8 * steps;
    Random random = new Random(seed);
    byte[] codes = new byte[64 * in];
    for (int row = 0; row < 64; row++) {
      boolean isLow = random.nextBoolean();
      for (int k = 0; k < in; k++) {
        codes[row * in + k] = (byte) (isLow ? -8 : 7);
      }
    }
    float[] scales = new float[64];
    Arrays.fill(scales, 0.25f);
    IntWeights weights = IntWeights.packSymmetric(codes, scales, 64, in, 4, in);
    float[] x = new float[ROWS * in];
    for (int i = 0; i < x.length; i++) {
      x[i] = (i / 40 % 2 == 0 ? 1 : -1) * (1 + random.nextInt(2));
    }
    assertEqual(x, ActivationQuantizer.perToken(bits, symmetricActivations), weights);
  }

  @Property(tries = 100)
  void chunksAreTheLongestThatHold(
      @ForAll long seed,
      @ForAll @IntRange(min = 2, max = 4) int bits,
      @ForAll boolean symmetric,
      @ForAll @IntRange(min = 1, max = 40) int steps,
      @ForAll @IntRange(min = 1, max = 3) int groups,
      @ForAll @IntRange(min = 7, max = 8) int activation,
      @ForAll Codes codes) {
    int groupSize = 8 * steps;
    IntWeights weights =
        Cases.weights(new Random(seed), 5, groups * groupSize, bits, groupSize, symmetric, codes);
    int most = LARGEST_SUM / activation;
    int chunk = weights.exactChunks().inputs(most);
    assertEquals(0, chunk % 8);
    assertTrue(holds(weights, chunk, most));
    int parts = Math.ceilDiv(groupSize, chunk);
    if (parts > 1) {
      assertTrue(
          !holds(weights, Math.ceilDiv(steps, parts - 1) * 8, most),
          "a longer chunk of " + groupSize + " holds than " + chunk);
    }
  }

  private static boolean holds(IntWeights weights, int chunk, int most) {
    for (int row = 0; row < weights.out(); row++) {
      for (int group = 0; group < weights.in(); group += weights.groupSize()) {
        for (int first = group; first < group + weights.groupSize(); first += chunk) {
          int sum = 0;
          for (int k = first; k < Math.min(first + chunk, group + weights.groupSize()); k++) {
            sum += Math.abs(weights.level(row, k));
          }
          if (sum > most) {
            return false;
          }
        }
      }
    }
    return true;
  }

  /**
   * The bound itself: every pair of sums up to it comes apart again, the largest with either sign.
   */
  @Test
  void everyPairOfSumsUpToTheBoundComesApart() {
    float base = 5793;
    float inverse = 1 / base;
    float integers = 0x1.8p23f;
    for (int high = -LARGEST_SUM; high <= LARGEST_SUM; high++) {
      for (int low :
          new int[] {-LARGEST_SUM, -LARGEST_SUM + 1, -1, 0, 1, LARGEST_SUM - 1, LARGEST_SUM}) {
        float acc = Math.fma(base, high, low);
        assertTrue((double) acc == base * (double) high + low);
        float s1 = Math.fma(acc, inverse, integers) - integers;
        assertEquals(high, s1);
        assertEquals(low, Math.fma(-base, s1, acc));
      }
    }
  }

  private void assertEqual(float[] x, ActivationQuantizer quantizer, IntWeights weights) {
    float[] expected = new float[ROWS * weights.out()];
    float[] actual = new float[ROWS * weights.out()];
    WorkSplitter serial = WorkSplitter.serial();
    scalar.multiply(
        ROWS,
        x,
        0,
        weights.in(),
        quantizer,
        weights,
        Epilogue.NONE,
        expected,
        0,
        weights.out(),
        serial);
    vector.multiply(
        ROWS,
        x,
        0,
        weights.in(),
        quantizer,
        weights,
        Epilogue.NONE,
        actual,
        0,
        weights.out(),
        serial);
    assertArrayEquals(expected, actual);
  }
}
