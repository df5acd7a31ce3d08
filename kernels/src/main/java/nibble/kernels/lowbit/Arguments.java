package nibble.kernels.lowbit;

import java.util.Objects;
import nibble.kernels.gemm.Epilogue;
import org.jspecify.annotations.Nullable;

/** Checks that every kernel of this package makes before it starts. */
final class Arguments {
  private Arguments() {}

  static void check(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      int in,
      float @Nullable [] bias,
      float[] out,
      int outOffset,
      int outStride,
      int width) {
    checkRows(rows, x, xOffset, xStride, in);
    checkOutput(rows, bias, out, outOffset, outStride, width);
  }

  static void checkRows(int rows, float[] x, int xOffset, int xStride, int in) {
    if (rows < 0) {
      throw new IllegalArgumentException("rows must not be negative, was " + rows);
    }
    if (rows > 0) {
      Objects.checkFromIndexSize(
          xOffset, Math.addExact(Math.multiplyExact(rows - 1, xStride), in), x.length);
    }
  }

  /** Those of a product with an {@link Epilogue}. */
  static void check(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      int in,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      int width) {
    check(rows, x, xOffset, xStride, in, epilogue.bias(), out, outOffset, outStride, width);
    epilogue.check(rows, width, out, outOffset, outStride);
  }

  static void check(
      QuantizedRows x,
      IntWeights weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride) {
    if (x.in() != weights.in()) {
      throw new IllegalArgumentException(
          "the weights take %d inputs, the quantized rows have %d".formatted(weights.in(), x.in()));
    }
    checkOutput(x.rows(), epilogue.bias(), out, outOffset, outStride, weights.out());
    epilogue.check(x.rows(), weights.out(), out, outOffset, outStride);
    checkIntegerRange(x.quantizer(), weights);
  }

  private static void checkOutput(
      int rows, float @Nullable [] bias, float[] out, int outOffset, int outStride, int width) {
    if (rows > 0) {
      Objects.checkFromIndexSize(
          outOffset, Math.addExact(Math.multiplyExact(rows - 1, outStride), width), out.length);
    }
    if (bias != null) {
      Objects.checkFromIndexSize(0, width, bias.length);
    }
  }

  private static void checkIntegerRange(ActivationQuantizer quantizer, IntWeights weights) {
    long most = (long) weights.groupSize() * weights.maxLevel() * quantizer.maxLevel();
    if (most > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a group of %d weights of %d bits times activations of %d bits may exceed the range of an int; choose a smaller group size"
              .formatted(weights.groupSize(), weights.bits(), quantizer.bits()));
    }
  }
}
