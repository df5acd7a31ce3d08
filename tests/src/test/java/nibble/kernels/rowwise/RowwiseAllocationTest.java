package nibble.kernels.rowwise;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import nibble.kernels.hadamard.Fwht;
import nibble.kernels.hadamard.HadamardTransform;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.VectorSupport;
import nibble.testing.Allocations;
import org.junit.jupiter.api.Test;

/**
 * Compiled loops keep vectors in registers. One vector on the heap per step of a loop would be 12
 * KB per call here.
 */
class RowwiseAllocationTest {
  private static final int COLUMNS = 773;

  /**
   * A few vectors at the end of a call: which of them stay off the heap depends on what the
   * compiler saw first. One in each step of a loop is far more.
   */
  private static final int BYTES_PER_CALL = 1024;

  private static final int CALLS = 200;

  private final float[] x = RowwiseSamples.normal(2 * COLUMNS, 1);
  private final float[] y = RowwiseSamples.normal(2 * COLUMNS, 2);
  private final float[] out = new float[2 * COLUMNS];
  private final float[] row = RowwiseSamples.normal(COLUMNS, 3);
  private final float[] statistics = {0.1f, 0.2f};
  private final float[] gradients = new float[COLUMNS];
  private final byte[] codes = new byte[2 * COLUMNS];

  @Test
  void loopsAllocateNothingOnceCompiled() {
    assumeTrue(VectorSupport.isAvailable(), "the vector module is absent");
    assumeTrue(
        Lanes.SHAPE.vectorBitSize() <= FloatVector.SPECIES_PREFERRED.vectorBitSize(),
        "registers wider than the machine's are emulated on the heap");
    assertAll(
        kernels().entrySet().stream()
            .map(kernel -> () -> check(kernel.getKey(), kernel.getValue())));
  }

  private Map<String, Runnable> kernels() {
    Map<String, Runnable> kernels = new LinkedHashMap<>();
    Softmax softmax = Softmax.best();
    kernels.put("softmax", () -> softmax.forward(2, COLUMNS, x, 0, out, 0));
    kernels.put("softmax backward", () -> softmax.backward(2, COLUMNS, x, 0, y, 0, out, 0));
    kernels.put("log softmax", () -> softmax.logForward(2, COLUMNS, x, 0, out, 0));
    kernels.put("log softmax backward", () -> softmax.logBackward(2, COLUMNS, x, 0, y, 0, out, 0));
    LayerNorm layerNorm = LayerNorm.best();
    kernels.put(
        "layer norm",
        () -> layerNorm.forward(2, COLUMNS, x, 0, row, row, 1e-5f, out, 0, null, null, 0));
    kernels.put(
        "layer norm backward",
        () ->
            layerNorm.backward(
                2,
                COLUMNS,
                x,
                0,
                y,
                0,
                row,
                statistics,
                statistics,
                0,
                out,
                0,
                gradients,
                0,
                gradients,
                0));
    RmsNorm rmsNorm = RmsNorm.best();
    kernels.put("RMS norm", () -> rmsNorm.forward(2, COLUMNS, x, 0, row, 1e-5f, out, 0, null, 0));
    kernels.put(
        "RMS norm backward",
        () -> rmsNorm.backward(2, COLUMNS, x, 0, y, 0, row, statistics, 0, out, 0, null, 0));
    Activations activations = Activations.best();
    for (Activation f : Activation.values()) {
      kernels.put(f.name(), () -> activations.forward(f, 2 * COLUMNS, x, 0, out, 0));
      kernels.put(f + " backward", () -> activations.backward(f, 2 * COLUMNS, x, 0, y, 0, out, 0));
    }
    Quantize quantize = Quantize.best();
    float[] s = {0.1f, 0.2f};
    float[] z = {3, 4};
    CodeRange range = CodeRange.unsigned(4);
    kernels.put(
        "quantize", () -> quantize.toBytes(2, COLUMNS, COLUMNS, x, 0, s, 0, z, 0, range, codes, 0));
    kernels.put(
        "dequantize",
        () -> quantize.dequantize(2, COLUMNS, COLUMNS, codes, 0, s, 0, z, 0, range, out, 0));
    kernels.put(
        "fake quantize",
        () -> quantize.fakeQuantize(2, COLUMNS, COLUMNS, x, 0, s, 0, z, 0, range, out, 0));
    LevelTable table = new LevelTable(new float[] {-1, 0, 1, 2}, new float[] {-0.5f, 0.5f, 1.5f});
    kernels.put(
        "levels", () -> LevelQuantize.best().fakeQuantize(2 * COLUMNS, 0.5f, x, 0, table, out, 0));
    kernels.put(
        "scales",
        () -> quantize.asymmetricScales(2, COLUMNS, COLUMNS, x, 0, range, 1, out, 0, out, 2));
    Scratch scratch = new Scratch();
    float[] transformed = new float[4096];
    Fwht fwht = Fwht.best();
    HadamardTransform transform = HadamardTransform.of(768);
    for (int n : new int[] {4, 8, 16, 32, 128, 512, 1024, 4096}) {
      kernels.put("FWHT " + n, () -> fwht.transform(1, n, transformed, 0, 0.5f));
      kernels.put("FWHT without scale " + n, () -> fwht.transform(1, n, transformed, 0, 1));
    }
    kernels.put("Hadamard 768", () -> transform.forward(1, transformed, 0, scratch));
    return kernels;
  }

  private static void check(String name, Runnable kernel) {
    Allocations.assertAtMost(BYTES_PER_CALL, name, CALLS, kernel);
  }
}
