package nibble.kernels.lowbit;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import nibble.kernels.gemm.Epilogue;
import nibble.kernels.gemm.Gemm;
import nibble.kernels.gemm.PackedMatrix;
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

/**
 * Products of {@code rows} rows with packed weights, one thread, beside the FP32 product of the
 * same shape; one row is the matrix-vector product. Multiply-adds of one call: {@code rows * in *
 * out}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules", "jdk.incubator.vector"})
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
public class IntGemmBenchmark {
  @Param({"scalar", "vector"})
  String kernel;

  @Param({"1", "197"})
  int rows;

  /** {@code in x out}. */
  @Param({"768x768", "768x3072", "3072x768", "4096x4096"})
  String shape;

  @Param({"4", "8"})
  int bits;

  /** 0 for one scale per channel. */
  @Param({"32", "128", "0"})
  int groupSize;

  private int in;
  private int out;
  private IntGemm gemm;
  private IntWeights weights;
  private PackedMatrix floats;
  private float[] x;
  private float[] y;
  private final WorkSplitter splitter = WorkSplitter.serial();
  private final ActivationQuantizer eightBits = ActivationQuantizer.perToken(8, true);
  private final ActivationQuantizer fourBits = ActivationQuantizer.perToken(4, true);

  /** Draws weights and activations. */
  @Setup
  public void draw() {
    String[] sizes = shape.split("x");
    in = Integer.parseInt(sizes[0]);
    out = Integer.parseInt(sizes[1]);
    gemm = kernel.equals("scalar") ? new ScalarIntGemm() : new VectorIntGemm();
    Random random = new Random(1);
    weights =
        Cases.weights(random, out, in, bits, groupSize == 0 ? in : groupSize, true, Codes.RANDOM);
    float[] values = new float[out * in];
    for (int row = 0; row < out; row++) {
      weights.dequantize(row, values, row * in);
    }
    floats = Gemm.best().pack(MemorySegment.ofArray(values), 0, Gemm.WeightType.F32, out, in);
    x = Cases.activations(random, rows * in);
    y = new float[rows * out];
  }

  /** The FP32 vector product, for the ratio. */
  @Benchmark
  public float[] fp32() {
    Gemm.best().multiply(rows, x, 0, in, floats, Epilogue.NONE, y, 0, out, splitter);
    return y;
  }

  /** Float activations. */
  @Benchmark
  public float[] floatActivations() {
    gemm.multiply(rows, x, 0, in, weights, Epilogue.NONE, y, 0, out, splitter);
    return y;
  }

  /** 8-bit activations, quantized per token. */
  @Benchmark
  public float[] int8Activations() {
    gemm.multiply(rows, x, 0, in, eightBits, weights, Epilogue.NONE, y, 0, out, splitter);
    return y;
  }

  /** 4-bit activations, quantized per token. */
  @Benchmark
  public float[] int4Activations() {
    gemm.multiply(rows, x, 0, in, fourBits, weights, Epilogue.NONE, y, 0, out, splitter);
    return y;
  }
}
