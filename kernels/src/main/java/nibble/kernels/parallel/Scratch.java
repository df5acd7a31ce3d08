package nibble.kernels.parallel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reusable working memory of one thread, in numbered slots that only grow. A slot's content is
 * undefined when it is fetched; kernels that call one another use different slots (each kernel
 * documents its own). Not thread-safe.
 *
 * <p>Native slots belong to the garbage collector: they are freed some time after the scratch
 * becomes unreachable.
 */
public final class Scratch {
  /** Number of slots of each kind. */
  public static final int SLOTS = 16;

  private static final int ALIGNMENT = 64;

  private final float[][] floats = new float[SLOTS][];
  private final int[][] ints = new int[SLOTS][];
  private final MemorySegment[] segments = new MemorySegment[SLOTS];

  /** The float array of {@code slot}, with at least {@code length} elements. */
  public float[] floats(int slot, int length) {
    float[] array = floats[slot];
    if (array == null || array.length < length) {
      array = new float[grown(array == null ? 0 : array.length, length)];
      floats[slot] = array;
    }
    return array;
  }

  /** The int array of {@code slot}, with at least {@code length} elements. */
  public int[] ints(int slot, int length) {
    int[] array = ints[slot];
    if (array == null || array.length < length) {
      array = new int[grown(array == null ? 0 : array.length, length)];
      ints[slot] = array;
    }
    return array;
  }

  /** The native segment of {@code slot}, aligned to 64 bytes, of at least {@code bytes} bytes. */
  public MemorySegment segment(int slot, long bytes) {
    MemorySegment segment = segments[slot];
    if (segment == null || segment.byteSize() < bytes) {
      segment = Arena.ofAuto().allocate(Math.max(bytes, ALIGNMENT), ALIGNMENT);
      segments[slot] = segment;
    }
    return segment;
  }

  private static int grown(int current, int needed) {
    return (int) Math.max(needed, Math.min(Integer.MAX_VALUE - 8L, current + (current >>> 1)));
  }
}
