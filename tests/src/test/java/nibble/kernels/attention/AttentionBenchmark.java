package nibble.kernels.attention;

import java.util.Random;
import java.util.concurrent.TimeUnit;
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
 * Attention of ViT-B and DeiT-Tiny, MiniLM, and Llama (a prompt, and the next token), on one
 * thread.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class AttentionBenchmark {
  /** Queries x keys, heads/kvHeads, headDim; those with fewer kvHeads than heads are causal. */
  @Param({
    "197x197,12/12,64",
    "197x197,3/3,64",
    "128x128,12/12,32",
    "512x512,32/8,64",
    "1024x1024,8/8,128",
    "1x512,32/8,64"
  })
  public String shape;

  /** With codes: scores of integer products, of 4 or 8 bits. */
  @Param({"scalar", "vector", "scalar-codes4", "vector-codes4", "vector-codes8"})
  public String kernel;

  private final WorkSplitter serial = WorkSplitter.serial();
  private Attention attention = new ScalarAttention();
  private SmoothedAttention smoothed = new ScalarSmoothedAttention();
  private boolean withCodes;
  private SmoothedScores codes = new SmoothedScores(4, true, true);
  private AttentionShape dimensions = new AttentionShape(1, 1, 1, 1, 1, 1);
  private AttentionRule rule = AttentionRule.scaled(1);
  private HeadView q = HeadView.of(new float[1], 0, 1, 1, 1);
  private HeadView k = q;
  private HeadView v = q;
  private HeadView out = q;

  @Setup
  public void prepare() {
    if (kernel.startsWith("vector")) {
      attention = Attention.best();
      smoothed = SmoothedAttention.best();
    }
    withCodes = kernel.contains("codes");
    codes = new SmoothedScores(kernel.endsWith("8") ? 8 : 4, true, true);
    String[] parts = shape.split("[x,/]");
    int[] n = new int[parts.length];
    for (int i = 0; i < n.length; i++) {
      n[i] = Integer.parseInt(parts[i]);
    }
    dimensions = new AttentionShape(1, n[0], n[1], n[2], n[3], n[4]);
    rule =
        n[2] == n[3]
            ? AttentionRule.scaled(n[4])
            : AttentionRule.scaled(n[4]).causalFrom(n[1] - n[0]);
    Random random = new Random(1);
    q = view(n[0], n[2], n[4], random);
    k = view(n[1], n[3], n[4], random);
    v = view(n[1], n[3], n[4], random);
    out = view(n[0], n[2], n[4], random);
  }

  private static HeadView view(int rows, int heads, int headDim, Random random) {
    float[] array = new float[rows * heads * headDim];
    for (int i = 0; i < array.length; i++) {
      array[i] = (float) random.nextGaussian();
    }
    return HeadView.of(array, 0, rows, heads, headDim);
  }

  @Benchmark
  public void forward() {
    if (withCodes) {
      smoothed.forward(dimensions, rule, codes, q, k, v, out, serial);
    } else {
      attention.forward(dimensions, rule, q, k, v, null, null, out, serial);
    }
  }

  @TearDown
  public void close() {
    serial.close();
  }
}
