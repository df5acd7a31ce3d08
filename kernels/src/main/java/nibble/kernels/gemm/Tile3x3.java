package nibble.kernels.gemm;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/** For 16 registers: nine sums, three vectors of B, three of A. Two steps per turn, because addresses and the loop cost as much as the loads. */
final class Tile3x3 implements Tile {
  private static final VectorSpecies<Float> F = Lanes.FLOAT;
  private static final VectorSpecies<Integer> I = Lanes.INT;
  private static final int LANES = Lanes.FLOATS;
  private static final int ROWS = 3;
  private static final int COLUMNS = 3 * LANES;
  private static final int VECTOR = 4 * LANES; // bytes
  private static final long STEP = 4L * COLUMNS; // bytes
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  @Override
  public int rows() {
    return ROWS;
  }

  @Override
  public int columns() {
    return COLUMNS;
  }

  @Override
  public void many(
      int k, float[] a, int aAt, int aRow, int rows, MemorySegment b, long bAt, float[] start, int startAt, int startRow, float[] c, int cAt,
      int cRow) {
    few(k, a, aAt, aRow, rows, b, bAt, start, startAt, startRow, c, cAt, cRow);
  }

  @Override
  public void few(
      int k, float[] a, int aAt, int aRow, int rows, MemorySegment b, long bAt, float[] start, int startAt, int startRow, float[] c, int cAt,
      int cRow) {
    int a1 = aAt + Math.min(1, rows - 1) * aRow;
    int a2 = aAt + Math.min(2, rows - 1) * aRow;
    FloatVector c00 = FloatVector.fromArray(F, start, startAt);
    FloatVector c01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector c02 = FloatVector.fromArray(F, start, startAt + 2 * LANES);
    FloatVector c10 = FloatVector.fromArray(F, start, startAt + startRow);
    FloatVector c11 = FloatVector.fromArray(F, start, startAt + startRow + LANES);
    FloatVector c12 = FloatVector.fromArray(F, start, startAt + startRow + 2 * LANES);
    FloatVector c20 = FloatVector.fromArray(F, start, startAt + 2 * startRow);
    FloatVector c21 = FloatVector.fromArray(F, start, startAt + 2 * startRow + LANES);
    FloatVector c22 = FloatVector.fromArray(F, start, startAt + 2 * startRow + 2 * LANES);
    int l = 0;
    for (; l < k - 1; l += 2) {
      long at = bAt + l * STEP;
      FloatVector b0 = FloatVector.fromMemorySegment(F, b, at, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, b, at + VECTOR, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, b, at + 2 * VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + l]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + l]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      FloatVector b0n = FloatVector.fromMemorySegment(F, b, at + STEP, ORDER);
      FloatVector b1n = FloatVector.fromMemorySegment(F, b, at + STEP + VECTOR, ORDER);
      FloatVector b2n = FloatVector.fromMemorySegment(F, b, at + STEP + 2 * VECTOR, ORDER);
      FloatVector x0n = FloatVector.broadcast(F, a[aAt + l + 1]);
      c00 = x0n.fma(b0n, c00);
      c01 = x0n.fma(b1n, c01);
      c02 = x0n.fma(b2n, c02);
      FloatVector x1n = FloatVector.broadcast(F, a[a1 + l + 1]);
      c10 = x1n.fma(b0n, c10);
      c11 = x1n.fma(b1n, c11);
      c12 = x1n.fma(b2n, c12);
      FloatVector x2n = FloatVector.broadcast(F, a[a2 + l + 1]);
      c20 = x2n.fma(b0n, c20);
      c21 = x2n.fma(b1n, c21);
      c22 = x2n.fma(b2n, c22);
    }
    if (l < k) {
      long at = bAt + l * STEP;
      FloatVector b0 = FloatVector.fromMemorySegment(F, b, at, ORDER);
      FloatVector b1 = FloatVector.fromMemorySegment(F, b, at + VECTOR, ORDER);
      FloatVector b2 = FloatVector.fromMemorySegment(F, b, at + 2 * VECTOR, ORDER);
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      FloatVector x1 = FloatVector.broadcast(F, a[a1 + l]);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      FloatVector x2 = FloatVector.broadcast(F, a[a2 + l]);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
    }
    c00.intoArray(c, cAt);
    c01.intoArray(c, cAt + LANES);
    c02.intoArray(c, cAt + 2 * LANES);
    c10.intoArray(c, cAt + cRow);
    c11.intoArray(c, cAt + cRow + LANES);
    c12.intoArray(c, cAt + cRow + 2 * LANES);
    c20.intoArray(c, cAt + 2 * cRow);
    c21.intoArray(c, cAt + 2 * cRow + LANES);
    c22.intoArray(c, cAt + 2 * cRow + 2 * LANES);
  }

  @Override
  public void one(int k, float[] a, int aAt, MemorySegment b, long bAt, float[] start, int startAt, float[] c, int cAt) {
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector s02 = FloatVector.fromArray(F, start, startAt + 2 * LANES);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s12 = FloatVector.zero(F);
    FloatVector s20 = FloatVector.zero(F);
    FloatVector s21 = FloatVector.zero(F);
    FloatVector s22 = FloatVector.zero(F);
    FloatVector s30 = FloatVector.zero(F);
    FloatVector s31 = FloatVector.zero(F);
    FloatVector s32 = FloatVector.zero(F);
    int l = 0;
    for (; l < k - 3; l += 4) {
      long at = bAt + l * STEP;
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      s00 = x0.fma(FloatVector.fromMemorySegment(F, b, at, ORDER), s00);
      s01 = x0.fma(FloatVector.fromMemorySegment(F, b, at + VECTOR, ORDER), s01);
      s02 = x0.fma(FloatVector.fromMemorySegment(F, b, at + 2 * VECTOR, ORDER), s02);
      FloatVector x1 = FloatVector.broadcast(F, a[aAt + l + 1]);
      s10 = x1.fma(FloatVector.fromMemorySegment(F, b, at + STEP, ORDER), s10);
      s11 = x1.fma(FloatVector.fromMemorySegment(F, b, at + STEP + VECTOR, ORDER), s11);
      s12 = x1.fma(FloatVector.fromMemorySegment(F, b, at + STEP + 2 * VECTOR, ORDER), s12);
      FloatVector x2 = FloatVector.broadcast(F, a[aAt + l + 2]);
      s20 = x2.fma(FloatVector.fromMemorySegment(F, b, at + 2 * STEP, ORDER), s20);
      s21 = x2.fma(FloatVector.fromMemorySegment(F, b, at + 2 * STEP + VECTOR, ORDER), s21);
      s22 = x2.fma(FloatVector.fromMemorySegment(F, b, at + 2 * STEP + 2 * VECTOR, ORDER), s22);
      FloatVector x3 = FloatVector.broadcast(F, a[aAt + l + 3]);
      s30 = x3.fma(FloatVector.fromMemorySegment(F, b, at + 3 * STEP, ORDER), s30);
      s31 = x3.fma(FloatVector.fromMemorySegment(F, b, at + 3 * STEP + VECTOR, ORDER), s31);
      s32 = x3.fma(FloatVector.fromMemorySegment(F, b, at + 3 * STEP + 2 * VECTOR, ORDER), s32);
    }
    for (; l < k; l++) {
      long at = bAt + l * STEP;
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + l]);
      s00 = x0.fma(FloatVector.fromMemorySegment(F, b, at, ORDER), s00);
      s01 = x0.fma(FloatVector.fromMemorySegment(F, b, at + VECTOR, ORDER), s01);
      s02 = x0.fma(FloatVector.fromMemorySegment(F, b, at + 2 * VECTOR, ORDER), s02);
    }
    s00.add(s10).add(s20.add(s30)).intoArray(c, cAt);
    s01.add(s11).add(s21.add(s31)).intoArray(c, cAt + LANES);
    s02.add(s12).add(s22.add(s32)).intoArray(c, cAt + 2 * LANES);
  }

  @Override
  public void oneBf16(int k, float[] a, int aAt, MemorySegment b, long bAt, float[] start, int startAt, float[] c, int cAt) {
    FloatVector s00 = FloatVector.fromArray(F, start, startAt);
    FloatVector s01 = FloatVector.fromArray(F, start, startAt + LANES);
    FloatVector s02 = FloatVector.fromArray(F, start, startAt + 2 * LANES);
    FloatVector s10 = FloatVector.zero(F);
    FloatVector s11 = FloatVector.zero(F);
    FloatVector s12 = FloatVector.zero(F);
    int pairs = k / 2;
    for (int l = 0; l < pairs; l++) {
      long at = bAt + l * STEP;
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + 2 * l]);
      FloatVector x1 = FloatVector.broadcast(F, a[aAt + 2 * l + 1]);
      IntVector w0 = IntVector.fromMemorySegment(I, b, at, ORDER);
      s00 = x0.fma(Halves.lowBf16(w0), s00);
      s10 = x1.fma(Halves.highBf16(w0), s10);
      IntVector w1 = IntVector.fromMemorySegment(I, b, at + VECTOR, ORDER);
      s01 = x0.fma(Halves.lowBf16(w1), s01);
      s11 = x1.fma(Halves.highBf16(w1), s11);
      IntVector w2 = IntVector.fromMemorySegment(I, b, at + 2 * VECTOR, ORDER);
      s02 = x0.fma(Halves.lowBf16(w2), s02);
      s12 = x1.fma(Halves.highBf16(w2), s12);
    }
    if (2 * pairs < k) {
      long at = bAt + pairs * STEP;
      FloatVector x0 = FloatVector.broadcast(F, a[aAt + k - 1]);
      s00 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, b, at, ORDER)), s00);
      s01 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, b, at + VECTOR, ORDER)), s01);
      s02 = x0.fma(Halves.lowBf16(IntVector.fromMemorySegment(I, b, at + 2 * VECTOR, ORDER)), s02);
    }
    s00.add(s10).intoArray(c, cAt);
    s01.add(s11).intoArray(c, cAt + LANES);
    s02.add(s12).intoArray(c, cAt + 2 * LANES);
  }
}
