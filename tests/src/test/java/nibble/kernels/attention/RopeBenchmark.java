package nibble.kernels.attention;

import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import nibble.kernels.attention.RopeTable.Pairs;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Elements per microsecond of rotary positions, on 16 tokens of 32 heads of 64. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@OperationsPerInvocation(RopeBenchmark.TOKENS * RopeBenchmark.HEADS * RopeBenchmark.HEAD_DIM)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RopeBenchmark {
  static final int TOKENS = 16;
  static final int HEADS = 32;
  static final int HEAD_DIM = 64;

  @Param({"scalar", "vector"})
  public String kernel;

  @Param({"HALVES", "INTERLEAVED"})
  public Pairs pairs;

  private final HeadView x =
      HeadView.of(new float[TOKENS * HEADS * HEAD_DIM], 0, TOKENS, HEADS, HEAD_DIM);
  private final int[] positions = IntStream.range(0, TOKENS).toArray();
  private Rope rope = new ScalarRope();
  private RopeTable table = RopeTable.of(Pairs.HALVES, new double[1], 0, 1);

  @Setup
  public void prepare() {
    table = RopeTable.of(pairs, RopeTable.frequencies(HEAD_DIM, 10_000), TOKENS, 1);
    for (int i = 0; i < x.array().length; i++) {
      x.array()[i] = i % 7 - 3;
    }
    if (kernel.equals("vector")) {
      rope = Rope.best();
    }
  }

  @Benchmark
  public void rotate() {
    rope.rotate(0, TOKENS, HEADS, HEAD_DIM, x, table, positions, 0, false);
  }
}
