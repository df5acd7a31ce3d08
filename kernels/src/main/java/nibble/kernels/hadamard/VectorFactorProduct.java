package nibble.kernels.hadamard;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.parallel.Scratch;
import nibble.kernels.platform.Lanes;

/**
 * A strip of one or two vectors of columns is copied aside and multiplied by four rows of H at a
 * time: eight accumulators keep both multiply-add units busy. Blocks narrower than a vector go to
 * the scalar kernel (only lengths n = K m with m below the vector width).
 */
final class VectorFactorProduct implements FactorProduct {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  private final ScalarFactorProduct scalar = new ScalarFactorProduct();

  @Override
  public void multiply(
      float[] h, int order, int columns, float[] x, int xOffset, float scale, Scratch scratch) {
    if (columns % W != 0 || order % 4 != 0) {
      scalar.multiply(h, order, columns, x, xOffset, scale, scratch);
      return;
    }
    float[] strip = scratch.floats(15, order * 2 * W);
    int c = 0;
    for (; c <= columns - 2 * W; c += 2 * W) {
      copy(order, columns, 2 * W, x, xOffset + c, scale, strip);
      for (int i = 0; i < order; i += 4) {
        fourRows(h, i * order, order, strip, x, xOffset + i * columns + c, columns);
      }
    }
    if (c < columns) {
      copy(order, columns, W, x, xOffset + c, scale, strip);
      for (int i = 0; i < order; i += 4) {
        fourNarrowRows(h, i * order, order, strip, x, xOffset + i * columns + c, columns);
      }
    }
  }

  private static void copy(
      int order, int columns, int width, float[] x, int at, float scale, float[] strip) {
    for (int j = 0; j < order; j++) {
      for (int i = 0; i < width; i += W) {
        FloatVector.fromArray(SPECIES, x, at + j * columns + i)
            .mul(scale)
            .intoArray(strip, j * width + i);
      }
    }
  }

  private static void fourRows(
      float[] h, int row, int order, float[] strip, float[] x, int to, int columns) {
    int row1 = row + order;
    int row2 = row + 2 * order;
    int row3 = row + 3 * order;
    FloatVector a0 = FloatVector.zero(SPECIES);
    FloatVector a1 = a0;
    FloatVector b0 = a0;
    FloatVector b1 = a0;
    FloatVector c0 = a0;
    FloatVector c1 = a0;
    FloatVector d0 = a0;
    FloatVector d1 = a0;
    for (int j = 0; j < order; j++) {
      FloatVector z0 = FloatVector.fromArray(SPECIES, strip, j * 2 * W);
      FloatVector z1 = FloatVector.fromArray(SPECIES, strip, j * 2 * W + W);
      FloatVector sign = FloatVector.broadcast(SPECIES, h[row + j]);
      a0 = sign.fma(z0, a0);
      a1 = sign.fma(z1, a1);
      sign = FloatVector.broadcast(SPECIES, h[row1 + j]);
      b0 = sign.fma(z0, b0);
      b1 = sign.fma(z1, b1);
      sign = FloatVector.broadcast(SPECIES, h[row2 + j]);
      c0 = sign.fma(z0, c0);
      c1 = sign.fma(z1, c1);
      sign = FloatVector.broadcast(SPECIES, h[row3 + j]);
      d0 = sign.fma(z0, d0);
      d1 = sign.fma(z1, d1);
    }
    a0.intoArray(x, to);
    a1.intoArray(x, to + W);
    b0.intoArray(x, to + columns);
    b1.intoArray(x, to + columns + W);
    c0.intoArray(x, to + 2 * columns);
    c1.intoArray(x, to + 2 * columns + W);
    d0.intoArray(x, to + 3 * columns);
    d1.intoArray(x, to + 3 * columns + W);
  }

  private static void fourNarrowRows(
      float[] h, int row, int order, float[] strip, float[] x, int to, int columns) {
    FloatVector a = FloatVector.zero(SPECIES);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;
    for (int j = 0; j < order; j++) {
      FloatVector z = FloatVector.fromArray(SPECIES, strip, j * W);
      a = FloatVector.broadcast(SPECIES, h[row + j]).fma(z, a);
      b = FloatVector.broadcast(SPECIES, h[row + order + j]).fma(z, b);
      c = FloatVector.broadcast(SPECIES, h[row + 2 * order + j]).fma(z, c);
      d = FloatVector.broadcast(SPECIES, h[row + 3 * order + j]).fma(z, d);
    }
    a.intoArray(x, to);
    b.intoArray(x, to + columns);
    c.intoArray(x, to + 2 * columns);
    d.intoArray(x, to + 3 * columns);
  }
}
