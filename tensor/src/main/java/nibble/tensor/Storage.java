package nibble.tensor;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The memory behind a tensor and its views: a {@code float[]}, or a segment of any dtype, or
 * nothing once it has been recycled.
 */
final class Storage {
  private float @Nullable [] floats;
  private @Nullable MemorySegment segment;
  private final String whenEmpty;

  private Storage(float @Nullable [] floats, @Nullable MemorySegment segment, String whenEmpty) {
    this.floats = floats;
    this.segment = segment;
    this.whenEmpty = whenEmpty;
  }

  static Storage of(float[] floats) {
    return new Storage(
        floats,
        null,
        "this tensor was recycled when its scope closed; pass it to Scope.keep before that");
  }

  static Storage of(MemorySegment segment) {
    return new Storage(null, segment, "");
  }

  /** No values at all: an operator that said it does not need them for its derivative. */
  static Storage notSaved() {
    return new Storage(null, null, "the values of this tensor were not saved for the derivative");
  }

  boolean isHeap() {
    if (floats == null && segment == null) {
      throw new IllegalStateException(whenEmpty);
    }
    return floats != null;
  }

  float[] floats() {
    float[] array = floats;
    if (array == null) {
      throw new IllegalStateException(
          segment == null ? whenEmpty : "this tensor is not backed by a float[]; use toF32()");
    }
    return array;
  }

  MemorySegment segment() {
    return isHeap() ? MemorySegment.ofArray(floats()) : java.util.Objects.requireNonNull(segment);
  }

  /** Takes the array out; every tensor on this storage is unusable from now on. */
  float[] recycle() {
    float[] array = floats();
    floats = null;
    return array;
  }
}
