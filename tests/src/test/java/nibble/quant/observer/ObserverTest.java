package nibble.quant.observer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import nibble.kernels.parallel.WorkSplitter;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Grid;
import nibble.quant.format.IntFormat;

class ObserverTest {

  private static float[] heavyTailed(int count, long seed) {
    Random random = new Random(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
    }
    return x;
  }

  @Property(tries = 100)
  void histogramsDoNotDependOnOrderOrSplit(
      @ForAll @Size(min = 1, max = 60) @FloatRange(min = -1e6f, max = 1e6f) float[] x,
      @ForAll @IntRange(max = 60) int cut) {
    int split = Math.min(cut, x.length);
    Histogram whole = new Histogram("x");
    whole.add(x, 0, x.length);
    Histogram first = new Histogram("x");
    first.add(x, 0, split);
    Histogram second = new Histogram("x");
    for (int i = x.length - 1; i >= split; i--) {
      second.add(x, i, 1);
    }
    first.merge(second);
    assertTrue(whole.sameCounts(first));
    assertEquals(whole.min(), first.min());
    assertEquals(whole.max(), first.max());
    assertEquals(x.length, Arrays.stream(whole.counts()).sum());
    assertEquals(x.length, Arrays.stream(whole.between(17)).sum());
  }

  @Property(tries = 60)
  void quantilesAreAtMostOneBinOff(
      @ForAll @IntRange(min = 1, max = 3000) int count,
      @ForAll long seed,
      @ForAll @DoubleRange(min = 0, max = 1) double p) {
    float[] x = heavyTailed(count, seed);
    Histogram histogram = new Histogram("x");
    histogram.add(x, 0, count);
    Arrays.sort(x);
    int below = (int) Math.floor(p * (count - 1));
    float low = x[below];
    float high = x[Math.min(count - 1, below + 1)];
    float largest = Math.max(Math.abs(x[0]), Math.abs(x[count - 1]));
    assertTrue(histogram.binWidth() <= largest / 2048);
    double quantile = histogram.quantile(p);
    assertTrue(quantile >= low - histogram.binWidth() && quantile <= high + histogram.binWidth());
  }

  @Property(tries = 30)
  void percentileSearchKeepsTheBestCandidate(
      @ForAll long seed, @ForAll @IntRange(min = 3, max = 8) int bits) {
    float[] x = heavyTailed(4000, seed);
    PercentileObserver search = PercentileObserver.repq("x");
    search.observe(x, 0, x.length);
    double least = GridError.of(search.grid(IntFormat.asymmetric(bits)), search.histogram(), 2);
    for (double p : new double[] {0.999, 0.9999, 0.99999}) {
      PercentileObserver single = new PercentileObserver("x", p);
      single.observe(x, 0, x.length);
      assertTrue(
          least <= GridError.of(single.grid(IntFormat.asymmetric(bits)), search.histogram(), 2));
    }
  }

  @Property(tries = 20)
  void mseSearchBeatsTheWholeRange(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int bits) {
    float[] x = heavyTailed(4000, seed);
    MseObserver search = new MseObserver("x", new ClipSearch.Shrink(2, 80, 100));
    MinMaxObserver whole = new MinMaxObserver("x", 1);
    search.observe(x, 0, 2500);
    MseObserver other = new MseObserver("x", new ClipSearch.Shrink(2, 80, 100));
    other.observe(x, 2500, 1500);
    search.merge(other);
    whole.observe(x, 0, x.length);
    IntFormat format = IntFormat.asymmetric(bits);
    assertTrue(squaredError(search.grid(format), x) < 1.01 * squaredError(whole.grid(format), x));
  }

  private static double squaredError(Grid grid, float[] x) {
    double sum = 0;
    for (float value : x) {
      double d = (double) value - grid.fakeQuantize(value);
      sum += d * d;
    }
    return sum;
  }

  @Example
  void minMaxCoversWhatAllThreadsSaw() {
    MinMaxObserver a = new MinMaxObserver("x", 1);
    MinMaxObserver b = new MinMaxObserver("x", 1);
    a.observe(new float[] {9, 1, 2}, 1, 2);
    b.observe(new float[] {-3, 0}, 0, 2);
    a.merge(b);
    assertEquals(Grid.covering(IntFormat.asymmetric(4), -3, 2), a.grid(IntFormat.asymmetric(4)));
  }

  @Example
  void momentsAreExact() {
    Histogram histogram = new Histogram("x");
    histogram.add(new float[] {1, -3, 5, 1}, 0, 4);
    assertEquals(1.0, histogram.mean());
    assertEquals(3.0, histogram.rms());
    assertEquals(4, histogram.count());
  }

  @Example
  void nothingSeenAndValuesThatAreNotFiniteAreErrors() {
    for (ActivationObserver observer :
        new ActivationObserver[] {
          new MinMaxObserver("head.input", 1),
          PercentileObserver.repq("head.input"),
          new MseObserver("head.input", new ClipSearch.Shrink(2, 8, 10))
        }) {
      assertThrows(IllegalStateException.class, () -> observer.grid(IntFormat.asymmetric(8)));
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () -> observer.observe(new float[] {1, Float.NaN}, 0, 2))
              .getMessage();
      assertTrue(message.startsWith("head.input: observed NaN"), message);
    }
  }

  @Property(tries = 20)
  void hessiansOfPartsMerge(
      @ForAll @IntRange(min = 1, max = 20) int in,
      @ForAll @IntRange(min = 2, max = 40) int tokens,
      @ForAll long seed) {
    float[] x = heavyTailed(in * tokens, seed);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      HessianAccumulator first = new HessianAccumulator("x", in);
      HessianAccumulator second = new HessianAccumulator("x", in);
      first.add(x, 0, tokens / 2, serial);
      second.add(x, tokens / 2 * in, tokens - tokens / 2, serial);
      first.merge(second);
      Hessian hessian = first.hessian();
      float[] ones = new float[tokens];
      Arrays.fill(ones, 1f);
      HessianAccumulator weighted = new HessianAccumulator("x", in);
      weighted.add(x, 0, tokens, ones, serial);
      Hessian same = weighted.hessian();
      for (int i = 0; i < in; i++) {
        for (int j = 0; j < in; j++) {
          double sum = 0;
          double magnitude = 0;
          for (int t = 0; t < tokens; t++) {
            double product = (double) x[t * in + i] * x[t * in + j];
            sum += product;
            magnitude += Math.abs(product);
          }
          double bound = 2 * magnitude / tokens * (tokens + 2) * 0x1p-23;
          assertEquals(2 * sum / tokens, hessian.values()[i * in + j], bound);
          assertEquals(2 * sum / tokens, same.values()[i * in + j], bound);
          assertEquals(hessian.values()[i * in + j], hessian.values()[j * in + i]);
        }
      }
    }
  }

  @Example
  void tokensWithoutWeightDoNotCount() {
    try (WorkSplitter serial = WorkSplitter.serial()) {
      HessianAccumulator accumulator = new HessianAccumulator("x", 1);
      assertThrows(IllegalStateException.class, accumulator::hessian);
      accumulator.add(new float[] {3, 100}, 0, 2, new float[] {2, 0}, serial);
      assertEquals(18.0, accumulator.hessian().values()[0], 1e-5);
      accumulator.add(new float[] {Float.NaN}, 0, 1, serial);
      assertThrows(IllegalArgumentException.class, accumulator::hessian);
    }
  }
}
