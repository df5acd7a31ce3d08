package nibble.kernels.hadamard;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * The stages inside a register are one permute and one fused multiply-add each, {@code v * (+1 -1 ...) + swapped v}. The first pass does
 * these and two or three more; later passes do three stages (8 registers, 24 additions per 8 loads and stores) or two. Rows longer than
 * {@link #CACHED} are split into eight sub-rows that are finished one by one, so that all but the last passes stay in the first-level
 * cache.
 */
final class VectorFwht implements Fwht {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  /** Elements of the first pass. */
  private static final int TILE = 4 * W;

  /** Floats that stay in half of a 32 KiB first-level cache. */
  private static final int CACHED = 1 << 12;

  /** +1 -1 patterns of the four stages. Loaded before a loop: a constant vector would be loaded again after every store. */
  private static final float[] SIGNS = signs();

  private static final VectorShuffle<Float> SWAP_1 = swap(1);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_8 = swap(8);

  @Override
  public void transform(int rows, int n, float[] x, int xOffset, float scale) {
    Fwht.checkLength(n);
    if (n < W) {
      inRegisters(rows * n, n, x, xOffset, scale);
      return;
    }
    for (int r = 0; r < rows; r++) {
      if (n < TILE) {
        inRegisters(n, W, x, xOffset + r * n, scale);
        passes(W, n, x, xOffset + r * n);
      } else {
        split(n, x, xOffset + r * n, scale);
      }
    }
  }

  private static void split(int n, float[] x, int at, float scale) {
    if (n > CACHED) {
      int part = n / 8;
      for (int i = 0; i < 8; i++) {
        split(part, x, at + i * part, scale);
      }
      eight(part, n, x, at);
      return;
    }
    // With one stage more in the first pass the rest may divide into threes.
    if (W <= 8 && scale == 1 && log2(n / TILE) % 3 == 1) {
      doubleTiles(n, x, at);
      passes(2 * TILE, n, x, at);
    } else {
      tiles(n, x, at, scale);
      passes(TILE, n, x, at);
    }
  }

  /** All stages of strides from {@code stride} up: passes of one or two stages until the rest divides into threes. */
  private static void passes(int stride, int n, float[] x, int at) {
    int step = stride;
    while (step < n) {
      int left = log2(n / step);
      if (left == 1) {
        two(step, n, x, at);
        step *= 2;
      } else if (left % 3 == 0) {
        eight(step, n, x, at);
        step *= 8;
      } else {
        four(step, n, x, at);
        step *= 4;
      }
    }
  }

  private static int log2(int power) {
    return Integer.numberOfTrailingZeros(power);
  }

  private static void two(int stride, int n, float[] x, int at) {
    for (int block = at; block < at + n; block += 2 * stride) {
      for (int i = block; i < block + stride; i += W) {
        FloatVector a = FloatVector.fromArray(SPECIES, x, i);
        FloatVector b = FloatVector.fromArray(SPECIES, x, i + stride);
        a.add(b).intoArray(x, i);
        a.sub(b).intoArray(x, i + stride);
      }
    }
  }

  private static void four(int stride, int n, float[] x, int at) {
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
        a1.add(c1).intoArray(x, i);
        b1.add(d1).intoArray(x, i + stride);
        a1.sub(c1).intoArray(x, i + 2 * stride);
        b1.sub(d1).intoArray(x, i + 3 * stride);
      }
    }
  }

  private static void eight(int stride, int n, float[] x, int at) {
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
        FloatVector b2 = b1.add(d1);
        FloatVector c2 = a1.sub(c1);
        FloatVector d2 = b1.sub(d1);
        FloatVector e2 = e1.add(g1);
        FloatVector f2 = f1.add(h1);
        FloatVector g2 = e1.sub(g1);
        FloatVector h2 = f1.sub(h1);
        a2.add(e2).intoArray(x, i);
        b2.add(f2).intoArray(x, i + stride);
        c2.add(g2).intoArray(x, i + 2 * stride);
        d2.add(h2).intoArray(x, i + 3 * stride);
        a2.sub(e2).intoArray(x, i + 4 * stride);
        b2.sub(f2).intoArray(x, i + 5 * stride);
        c2.sub(g2).intoArray(x, i + 6 * stride);
        d2.sub(h2).intoArray(x, i + 7 * stride);
      }
    }
  }

  /** The first pass: all strides below {@link #TILE}. */
  private static void tiles(int n, float[] x, int at, float scale) {
    FloatVector s1 = FloatVector.fromArray(SPECIES, SIGNS, 0);
    FloatVector s2 = FloatVector.fromArray(SPECIES, SIGNS, W);
    FloatVector s4 = FloatVector.fromArray(SPECIES, SIGNS, 2 * W);
    FloatVector s8 = FloatVector.fromArray(SPECIES, SIGNS, 3 * W);
    for (int i = at; i < at + n; i += TILE) {
      FloatVector a = FloatVector.fromArray(SPECIES, x, i).mul(scale);
      FloatVector b = FloatVector.fromArray(SPECIES, x, i + W).mul(scale);
      FloatVector c = FloatVector.fromArray(SPECIES, x, i + 2 * W).mul(scale);
      FloatVector d = FloatVector.fromArray(SPECIES, x, i + 3 * W).mul(scale);
      a = stage1(a, s1);
      b = stage1(b, s1);
      c = stage1(c, s1);
      d = stage1(d, s1);
      a = stage2(a, s2);
      b = stage2(b, s2);
      c = stage2(c, s2);
      d = stage2(d, s2);
      if (W > 4) {
        a = stage4(a, s4);
        b = stage4(b, s4);
        c = stage4(c, s4);
        d = stage4(d, s4);
      }
      if (W > 8) {
        a = stage8(a, s8);
        b = stage8(b, s8);
        c = stage8(c, s8);
        d = stage8(d, s8);
      }
      FloatVector a1 = a.add(b);
      FloatVector b1 = a.sub(b);
      FloatVector c1 = c.add(d);
      FloatVector d1 = c.sub(d);
      a1.add(c1).intoArray(x, i);
      b1.add(d1).intoArray(x, i + W);
      a1.sub(c1).intoArray(x, i + 2 * W);
      b1.sub(d1).intoArray(x, i + 3 * W);
    }
  }

  /** The same for strides below twice {@link #TILE}, without a scale: 16 more operations would exceed what the compiler inlines. */
  private static void doubleTiles(int n, float[] x, int at) {
    FloatVector s1 = FloatVector.fromArray(SPECIES, SIGNS, 0);
    FloatVector s2 = FloatVector.fromArray(SPECIES, SIGNS, W);
    FloatVector s4 = FloatVector.fromArray(SPECIES, SIGNS, 2 * W);
    for (int i = at; i < at + n; i += 2 * TILE) {
      FloatVector a = FloatVector.fromArray(SPECIES, x, i);
      FloatVector b = FloatVector.fromArray(SPECIES, x, i + W);
      FloatVector c = FloatVector.fromArray(SPECIES, x, i + 2 * W);
      FloatVector d = FloatVector.fromArray(SPECIES, x, i + 3 * W);
      FloatVector e = FloatVector.fromArray(SPECIES, x, i + 4 * W);
      FloatVector f = FloatVector.fromArray(SPECIES, x, i + 5 * W);
      FloatVector g = FloatVector.fromArray(SPECIES, x, i + 6 * W);
      FloatVector h = FloatVector.fromArray(SPECIES, x, i + 7 * W);
      a = stage1(a, s1);
      b = stage1(b, s1);
      c = stage1(c, s1);
      d = stage1(d, s1);
      e = stage1(e, s1);
      f = stage1(f, s1);
      g = stage1(g, s1);
      h = stage1(h, s1);
      a = stage2(a, s2);
      b = stage2(b, s2);
      c = stage2(c, s2);
      d = stage2(d, s2);
      e = stage2(e, s2);
      f = stage2(f, s2);
      g = stage2(g, s2);
      h = stage2(h, s2);
      if (W > 4) {
        a = stage4(a, s4);
        b = stage4(b, s4);
        c = stage4(c, s4);
        d = stage4(d, s4);
        e = stage4(e, s4);
        f = stage4(f, s4);
        g = stage4(g, s4);
        h = stage4(h, s4);
      }
      FloatVector a1 = a.add(b);
      FloatVector b1 = a.sub(b);
      FloatVector c1 = c.add(d);
      FloatVector d1 = c.sub(d);
      FloatVector e1 = e.add(f);
      FloatVector f1 = e.sub(f);
      FloatVector g1 = g.add(h);
      FloatVector h1 = g.sub(h);
      FloatVector a2 = a1.add(c1);
      FloatVector b2 = b1.add(d1);
      FloatVector c2 = a1.sub(c1);
      FloatVector d2 = b1.sub(d1);
      FloatVector e2 = e1.add(g1);
      FloatVector f2 = f1.add(h1);
      FloatVector g2 = e1.sub(g1);
      FloatVector h2 = f1.sub(h1);
      a2.add(e2).intoArray(x, i);
      b2.add(f2).intoArray(x, i + W);
      c2.add(g2).intoArray(x, i + 2 * W);
      d2.add(h2).intoArray(x, i + 3 * W);
      a2.sub(e2).intoArray(x, i + 4 * W);
      b2.sub(f2).intoArray(x, i + 5 * W);
      c2.sub(g2).intoArray(x, i + 6 * W);
      d2.sub(h2).intoArray(x, i + 7 * W);
    }
  }

  // Tiny methods, which are always inlined.

  private static FloatVector stage1(FloatVector v, FloatVector signs) {
    return v.fma(signs, v.rearrange(SWAP_1));
  }

  private static FloatVector stage2(FloatVector v, FloatVector signs) {
    return v.fma(signs, v.rearrange(SWAP_2));
  }

  private static FloatVector stage4(FloatVector v, FloatVector signs) {
    return v.fma(signs, v.rearrange(SWAP_4));
  }

  private static FloatVector stage8(FloatVector v, FloatVector signs) {
    return v.fma(signs, v.rearrange(SWAP_8));
  }

  /** All strides below {@code length}, at most the register width, of a run of whole rows. */
  private static void inRegisters(int count, int length, float[] x, int at, float scale) {
    FloatVector s1 = FloatVector.fromArray(SPECIES, SIGNS, 0);
    FloatVector s2 = FloatVector.fromArray(SPECIES, SIGNS, W);
    FloatVector s4 = FloatVector.fromArray(SPECIES, SIGNS, 2 * W);
    FloatVector s8 = FloatVector.fromArray(SPECIES, SIGNS, 3 * W);
    int i = 0;
    for (; i <= count - W; i += W) {
      FloatVector v = FloatVector.fromArray(SPECIES, x, at + i).mul(scale);
      if (length > 1) {
        v = stage1(v, s1);
      }
      if (length > 2) {
        v = stage2(v, s2);
      }
      if (length > 4) {
        v = stage4(v, s4);
      }
      if (length > 8) {
        v = stage8(v, s8);
      }
      v.intoArray(x, at + i);
    }
    for (; i < count; i += length) {
      scalarRow(length, x, at + i, scale);
    }
  }

  /** A row shorter than a register. */
  private static void scalarRow(int n, float[] x, int at, float scale) {
    for (int i = at; i < at + n; i++) {
      x[i] *= scale;
    }
    for (int stride = 1; stride < n; stride *= 2) {
      for (int i = at; i < at + n; i++) {
        if (((i - at) & stride) == 0) {
          float a = x[i];
          float b = x[i + stride];
          x[i] = a + b;
          x[i + stride] = a - b;
        }
      }
    }
  }

  private static VectorShuffle<Float> swap(int stride) {
    return VectorShuffle.fromOp(SPECIES, i -> (i ^ stride) & (W - 1));
  }

  private static float[] signs() {
    float[] signs = new float[4 * W];
    for (int i = 0; i < signs.length; i++) {
      signs[i] = (i & 1 << i / W) == 0 ? 1 : -1;
    }
    return signs;
  }
}
