package nibble.kernels.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Packed binary-coded weights {@code [out, in]} of 1 to 4 planes: {@code w[o, k] = offset[o, t] +
 * sum over planes i of alpha[o, t, i] * b}, with {@code b = +1} where bit {@code i} of the code is
 * set, otherwise {@code -1}, and {@code t = k / g} the group of {@code k}. Every uniform grid of as
 * many bits is a special case ({@link #fromUniform}).
 *
 * <p><b>Layout</b>, the same for every vector width: panels of 16 output rows; a panel is a
 * sequence of 64-byte lines ordered {@code [in / 32][plane]}; a line holds one 32-bit little-endian
 * word per row, and a word the bits of 32 consecutive inputs, the first in bit 0. Then floats:
 * {@code alpha [panel][group][plane][16]} and, if present, {@code offset [panel][group][16]}.
 * Outputs are padded to 16 and inputs to 32.
 *
 * <p>Immutable and thread-safe; its native memory is freed by the garbage collector.
 *
 * <p>Source: Park et al., LUT-GEMM, <a
 * href="https://arxiv.org/abs/2206.09557">arXiv:2206.09557</a>, section 3 (the format and its
 * offset).
 */
public final class BinaryWeights {
  /** Inputs of one word. */
  static final int WORD_INPUTS = 32;

  private static final int PANEL_ROWS = IntWeights.PANEL_ROWS;
  private static final int LINE = IntWeights.LINE;
  private static final ValueLayout.OfInt WORD =
      JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final int out;
  private final int in;
  private final int planes;
  private final int groupSize;
  private final boolean hasOffset;
  private final MemorySegment segment;

  private BinaryWeights(int out, int in, int planes, int groupSize, boolean hasOffset) {
    check(out, in, planes, groupSize);
    this.out = out;
    this.in = in;
    this.planes = planes;
    this.groupSize = groupSize;
    this.hasOffset = hasOffset;
    this.segment =
        Arena.ofAuto().allocate(packedBytes(out, in, planes, groupSize, hasOffset), LINE);
  }

  /**
   * Bytes of the packed form of such weights.
   *
   * @throws IllegalArgumentException if there is no such form; the message says what would be
   */
  public static long packedBytes(int out, int in, int planes, int groupSize, boolean hasOffset) {
    check(out, in, planes, groupSize);
    long floats = (long) (in / groupSize) * (planes + (hasOffset ? 1 : 0));
    return (long) Math.ceilDiv(out, PANEL_ROWS)
        * LINE
        * ((long) Math.ceilDiv(in, WORD_INPUTS) * planes + floats);
  }

  private static void check(int out, int in, int planes, int groupSize) {
    if (out < 1 || in < 1) {
      throw new IllegalArgumentException(
          "weights must have at least one output and one input, were [%d, %d]".formatted(out, in));
    }
    if (planes < 1 || planes > 4) {
      throw new IllegalArgumentException("binary-coded weights have 1 to 4 planes, not " + planes);
    }
    if (groupSize < 1
        || groupSize > in
        || in % groupSize != 0
        || (groupSize % WORD_INPUTS != 0 && groupSize != in)) {
      throw new IllegalArgumentException(
          "group size %d must divide in = %d and be a multiple of %d; choose another, or group size %d for one group per channel"
              .formatted(groupSize, in, WORD_INPUTS, in));
    }
  }

  /**
   * Packs codes.
   *
   * @param codes {@code [out, in]}, row-major; bit {@code i} set means {@code +1} in plane {@code
   *     i}
   * @param alphas {@code [out, in / groupSize, planes]}, row-major
   * @param offsets {@code [out, in / groupSize]}, or null for none
   * @param groupSize a multiple of 32 that divides {@code in}, or {@code in}
   * @throws IllegalArgumentException for a wrong length, plane count, group size or code
   */
  public static BinaryWeights pack(
      byte[] codes,
      float[] alphas,
      float @Nullable [] offsets,
      int out,
      int in,
      int planes,
      int groupSize) {
    BinaryWeights packed = new BinaryWeights(out, in, planes, groupSize, offsets != null);
    int groups = packed.groups();
    if (codes.length != Math.multiplyExact(out, in) || alphas.length != out * groups * planes) {
      throw new IllegalArgumentException(
          "binary-coded weights [%d, %d] of %d planes in groups of %d need %d codes and %d alphas, found %d and %d"
              .formatted(
                  out,
                  in,
                  planes,
                  groupSize,
                  (long) out * in,
                  (long) out * groups * planes,
                  codes.length,
                  alphas.length));
    }
    if (offsets != null && offsets.length != out * groups) {
      throw new IllegalArgumentException(
          "expected %d offsets, one per group, found %d".formatted(out * groups, offsets.length));
    }
    for (int row = 0; row < out; row++) {
      packed.storeCodes(row, codes);
      for (int g = 0; g < groups; g++) {
        for (int i = 0; i < planes; i++) {
          packed.segment.set(
              FLOAT, packed.alphaAt(row, g, i), alphas[(row * groups + g) * planes + i]);
        }
        if (offsets != null) {
          packed.segment.set(FLOAT, packed.offsetAt(row, g), offsets[row * groups + g]);
        }
      }
    }
    return packed;
  }

  /**
   * The same weights in binary coding: {@code alpha[i] = scale 2^i / 2}, {@code offset = scale
   * ((2^bits - 1) / 2 - zeroPoint)}, bits of the unsigned code as planes.
   *
   * @throws IllegalArgumentException if {@code weights} has more than 4 bits or a group size that
   *     is no multiple of 32
   */
  public static BinaryWeights fromUniform(IntWeights weights) {
    int bits = weights.bits();
    int out = weights.out();
    int in = weights.in();
    int groups = weights.groups();
    int shift = weights.isSymmetric() ? 1 << (bits - 1) : 0;
    if (bits > 4) {
      throw new IllegalArgumentException(
          "binary-coded weights have 1 to 4 planes; weights of %d bits do not fit".formatted(bits));
    }
    byte[] codes = new byte[Math.multiplyExact(out, in)];
    float[] alphas = new float[out * groups * bits];
    float[] offsets = new float[out * groups];
    for (int row = 0; row < out; row++) {
      weights.unpack(row, codes, row * in);
      for (int g = 0; g < groups; g++) {
        float scale = weights.scale(row, g);
        for (int i = 0; i < bits; i++) {
          alphas[(row * groups + g) * bits + i] = scale * (1 << i) / 2;
        }
        offsets[row * groups + g] =
            scale * (((1 << bits) - 1) / 2f - weights.zeroPoint(row, g) - shift);
      }
    }
    for (int i = 0; i < codes.length; i++) {
      codes[i] += (byte) shift;
    }
    return pack(codes, alphas, offsets, out, in, bits, weights.groupSize());
  }

  private void storeCodes(int row, byte[] codes) {
    for (int k = 0; k < in; k++) {
      int code = codes[row * in + k];
      if (code < 0 || code >= 1 << planes) {
        throw new IllegalArgumentException(
            "code %d of row %d, input %d is outside 0..%d"
                .formatted(code, row, k, (1 << planes) - 1));
      }
      for (int i = 0; i < planes; i++) {
        long at = wordAt(row, k, i);
        segment.set(WORD, at, segment.get(WORD, at) | (code >>> i & 1) << (k % WORD_INPUTS));
      }
    }
  }

  private long wordAt(int row, int k, int plane) {
    return row / PANEL_ROWS * panelBytes()
        + ((long) (k / WORD_INPUTS) * planes + plane) * LINE
        + row % PANEL_ROWS * 4L;
  }

  private long alphaAt(int row, int group, int plane) {
    return alphasOffset()
        + 4L
            * (((row / PANEL_ROWS * (long) groups() + group) * planes + plane) * PANEL_ROWS
                + row % PANEL_ROWS);
  }

  private long offsetAt(int row, int group) {
    return offsetsOffset()
        + 4L * ((row / PANEL_ROWS * (long) groups() + group) * PANEL_ROWS + row % PANEL_ROWS);
  }

  /** Output features. */
  public int out() {
    return out;
  }

  /** Input features. */
  public int in() {
    return in;
  }

  /** Bits per weight, 1 to 4. */
  public int planes() {
    return planes;
  }

  /** Weights along the input axis that share their alphas and offset. */
  public int groupSize() {
    return groupSize;
  }

  /** Groups of one row, {@code in / groupSize}. */
  public int groups() {
    return in / groupSize;
  }

  /** Whether groups have an offset. */
  public boolean hasOffset() {
    return hasOffset;
  }

  /** Bytes of the packed form with its padding. */
  public long bytes() {
    return segment.byteSize();
  }

  /** Step of one plane. */
  public float alpha(int row, int group, int plane) {
    return segment.get(FLOAT, alphaAt(row, group, plane));
  }

  /** Offset of one group; 0 where there is none. */
  public float offset(int row, int group) {
    return hasOffset ? segment.get(FLOAT, offsetAt(row, group)) : 0;
  }

  /**
   * The bits of 32 inputs from {@code 32 * word} on in one plane, the first in bit 0; bits after
   * the last input are 0.
   */
  public int bits(int row, int plane, int word) {
    return segment.get(WORD, wordAt(row, word * WORD_INPUTS, plane));
  }

  /** Copies the codes of one row, as they were packed, to {@code codes[offset .. offset + in)}. */
  public void unpack(int row, byte[] codes, int offset) {
    for (int k = 0; k < in; k++) {
      int code = 0;
      for (int i = 0; i < planes; i++) {
        code |= (segment.get(WORD, wordAt(row, k, i)) >>> (k % WORD_INPUTS) & 1) << i;
      }
      codes[offset + k] = (byte) code;
    }
  }

  /**
   * Writes the weights of one row to {@code values[offset .. offset + in)}; summed in double and
   * rounded once.
   */
  public void dequantize(int row, float[] values, int offset) {
    for (int k = 0; k < in; k++) {
      int group = k / groupSize;
      double value = offset(row, group);
      for (int i = 0; i < planes; i++) {
        value += sign(row, k, i) * (double) alpha(row, group, i);
      }
      values[offset + k] = (float) value;
    }
  }

  /** +1 or -1. */
  int sign(int row, int k, int plane) {
    return (segment.get(WORD, wordAt(row, k, plane)) >>> (k % WORD_INPUTS) & 1) * 2 - 1;
  }

  int panels() {
    return (out + PANEL_ROWS - 1) / PANEL_ROWS;
  }

  /** Words of one row and plane. */
  int words() {
    return (in + WORD_INPUTS - 1) / WORD_INPUTS;
  }

  long panelBytes() {
    return (long) words() * planes * LINE;
  }

  long alphasOffset() {
    return panels() * panelBytes();
  }

  long offsetsOffset() {
    return alphasOffset() + 4L * panels() * groups() * planes * PANEL_ROWS;
  }

  /**
   * Where the first word of {@code row} in {@code plane} is; the next is as many lines further as
   * there are planes.
   */
  long lineAt(int row, int plane) {
    return wordAt(row, 0, plane);
  }

  /**
   * Where the first alpha of {@code row} is; the next plane, then the next group, is one line
   * further.
   */
  long alphasAt(int row) {
    return alphaAt(row, 0, 0);
  }

  /** Where the first offset of {@code row} is; the next group is one line further. */
  long offsetsAt(int row) {
    return offsetAt(row, 0);
  }

  MemorySegment segment() {
    return segment;
  }
}
