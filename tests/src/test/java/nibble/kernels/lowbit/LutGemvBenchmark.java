package nibble.kernels.lowbit;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.lowbit.Cases.Codes;
import nibble.kernels.parallel.WorkSplitter;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Binary-coded weights times one row, one thread, beside 4-bit codes of the same shape. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class LutGemvBenchmark {
  @Param({"scalar", "vector"})
  String kernel;

  /** Inputs and outputs. */
  @Param({"768", "3072", "4096"})
  int size;

  @Param({"1", "2", "3", "4"})
  int planes;

  private LutGemv gemv;
  private BinaryWeights weights;
  private IntWeights codes;
  private float[] x;
  private float[] y;
  private final WorkSplitter splitter = WorkSplitter.serial();

  /** Draws weights and activations. */
  @Setup
  public void draw() {
    gemv = kernel.equals("scalar") ? new ScalarLutGemv() : new VectorLutGemv();
    Random random = new Random(1);
    byte[] bits = Cases.codes(random, size, size, planes, false, Codes.RANDOM);
    weights =
        BinaryWeights.pack(
            bits,
            Cases.activations(random, size * planes * (size / 128)),
            null,
            size,
            size,
            planes,
            128);
    codes = Cases.weights(random, size, size, 4, 128, true, Codes.RANDOM);
    x = Cases.activations(random, size);
    y = new float[size];
  }

  /** Look-up. */
  @Benchmark
  public float[] lookUp() {
    gemv.multiply(1, x, 0, size, weights, null, y, 0, size, splitter);
    return y;
  }

  /** 4-bit codes with float activations, for the ratio. */
  @Benchmark
  public float[] int4() {
    IntGemm.best().multiply(1, x, 0, size, codes, Epilogue.NONE, y, 0, size, splitter);
    return y;
  }
}
