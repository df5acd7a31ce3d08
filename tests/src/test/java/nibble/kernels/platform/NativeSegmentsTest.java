package nibble.kernels.platform;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import nibble.kernels.parallel.Scratch;
import org.junit.jupiter.api.Test;

class NativeSegmentsTest {
  @Test
  void segmentsOfEveryArenaAndTheirSlicesPass() {
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      for (Arena arena : new Arena[] {confined, shared, Arena.ofAuto(), Arena.global()}) {
        MemorySegment segment = arena.allocate(256, 64);
        assertSame(segment, NativeSegments.known(segment));
        NativeSegments.known(segment.asSlice(64, 64));
      }
    }
    NativeSegments.known(new Scratch().segment(0, 64));
  }

  @Test
  void segmentsOfArraysAreRefused() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> NativeSegments.known(MemorySegment.ofArray(new float[4])))
            .getMessage();
    assertTrue(message.startsWith("expected a segment that an arena allocated, found "), message);
  }
}
