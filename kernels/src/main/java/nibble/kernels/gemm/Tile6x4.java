package nibble.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;
import nibble.kernels.platform.NativeSegments;

/**
 * For 32 registers: 24 sums, four vectors of B, and A in passing. Not unrolled: more operations
 * would pass the limit of what is inlined.
 */
final class Tile6x4 implements Tile {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final int COLUMNS = 4 * LANES;
  private static final long VECTOR = 4L * LANES; // bytes
  private static final long STEP = 4L * COLUMNS; // bytes
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  @Override
  public int columns() {
    return COLUMNS;
  }

  @Override
  public int rows(
      int k,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      long next,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow) {
    MemorySegment panel = NativeSegments.known(b);
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * LANES);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + startRow + LANES);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + startRow + 2 * LANES);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + startRow + 3 * LANES);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + LANES);
    FloatVector c22 = FloatVector.fromArray(F, start, startAt + 2 * startRow + 2 * LANES);
    FloatVector c23 = FloatVector.fromArray(F, start, startAt + 2 * startRow + 3 * LANES);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + LANES);
    FloatVector c32 = FloatVector.fromArray(F, start, startAt + 3 * startRow + 2 * LANES);
    FloatVector c33 = FloatVector.fromArray(F, start, startAt + 3 * startRow + 3 * LANES);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * startRow);
    FloatVector c41 = FloatVector.fromArray(F, start, startAt + 4 * startRow + LANES);
    FloatVector c42 = FloatVector.fromArray(F, start, startAt + 4 * startRow + 2 * LANES);
    FloatVector c43 = FloatVector.fromArray(F, start, startAt + 4 * startRow + 3 * LANES);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * startRow);
    FloatVector c51 = FloatVector.fromArray(F, start, startAt + 5 * startRow + LANES);
    FloatVector c52 = FloatVector.fromArray(F, start, startAt + 5 * startRow + 2 * LANES);
    FloatVector c53 = FloatVector.fromArray(F, start, startAt + 5 * startRow + 3 * LANES);
    int touched = 0;
    for (int l = 0; l < k; l += 2) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, 2 * STEP);
      int x = aAt + l;
      touched ^= panel.get(JAVA_INT_UNALIGNED, next + l * TOUCH_STEP);
      FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, run, 2 * VECTOR, ORDER);
      FloatVector b3 = FloatVector.fromMemorySegment(F, run, 3 * VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[x]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[x + STRIDE]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = FloatVector.broadcast(F, a[x + 2 * STRIDE]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = FloatVector.broadcast(F, a[x + 3 * STRIDE]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = FloatVector.broadcast(F, a[x + 4 * STRIDE]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = FloatVector.broadcast(F, a[x + 5 * STRIDE]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
      if (l == k + 1) {
        break;
      }
      FloatVector d0 = FloatVector.fromMemorySegment(F, run, STEP, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, run, STEP + VECTOR, ORDER);
      FloatVector d2 = FloatVector.fromMemorySegment(F, run, STEP + 2 * VECTOR, ORDER);
      FloatVector d3 = FloatVector.fromMemorySegment(F, run, STEP + 3 * VECTOR, ORDER);
      FloatVector y0 = FloatVector.broadcast(F, a[x + 1]);
      c00 = y0.fma(d0, c00);
      c01 = y0.fma(d1, c01);
      c02 = y0.fma(d2, c02);
      c03 = y0.fma(d3, c03);
      FloatVector y1 = FloatVector.broadcast(F, a[x + 1 + STRIDE]);
      c10 = y1.fma(d0, c10);
      c11 = y1.fma(d1, c11);
      c12 = y1.fma(d2, c12);
      c13 = y1.fma(d3, c13);
      FloatVector y2 = FloatVector.broadcast(F, a[x + 1 + 2 * STRIDE]);
      c20 = y2.fma(d0, c20);
      c21 = y2.fma(d1, c21);
      c22 = y2.fma(d2, c22);
      c23 = y2.fma(d3, c23);
      FloatVector y3 = FloatVector.broadcast(F, a[x + 1 + 3 * STRIDE]);
      c30 = y3.fma(d0, c30);
      c31 = y3.fma(d1, c31);
      c32 = y3.fma(d2, c32);
      c33 = y3.fma(d3, c33);
      FloatVector y4 = FloatVector.broadcast(F, a[x + 1 + 4 * STRIDE]);
      c40 = y4.fma(d0, c40);
      c41 = y4.fma(d1, c41);
      c42 = y4.fma(d2, c42);
      c43 = y4.fma(d3, c43);
      FloatVector y5 = FloatVector.broadcast(F, a[x + 1 + 5 * STRIDE]);
      c50 = y5.fma(d0, c50);
      c51 = y5.fma(d1, c51);
      c52 = y5.fma(d2, c52);
      c53 = y5.fma(d3, c53);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + LANES);
    c02.intoArray(c, cAt + 2 * LANES);
    c03.intoArray(c, cAt + 3 * LANES);
    c10.intoArray(c, cAt + cRow);
    c11.intoArray(c, cAt + cRow + LANES);
    c12.intoArray(c, cAt + cRow + 2 * LANES);
    c13.intoArray(c, cAt + cRow + 3 * LANES);
    c20.intoArray(c, cAt + 2 * cRow);
    c21.intoArray(c, cAt + 2 * cRow + LANES);
    c22.intoArray(c, cAt + 2 * cRow + 2 * LANES);
    c23.intoArray(c, cAt + 2 * cRow + 3 * LANES);
    c30.intoArray(c, cAt + 3 * cRow);
    c31.intoArray(c, cAt + 3 * cRow + LANES);
    c32.intoArray(c, cAt + 3 * cRow + 2 * LANES);
    c33.intoArray(c, cAt + 3 * cRow + 3 * LANES);
    c40.intoArray(c, cAt + 4 * cRow);
    c41.intoArray(c, cAt + 4 * cRow + LANES);
    c42.intoArray(c, cAt + 4 * cRow + 2 * LANES);
    c43.intoArray(c, cAt + 4 * cRow + 3 * LANES);
    c50.intoArray(c, cAt + 5 * cRow);
    c51.intoArray(c, cAt + 5 * cRow + LANES);
    c52.intoArray(c, cAt + 5 * cRow + 2 * LANES);
    c53.intoArray(c, cAt + 5 * cRow + 3 * LANES);
    return touched;
  }

  @Override
  public void many(
      int k,
      float[] a,
      int aAt,
      int aRow,
      int rows,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow) {
    MemorySegment panel = NativeSegments.known(b);
    int a1 = aAt + Math.min(1, rows - 1) * aRow;
    int a2 = aAt + Math.min(2, rows - 1) * aRow;
    int a3 = aAt + Math.min(3, rows - 1) * aRow;
    int a4 = aAt + Math.min(4, rows - 1) * aRow;
    int a5 = aAt + Math.min(5, rows - 1) * aRow;
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * LANES);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + startRow + LANES);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + startRow + 2 * LANES);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + startRow + 3 * LANES);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + LANES);
    FloatVector c22 = FloatVector.fromArray(F, start, startAt + 2 * startRow + 2 * LANES);
    FloatVector c23 = FloatVector.fromArray(F, start, startAt + 2 * startRow + 3 * LANES);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + LANES);
    FloatVector c32 = FloatVector.fromArray(F, start, startAt + 3 * startRow + 2 * LANES);
    FloatVector c33 = FloatVector.fromArray(F, start, startAt + 3 * startRow + 3 * LANES);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * startRow);
    FloatVector c41 = FloatVector.fromArray(F, start, startAt + 4 * startRow + LANES);
    FloatVector c42 = FloatVector.fromArray(F, start, startAt + 4 * startRow + 2 * LANES);
    FloatVector c43 = FloatVector.fromArray(F, start, startAt + 4 * startRow + 3 * LANES);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * startRow);
    FloatVector c51 = FloatVector.fromArray(F, start, startAt + 5 * startRow + LANES);
    FloatVector c52 = FloatVector.fromArray(F, start, startAt + 5 * startRow + 2 * LANES);
    FloatVector c53 = FloatVector.fromArray(F, start, startAt + 5 * startRow + 3 * LANES);
    for (int l = 0; l < k; l++) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, STEP);
      FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, run, 2 * VECTOR, ORDER);
      FloatVector b3 = FloatVector.fromMemorySegment(F, run, 3 * VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + l]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + l]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + l]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = FloatVector.broadcast(F, a[a4 + l]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = FloatVector.broadcast(F, a[a5 + l]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + LANES);
    c02.intoArray(c, cAt + 2 * LANES);
    c03.intoArray(c, cAt + 3 * LANES);
    c10.intoArray(c, cAt + cRow);
    c11.intoArray(c, cAt + cRow + LANES);
    c12.intoArray(c, cAt + cRow + 2 * LANES);
    c13.intoArray(c, cAt + cRow + 3 * LANES);
    c20.intoArray(c, cAt + 2 * cRow);
    c21.intoArray(c, cAt + 2 * cRow + LANES);
    c22.intoArray(c, cAt + 2 * cRow + 2 * LANES);
    c23.intoArray(c, cAt + 2 * cRow + 3 * LANES);
    c30.intoArray(c, cAt + 3 * cRow);
    c31.intoArray(c, cAt + 3 * cRow + LANES);
    c32.intoArray(c, cAt + 3 * cRow + 2 * LANES);
    c33.intoArray(c, cAt + 3 * cRow + 3 * LANES);
    c40.intoArray(c, cAt + 4 * cRow);
    c41.intoArray(c, cAt + 4 * cRow + LANES);
    c42.intoArray(c, cAt + 4 * cRow + 2 * LANES);
    c43.intoArray(c, cAt + 4 * cRow + 3 * LANES);
    c50.intoArray(c, cAt + 5 * cRow);
    c51.intoArray(c, cAt + 5 * cRow + LANES);
    c52.intoArray(c, cAt + 5 * cRow + 2 * LANES);
    c53.intoArray(c, cAt + 5 * cRow + 3 * LANES);
  }

  @Override
  public void few(
      int k,
      float[] a,
      int aAt,
      int aRow,
      int rows,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      int startRow,
      float[] c,
      int cAt,
      int cRow) {
    MemorySegment panel = NativeSegments.known(b);
    int a1 = aAt + Math.min(1, rows - 1) * aRow;
    int a2 = aAt + Math.min(2, rows - 1) * aRow;
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * LANES);
    FloatVector c03 = FloatVector.fromArray(F, start, startAt + 3 * LANES);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + startRow + LANES);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + startRow + 2 * LANES);
    FloatVector c13 = FloatVector.fromArray(F, start, startAt + startRow + 3 * LANES);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + LANES);
    FloatVector c22 = FloatVector.fromArray(F, start, startAt + 2 * startRow + 2 * LANES);
    FloatVector c23 = FloatVector.fromArray(F, start, startAt + 2 * startRow + 3 * LANES);
    for (int l = 0; l < k; l++) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, STEP);
      FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, run, 2 * VECTOR, ORDER);
      FloatVector b3 = FloatVector.fromMemorySegment(F, run, 3 * VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + l]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + l]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + LANES);
    c02.intoArray(c, cAt + 2 * LANES);
    c03.intoArray(c, cAt + 3 * LANES);
    c10.intoArray(c, cAt + cRow);
    c11.intoArray(c, cAt + cRow + LANES);
    c12.intoArray(c, cAt + cRow + 2 * LANES);
    c13.intoArray(c, cAt + cRow + 3 * LANES);
    c20.intoArray(c, cAt + 2 * cRow);
    c21.intoArray(c, cAt + 2 * cRow + LANES);
    c22.intoArray(c, cAt + 2 * cRow + 2 * LANES);
    c23.intoArray(c, cAt + 2 * cRow + 3 * LANES);
  }

  @Override
  public void one(
      int k,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      float[] c,
      int cAt) {
    MemorySegment panel = NativeSegments.known(b);
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector s02 = FloatVector.fromArray(F, start, startAt + 2 * LANES);
    FloatVector s03 = FloatVector.fromArray(F, start, startAt + 3 * LANES);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s12 = FloatVector.zero(F);
    FloatVector s13 = FloatVector.zero(F);
    int l = 0;
    for (; l < k - 1; l += 2) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, 2 * STEP);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      s00 = x0.fma(FloatVector.fromMemorySegment(F, run, 0, ORDER), s00);
      s01 = x0.fma(FloatVector.fromMemorySegment(F, run, VECTOR, ORDER), s01);
      s02 = x0.fma(FloatVector.fromMemorySegment(F, run, 2 * VECTOR, ORDER), s02);
      s03 = x0.fma(FloatVector.fromMemorySegment(F, run, 3 * VECTOR, ORDER), s03);
      FloatVector x1 = FloatVector.broadcast(F, a[aAt + l + 1]);
      s10 = x1.fma(FloatVector.fromMemorySegment(F, run, STEP, ORDER), s10);
      s11 = x1.fma(FloatVector.fromMemorySegment(F, run, STEP + VECTOR, ORDER), s11);
      s12 = x1.fma(FloatVector.fromMemorySegment(F, run, STEP + 2 * VECTOR, ORDER), s12);
      s13 = x1.fma(FloatVector.fromMemorySegment(F, run, STEP + 3 * VECTOR, ORDER), s13);
    }
    for (; l < k; l++) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, STEP);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      s00 = x0.fma(FloatVector.fromMemorySegment(F, run, 0, ORDER), s00);
      s01 = x0.fma(FloatVector.fromMemorySegment(F, run, VECTOR, ORDER), s01);
      s02 = x0.fma(FloatVector.fromMemorySegment(F, run, 2 * VECTOR, ORDER), s02);
      s03 = x0.fma(FloatVector.fromMemorySegment(F, run, 3 * VECTOR, ORDER), s03);
    }
    s00.add(s10).intoArray(c, cAt);
    s01.add(s11).intoArray(c, cAt + LANES);
    s02.add(s12).intoArray(c, cAt + 2 * LANES);
    s03.add(s13).intoArray(c, cAt + 3 * LANES);
  }

  @Override
  public void oneBf16(
      int k,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      float[] c,
      int cAt) {
    MemorySegment panel = NativeSegments.known(b);
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector s02 = FloatVector.fromArray(F, start, startAt + 2 * LANES);
    FloatVector s03 = FloatVector.fromArray(F, start, startAt + 3 * LANES);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s12 = FloatVector.zero(F);
    FloatVector s13 = FloatVector.zero(F);
    int pairs = k / 2;
    for (int l = 0; l < pairs; l++) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, STEP);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + 2 * l]);
      FloatVector x1 = FloatVector.broadcast(F, a[aAt + 2 * l + 1]);
      IntVector w0 = IntVector.fromMemorySegment(I, run, 0, ORDER);
      s00 = x0.fma(Halves.lowBf16(w0), s00);
      s10 = x1.fma(Halves.highBf16(w0), s10);
      IntVector w1 = IntVector.fromMemorySegment(I, run, VECTOR, ORDER);
      s01 = x0.fma(Halves.lowBf16(w1), s01);
      s11 = x1.fma(Halves.highBf16(w1), s11);
      IntVector w2 = IntVector.fromMemorySegment(I, run, 2 * VECTOR, ORDER);
      s02 = x0.fma(Halves.lowBf16(w2), s02);
      s12 = x1.fma(Halves.highBf16(w2), s12);
      IntVector w3 = IntVector.fromMemorySegment(I, run, 3 * VECTOR, ORDER);
      s03 = x0.fma(Halves.lowBf16(w3), s03);
      s13 = x1.fma(Halves.highBf16(w3), s13);
    }
    if (2 * pairs < k) {
      MemorySegment run = panel.asSlice(bAt + pairs * STEP, STEP);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + k - 1]);
      s00 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, run, 0, ORDER)), s00);
      s01 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, run, VECTOR, ORDER)), s01);
      s02 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, run, 2 * VECTOR, ORDER)), s02);
      s03 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, run, 3 * VECTOR, ORDER)), s03);
    }
    s00.add(s10).intoArray(c, cAt);
    s01.add(s11).intoArray(c, cAt + LANES);
    s02.add(s12).intoArray(c, cAt + 2 * LANES);
    s03.add(s13).intoArray(c, cAt + 3 * LANES);
  }

  /**
   * Two vectors of columns at a time: all of them, with their widening, would be more than the
   * compiler inlines.
   */
  @Override
  public void oneF16(
      int k,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      float[] c,
      int cAt) {
    for (int j = 0; j < COLUMNS; j += 2 * LANES) {
      twoF16(k / 2, a, aAt, b, bAt + 4L * j, start, startAt + j, c, cAt + j);
      if (k % 2 == 1) {
        lastF16(a[aAt + k - 1], b, bAt + k / 2 * STEP + 4L * j, c, cAt + j);
      }
    }
  }

  private static void twoF16(
      int pairs,
      float[] a,
      int aAt,
      MemorySegment b,
      long bAt,
      float[] start,
      int startAt,
      float[] c,
      int cAt) {
    MemorySegment panel = NativeSegments.known(b);
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    for (int l = 0; l < pairs; l++) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, 2 * VECTOR);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + 2 * l]);
      FloatVector x1 = FloatVector.broadcast(F, a[aAt + 2 * l + 1]);
      IntVector w0 = IntVector.fromMemorySegment(I, run, 0, ORDER);
      s00 = x0.fma(Halves.lowF16(w0), s00);
      s10 = x1.fma(Halves.highF16(w0), s10);
      IntVector w1 = IntVector.fromMemorySegment(I, run, VECTOR, ORDER);
      s01 = x0.fma(Halves.lowF16(w1), s01);
      s11 = x1.fma(Halves.highF16(w1), s11);
    }
    s00.add(s10).intoArray(c, cAt);
    s01.add(s11).intoArray(c, cAt + LANES);
  }

  private static void lastF16(float x, MemorySegment b, long at, float[] c, int cAt) {
    b = NativeSegments.offHeap(b);
    for (int j = 0; j < 2 * LANES; j += LANES) {
      FloatVector w = Halves.lowF16(IntVector.fromMemorySegment(I, b, at + 4L * j, ORDER));
      w.fma(FloatVector.broadcast(F, x), FloatVector.fromArray(F, c, cAt + j))
          .intoArray(c, cAt + j);
    }
  }
}
