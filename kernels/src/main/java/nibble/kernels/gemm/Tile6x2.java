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
 * For 16 registers: twelve sums, two vectors of B, two of A.
 *
 * <p>Left alone, the compiler loads the elements of all six rows before it multiplies, runs out of
 * registers and keeps sums in memory, which halves the speed. So the loops of six rows hold tests
 * {@code l == k + 1} that never succeed: where a loop might be left the sums must be complete, so
 * nothing moves from one side of such a test to the other. The tests must differ, or the compiler
 * drops all but the first, and must be for equality, since it takes tests for an order out of a
 * loop.
 */
final class Tile6x2 implements Tile {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final int COLUMNS = 2 * LANES;
  private static final int VECTOR = 4 * LANES; // bytes
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
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + startRow + LANES);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + LANES);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + LANES);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * startRow);
    FloatVector c41 = FloatVector.fromArray(F, start, startAt + 4 * startRow + LANES);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * startRow);
    FloatVector c51 = FloatVector.fromArray(F, start, startAt + 5 * startRow + LANES);
    int touched = 0;
    for (int l = 0; l < k; l += 2) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, 2 * STEP);
      int x = aAt + l;
      touched ^= panel.get(JAVA_INT_UNALIGNED, next + l * TOUCH_STEP);
      FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[x]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[x + STRIDE]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      if (l == k + 1) {
        break;
      }
      FloatVector x2 = FloatVector.broadcast(F, a[x + 2 * STRIDE]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(F, a[x + 3 * STRIDE]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      if (l == k + 2) {
        break;
      }
      FloatVector x4 = FloatVector.broadcast(F, a[x + 4 * STRIDE]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = FloatVector.broadcast(F, a[x + 5 * STRIDE]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      if (l == k + 3) {
        break;
      }
      FloatVector d0 = FloatVector.fromMemorySegment(F, run, STEP, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, run, STEP + VECTOR, ORDER);
      FloatVector y0 = FloatVector.broadcast(F, a[x + 1]);
      c00 = y0.fma(d0, c00);
      c01 = y0.fma(d1, c01);
      FloatVector y1 = FloatVector.broadcast(F, a[x + 1 + STRIDE]);
      c10 = y1.fma(d0, c10);
      c11 = y1.fma(d1, c11);
      if (l == k + 4) {
        break;
      }
      FloatVector y2 = FloatVector.broadcast(F, a[x + 1 + 2 * STRIDE]);
      c20 = y2.fma(d0, c20);
      c21 = y2.fma(d1, c21);
      FloatVector y3 = FloatVector.broadcast(F, a[x + 1 + 3 * STRIDE]);
      c30 = y3.fma(d0, c30);
      c31 = y3.fma(d1, c31);
      if (l == k + 5) {
        break;
      }
      FloatVector y4 = FloatVector.broadcast(F, a[x + 1 + 4 * STRIDE]);
      c40 = y4.fma(d0, c40);
      c41 = y4.fma(d1, c41);
      FloatVector y5 = FloatVector.broadcast(F, a[x + 1 + 5 * STRIDE]);
      c50 = y5.fma(d0, c50);
      c51 = y5.fma(d1, c51);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + LANES);
    c10.intoArray(c, cAt + cRow);
    c11.intoArray(c, cAt + cRow + LANES);
    c20.intoArray(c, cAt + 2 * cRow);
    c21.intoArray(c, cAt + 2 * cRow + LANES);
    c30.intoArray(c, cAt + 3 * cRow);
    c31.intoArray(c, cAt + 3 * cRow + LANES);
    c40.intoArray(c, cAt + 4 * cRow);
    c41.intoArray(c, cAt + 4 * cRow + LANES);
    c50.intoArray(c, cAt + 5 * cRow);
    c51.intoArray(c, cAt + 5 * cRow + LANES);
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
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + startRow + LANES);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + LANES);
    FloatVector c30 = FloatVector.fromArray(F, start, startAt + 3 * startRow);
    FloatVector c31 = FloatVector.fromArray(F, start, startAt + 3 * startRow + LANES);
    FloatVector c40 = FloatVector.fromArray(F, start, startAt + 4 * startRow);
    FloatVector c41 = FloatVector.fromArray(F, start, startAt + 4 * startRow + LANES);
    FloatVector c50 = FloatVector.fromArray(F, start, startAt + 5 * startRow);
    FloatVector c51 = FloatVector.fromArray(F, start, startAt + 5 * startRow + LANES);
    int l = 0;
    for (; l < k - 1; l += 2) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, 2 * STEP);
      FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + l]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      if (l == k + 1) {
        break;
      }
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + l]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + l]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      if (l == k + 2) {
        break;
      }
      FloatVector x4 = FloatVector.broadcast(F, a[a4 + l]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = FloatVector.broadcast(F, a[a5 + l]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      if (l == k + 3) {
        break;
      }
      FloatVector d0 = FloatVector.fromMemorySegment(F, run, STEP, ORDER);
      FloatVector d1 = FloatVector.fromMemorySegment(F, run, STEP + VECTOR, ORDER);
      FloatVector y0 = FloatVector.broadcast(F, a[aAt + l + 1]);
      c00 = y0.fma(d0, c00);
      c01 = y0.fma(d1, c01);
      FloatVector y1 = FloatVector.broadcast(F, a[a1 + l + 1]);
      c10 = y1.fma(d0, c10);
      c11 = y1.fma(d1, c11);
      if (l == k + 4) {
        break;
      }
      FloatVector y2 = FloatVector.broadcast(F, a[a2 + l + 1]);
      c20 = y2.fma(d0, c20);
      c21 = y2.fma(d1, c21);
      FloatVector y3 = FloatVector.broadcast(F, a[a3 + l + 1]);
      c30 = y3.fma(d0, c30);
      c31 = y3.fma(d1, c31);
      if (l == k + 5) {
        break;
      }
      FloatVector y4 = FloatVector.broadcast(F, a[a4 + l + 1]);
      c40 = y4.fma(d0, c40);
      c41 = y4.fma(d1, c41);
      FloatVector y5 = FloatVector.broadcast(F, a[a5 + l + 1]);
      c50 = y5.fma(d0, c50);
      c51 = y5.fma(d1, c51);
    }
    if (l < k) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, STEP);
      FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + l]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + l]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = FloatVector.broadcast(F, a[a3 + l]);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = FloatVector.broadcast(F, a[a4 + l]);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = FloatVector.broadcast(F, a[a5 + l]);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + LANES);
    c10.intoArray(c, cAt + cRow);
    c11.intoArray(c, cAt + cRow + LANES);
    c20.intoArray(c, cAt + 2 * cRow);
    c21.intoArray(c, cAt + 2 * cRow + LANES);
    c30.intoArray(c, cAt + 3 * cRow);
    c31.intoArray(c, cAt + 3 * cRow + LANES);
    c40.intoArray(c, cAt + 4 * cRow);
    c41.intoArray(c, cAt + 4 * cRow + LANES);
    c50.intoArray(c, cAt + 5 * cRow);
    c51.intoArray(c, cAt + 5 * cRow + LANES);
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
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + startRow + LANES);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + LANES);
    for (int l = 0; l < k; l++) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, STEP);
      FloatVector b0 = FloatVector.fromMemorySegment(F, run, 0, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, run, VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + l]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + l]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + LANES);
    c10.intoArray(c, cAt + cRow);
    c11.intoArray(c, cAt + cRow + LANES);
    c20.intoArray(c, cAt + 2 * cRow);
    c21.intoArray(c, cAt + 2 * cRow + LANES);
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
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s20 = FloatVector.zero(F);
    FloatVector s21 = FloatVector.zero(F);
    FloatVector s30 = FloatVector.zero(F);
    FloatVector s31 = FloatVector.zero(F);
    int l = 0;
    for (; l < k - 3; l += 4) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, 4 * STEP);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      s00 = x0.fma(FloatVector.fromMemorySegment(F, run, 0, ORDER), s00);
      s01 = x0.fma(FloatVector.fromMemorySegment(F, run, VECTOR, ORDER), s01);
      FloatVector x1 = FloatVector.broadcast(F, a[aAt + l + 1]);
      s10 = x1.fma(FloatVector.fromMemorySegment(F, run, STEP, ORDER), s10);
      s11 = x1.fma(FloatVector.fromMemorySegment(F, run, STEP + VECTOR, ORDER), s11);
      FloatVector x2 = FloatVector.broadcast(F, a[aAt + l + 2]);
      s20 = x2.fma(FloatVector.fromMemorySegment(F, run, 2 * STEP, ORDER), s20);
      s21 = x2.fma(FloatVector.fromMemorySegment(F, run, 2 * STEP + VECTOR, ORDER), s21);
      FloatVector x3 = FloatVector.broadcast(F, a[aAt + l + 3]);
      s30 = x3.fma(FloatVector.fromMemorySegment(F, run, 3 * STEP, ORDER), s30);
      s31 = x3.fma(FloatVector.fromMemorySegment(F, run, 3 * STEP + VECTOR, ORDER), s31);
    }
    for (; l < k; l++) {
      MemorySegment run = panel.asSlice(bAt + l * STEP, STEP);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      s00 = x0.fma(FloatVector.fromMemorySegment(F, run, 0, ORDER), s00);
      s01 = x0.fma(FloatVector.fromMemorySegment(F, run, VECTOR, ORDER), s01);
    }
    s00.add(s10).add(s20.add(s30)).intoArray(c, cAt);
    s01.add(s11).add(s21.add(s31)).intoArray(c, cAt + LANES);
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
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
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
    }
    if (2 * pairs < k) {
      MemorySegment run = panel.asSlice(bAt + pairs * STEP, STEP);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + k - 1]);
      s00 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, run, 0, ORDER)), s00);
      s01 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, run, VECTOR, ORDER)), s01);
    }
    s00.add(s10).intoArray(c, cAt);
    s01.add(s11).intoArray(c, cAt + LANES);
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
      MemorySegment run = panel.asSlice(bAt + l * STEP, STEP);
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
