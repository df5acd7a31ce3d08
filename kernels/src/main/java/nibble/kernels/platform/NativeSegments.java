package nibble.kernels.platform;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** The segments that arenas allocate, which all have one class. */
public final class NativeSegments {
  private static final Class<?> ALLOCATED = Arena.ofAuto().allocate(1).getClass();

  private NativeSegments() {}

  /**
   * {@code segment}, of which the compiler knows from here on that it is a native one. Without that
   * it goes by what kinds of segments the whole program has used in the same methods of the JDK,
   * and where there were several, slices are allocated.
   *
   * @throws IllegalArgumentException if no arena allocated it: for a segment of an array or a file
   */
  public static MemorySegment known(MemorySegment segment) {
    if (segment.getClass() != ALLOCATED) {
      throw new IllegalArgumentException(
          "expected a segment that an arena allocated, found " + segment);
    }
    return segment;
  }

  /**
   * {@code segment}, of which the compiler knows from here on that its memory is not an array's:
   * one that an arena allocated, or a file. Vectors are then loaded without a look at what kind it
   * is; a slice may still be allocated, so loops that slice take {@link #known}.
   *
   * @throws ClassCastException if it is a segment of an array
   */
  public static MemorySegment offHeap(MemorySegment segment) {
    return (MemorySegment) ALLOCATED.cast(segment); // segments of files have a subclass
  }
}
