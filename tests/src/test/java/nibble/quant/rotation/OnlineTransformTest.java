package nibble.quant.rotation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalLong;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.nn.online.HadamardSite;
import nibble.nn.online.HeadHadamardSite;
import nibble.nn.online.OnlineTransform;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

/** What a rotated model does to activations at run time is what was folded into its weights. */
class OnlineTransformTest {
  private static final int[] SIZES = {1, 2, 4, 12, 16, 20, 24, 48, 64, 96};
  private static final int[] HEADS = {1, 2, 4, 8, 12, 16, 20};

  @Property(tries = 40)
  void hadamardEqualsTheFoldedOne(
      @ForAll long seed,
      @ForAll @IntRange(max = 9) int size,
      @ForAll @IntRange(min = 1, max = 5) int rows) {
    check(new HadamardSite(SIZES[size]), RandomizedHadamard.plain(SIZES[size]), rows, seed);
  }

  @Property(tries = 40)
  void randomisedHadamardEqualsTheFoldedOne(
      @ForAll long seed,
      @ForAll @IntRange(max = 9) int size,
      @ForAll @IntRange(min = 1, max = 5) int rows) {
    check(
        new HadamardSite(SIZES[size], OptionalLong.of(seed)),
        RandomizedHadamard.random(SIZES[size], seed),
        rows,
        seed);
  }

  @Property(tries = 40)
  void hadamardAcrossHeadsEqualsTheFoldedOne(
      @ForAll long seed,
      @ForAll @IntRange(max = 6) int heads,
      @ForAll @IntRange(min = 1, max = 9) int headDim,
      @ForAll @IntRange(min = 1, max = 5) int rows) {
    Orthogonal folded = new AcrossHeads(RandomizedHadamard.plain(HEADS[heads]), headDim);
    check(new HeadHadamardSite(HEADS[heads]), folded, rows, seed);
  }

  /**
   * Values against {@code folded}; the gradient of {@code <y, r>} in x is {@code Q^T r}, so {@code
   * <x, gradient> = <Q x, r>} for every x.
   */
  private static void check(OnlineTransform site, Orthogonal folded, int rows, long seed) {
    Random random = new Random(seed);
    int width = folded.size();
    Tensor x =
        Tensor.of(RandomModels.gaussian(random, rows * width, 0, 1), rows, width).requireGrad();
    Tensor r = Tensor.of(RandomModels.gaussian(random, rows * width, 0, 1), rows, width);
    float[] input = x.toFloats();
    try (Ops ops = Ops.serial()) {
      Tensor y = site.apply(ops, x);
      ops.backward(ops.sum(ops.mul(y, r)));
      Tensor gradient = x.grad();
      assertNotNull(gradient);
      float[] actual = y.toFloats();
      assertEquals(0, RandomModels.relativeDifference(x.toFloats(), input), "the input stays");
      for (int row = 0; row < rows; row++) {
        double[] expected = doubles(input, row, width);
        double norm = norm(expected);
        folded.apply(expected, 0);
        // a transform adds at most log2 or sqrt of the width many rounded numbers of size norm
        double bound = 2 * Math.sqrt(width) * 0x1p-23 * norm + 1e-30;
        for (int i = 0; i < width; i++) {
          assertEquals(expected[i], actual[row * width + i], bound);
        }
        assertEquals(norm, norm(doubles(actual, row, width)), bound * Math.sqrt(width));
        checkTransposed(
            folded, doubles(r.toFloats(), row, width), doubles(gradient.toFloats(), row, width));
      }
    }
  }

  /** {@code Q (Q^T r) = r}. */
  private static void checkTransposed(Orthogonal folded, double[] r, double[] gradient) {
    folded.apply(gradient, 0);
    double bound = 4 * Math.sqrt(r.length) * 0x1p-23 * norm(r) + 1e-30;
    for (int i = 0; i < r.length; i++) {
      assertEquals(r[i], gradient[i], bound);
    }
  }

  @Test
  void kindSizeAndSeedAreEnoughToMakeOneAgain() {
    for (OnlineTransform transform :
        new OnlineTransform[] {
          new HadamardSite(24), new HadamardSite(24, OptionalLong.of(5)), new HeadHadamardSite(4)
        }) {
      OnlineTransform again =
          OnlineTransform.of(transform.kind(), transform.size(), transform.signSeed());
      assertEquals(transform.getClass(), again.getClass());
      assertEquals(transform.size(), again.size());
      assertEquals(transform.signSeed(), again.signSeed());
    }
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> OnlineTransform.of("fourier", 8, OptionalLong.empty()));
    assertEquals(
        "unknown online transform 'fourier'; known are hadamard, hadamard_across_heads",
        e.getMessage());
    assertThrows(
        IllegalArgumentException.class,
        () -> OnlineTransform.of("hadamard", 7, OptionalLong.empty()));
  }

  @Test
  void widthsThatDoNotFitAreNamed() {
    try (Ops ops = Ops.serial()) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new HadamardSite(8).apply(ops, Tensor.zeros(2, 16)))
              .getMessage();
      assertEquals("expected rows of 8 channels, found [2, 16]", message);
      message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> new HeadHadamardSite(4).apply(ops, Tensor.zeros(2, 10)))
              .getMessage();
      assertTrue(message.contains("4 heads"), message);
    }
  }

  private static double[] doubles(float[] values, int row, int width) {
    double[] result = new double[width];
    for (int i = 0; i < width; i++) {
      result[i] = values[row * width + i];
    }
    return result;
  }

  private static double norm(double[] x) {
    double sum = 0;
    for (double v : x) {
      sum += v * v;
    }
    return Math.sqrt(sum);
  }
}
