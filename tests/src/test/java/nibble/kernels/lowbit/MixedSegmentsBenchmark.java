package nibble.kernels.lowbit;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.lowbit.Cases.Codes;
import nibble.kernels.parallel.WorkSplitter;
import nibble.kernels.platform.MixedSegments;
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
 * Products of one row in a program that has used vectors in segments of every kind before, and in
 * one that has not.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class MixedSegmentsBenchmark {
  private static final int SIZE = 2048;

  @Param({"false", "true"})
  boolean mixed;

  private final WorkSplitter splitter = WorkSplitter.serial();
  private final float[] x = Cases.activations(new Random(2), SIZE);
  private final float[] y = new float[SIZE];
  private IntWeights codes;
  private BinaryWeights planes;

  /** Draws weights; uses other segments. */
  @Setup
  public void draw() throws IOException {
    codes = Cases.weights(new Random(1), SIZE, SIZE, 4, 32, true, Codes.RANDOM);
    planes =
        BinaryWeights.fromUniform(
            Cases.weights(new Random(1), SIZE, SIZE, 2, 128, true, Codes.RANDOM));
    if (mixed) {
      MixedSegments.use();
    }
  }

  /** 4-bit codes, 8-bit activations. */
  @Benchmark
  public float[] w4a8() {
    ActivationQuantizer quantizer = ActivationQuantizer.perToken(8, true);
    IntGemm.best().multiply(1, x, 0, SIZE, quantizer, codes, Epilogue.NONE, y, 0, SIZE, splitter);
    return y;
  }

  /** 4-bit codes, float activations. */
  @Benchmark
  public float[] w4a16() {
    IntGemm.best().multiply(1, x, 0, SIZE, codes, Epilogue.NONE, y, 0, SIZE, splitter);
    return y;
  }

  /** Binary codes by look-up. */
  @Benchmark
  public float[] lookUp() {
    LutGemv.best().multiply(1, x, 0, SIZE, planes, null, y, 0, SIZE, splitter);
    return y;
  }
}
