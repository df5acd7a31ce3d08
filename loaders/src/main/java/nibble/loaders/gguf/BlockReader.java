package nibble.loaders.gguf;

import java.lang.foreign.MemorySegment;

/** Turns one block into floats. */
@FunctionalInterface
interface BlockReader {
  /**
   * Writes the values of the block at byte {@code at} of {@code data} to {@code out} from {@code
   * to} on.
   */
  void read(MemorySegment data, long at, float[] out, int to);
}
