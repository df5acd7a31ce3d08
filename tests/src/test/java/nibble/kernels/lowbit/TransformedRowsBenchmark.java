package nibble.kernels.lowbit;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Microseconds for 197 rows that pass a Hadamard transform and are quantized to 4 bits: the rows
 * copied and transformed, then quantized ({@code separate}), or each row on the way to its codes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TransformedRowsBenchmark {
  private static final int ROWS = 197;

  @Param({"scalar", "vector", "separate"})
  public String kernel;

  @Param({"768", "3072"})
  public int n;

  private final WorkSplitter splitter = WorkSplitter.serial();
  private final ActivationQuantizer quantizer = ActivationQuantizer.perToken(4, true);
  private final Scratch scratch = new Scratch();
  private final float[] grid = new float[2 * ROWS];
  private IntGemm gemm = IntGemm.best();
  private HadamardTransform transform = HadamardTransform.of(1);
  private float[] x = {};
  private float[] transformed = {};
  private float[] levels = {};

  @Setup
  public void choose() {
    gemm = kernel.equals("scalar") ? new ScalarIntGemm() : IntGemm.best();
    transform = HadamardTransform.of(n);
    x = Cases.activations(new Random(1), ROWS * n);
    transformed = new float[ROWS * n];
    levels = new float[ROWS * QuantizedRows.stride(n)];
  }

  @TearDown
  public void close() {
    splitter.close();
  }

  @Benchmark
  public QuantizedRows quantize() {
    if (kernel.equals("separate")) {
      System.arraycopy(x, 0, transformed, 0, x.length);
      transform.forward(ROWS, transformed, 0, scratch);
      return gemm.quantize(ROWS, n, transformed, 0, n, quantizer, levels, 0, grid, 0, splitter);
    }
    return gemm.quantize(ROWS, n, x, 0, n, this::map, quantizer, levels, 0, grid, 0, splitter);
  }

  private void map(int length, float[] from, int at, float[] row, Scratch rowScratch) {
    System.arraycopy(from, at, row, 0, length);
    transform.forward(1, row, 0, rowScratch);
  }
}
