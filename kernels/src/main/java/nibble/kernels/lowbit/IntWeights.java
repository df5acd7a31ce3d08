package nibble.kernels.lowbit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Packed integer weights {@code [out, in]}: {@code w[o, k] = scale[o, k / g] * (code[o, k] -
 * zeroPoint[o, k / g])} with codes of 2 to 8 bits and groups of {@code g} weights along the input
 * axis; {@code g = in} means one scale per output channel.
 *
 * <p>A symmetric weight has signed codes {@code -2^(bits-1) .. 2^(bits-1) - 1} and no zero point;
 * an asymmetric one has unsigned codes {@code 0 .. 2^bits - 1} and a zero point in the same range
 * for every group. Codes of 2, 3 and 4 bits occupy 4 bits each, codes of 5 to 8 bits occupy 8
 * ({@link #containerBits}).
 *
 * <p><b>Layout</b>, the same for every vector width. One segment with three parts, each starting at
 * a multiple of 64 bytes. <i>Codes</i>: panels of 16 output rows; a panel is a sequence of 64-byte
 * lines; a line holds one 32-bit little-endian word per row, and a word holds 8 consecutive inputs
 * as nibbles (4 as bytes), the first in the lowest bits. Stored codes are unsigned: a symmetric
 * code is stored plus {@code 2^(bits-1)}. <i>Scales</i>: {@code [panel][group][16]} of {@link
 * ScaleType}. <i>Zero points</i>: ints {@code [panel][group][16]}, or for symmetric weights a
 * single line of {@code 2^(bits-1)}, so that kernels need not tell the two apart. Outputs are
 * padded to 16 and inputs to 8 with weights of value zero.
 *
 * <p>Immutable and thread-safe. Weights packed here live in native memory that the garbage
 * collector frees; weights over a given segment ({@link #over}) live as long as its arena.
 */
public final class IntWeights {
  /** Output rows of one panel. */
  public static final int PANEL_ROWS = 16;

  /** Bytes of one line of a panel. */
  static final int LINE = 64;

  /** Inputs are padded to a multiple of this. */
  static final int INPUT_STEP = 8;

  static final ValueLayout.OfInt WORD = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort HALF =
      JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** How scales are stored. Sums and products with them are F32 in either case. */
  public enum ScaleType {
    F32(4),

    /**
     * Half the bytes; for scales of at least 0 that are F16 numbers already, so nothing is rounded
     * here.
     */
    F16(2);

    private final int bytes;

    ScaleType(int bytes) {
      this.bytes = bytes;
    }

    /** F16 if no scale changes by it and there are groups, whose scales are many; otherwise F32. */
    static ScaleType of(float[] scales, int groups) {
      if (groups == 1) {
        return F32;
      }
      for (float scale : scales) {
        short half = Float.floatToFloat16(scale);
        if (half < 0 || Float.float16ToFloat(half) != scale || scale == Float.POSITIVE_INFINITY) {
          return F32;
        }
      }
      return F16;
    }
  }

  private final Shape shape;
  private final MemorySegment segment;
  private final ExactChunks exactChunks = new ExactChunks(this);

  private IntWeights(Shape shape, MemorySegment segment) {
    this.shape = shape;
    this.segment = segment;
  }

  /** Everything but the numbers; computes where they are. */
  private record Shape(
      int out, int in, int bits, int groupSize, boolean symmetric, ScaleType scaleType) {
    Shape {
      if (out < 1 || in < 1) {
        throw new IllegalArgumentException(
            "weights must have at least one output and one input, were [%d, %d]"
                .formatted(out, in));
      }
      if (bits < 2 || bits > 8) {
        throw new IllegalArgumentException("bit width must be 2 to 8, was " + bits);
      }
      if (groupSize < 1 || groupSize > in || in % groupSize != 0) {
        throw new IllegalArgumentException(
            "group size %d does not divide in = %d; choose a divisor, or group size %d for one scale per channel"
                .formatted(groupSize, in, in));
      }
      if (groupSize % INPUT_STEP != 0 && groupSize != in) {
        throw new IllegalArgumentException(
            "group size %d is not a multiple of %d; choose one that is, or group size %d for one scale per channel"
                .formatted(groupSize, INPUT_STEP, in));
      }
    }

    int container() {
      return bits <= 4 ? 4 : 8;
    }

    int panels() {
      return (out + PANEL_ROWS - 1) / PANEL_ROWS;
    }

    int paddedIn() {
      return (in + INPUT_STEP - 1) / INPUT_STEP * INPUT_STEP;
    }

    int groups() {
      return in / groupSize;
    }

    long panelBytes() {
      return (long) paddedIn() * PANEL_ROWS * container() / 8;
    }

    long codesBytes() {
      return panels() * panelBytes();
    }

    long lines() {
      return (long) panels() * groups();
    }

    long scalesBytes() {
      return (lines() * PANEL_ROWS * scaleType.bytes + LINE - 1) / LINE * LINE;
    }

    long bytes() {
      return codesBytes() + scalesBytes() + (symmetric ? 1 : lines()) * LINE;
    }
  }

  /**
   * Packs signed codes.
   *
   * @param codes {@code [out, in]}, row-major, each in {@code -2^(bits-1) .. 2^(bits-1) - 1}
   * @param scales {@code [out, in / groupSize]}, row-major
   * @param groupSize a multiple of 8 that divides {@code in}, or {@code in}
   * @throws IllegalArgumentException for a wrong length, bit width, group size or code
   */
  public static IntWeights packSymmetric(
      byte[] codes, float[] scales, int out, int in, int bits, int groupSize) {
    return packSymmetric(
        codes,
        scales,
        out,
        in,
        bits,
        groupSize,
        ScaleType.of(scales, groupSize < 1 ? 1 : in / groupSize));
  }

  static IntWeights packSymmetric(
      byte[] codes, float[] scales, int out, int in, int bits, int groupSize, ScaleType scaleType) {
    Shape shape = new Shape(out, in, bits, groupSize, true, scaleType);
    IntWeights packed = allocate(shape, codes, scales);
    int offset = 1 << (bits - 1);
    for (int lane = 0; lane < PANEL_ROWS; lane++) {
      packed.segment.set(WORD, packed.zeroPointsOffset() + 4L * lane, offset);
    }
    packed.storeCodes(codes, offset, 0xFFFFFFFF);
    return packed;
  }

  /**
   * Packs unsigned codes.
   *
   * @param codes {@code [out, in]}, row-major, each in {@code 0 .. 2^bits - 1} when read as an
   *     unsigned byte
   * @param scales {@code [out, in / groupSize]}, row-major
   * @param zeroPoints {@code [out, in / groupSize]}, row-major, each in {@code 0 .. 2^bits - 1}
   * @param groupSize a multiple of 8 that divides {@code in}, or {@code in}
   * @throws IllegalArgumentException for a wrong length, bit width, group size, code or zero point
   */
  public static IntWeights packAsymmetric(
      byte[] codes, float[] scales, int[] zeroPoints, int out, int in, int bits, int groupSize) {
    Shape shape =
        new Shape(
            out,
            in,
            bits,
            groupSize,
            false,
            ScaleType.of(scales, groupSize < 1 ? 1 : in / groupSize));
    IntWeights packed = allocate(shape, codes, scales);
    if (zeroPoints.length != scales.length) {
      throw new IllegalArgumentException(
          "expected %d zero points, one per scale, found %d"
              .formatted(scales.length, zeroPoints.length));
    }
    for (int row = 0; row < out; row++) {
      for (int g = 0; g < shape.groups(); g++) {
        int z = zeroPoints[row * shape.groups() + g];
        if (z < 0 || z >= 1 << bits) {
          throw new IllegalArgumentException(
              "zero point %d of row %d, group %d is outside 0..%d"
                  .formatted(z, row, g, (1 << bits) - 1));
        }
        packed.segment.set(WORD, packed.zeroPointAt(row, g), z);
      }
    }
    packed.storeCodes(codes, 0, 0xFF);
    return packed;
  }

  /**
   * Weights over memory that already holds the layout, for instance a mapped file. Nothing is
   * copied or checked but the length; codes beyond the bit width give wrong products, never an
   * access outside the segment.
   *
   * @param packed at least {@link #packedBytes} bytes; only the first so many are used
   * @throws IllegalArgumentException if the segment is too short or an array's, or the shape is not
   *     valid
   */
  public static IntWeights over(
      MemorySegment packed,
      int out,
      int in,
      int bits,
      int groupSize,
      boolean symmetric,
      ScaleType scaleType) {
    Shape shape = new Shape(out, in, bits, groupSize, symmetric, scaleType);
    if (packed.byteSize() < shape.bytes()) {
      throw new IllegalArgumentException(
          "packed weights [%d, %d] of %d bits in groups of %d need %d bytes, found %d"
              .formatted(out, in, bits, groupSize, shape.bytes(), packed.byteSize()));
    }
    if (!packed.isNative()) {
      throw new IllegalArgumentException(
          "packed weights must be in memory of an arena or in a mapped file, found %s: copy them to one"
              .formatted(packed));
    }
    return new IntWeights(shape, packed.asSlice(0, shape.bytes()).asReadOnly());
  }

  /**
   * Bytes of the packed form of such weights, if scales take 4 bytes: those of groups take 2 where
   * they are F16 numbers.
   */
  public static long packedBytes(int out, int in, int bits, int groupSize, boolean symmetric) {
    return packedBytes(out, in, bits, groupSize, symmetric, ScaleType.F32);
  }

  /** Bytes of the packed form of such weights. */
  public static long packedBytes(
      int out, int in, int bits, int groupSize, boolean symmetric, ScaleType scaleType) {
    return new Shape(out, in, bits, groupSize, symmetric, scaleType).bytes();
  }

  private static IntWeights allocate(Shape shape, byte[] codes, float[] scales) {
    int groups = shape.groups();
    if (codes.length != Math.multiplyExact(shape.out, shape.in)
        || scales.length != shape.out * groups) {
      throw new IllegalArgumentException(
          "weights [%d, %d] in groups of %d need %d codes and %d scales, found %d and %d"
              .formatted(
                  shape.out,
                  shape.in,
                  shape.groupSize,
                  (long) shape.out * shape.in,
                  (long) shape.out * groups,
                  codes.length,
                  scales.length));
    }
    IntWeights packed = new IntWeights(shape, Arena.ofAuto().allocate(shape.bytes(), LINE));
    for (int row = 0; row < shape.out; row++) {
      for (int g = 0; g < groups; g++) {
        packed.storeScale(row, g, scales[row * groups + g]);
      }
    }
    return packed;
  }

  private void storeScale(int row, int group, float scale) {
    if (hasHalfScales()) {
      segment.set(HALF, scaleAt(row, group), Float.floatToFloat16(scale));
    } else {
      segment.set(FLOAT, scaleAt(row, group), scale);
    }
  }

  private void storeCodes(byte[] codes, int offset, int mask) {
    int perWord = inputsPerWord();
    int top = (1 << shape.bits) - 1;
    for (int row = 0; row < shape.panels() * PANEL_ROWS; row++) {
      for (int k = 0; k < shape.paddedIn(); k += perWord) {
        int word = 0;
        for (int i = 0; i < perWord; i++) {
          boolean inside = row < shape.out && k + i < shape.in;
          int code =
              inside
                  ? (codes[row * shape.in + k + i] & mask) + offset
                  : storedZeroPoint(row, paddingGroup(k));
          if (code < 0 || code > top) {
            throw new IllegalArgumentException(
                "code %d of row %d, input %d is outside %d..%d"
                    .formatted(code - offset, row, k + i, -offset, top - offset));
          }
          word |= code << (i * shape.container());
        }
        segment.set(WORD, wordAt(row, k), word);
      }
    }
  }

  private int paddingGroup(int k) {
    return Math.min(k, shape.in - 1) / shape.groupSize;
  }

  private long wordAt(int row, int k) {
    return row / PANEL_ROWS * shape.panelBytes()
        + (long) (k / inputsPerWord()) * LINE
        + row % PANEL_ROWS * 4L;
  }

  private long tableIndex(int row, int group) {
    return (row / PANEL_ROWS * (long) shape.groups() + group) * PANEL_ROWS + row % PANEL_ROWS;
  }

  private long scaleAt(int row, int group) {
    return scalesOffset() + shape.scaleType.bytes * tableIndex(row, group);
  }

  private long zeroPointAt(int row, int group) {
    return zeroPointsOffset() + 4 * tableIndex(row, group);
  }

  /** Output features. */
  public int out() {
    return shape.out;
  }

  /** Input features. */
  public int in() {
    return shape.in;
  }

  /** Bit width of the codes, 2 to 8. */
  public int bits() {
    return shape.bits;
  }

  /** Bits that one code occupies: 4 or 8. */
  public int containerBits() {
    return shape.container();
  }

  /** Weights along the input axis that share one scale. */
  public int groupSize() {
    return shape.groupSize;
  }

  /** Groups of one row, {@code in / groupSize}. */
  public int groups() {
    return shape.groups();
  }

  /** Whether the zero point is fixed. */
  public boolean isSymmetric() {
    return shape.symmetric;
  }

  /** How scales are stored. */
  public ScaleType scaleType() {
    return shape.scaleType;
  }

  boolean hasHalfScales() {
    return shape.scaleType == ScaleType.F16;
  }

  /** Bytes of the packed form: codes, scales and zero points with their padding. */
  public long bytes() {
    return shape.bytes();
  }

  /** The packed form, read-only: what {@link #over} takes. */
  public MemorySegment packed() {
    return segment.asReadOnly();
  }

  /** Scale of one group. */
  public float scale(int row, int group) {
    return hasHalfScales()
        ? Float.float16ToFloat(segment.get(HALF, scaleAt(row, group)))
        : segment.get(FLOAT, scaleAt(row, group));
  }

  /** Zero point of one group; 0 for symmetric weights. */
  public int zeroPoint(int row, int group) {
    return shape.symmetric ? 0 : segment.get(WORD, zeroPointAt(row, group));
  }

  /** Copies the codes of one row, as they were packed, to {@code codes[offset .. offset + in)}. */
  public void unpack(int row, byte[] codes, int offset) {
    int shift = shape.symmetric ? 1 << (shape.bits - 1) : 0;
    for (int k = 0; k < shape.in; k++) {
      codes[offset + k] = (byte) (storedCode(row, k) - shift);
    }
  }

  /**
   * Writes the weights of one row, {@code scale * (code - zeroPoint)}, to {@code values[offset ..
   * offset + in)}.
   */
  public void dequantize(int row, float[] values, int offset) {
    for (int k = 0; k < shape.in; k++) {
      values[offset + k] = scale(row, k / shape.groupSize) * level(row, k);
    }
  }

  /** {@code code - zeroPoint}: the integer whose multiple the weight is. */
  int level(int row, int k) {
    return storedCode(row, k) - storedZeroPoint(row, k / shape.groupSize);
  }

  private int storedCode(int row, int k) {
    int word = segment.get(WORD, wordAt(row, k));
    return word >>> (k % inputsPerWord() * shape.container()) & ((1 << shape.container()) - 1);
  }

  int storedZeroPoint(int row, int group) {
    return shape.symmetric ? fixedZeroPoint() : segment.get(WORD, zeroPointAt(row, group));
  }

  /** The stored code of zero in symmetric weights. */
  int fixedZeroPoint() {
    return 1 << (shape.bits - 1);
  }

  /** Largest absolute {@link #level}. */
  int maxLevel() {
    return shape.symmetric ? 1 << (shape.bits - 1) : (1 << shape.bits) - 1;
  }

  ExactChunks exactChunks() {
    return exactChunks;
  }

  int inputsPerWord() {
    return 32 / shape.container();
  }

  int panels() {
    return shape.panels();
  }

  int paddedIn() {
    return shape.paddedIn();
  }

  /** Bytes from one panel of codes to the next. */
  long panelBytes() {
    return shape.panelBytes();
  }

  long scalesOffset() {
    return shape.codesBytes();
  }

  long zeroPointsOffset() {
    return shape.codesBytes() + shape.scalesBytes();
  }

  /** Lines of one group in a panel. */
  int linesPerGroup() {
    return groups() == 1 ? paddedIn() / inputsPerWord() : groupSize() / inputsPerWord();
  }

  /** Where the word of {@code row} is in the first line of its panel. */
  long lineAt(int row) {
    return wordAt(row, 0);
  }

  /**
   * Where the scale of the first group of {@code row} is; the next group is one line further, half
   * a line with F16 scales.
   */
  long scalesAt(int row) {
    return scaleAt(row, 0);
  }

  /**
   * Where the zero point of the first group of {@code row} is; the next is {@link #zeroPointStep}
   * bytes further.
   */
  long zeroPointsAt(int row) {
    return shape.symmetric ? zeroPointsOffset() + row % PANEL_ROWS * 4L : zeroPointAt(row, 0);
  }

  /** A line, or 0 where one zero point serves every group. */
  int zeroPointStep() {
    return shape.symmetric ? 0 : LINE;
  }

  MemorySegment segment() {
    return segment;
  }
}
