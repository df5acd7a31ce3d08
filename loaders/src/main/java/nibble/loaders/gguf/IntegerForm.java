package nibble.loaders.gguf;

import java.lang.foreign.MemorySegment;

/**
 * Blocks that are symmetric integers: {@code value = scale * code}.
 *
 * @param bits of a code, which is {@code -2^(bits-1) .. 2^(bits-1) - 1}
 * @param groupSize values that share a scale
 * @param reader takes a block apart
 */
public record IntegerForm(int bits, int groupSize, Reader reader) {
  /** Takes one block apart. */
  @FunctionalInterface
  public interface Reader {
    /** Writes the codes and the scales of the block at byte {@code at} of {@code data}. */
    void read(MemorySegment data, long at, byte[] codes, int toCode, float[] scales, int toScale);
  }
}
