package nibble.quant.adaround;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.TestWeights;
import nibble.quant.TestWeights.Sample;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.WeightScheme;
import nibble.quant.observer.Hessian;
import nibble.quant.observer.HessianAccumulator;
import nibble.quant.rtn.Rtn;
import nibble.tensor.Tensor;
import nibble.testing.RandomModels;
import org.junit.jupiter.api.Test;

class AdaRoundTest {
  private static final AdaRoundOptions QUICK = new AdaRoundOptions(300, 0.03, 0.5, 0.1);

  private final WorkSplitter serial = WorkSplitter.serial();

  @Provide
  Arbitrary<Sample> weights() {
    return TestWeights.samples(4, 24);
  }

  private static WeightScheme scheme(int bits, boolean asymmetric) {
    IntFormat format = asymmetric ? IntFormat.asymmetric(bits) : IntFormat.symmetric(bits);
    return new WeightScheme(format, new Granularity.PerChannel(), ClipSearch.none());
  }

  /** Inputs with something in common, so that rounding errors can help each other. */
  private Hessian hessian(int tokens, int in, double common, long seed) {
    Random random = new Random(seed);
    float[] x = new float[tokens * in];
    for (int t = 0; t < tokens; t++) {
      double shared = common * random.nextGaussian();
      for (int i = 0; i < in; i++) {
        x[t * in + i] = (float) (shared + random.nextGaussian());
      }
    }
    HessianAccumulator accumulator = new HessianAccumulator("x", in);
    accumulator.add(x, 0, tokens, serial);
    return accumulator.hessian();
  }

  private QuantizedTensor adaRound(
      float[] w, int out, int in, Hessian hessian, WeightScheme scheme) {
    return new AdaRound(QUICK).quantize("w", Tensor.of(w, out, in), hessian, scheme, serial);
  }

  private static double error(float[] w, QuantizedTensor codes, Hessian hessian) {
    float[] values = codes.dequantize();
    double[] d = new double[w.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = (double) values[i] - w[i];
    }
    return hessian.errorOf(d, codes.out());
  }

  @Property(tries = 40)
  void codesAreFloorOrCeilingAndNeverWorseThanNearest(
      @ForAll("weights") Sample sample,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll boolean asymmetric) {
    WeightScheme scheme = scheme(bits, asymmetric);
    Hessian hessian = hessian(64, sample.in(), 1, sample.seed());
    QuantizedTensor found = adaRound(sample.values(), sample.out(), sample.in(), hessian, scheme);
    QuantizedTensor nearest =
        Rtn.quantize("w", sample.values(), sample.out(), sample.in(), scheme, serial);
    assertArrayEquals(nearest.params().scales(), found.params().scales());
    for (int i = 0; i < found.codes().length; i++) {
      assertTrue(Math.abs(found.codes()[i] - nearest.codes()[i]) <= 1);
    }
    assertTrue(
        error(sample.values(), found, hessian)
            <= error(sample.values(), nearest, hessian) * (1 + 1e-9));
  }

  @Property(tries = 30)
  void quantizedWeightsStay(
      @ForAll("weights") Sample sample, @ForAll @IntRange(min = 3, max = 8) int bits) {
    WeightScheme scheme = scheme(bits, false);
    float[] onGrid =
        Rtn.quantize("w", sample.values(), sample.out(), sample.in(), scheme, serial).dequantize();
    QuantizedTensor again =
        adaRound(onGrid, sample.out(), sample.in(), hessian(64, sample.in(), 1, 3), scheme);
    float[] values = again.dequantize();
    for (int i = 0; i < values.length; i++) {
      assertEquals(onGrid[i], values[i], 1e-6 * Math.abs(onGrid[i]));
    }
  }

  /** Of inputs that have nothing in common, nearest codes are the best ones; they stay. */
  @Test
  void uncorrelatedInputsLeaveNearestCodes() {
    int in = 24;
    float[] x = new float[in * in];
    for (int i = 0; i < in; i++) {
      x[i * in + i] = 3;
    }
    HessianAccumulator accumulator = new HessianAccumulator("x", in);
    accumulator.add(x, 0, in, serial);
    Hessian hessian = accumulator.hessian();
    for (int seed = 0; seed < 5; seed++) {
      float[] w = RandomModels.gaussian(new Random(seed), 4 * in, 0, 1);
      QuantizedTensor nearest = Rtn.quantize("w", w, 4, in, scheme(3, false), serial);
      QuantizedTensor found = adaRound(w, 4, in, hessian, scheme(3, false));
      assertEquals(error(w, nearest, hessian), error(w, found, hessian), 1e-9);
      assertArrayEquals(nearest.codes(), found.codes());
    }
  }

  /**
   * Of all 2^10 ways to round ten weights, AdaRound mostly finds one that is within a tenth of the
   * way from the best to the nearest.
   */
  @Test
  void nearlyTheBestOfAllRoundings() {
    int good = 0;
    for (int seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      float[] w = new float[10];
      for (int i = 0; i < 10; i++) {
        w[i] = (float) random.nextGaussian();
      }
      Hessian hessian = hessian(100, 10, 1.5, seed);
      WeightScheme scheme = scheme(3, false);
      AdaRound patient = new AdaRound(new AdaRoundOptions(2000, 0.01, 0.5, 0.1));
      double found =
          error(w, patient.quantize("w", Tensor.of(w, 1, 10), hessian, scheme, serial), hessian);
      double best = best(w, hessian, Rtn.quantize("w", w, 1, 10, scheme, serial).params());
      double nearest = error(w, Rtn.quantize("w", w, 1, 10, scheme, serial), hessian);
      good += found <= best + 0.1 * (nearest - best) + 1e-9 ? 1 : 0;
    }
    assertTrue(good >= 14, good + " of 20 are nearly the best");
  }

  private static double best(float[] w, Hessian hessian, QuantParams params) {
    double best = Double.POSITIVE_INFINITY;
    for (int bits = 0; bits < 1 << 10; bits++) {
      double[] d = new double[10];
      for (int i = 0; i < 10; i++) {
        double code = Math.floor((double) w[i] / params.scales()[0]) + (bits >> i & 1);
        d[i] = params.scales()[0] * Math.max(-4, Math.min(3, code)) - w[i];
      }
      best = Math.min(best, hessian.errorOf(d, 1));
    }
    return best;
  }

  /** Inputs that go together leave much to gain. */
  @Test
  void correlatedInputsHalveTheErrorAtThreeBits() {
    float[] w = new Sample(TestWeights.GAUSSIAN, 16, 64, 4).values();
    Hessian hessian = hessian(500, 64, 2, 6);
    double nearest = error(w, Rtn.quantize("w", w, 16, 64, scheme(3, false), serial), hessian);
    double found = error(w, adaRound(w, 16, 64, hessian, scheme(3, false)), hessian);
    assertTrue(found < 0.5 * nearest, found + " against " + nearest);
  }

  @Test
  void missingDataAndWrongOptionsAreRefused() {
    Tensor w = Tensor.of(new float[] {1, 2}, 1, 2);
    assertThrows(
        IllegalArgumentException.class,
        () -> new AdaRound(QUICK).quantize("w", w, null, scheme(4, false), serial));
    assertThrows(
        IllegalArgumentException.class,
        () -> new AdaRound(QUICK).quantize("w", w, hessian(4, 3, 1, 1), scheme(4, false), serial));
    assertThrows(IllegalArgumentException.class, () -> new AdaRoundOptions(0, 0.01, 0.01, 0.2));
    assertThrows(IllegalArgumentException.class, () -> new AdaRoundOptions(10, 0.01, 0.01, 1));
  }
}
