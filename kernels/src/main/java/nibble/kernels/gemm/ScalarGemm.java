package nibble.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.parallel.WorkSplitter;

/** The specification: plain loops, sums in double. */
final class ScalarGemm implements Gemm {

  /** Row-major floats, as they came. */
  record Rows(float[] values, int out, int in) implements PackedMatrix {
    @Override
    public long bytes() {
      return 4L * values.length;
    }
  }

  @Override
  public PackedMatrix pack(
      MemorySegment weights, long byteOffset, WeightType type, int out, int in) {
    float[] values = new float[Math.multiplyExact(out, in)];
    for (int i = 0; i < values.length; i++) {
      values[i] = read(weights, byteOffset + (long) i * type.bytes(), type);
    }
    return new Rows(values, out, in);
  }

  private static float read(MemorySegment weights, long at, WeightType type) {
    return switch (type) {
      case F32 -> weights.get(JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at);
      case F16 ->
          Float.float16ToFloat(
              weights.get(JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at));
      case BF16 ->
          Float.intBitsToFloat(
              weights.get(JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at) << 16);
    };
  }

  @Override
  public void multiply(
      int rows,
      float[] x,
      int xOffset,
      int xStride,
      PackedMatrix weights,
      Epilogue epilogue,
      float[] out,
      int outOffset,
      int outStride,
      WorkSplitter splitter) {
    Rows w = (Rows) weights;
    epilogue.check(rows, w.out, out, outOffset, outStride);
    float[] bias = epilogue.bias();
    splitter.run(
        rows,
        (r, scratch) -> {
          for (int o = 0; o < w.out; o++) {
            double sum = bias == null ? 0 : bias[o];
            for (int i = 0; i < w.in; i++) {
              sum += (double) x[xOffset + r * xStride + i] * w.values[o * w.in + i];
            }
            out[outOffset + r * outStride + o] = (float) sum;
          }
          epilogue.finish(r, 1, 0, w.out, out, outOffset, outStride);
        });
  }

  @Override
  public void gemm(
      int m,
      int n,
      int k,
      float alpha,
      float[] a,
      int aOffset,
      int aRow,
      int aColumn,
      float[] b,
      int bOffset,
      int bRow,
      int bColumn,
      boolean accumulate,
      float[] c,
      int cOffset,
      int cRow,
      Scratch scratch) {
    for (int i = 0; i < m; i++) {
      row(
          i,
          n,
          k,
          alpha,
          a,
          aOffset,
          aRow,
          aColumn,
          b,
          bOffset,
          bRow,
          bColumn,
          accumulate,
          c,
          cOffset,
          cRow);
    }
  }

  @Override
  public void gemm(
      int m,
      int n,
      int k,
      float alpha,
      float[] a,
      int aOffset,
      int aRow,
      int aColumn,
      float[] b,
      int bOffset,
      int bRow,
      int bColumn,
      boolean accumulate,
      float[] c,
      int cOffset,
      int cRow,
      WorkSplitter splitter) {
    splitter.run(
        m,
        (i, scratch) ->
            row(
                i,
                n,
                k,
                alpha,
                a,
                aOffset,
                aRow,
                aColumn,
                b,
                bOffset,
                bRow,
                bColumn,
                accumulate,
                c,
                cOffset,
                cRow));
  }

  private static void row(
      int i,
      int n,
      int k,
      float alpha,
      float[] a,
      int aOffset,
      int aRow,
      int aColumn,
      float[] b,
      int bOffset,
      int bRow,
      int bColumn,
      boolean accumulate,
      float[] c,
      int cOffset,
      int cRow) {
    for (int j = 0; j < n; j++) {
      double sum = 0;
      for (int l = 0; l < k; l++) {
        sum += (double) a[aOffset + i * aRow + l * aColumn] * b[bOffset + l * bRow + j * bColumn];
      }
      int at = cOffset + i * cRow + j;
      c[at] = (float) (accumulate ? c[at] + alpha * sum : alpha * sum);
    }
  }
}
