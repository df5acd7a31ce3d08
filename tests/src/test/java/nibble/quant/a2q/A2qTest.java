package nibble.quant.a2q;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import nibble.kernels.lowbit.ActivationQuantizer;
import nibble.kernels.parallel.WorkSplitter;
import nibble.nn.Linear;
import nibble.nn.Model;
import nibble.nn.packed.Simulation;
import nibble.quant.format.ClipSearch;
import nibble.quant.format.Granularity;
import nibble.quant.format.IntFormat;
import nibble.quant.format.QuantParams;
import nibble.quant.format.QuantizedTensor;
import nibble.quant.format.Scheme;
import nibble.quant.model.LayerResult;
import nibble.quant.model.MethodReport;
import nibble.quant.model.ModelTask;
import nibble.quant.model.SampleSource;
import nibble.quant.model.Samples;
import nibble.tensor.Ops;
import nibble.tensor.Tensor;
import nibble.testing.LayerCodes;
import nibble.testing.RandomModels;
import nibble.testing.RandomTextModels;
import org.junit.jupiter.api.Test;

class A2qTest {
  private static final RandomTextModels.Shape SHAPE =
      new RandomTextModels.Shape(4, 2, 8, 2, 48, false, false, false, false, 0);

  private final Ops ops = Ops.serial();

  private static Tensor random(Random random, int rows, int columns, float spread) {
    return Tensor.of(RandomModels.gaussian(random, rows * columns, 0.2f, spread), rows, columns);
  }

  private static QuantizedTensor tensor(byte[] codes, int in, IntFormat format) {
    float[] scales = new float[codes.length / in];
    Arrays.fill(scales, 1);
    return new QuantizedTensor(
        codes,
        new QuantParams(
            format,
            new Granularity.PerChannel(),
            scales.length,
            in,
            scales,
            new byte[scales.length]));
  }

  /** Adds products as an accumulator of {@code bits} bits does: what does not fit wraps around. */
  private static long wrapped(byte[] q, int[] x, int bits) {
    long sum = 0;
    for (int i = 0; i < q.length; i++) {
      sum = (sum + (long) q[i] * x[i]) << (64 - bits) >> (64 - bits);
    }
    return sum;
  }

  private static long exact(byte[] q, int[] x) {
    long sum = 0;
    for (int i = 0; i < q.length; i++) {
      sum += (long) q[i] * x[i];
    }
    return sum;
  }

  /**
   * Inputs that drive the sum of {@code q x} as far up (or down) as codes {@code low .. high} can,
   * those of one sign first so that partial sums go as far too.
   */
  private static int[] worst(byte[] q, int low, int high, boolean up) {
    int[] x = new int[q.length];
    for (int i = 0; i < q.length; i++) {
      x[i] = q[i] > 0 == up ? high : low;
    }
    return x;
  }

  /**
   * Whatever directions, norms and scales are: the codes keep the bound, and in an accumulator of P
   * bits no sum wraps, for inputs at their extremes and at random, with codes and with levels of
   * any zero point.
   */
  @Property(tries = 150)
  void noSumEverLeavesTheAccumulator(
      @ForAll long seed,
      @ForAll @IntRange(min = 6, max = 20) int p,
      @ForAll @IntRange(min = 2, max = 8) int n,
      @ForAll @IntRange(min = 2, max = 8) int bits,
      @ForAll @IntRange(max = 2) int kind,
      @ForAll @IntRange(min = 1, max = 40) int in) {
    Random random = new Random(seed);
    AccumulatorBound bound = new AccumulatorBound(p, n, kind == 1, kind == 2);
    BoundedFunction function =
        new BoundedFunction(IntFormat.symmetric(bits), bound.limit(), bound.centred());
    Tensor v = random(random, 2, in, 3);
    Tensor a = Tensor.of(RandomModels.gaussian(random, 2, 2, 5), 2);
    Tensor t = Tensor.of(RandomModels.gaussian(random, 2, -1, 3), 2);
    byte[] codes = function.codes(v, a, t);
    assertTrue(bound.holds(tensor(codes, in, IntFormat.symmetric(bits))));
    int z = kind == 1 ? 0 : random.nextInt(1 << n);
    int low = kind == 1 ? -(1 << (n - 1)) : 0;
    int high = low + (1 << n) - 1;
    for (int row = 0; row < 2; row++) {
      byte[] q = Arrays.copyOfRange(codes, row * in, (row + 1) * in);
      for (int shift : new int[] {0, z}) {
        int[] some =
            IntStream.generate(() -> low - shift + random.nextInt(1 << n)).limit(in).toArray();
        for (int[] x :
            new int[][] {
              worst(q, low - shift, high - shift, true),
              worst(q, low - shift, high - shift, false),
              some
            }) {
          assertEquals(exact(q, x), wrapped(q, x, p), "P = " + p);
          assertTrue(Math.abs(exact(q, x)) <= (1L << (p - 1)) - 1);
        }
      }
    }
  }

  /**
   * The bound is tight: one code more, and some input leaves the accumulator. So does round to
   * nearest.
   */
  @Test
  void theBoundIsTightAndNearestCodesBreakIt() {
    AccumulatorBound bound = new AccumulatorBound(8, 4, true, false);
    assertEquals(127 / 8.0, bound.limit());
    assertTrue(bound.holds(tensor(new byte[] {7, -7, 1}, 3, IntFormat.symmetric(4))));
    byte[] over = {7, -7, 2};
    assertTrue(!bound.holds(tensor(over, 3, IntFormat.symmetric(4))));
    byte[] allNegative = {-7, -7, -2};
    assertEquals(128, exact(allNegative, new int[] {-8, -8, -8}));
    assertEquals(-128, wrapped(allNegative, new int[] {-8, -8, -8}, 8));
    AccumulatorBound plus = new AccumulatorBound(8, 4, false, true);
    assertEquals(254 / 15.0, plus.limit());
    assertTrue(plus.holds(tensor(new byte[] {7, 1, -7, -1}, 4, IntFormat.symmetric(4))));
    assertTrue(!plus.holds(tensor(new byte[] {7, 2, -7, 0}, 4, IntFormat.symmetric(4))));
    float[] w = RandomModels.gaussian(new Random(1), 64, 0, 1);
    try (WorkSplitter serial = WorkSplitter.serial()) {
      QuantParams params =
          QuantParams.fit(
              "w",
              w,
              0,
              1,
              64,
              IntFormat.symmetric(4),
              new Granularity.PerChannel(),
              ClipSearch.none(),
              serial);
      byte[] nearest = params.quantize("w", w, 0);
      assertTrue(
          exact(nearest, worst(nearest, 0, 255, true))
              != wrapped(nearest, worst(nearest, 0, 255, true), 14));
    }
    assertThrows(IllegalArgumentException.class, () -> new AccumulatorBound(16, 8, true, true));
    assertThrows(IllegalArgumentException.class, () -> new AccumulatorBound(1, 8, true, false));
  }

  @Property(tries = 60)
  void theProjectionIsTheNearestPointOfTheBall(@ForAll long seed) {
    Random random = new Random(seed);
    double[] w = {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()};
    double radius = 0.2 + random.nextDouble() * 2;
    double[] found = w.clone();
    L1Ball.project(found, 0, 3, radius);
    double norm = Math.abs(w[0]) + Math.abs(w[1]) + Math.abs(w[2]);
    double after = Math.abs(found[0]) + Math.abs(found[1]) + Math.abs(found[2]);
    assertEquals(Math.min(norm, radius), after, 1e-12);
    double[] again = found.clone();
    L1Ball.project(again, 0, 3, radius);
    assertArrayEquals(found, again, 1e-12);
    double distance = distance(w, found);
    for (int i = 0; i < 3000; i++) {
      double[] other = {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()};
      double factor =
          radius
              * random.nextDouble()
              / (Math.abs(other[0]) + Math.abs(other[1]) + Math.abs(other[2]));
      for (int j = 0; j < 3; j++) {
        other[j] *= factor;
      }
      assertTrue(distance(w, other) >= distance - 1e-9);
    }
  }

  private static double distance(double[] a, double[] b) {
    return Math.pow(a[0] - b[0], 2) + Math.pow(a[1] - b[1], 2) + Math.pow(a[2] - b[2], 2);
  }

  /**
   * Straight through: derivatives are those of {@code s (v g' / |v|_1 + fixed residues)}, taken in
   * double.
   */
  @Property(tries = 20)
  void gradientsAreStraightThrough(
      @ForAll long seed, @ForAll boolean centred, @ForAll boolean capped) {
    Random random = new Random(seed);
    BoundedFunction function =
        new BoundedFunction(IntFormat.symmetric(8), capped ? 9.5 : 1e9, centred);
    Tensor v = random(random, 1, 6, 1).requireGrad();
    Tensor a = Tensor.of(new float[] {3.1f}, 1).requireGrad();
    Tensor t = Tensor.of(new float[] {-1.2f}, 1).requireGrad();
    float[] c = RandomModels.gaussian(random, 6, 0, 1);
    ops.backward(ops.sum(ops.mul(ops.custom(function, v, a, t), Tensor.of(c, 1, 6))));
    byte[] codes = function.codes(v, a, t);
    double[] values = {
      v.toFloats()[0],
      v.toFloats()[1],
      v.toFloats()[2],
      v.toFloats()[3],
      v.toFloats()[4],
      v.toFloats()[5],
      3.1f,
      -1.2f
    };
    double[] start = exact(values, function);
    double[] residues = new double[6];
    for (int i = 0; i < 6; i++) {
      residues[i] = codes[i] - start[i];
    }
    DoubleSupplier smooth =
        () -> {
          double[] exact = exact(values, function);
          double sum = 0;
          for (int i = 0; i < 6; i++) {
            sum += c[i] * Math.pow(2, values[7]) * (exact[i] + residues[i]);
          }
          return sum;
        };
    Tensor[] leaves = {v, a, t};
    for (int i = 0; i < 8; i++) {
      double before = values[i];
      values[i] = before + 1e-6;
      double up = smooth.getAsDouble();
      values[i] = before - 1e-6;
      double slope = (up - smooth.getAsDouble()) / 2e-6;
      values[i] = before;
      Tensor grad = leaves[Math.max(0, i - 5)].grad();
      assertTrue(grad != null);
      assertEquals(
          slope, grad.toFloats()[i < 6 ? i : 0], 1e-3 * (1 + Math.abs(slope)), "leaf " + i);
    }
  }

  private static double[] exact(double[] values, BoundedFunction function) {
    double mean = 0;
    for (int i = 0; i < 6; i++) {
      mean += function.centred() ? values[i] / 6 : 0;
    }
    double norm = 0;
    for (int i = 0; i < 6; i++) {
      norm += Math.abs(values[i] - mean);
    }
    double capped = Math.min(Math.pow(2, values[6] - values[7]), function.limit());
    double[] exact = new double[6];
    for (int i = 0; i < 6; i++) {
      exact[i] = (values[i] - mean) * capped / norm;
    }
    return exact;
  }

  /** A wide accumulator starts with the nearest codes. */
  @Property(tries = 20)
  void wideAccumulatorsStartWithNearestCodes(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int bits) {
    Linear linear = RandomTextModels.llama(SHAPE, seed).linear("layers.0.attn.o");
    float[] w = linear.weight().peek().toFloats();
    try (WorkSplitter serial = WorkSplitter.serial()) {
      QuantParams params =
          QuantParams.fit(
              "w",
              w,
              0,
              linear.out(),
              linear.in(),
              IntFormat.symmetric(bits),
              new Granularity.PerChannel(),
              ClipSearch.none(),
              serial);
      AccumulatorBound bound =
          AccumulatorBound.of(32, ActivationQuantizer.perToken(8, false), false);
      assertArrayEquals(
          params.quantize("w", w, 0),
          new BoundedWeight(linear, params, bound, 0.01, 0).codes().codes());
    }
  }

  private ModelTask task(Model model, String scheme) {
    List<Samples> samples =
        IntStream.range(0, 6)
            .mapToObj(i -> Samples.unlabelled(RandomTextModels.input(12, 10 + i)))
            .toList();
    return ModelTask.of(
        ops,
        model,
        () -> RandomTextModels.llama(SHAPE, 1),
        SampleSource.of(samples),
        Scheme.parse(scheme),
        5);
  }

  /**
   * Narrower accumulators: all codes keep their bound, more of them are zero, the error grows;
   * training makes blocks better; packed is simulation.
   */
  @Test
  void narrowerAccumulatorsMakeMoreZeros() {
    double zeros = -1;
    double error = -1;
    for (int p : new int[] {24, 14, 12}) {
      Model model = RandomTextModels.llama(SHAPE, 1);
      MethodReport report =
          new A2q(new A2qOptions(p, false, 30, 4, 1e-2, 1e-3)).apply(task(model, "W4A8"));
      AccumulatorBound bound = new AccumulatorBound(p, 8, false, false);
      for (LayerResult layer : report.layers()) {
        assertTrue(layer.name().equals("head") || bound.holds(LayerCodes.of(layer)), layer.name());
      }
      double share = report.facts().get("share of bounded codes that are zero");
      double learned = report.facts().get("error with learned codes/layers.1");
      assertTrue(
          share > zeros && learned > error, p + " bits: " + share + " zeros, error " + learned);
      assertTrue(learned < report.facts().get("error with projected codes/layers.1"));
      zeros = share;
      error = learned;
      try (var inference = ops.noGrad()) {
        float[] packed = model.forward(ops, RandomTextModels.input(9, 3)).toFloats();
        Simulation.install(model);
        assertTrue(
            RandomModels.relativeDifference(
                    model.forward(ops, RandomTextModels.input(9, 3)).toFloats(), packed)
                < 1e-4);
      }
    }
    Model model = RandomTextModels.llama(SHAPE, 1);
    MethodReport plus =
        new A2q(new A2qOptions(12, true, 30, 4, 1e-2, 1e-3)).apply(task(model, "W4A8"));
    assertTrue(
        plus.facts().get("share of bounded codes that are zero") < zeros,
        "A2Q+ has twice the room");
  }

  @Test
  void schemesWithoutIntegerProductsAreRefused() {
    A2q method = new A2q(A2qOptions.DEFAULTS);
    method.check(Scheme.parse("W4A8"));
    method.check(Scheme.parse("W4A8 a:sym"));
    for (String scheme : new String[] {"W4A16", "W4A8 g32", "W4A8 w:asym", "W4A8 a:static"}) {
      assertThrows(
          IllegalArgumentException.class, () -> method.check(Scheme.parse(scheme)), scheme);
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> new A2q(new A2qOptions(16, true, 1, 1, 1, 0)).check(Scheme.parse("W4A8 a:sym")));
    assertThrows(IllegalArgumentException.class, () -> new A2qOptions(33, false, 1, 1, 1, 0));
  }
}
