package nibble.kernels.hadamard;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * Passes of one to three stages over a row whose smaller strides are done; strides are at least a
 * register. Stage follows stage in the order of the scalar kernel, so that results have the same
 * bits. Every pass multiplies its results by a scale, 1 except in the last pass.
 */
final class FwhtPasses {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  private FwhtPasses() {}

  /** Stride {@code stride}. */
  static void two(int stride, int n, float[] x, int at, float scale) {
    for (int block = at; block < at + n; block += 2 * stride) {
      for (int i = block; i < block + stride; i += W) {
        FloatVector a = FloatVector.fromArray(SPECIES, x, i);
        FloatVector b = FloatVector.fromArray(SPECIES, x, i + stride);
        a.add(b).mul(scale).intoArray(x, i);
        a.sub(b).mul(scale).intoArray(x, i + stride);
      }
    }
  }

  /** Strides {@code stride} and twice that. */
  static void four(int stride, int n, float[] x, int at, float scale) {
    for (int block = at; block < at + n; block += 4 * stride) {
      for (int i = block; i < block + stride; i += W) {
        FloatVector a = FloatVector.fromArray(SPECIES, x, i);
        FloatVector b = FloatVector.fromArray(SPECIES, x, i + stride);
        FloatVector c = FloatVector.fromArray(SPECIES, x, i + 2 * stride);
        FloatVector d = FloatVector.fromArray(SPECIES, x, i + 3 * stride);
        FloatVector a1 = a.add(b);
        FloatVector b1 = a.sub(b);
        FloatVector c1 = c.add(d);
        FloatVector d1 = c.sub(d);
        a1.add(c1).mul(scale).intoArray(x, i);
        a1.sub(c1).mul(scale).intoArray(x, i + 2 * stride);
        b1.add(d1).mul(scale).intoArray(x, i + stride);
        b1.sub(d1).mul(scale).intoArray(x, i + 3 * stride);
      }
    }
  }

  /** Three stages: 24 additions per 8 loads and stores. */
  static void eight(int stride, int n, float[] x, int at, float scale) {
    for (int block = at; block < at + n; block += 8 * stride) {
      for (int i = block; i < block + stride; i += W) {
        FloatVector a = FloatVector.fromArray(SPECIES, x, i);
        FloatVector b = FloatVector.fromArray(SPECIES, x, i + stride);
        FloatVector c = FloatVector.fromArray(SPECIES, x, i + 2 * stride);
        FloatVector d = FloatVector.fromArray(SPECIES, x, i + 3 * stride);
        FloatVector e = FloatVector.fromArray(SPECIES, x, i + 4 * stride);
        FloatVector f = FloatVector.fromArray(SPECIES, x, i + 5 * stride);
        FloatVector g = FloatVector.fromArray(SPECIES, x, i + 6 * stride);
        FloatVector h = FloatVector.fromArray(SPECIES, x, i + 7 * stride);
        FloatVector a1 = a.add(b);
        FloatVector b1 = a.sub(b);
        FloatVector c1 = c.add(d);
        FloatVector d1 = c.sub(d);
        FloatVector e1 = e.add(f);
        FloatVector f1 = e.sub(f);
        FloatVector g1 = g.add(h);
        FloatVector h1 = g.sub(h);
        FloatVector a2 = a1.add(c1);
        FloatVector c2 = a1.sub(c1);
        FloatVector b2 = b1.add(d1);
        FloatVector d2 = b1.sub(d1);
        FloatVector e2 = e1.add(g1);
        FloatVector g2 = e1.sub(g1);
        FloatVector f2 = f1.add(h1);
        FloatVector h2 = f1.sub(h1);
        a2.add(e2).mul(scale).intoArray(x, i);
        a2.sub(e2).mul(scale).intoArray(x, i + 4 * stride);
        b2.add(f2).mul(scale).intoArray(x, i + stride);
        b2.sub(f2).mul(scale).intoArray(x, i + 5 * stride);
        c2.add(g2).mul(scale).intoArray(x, i + 2 * stride);
        c2.sub(g2).mul(scale).intoArray(x, i + 6 * stride);
        d2.add(h2).mul(scale).intoArray(x, i + 3 * stride);
        d2.sub(h2).mul(scale).intoArray(x, i + 7 * stride);
      }
    }
  }
}
