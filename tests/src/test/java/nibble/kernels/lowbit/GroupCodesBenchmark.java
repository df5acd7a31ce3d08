package nibble.kernels.lowbit;

import java.util.concurrent.TimeUnit;
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

/** Codes per microsecond that become floats, a tile of 128 tokens with a head of 128. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@OperationsPerInvocation(GroupCodesBenchmark.TOKENS * GroupCodesBenchmark.SIZE)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class GroupCodesBenchmark {
  static final int TOKENS = 128;
  static final int SIZE = 128;

  @Param({"scalar", "vector"})
  public String kernel;

  @Param({"2", "3", "4", "8"})
  public int bits;

  private final float[] out = new float[TOKENS * SIZE];
  private byte[] packed = new byte[0];
  private GroupCodes codes = new ScalarGroupCodes();

  @Setup
  public void prepare() {
    packed = new byte[TOKENS * GroupCodes.bytes(bits, SIZE)];
    for (int i = 0; i < packed.length; i++) {
      packed[i] = (byte) (i * 37);
    }
    if (kernel.equals("vector")) {
      codes = GroupCodes.best();
    }
  }

  @Benchmark
  public float[] unpack() {
    int bytes = packed.length / TOKENS;
    for (int token = 0; token < TOKENS; token++) {
      codes.unpack(bits, SIZE, packed, token * bytes, 0.1f, -1, out, token * SIZE);
    }
    return out;
  }
}
