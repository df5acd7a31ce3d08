package nibble.kernels.hadamard;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import nibble.kernels.platform.Lanes;

/**
 * The first pass does the strides inside a register, by one permute and one fused multiply-add each
 * ({@code v * (+1 -1 ...) + swapped v}), and two or three more; later passes do three stages or
 * two. Rows longer than {@link #CACHED} are split into sub-rows that are finished one by one, so
 * that all but the last passes stay in the first-level cache. Stages and the scale come in the
 * order of the scalar kernel, so results have the same bits.
 */
final class VectorFwht implements Fwht {
  private static final VectorSpecies<Float> SPECIES = Lanes.FLOAT;
  private static final int W = Lanes.FLOATS;

  /** Elements of a tile of the first pass. */
  private static final int TILE = W > 8 ? 4 * W : NarrowTiles.TILE;

  /** Floats that stay in half of a 32 KiB first-level cache. */
  private static final int CACHED = 1 << 12;

  /**
   * +1 -1 patterns of the four stages. Loaded before a loop: a constant vector would be loaded
   * again after every store.
   */
  private static final float[] SIGNS = signs();

  private static final VectorShuffle<Float> SWAP_1 = swap(1);
  private static final VectorShuffle<Float> SWAP_2 = swap(2);
  private static final VectorShuffle<Float> SWAP_4 = swap(4);
  private static final VectorShuffle<Float> SWAP_8 = swap(8);

  @Override
  public void transform(int rows, int n, float[] x, int xOffset, float scale) {
    Fwht.checkLength(n);
    if (n <= W) {
      inRegisters(rows * n, n, x, xOffset, scale);
      return;
    }
    for (int r = 0; r < rows; r++) {
      int at = xOffset + r * n;
      if (n < TILE) {
        inRegisters(n, W, x, at, 1);
        passes(W, n, x, at, scale);
      } else {
        split(n, x, at, scale);
      }
    }
  }

  private static void split(int n, float[] x, int at, float scale) {
    if (n > CACHED) {
      if (n == 2 * CACHED) {
        parts(4, n, x, at);
        FwhtPasses.four(n / 4, n, x, at, scale);
      } else {
        parts(8, n, x, at);
        FwhtPasses.eight(n / 8, n, x, at, scale);
      }
      return;
    }
    if (W > 8) {
      wideTiles(n, x, at);
    } else {
      NarrowTiles.transform(n, x, at);
    }
    if (n > TILE) {
      passes(TILE, n, x, at, scale);
    } else if (scale != 1) {
      inRegisters(n, 1, x, at, scale);
    }
  }

  private static void parts(int count, int n, float[] x, int at) {
    int part = n / count;
    for (int i = 0; i < count; i++) {
      split(part, x, at + i * part, 1);
    }
  }

  /** All stages of strides from {@code stride} up, in as few passes as possible. */
  private static void passes(int stride, int n, float[] x, int at, float scale) {
    int step = stride;
    while (step < n) {
      int left = Integer.numberOfTrailingZeros(n / step);
      if (left == 1) {
        FwhtPasses.two(step, n, x, at, scale);
        step *= 2;
      } else if (left % 3 != 0) {
        FwhtPasses.four(step, n, x, at, left == 2 ? scale : 1);
        step *= 4;
      } else {
        FwhtPasses.eight(step, n, x, at, left == 3 ? scale : 1);
        step *= 8;
      }
    }
  }

  /** The first pass in registers of 512 bits: all strides below {@link #TILE}. */
  private static void wideTiles(int n, float[] x, int at) {
    FloatVector s1 = FloatVector.fromArray(SPECIES, SIGNS, 0);
    FloatVector s2 = FloatVector.fromArray(SPECIES, SIGNS, W);
    FloatVector s4 = FloatVector.fromArray(SPECIES, SIGNS, 2 * W);
    FloatVector s8 = FloatVector.fromArray(SPECIES, SIGNS, 3 * W);
    for (int i = at; i < at + n; i += TILE) {
      FloatVector a = FloatVector.fromArray(SPECIES, x, i);
      FloatVector b = FloatVector.fromArray(SPECIES, x, i + W);
      FloatVector c = FloatVector.fromArray(SPECIES, x, i + 2 * W);
      FloatVector d = FloatVector.fromArray(SPECIES, x, i + 3 * W);
      a = stage1(a, s1);
      b = stage1(b, s1);
      c = stage1(c, s1);
      d = stage1(d, s1);
      a = stage2(a, s2);
      b = stage2(b, s2);
      c = stage2(c, s2);
      d = stage2(d, s2);
      a = stage4(a, s4);
      b = stage4(b, s4);
      c = stage4(c, s4);
      d = stage4(d, s4);
      a = stage8(a, s8);
      b = stage8(b, s8);
      c = stage8(c, s8);
      d = stage8(d, s8);
      FloatVector a1 = a.add(b);
      FloatVector b1 = a.sub(b);
      FloatVector c1 = c.add(d);
      FloatVector d1 = c.sub(d);
      a1.add(c1).intoArray(x, i);
      a1.sub(c1).intoArray(x, i + 2 * W);
      b1.add(d1).intoArray(x, i + W);
      b1.sub(d1).intoArray(x, i + 3 * W);
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
      FloatVector v = FloatVector.fromArray(SPECIES, x, at + i);
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
      v.mul(scale).intoArray(x, at + i);
    }
    for (; i < count; i += length) {
      scalarRow(length, x, at + i, scale);
    }
  }

  /** A row shorter than a register. */
  private static void scalarRow(int n, float[] x, int at, float scale) {
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
    for (int i = at; i < at + n; i++) {
      x[i] *= scale;
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
