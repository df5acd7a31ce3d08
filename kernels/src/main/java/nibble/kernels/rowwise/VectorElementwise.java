package nibble.kernels.rowwise;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * Written with vectors because the compiler does not vectorize loops over arrays that might be one
 * array at two offsets.
 */
final class VectorElementwise implements Elementwise {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  /** Side of the blocks of a transpose: a block's columns touch this many cache lines. */
  private static final int BLOCK = 16;

  @Override
  public void add(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + i);
      left.add(FloatVector.fromArray(SPECIES, b, bOffset + i)).intoArray(out, outOffset + i);
    }
    for (; i < count; i++) {
      out[outOffset + i] = a[aOffset + i] + b[bOffset + i];
    }
  }

  @Override
  public void sub(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + i);
      left.sub(FloatVector.fromArray(SPECIES, b, bOffset + i)).intoArray(out, outOffset + i);
    }
    for (; i < count; i++) {
      out[outOffset + i] = a[aOffset + i] - b[bOffset + i];
    }
  }

  @Override
  public void mul(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + i);
      left.mul(FloatVector.fromArray(SPECIES, b, bOffset + i)).intoArray(out, outOffset + i);
    }
    for (; i < count; i++) {
      out[outOffset + i] = a[aOffset + i] * b[bOffset + i];
    }
  }

  @Override
  public void div(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + i);
      left.div(FloatVector.fromArray(SPECIES, b, bOffset + i)).intoArray(out, outOffset + i);
    }
    for (; i < count; i++) {
      out[outOffset + i] = a[aOffset + i] / b[bOffset + i];
    }
  }

  @Override
  public void multiplyAdd(
      int count, float[] a, int aOffset, float[] b, int bOffset, float[] out, int outOffset) {
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector left = FloatVector.fromArray(SPECIES, a, aOffset + i);
      FloatVector sum = FloatVector.fromArray(SPECIES, out, outOffset + i);
      left.fma(FloatVector.fromArray(SPECIES, b, bOffset + i), sum).intoArray(out, outOffset + i);
    }
    for (; i < count; i++) {
      out[outOffset + i] = Math.fma(a[aOffset + i], b[bOffset + i], out[outOffset + i]);
    }
  }

  @Override
  public void axpy(int count, float alpha, float[] x, int xOffset, float[] out, int outOffset) {
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector sum = FloatVector.fromArray(SPECIES, out, outOffset + i);
      FloatVector.fromArray(SPECIES, x, xOffset + i)
          .fma(FloatVector.broadcast(SPECIES, alpha), sum)
          .intoArray(out, outOffset + i);
    }
    for (; i < count; i++) {
      out[outOffset + i] = Math.fma(alpha, x[xOffset + i], out[outOffset + i]);
    }
  }

  @Override
  public void scale(int count, float factor, float[] x, int xOffset, float[] out, int outOffset) {
    scaleArray(count, factor, x, xOffset, out, outOffset);
  }

  static void scaleArray(
      int count, float factor, float[] x, int xOffset, float[] out, int outOffset) {
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector.fromArray(SPECIES, x, xOffset + i).mul(factor).intoArray(out, outOffset + i);
    }
    for (; i < count; i++) {
      out[outOffset + i] = factor * x[xOffset + i];
    }
  }

  @Override
  public void addRow(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] row,
      int rowOffset,
      float[] out,
      int outOffset) {
    for (int r = 0; r < rows; r++) {
      add(columns, x, xOffset + r * columns, row, rowOffset, out, outOffset + r * columns);
    }
  }

  @Override
  public void mulRow(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      float[] row,
      int rowOffset,
      float[] out,
      int outOffset) {
    for (int r = 0; r < rows; r++) {
      mul(columns, x, xOffset + r * columns, row, rowOffset, out, outOffset + r * columns);
    }
  }

  @Override
  public void transpose(
      int rows,
      int columns,
      float[] x,
      int xOffset,
      int xStride,
      float[] out,
      int outOffset,
      int outStride) {
    for (int r0 = 0; r0 < rows; r0 += BLOCK) {
      int r1 = Math.min(rows, r0 + BLOCK);
      for (int c0 = 0; c0 < columns; c0 += BLOCK) {
        int c1 = Math.min(columns, c0 + BLOCK);
        for (int c = c0; c < c1; c++) {
          for (int r = r0; r < r1; r++) {
            out[outOffset + c * outStride + r] = x[xOffset + r * xStride + c];
          }
        }
      }
    }
  }
}
