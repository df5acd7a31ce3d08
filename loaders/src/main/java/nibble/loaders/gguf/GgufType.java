package nibble.loaders.gguf;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import nibble.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * Number types of tensors that can be read. Values lie in blocks of {@link #blockValues()} along
 * the last axis.
 */
public enum GgufType {
  F32(0, DType.F32),
  F16(1, DType.F16),
  BF16(30, DType.BF16),
  F64(28, DType.F64),
  I8(24, DType.I8),
  I16(25, DType.I16),
  I32(26, DType.I32),
  I64(27, DType.I64),
  Q4_0(2, 32, 18, Blocks32::q40, new IntegerForm(4, 32, Blocks32::q40Codes)),
  Q4_1(3, 32, 20, Blocks32::q41, null),
  Q5_0(6, 32, 22, Blocks32::q50, new IntegerForm(5, 32, Blocks32::q50Codes)),
  Q5_1(7, 32, 24, Blocks32::q51, null),
  Q8_0(8, 32, 34, Blocks32::q80, new IntegerForm(8, 32, Blocks32::q80Codes)),
  Q2_K(10, 256, 84, SuperBlocks::q2k, null),
  Q3_K(11, 256, 110, SuperBlocks::q3k, new IntegerForm(3, 16, SuperBlocks::q3kCodes)),
  Q4_K(12, 256, 144, SuperBlocks::q4k, null),
  Q5_K(13, 256, 176, SuperBlocks::q5k, null),
  Q6_K(14, 256, 210, SuperBlocks::q6k, new IntegerForm(6, 16, SuperBlocks::q6kCodes));

  private final int id;
  private final int blockValues;
  private final int blockBytes;
  private final @Nullable DType dtype;
  private final @Nullable BlockReader reader;
  private final @Nullable IntegerForm integers;

  GgufType(int id, DType dtype) {
    this(id, 1, dtype.bytes(), dtype, null, null);
  }

  GgufType(
      int id, int blockValues, int blockBytes, BlockReader reader, @Nullable IntegerForm integers) {
    this(id, blockValues, blockBytes, null, reader, integers);
  }

  GgufType(
      int id,
      int blockValues,
      int blockBytes,
      @Nullable DType dtype,
      @Nullable BlockReader reader,
      @Nullable IntegerForm integers) {
    this.id = id;
    this.blockValues = blockValues;
    this.blockBytes = blockBytes;
    this.dtype = dtype;
    this.reader = reader;
    this.integers = integers;
  }

  /** The type with this number; empty if it cannot be read. */
  static Optional<GgufType> of(int id) {
    return Arrays.stream(values()).filter(type -> type.id == id).findFirst();
  }

  static String names() {
    return Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "));
  }

  int id() {
    return id;
  }

  /** Values of one block; 1 for plain numbers. */
  public int blockValues() {
    return blockValues;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** The type as tensors know it; empty for blocks. */
  public Optional<DType> dtype() {
    return Optional.ofNullable(dtype);
  }

  /** What turns blocks into floats; empty for plain numbers. */
  Optional<BlockReader> reader() {
    return Optional.ofNullable(reader);
  }

  /**
   * How the values are integers with a scale, exactly: {@code scale * code} in F32 is what ggml
   * computes. Empty for types with an offset that is no multiple of the scale, and for plain
   * numbers.
   */
  public Optional<IntegerForm> integers() {
    return Optional.ofNullable(integers);
  }
}
