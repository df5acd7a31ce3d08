package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import nibble.kernels.gemm.Gemm.WeightType;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.rowwise.Activation;
import nibble.kernels.rowwise.Activations;
import nibble.kernels.rowwise.Elementwise;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Matrix products of vision transformers, tokens x in x out. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
public class GemmBenchmark {
  @Param({"scalar", "vector"})
  public String kernel;

  @Param({"197x768x768", "197x768x3072", "197x3072x768", "197x192x768", "1x768x3072"})
  public String shape;

  @Param({"F32", "BF16", "F16"})
  public WeightType type;

  @Param("1")
  public int workers;

  private final Scratch scratch = new Scratch();
  private Gemm gemm;
  private WorkSplitter splitter;
  private PackedMatrix packed;
  private int rows;
  private int in;
  private int out;
  private float[] x;
  private float[] w;
  private float[] y;
  private float[] residual;
  private Epilogue bias;
  private Epilogue epilogue;

  @Setup(Level.Trial)
  public void setUp() {
    String[] parts = shape.split("x");
    rows = Integer.parseInt(parts[0]);
    in = Integer.parseInt(parts[1]);
    out = Integer.parseInt(parts[2]);
    gemm = kernel.equals("vector") ? new VectorGemm() : new ScalarGemm();
    splitter = WorkSplitter.ofThreads(workers);
    x = random(rows * in, 1);
    w = random(in * out, 2);
    y = new float[rows * out];
    MemorySegment weights = MemorySegment.ofArray(w);
    if (type != WeightType.F32) {
      short[] bits = new short[w.length];
      for (int i = 0; i < bits.length; i++) {
        bits[i] =
            type == WeightType.F16
                ? Float.floatToFloat16(w[i])
                : (short) (Float.floatToRawIntBits(w[i]) >>> 16);
      }
      weights = MemorySegment.ofArray(bits);
    }
    packed = gemm.pack(weights, 0, type, out, in);
    residual = new float[rows * out];
    bias = Epilogue.ofBias(new float[out]);
    epilogue = bias.then(Activation.GELU).plus(residual, 0, out);
  }

  private static float[] random(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextDouble(-1, 1);
    }
    return values;
  }

  @TearDown
  public void tearDown() {
    splitter.close();
  }

  @Benchmark
  public float[] multiply() {
    gemm.multiply(rows, x, 0, in, packed, Epilogue.NONE, y, 0, out, splitter);
    return y;
  }

  /** The same with a bias, GELU and a residual, in one pass. */
  @Benchmark
  public float[] multiplyWithEpilogue() {
    gemm.multiply(rows, x, 0, in, packed, epilogue, y, 0, out, splitter);
    return y;
  }

  /** The same as separate kernels. */
  @Benchmark
  public float[] multiplyThenSeparateKernels() {
    gemm.multiply(rows, x, 0, in, packed, bias, y, 0, out, splitter);
    Activations.best().forward(Activation.GELU, y.length, y, 0, y, 0);
    Elementwise.best().add(y.length, y, 0, residual, 0, y, 0);
    return y;
  }

  /** The same product without packing ahead; the weight type does not matter. */
  @Benchmark
  public float[] gemmTransposed() {
    gemm.gemm(rows, out, in, 1, x, 0, in, 1, w, 0, 1, in, false, y, 0, out, scratch);
    return y;
  }
}
