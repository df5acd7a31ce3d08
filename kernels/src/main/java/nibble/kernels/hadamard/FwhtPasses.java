package nibble.kernels.hadamard;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * Passes of one to four stages over a row whose smaller strides are done; strides are at least a register. Stage follows stage in the order
 * of the scalar kernel, so that results have the same bits. Every pass multiplies its results by a scale, 1 except in the last pass: memory
 * limits a pass, so that multiplications are free.
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

  /** Four stages, in as many registers as AVX2 has: a few are spilled, which costs less than a second pass. */
  static void sixteen(int stride, int n, float[] x, int at, float scale) {
    for (int block = at; block < at + n; block += 16 * stride) {
      for (int i = block; i < block + stride; i += W) {
        FloatVector a = FloatVector.fromArray(SPECIES, x, i);
        FloatVector b = FloatVector.fromArray(SPECIES, x, i + stride);
        FloatVector c = FloatVector.fromArray(SPECIES, x, i + 2 * stride);
        FloatVector d = FloatVector.fromArray(SPECIES, x, i + 3 * stride);
        FloatVector e = FloatVector.fromArray(SPECIES, x, i + 4 * stride);
        FloatVector f = FloatVector.fromArray(SPECIES, x, i + 5 * stride);
        FloatVector g = FloatVector.fromArray(SPECIES, x, i + 6 * stride);
        FloatVector h = FloatVector.fromArray(SPECIES, x, i + 7 * stride);
        FloatVector q = FloatVector.fromArray(SPECIES, x, i + 8 * stride);
        FloatVector j = FloatVector.fromArray(SPECIES, x, i + 9 * stride);
        FloatVector k = FloatVector.fromArray(SPECIES, x, i + 10 * stride);
        FloatVector l = FloatVector.fromArray(SPECIES, x, i + 11 * stride);
        FloatVector m = FloatVector.fromArray(SPECIES, x, i + 12 * stride);
        FloatVector r = FloatVector.fromArray(SPECIES, x, i + 13 * stride);
        FloatVector o = FloatVector.fromArray(SPECIES, x, i + 14 * stride);
        FloatVector p = FloatVector.fromArray(SPECIES, x, i + 15 * stride);
        FloatVector a1 = a.add(b);
        FloatVector b1 = a.sub(b);
        FloatVector c1 = c.add(d);
        FloatVector d1 = c.sub(d);
        FloatVector e1 = e.add(f);
        FloatVector f1 = e.sub(f);
        FloatVector g1 = g.add(h);
        FloatVector h1 = g.sub(h);
        FloatVector q1 = q.add(j);
        FloatVector j1 = q.sub(j);
        FloatVector k1 = k.add(l);
        FloatVector l1 = k.sub(l);
        FloatVector m1 = m.add(r);
        FloatVector r1 = m.sub(r);
        FloatVector o1 = o.add(p);
        FloatVector p1 = o.sub(p);
        FloatVector a2 = a1.add(c1);
        FloatVector c2 = a1.sub(c1);
        FloatVector b2 = b1.add(d1);
        FloatVector d2 = b1.sub(d1);
        FloatVector e2 = e1.add(g1);
        FloatVector g2 = e1.sub(g1);
        FloatVector f2 = f1.add(h1);
        FloatVector h2 = f1.sub(h1);
        FloatVector q2 = q1.add(k1);
        FloatVector k2 = q1.sub(k1);
        FloatVector j2 = j1.add(l1);
        FloatVector l2 = j1.sub(l1);
        FloatVector m2 = m1.add(o1);
        FloatVector o2 = m1.sub(o1);
        FloatVector r2 = r1.add(p1);
        FloatVector p2 = r1.sub(p1);
        FloatVector a3 = a2.add(e2);
        FloatVector e3 = a2.sub(e2);
        FloatVector b3 = b2.add(f2);
        FloatVector f3 = b2.sub(f2);
        FloatVector c3 = c2.add(g2);
        FloatVector g3 = c2.sub(g2);
        FloatVector d3 = d2.add(h2);
        FloatVector h3 = d2.sub(h2);
        FloatVector q3 = q2.add(m2);
        FloatVector m3 = q2.sub(m2);
        FloatVector j3 = j2.add(r2);
        FloatVector r3 = j2.sub(r2);
        FloatVector k3 = k2.add(o2);
        FloatVector o3 = k2.sub(o2);
        FloatVector l3 = l2.add(p2);
        FloatVector p3 = l2.sub(p2);
        a3.add(q3).mul(scale).intoArray(x, i);
        a3.sub(q3).mul(scale).intoArray(x, i + 8 * stride);
        b3.add(j3).mul(scale).intoArray(x, i + stride);
        b3.sub(j3).mul(scale).intoArray(x, i + 9 * stride);
        c3.add(k3).mul(scale).intoArray(x, i + 2 * stride);
        c3.sub(k3).mul(scale).intoArray(x, i + 10 * stride);
        d3.add(l3).mul(scale).intoArray(x, i + 3 * stride);
        d3.sub(l3).mul(scale).intoArray(x, i + 11 * stride);
        e3.add(m3).mul(scale).intoArray(x, i + 4 * stride);
        e3.sub(m3).mul(scale).intoArray(x, i + 12 * stride);
        f3.add(r3).mul(scale).intoArray(x, i + 5 * stride);
        f3.sub(r3).mul(scale).intoArray(x, i + 13 * stride);
        g3.add(o3).mul(scale).intoArray(x, i + 6 * stride);
        g3.sub(o3).mul(scale).intoArray(x, i + 14 * stride);
        h3.add(p3).mul(scale).intoArray(x, i + 7 * stride);
        h3.sub(p3).mul(scale).intoArray(x, i + 15 * stride);
      }
    }
  }
}
