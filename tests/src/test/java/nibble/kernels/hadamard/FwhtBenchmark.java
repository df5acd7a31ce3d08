package nibble.kernels.hadamard;

import java.util.concurrent.TimeUnit;
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

/**
 * Microseconds per row of the Hadamard transforms; the row is all zeros, so that repeated
 * transforms do not overflow.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FwhtBenchmark {
  @Param({"scalar", "vector"})
  public String kernel;

  @Param({"32", "128", "1024", "4096", "16384", "65536", "262144"})
  public int n;

  private Fwht fwht = new ScalarFwht();
  private float[] x = {};

  @Setup
  public void choose() {
    x = new float[n];
    if (kernel.equals("vector")) {
      fwht = new VectorFwht();
    }
  }

  @Benchmark
  public void transform() {
    fwht.transform(1, n, x, 0, 1);
  }
}
