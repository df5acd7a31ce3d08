package nibble.kernels.platform;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import nibble.kernels.parallel.Scratch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

  @Test
  void filesAreOffTheHeapAndArraysAreNot(@TempDir Path folder) throws IOException {
    Path file = Files.write(folder.resolve("weights.bin"), new byte[64]);
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file)) {
      MemorySegment mapped = channel.map(MapMode.READ_ONLY, 0, 64, arena);
      assertSame(mapped, NativeSegments.offHeap(mapped));
      NativeSegments.offHeap(mapped.asSlice(8));
      MemorySegment allocated = arena.allocate(64);
      assertSame(allocated, NativeSegments.offHeap(allocated));
      assertThrows(IllegalArgumentException.class, () -> NativeSegments.known(mapped));
    }
    MemorySegment array = MemorySegment.ofArray(new float[4]);
    assertThrows(ClassCastException.class, () -> NativeSegments.offHeap(array));
  }
}
