package nibble.kernels.rowwise;

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

/** Elements per microsecond of the rowwise kernels on 16 rows of 768. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@OperationsPerInvocation(RowwiseBenchmark.ROWS * RowwiseBenchmark.COLUMNS)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class RowwiseBenchmark {
  static final int ROWS = 16;
  static final int COLUMNS = 768;

  @Param({"scalar", "vector"})
  public String kernel;

  private final float[] x = RowwiseSamples.normal(ROWS * COLUMNS, 1);
  private final float[] dy = RowwiseSamples.normal(ROWS * COLUMNS, 2);
  private final float[] out = new float[ROWS * COLUMNS];
  private final float[] row = RowwiseSamples.normal(COLUMNS, 3);
  private final float[] scales = new float[ROWS];
  private final float[] zeroPoints = new float[ROWS];
  private final byte[] codes = new byte[ROWS * COLUMNS];
  private final CodeRange range = CodeRange.unsigned(8);
  private Softmax softmax = new ScalarSoftmax();
  private LayerNorm layerNorm = new ScalarLayerNorm();
  private RmsNorm rmsNorm = new ScalarRmsNorm();
  private Activations activations = new ScalarActivations();
  private Elementwise elementwise = new ScalarElementwise();
  private Reductions reductions = new ScalarReductions();
  private Quantize quantize = new ScalarQuantize();
  private LevelQuantize levelQuantize = new ScalarLevelQuantize();
  private final LevelTable powers = powers();

  @Setup
  public void choose() {
    if (kernel.equals("vector")) {
      softmax = new VectorSoftmax();
      layerNorm = new VectorLayerNorm();
      rmsNorm = new VectorRmsNorm();
      activations = new VectorActivations();
      elementwise = new VectorElementwise();
      reductions = new VectorReductions();
      quantize = new VectorQuantize();
      levelQuantize = new VectorLevelQuantize();
    }
  }

  @Benchmark
  public void softmax() {
    softmax.forward(ROWS, COLUMNS, x, 0, out, 0);
  }

  @Benchmark
  public void layerNorm() {
    layerNorm.forward(ROWS, COLUMNS, x, 0, row, row, 1e-5f, out, 0, null, null, 0);
  }

  @Benchmark
  public void rmsNorm() {
    rmsNorm.forward(ROWS, COLUMNS, x, 0, row, 1e-5f, out, 0, null, 0);
  }

  @Benchmark
  public void gelu() {
    activations.forward(Activation.GELU, ROWS * COLUMNS, x, 0, out, 0);
  }

  @Benchmark
  public void geluTanh() {
    activations.forward(Activation.GELU_TANH, ROWS * COLUMNS, x, 0, out, 0);
  }

  @Benchmark
  public void geluBackward() {
    activations.backward(Activation.GELU, ROWS * COLUMNS, x, 0, dy, 0, out, 0);
  }

  @Benchmark
  public void silu() {
    activations.forward(Activation.SILU, ROWS * COLUMNS, x, 0, out, 0);
  }

  @Benchmark
  public void add() {
    elementwise.add(ROWS * COLUMNS, x, 0, dy, 0, out, 0);
  }

  @Benchmark
  public float maxAbs() {
    return reductions.maxAbs(ROWS * COLUMNS, x, 0);
  }

  @Benchmark
  public void dynamicQuantize() {
    quantize.asymmetricScales(ROWS, COLUMNS, COLUMNS, x, 0, range, 1, scales, 0, zeroPoints, 0);
    quantize.toBytes(ROWS, COLUMNS, COLUMNS, x, 0, scales, 0, zeroPoints, 0, range, codes, 0);
  }

  @Benchmark
  public void dequantize() {
    quantize.dequantize(ROWS, COLUMNS, COLUMNS, codes, 0, scales, 0, zeroPoints, 0, range, out, 0);
  }

  /** 16 levels, as attention probabilities have them. */
  @Benchmark
  public void levels() {
    levelQuantize.fakeQuantize(ROWS * COLUMNS, 1, x, 0, powers, out, 0);
  }

  private static LevelTable powers() {
    float[] levels = new float[16];
    float[] thresholds = new float[15];
    for (int i = 1; i < levels.length; i++) {
      levels[i] = (float) Math.pow(2, 0.5 * (i - 15));
      thresholds[i - 1] = (float) Math.pow(2, 0.5 * (i - 15.5));
    }
    return new LevelTable(levels, thresholds);
  }
}
