package nibble.kernels.hadamard;

import java.util.concurrent.TimeUnit;
import nibble.kernels.parallel.Scratch;
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

/** Microseconds per row of transforms of lengths K * 2^k: feed-forward widths of public models. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class HadamardBenchmark {
  @Param({"scalar", "vector"})
  public String kernel;

  @Param({"768", "3072", "5632", "11008"})
  public int n;

  private final Scratch scratch = new Scratch();
  private HadamardTransform transform = HadamardTransform.of(1);
  private float[] x = {};

  @Setup
  public void choose() {
    x = new float[n];
    transform =
        kernel.equals("vector")
            ? new HadamardTransform(n, n, new VectorFwht(), new VectorFactorProduct())
            : new HadamardTransform(n, n, new ScalarFwht(), new ScalarFactorProduct());
  }

  @Benchmark
  public void forward() {
    transform.forward(1, x, 0, scratch);
  }
}
